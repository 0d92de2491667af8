//! Gives wasmtime what it would otherwise make itself: a leased memory for each store, and stacks that are used again.

use crate::{slots::Handle, sys};
use std::{
    cell::Cell,
    ops::Range,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use wasmtime::{LinearMemory, MemoryCreator, MemoryType, StackCreator, StackMemory};

thread_local! {
    /// The memory for the instance that this thread is about to make.
    static NEXT: Cell<Option<Handle>> = const { Cell::new(None) };
}

/// Hands over a memory: the next instance that this thread makes has it.
pub fn hand_over(handle: Option<Handle>) {
    NEXT.set(handle);
}

/// Gives an instance the memory that was handed over.
pub struct Memories {
    /// The most a memory may have.
    pub capacity: usize,
}

struct Leased {
    base: *mut u8,
    bytes: usize,
    capacity: usize,
    accessible: Arc<AtomicUsize>,
}

// SAFETY: whoever has the memory has the lease; the pointer is to nobody else's.
unsafe impl Send for Leased {}
// SAFETY: as above; shared references only read the fields.
unsafe impl Sync for Leased {}

// SAFETY: slots reserve `capacity` and a guard, inaccessible beyond `accessible`; they start as the plugin expects, which is
// more than the zeros that wasmtime asks for (the module has no data of its own).
unsafe impl MemoryCreator for Memories {
    fn new_memory(
        &self,
        _: MemoryType,
        minimum: usize,
        _: Option<usize>,
        _: Option<usize>,
        _: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        match NEXT.take() {
            Some(Handle { base, bytes, accessible }) if bytes >= minimum => {
                Ok(Box::new(Leased { base, bytes, capacity: self.capacity, accessible }))
            }
            _ => Err("no memory was handed over".into()),
        }
    }
}

// SAFETY: as for `Memories`.
unsafe impl LinearMemory for Leased {
    fn byte_size(&self) -> usize {
        self.bytes
    }

    fn byte_capacity(&self) -> usize {
        self.capacity
    }

    fn grow_to(&mut self, bytes: usize) -> wasmtime::Result<()> {
        // It is accessible by whole pages of the machine; a page of WebAssembly is at least one.
        if bytes > self.bytes {
            // SAFETY: within the slot: wasmtime asks for no more than the capacity.
            unsafe { sys::open(self.base.add(self.bytes), bytes - self.bytes)? };
            self.accessible.store(bytes, Ordering::Relaxed);
            self.bytes = bytes;
        }
        Ok(())
    }

    fn as_ptr(&self) -> *mut u8 {
        self.base
    }
}

/// Stacks that guests run on. They are not cleared: WebAssembly has no way to read what it did not write there.
#[derive(Default)]
pub struct Stacks {
    idle: Arc<Mutex<Vec<Mapping>>>,
}

struct Mapping {
    base: *mut u8,
    len: usize,
}

// SAFETY: memory of its own.
unsafe impl Send for Mapping {}
// SAFETY: as above; shared references only read the fields.
unsafe impl Sync for Mapping {}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: a mapping of our own, and no guest is on it.
        unsafe { sys::release(self.base, self.len) };
    }
}

struct Stack {
    /// `Some` until it is dropped.
    mapping: Option<Mapping>,
    range: Range<usize>,
    idle: Arc<Mutex<Vec<Mapping>>>,
}

// SAFETY: whole pages, the lowest of which is inaccessible.
unsafe impl StackCreator for Stacks {
    fn new_stack(&self, size: usize, _zeroed: bool) -> Result<Box<dyn StackMemory>, wasmtime::Error> {
        let page = sys::page_bytes();
        let len = size.next_multiple_of(page) + page;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mapping = match idle {
            Some(mapping) if mapping.len == len => mapping,
            _ => {
                let base = sys::reserve(len)?;
                let mapping = Mapping { base, len };
                // SAFETY: all of the mapping but its first page.
                unsafe { sys::open(base.add(page), len - page)? };
                mapping
            }
        };
        let start = mapping.base.addr();
        Ok(Box::new(Stack { range: start + page..start + len, mapping: Some(mapping), idle: self.idle.clone() }))
    }
}

// SAFETY: as for `Stacks`.
unsafe impl StackMemory for Stack {
    fn top(&self) -> *mut u8 {
        self.range.end as *mut u8
    }

    fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    fn guard_range(&self) -> Range<*mut u8> {
        let page = sys::page_bytes();
        (self.range.start - page) as *mut u8..self.range.start as *mut u8
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if let Some(mapping) = self.mapping.take() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(mapping);
        }
    }
}
