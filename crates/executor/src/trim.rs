//! Gives back the memory of an invocation that grew.
//!
//! The pool keeps a sandbox's pages for its next guest (engine.rs, `KEEP_RESIDENT_BYTES`), which is what makes small functions
//! fast. Kept after a memory bomb they are lost: 250 hostile functions, one after the other, left an edge 1.9 GB larger.

use crate::host::State;
use wasmtime::{Memory, Store};

/// Growth, in bytes, up to which a sandbox keeps its pages. Filling more takes a guest longer than getting them again.
const KEEP_BYTES: usize = 4 << 20;

/// One invocation's store. Dropped at its end, or half-way with a client that went away, it gives back what is too much to keep.
pub struct Sandbox {
    pub store: Store<State>,
    /// The guest's memory, and its size before the call.
    pub memory: Option<(Memory, usize)>,
}

impl Sandbox {
    pub fn new(store: Store<State>) -> Self {
        Self { store, memory: None }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some((memory, initial)) = self.memory
            && memory.data_size(&self.store).saturating_sub(initial) > KEEP_BYTES
        {
            forget(memory.data_mut(&mut self.store));
        }
    }
}

#[cfg(target_os = "linux")]
fn forget(bytes: &mut [u8]) {
    // SAFETY: whole pages that wasmtime mapped privately, and this slice is the only way to them. Afterwards they read as the
    // image they are mapped from, or as zero; any value is valid for `u8`. The pool resets them before anybody reads.
    let done =
        unsafe { rustix::mm::madvise(bytes.as_mut_ptr().cast(), bytes.len(), rustix::mm::Advice::LinuxDontNeed) };
    if let Err(error) = done {
        tracing::debug!(%error, "a guest's memory is kept");
    }
}

/// Elsewhere the call means something else, and the pool resets by its own means.
#[cfg(not(target_os = "linux"))]
fn forget(_: &mut [u8]) {}
