//! The Node-API module: converts, calls, converts. No decision is taken here.
//!
//! Nothing panics across the border: synchronous calls are caught by napi's `catch_unwind`, asynchronous ones run in tasks
//! whose panic rejects the promise, and what runs on the server's threads is a task of its own.

mod callbacks;
mod convert;
mod dto;
mod edge;
mod error;
#[cfg(target_os = "linux")]
pub mod notify;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Returns this thread's free memory to the system.
fn give_back() {
    unsafe extern "C" {
        fn mi_collect(force: bool);
    }
    // SAFETY: mimalloc's own, any thread may call it; `bool` is C's.
    unsafe { mi_collect(true) }
}
