//! The Node-API module: converts, calls, converts. No decision is taken here.
//!
//! Nothing panics across the border: synchronous calls are caught by napi's `catch_unwind`, asynchronous ones run in tasks
//! whose panic rejects the promise, and what runs on the server's threads is a task of its own.

mod callbacks;
mod convert;
mod dto;
mod edge;
mod error;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
