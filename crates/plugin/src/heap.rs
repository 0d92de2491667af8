//! QuickJS's heap (`quickjs.patch` calls it). Most of what QuickJS allocates is small and soon free again, so small blocks come
//! from a list for each size, or from the end of a chunk; libc's allocator, which serves the rest, looks and merges each time.
//! Small blocks are never merged: a function that frees many of one size keeps them for that size.

use std::ptr::null_mut;

/// Sizes of small blocks are multiples of this.
const GRAIN: usize = 16;
/// Before each block: its size with this.
const HEADER: usize = 8;
/// Larger blocks are libc's.
const SMALL: usize = 1024;
const CHUNK: usize = 64 << 10;

struct Heap {
    /// By size in grains: the first free block. Each begins with the address of the next.
    free: [*mut u8; SMALL / GRAIN + 1],
    /// Of the chunk: what nobody had yet.
    next: *mut u8,
    left: usize,
}

static mut HEAP: Heap = Heap { free: [null_mut(); SMALL / GRAIN + 1], next: null_mut(), left: 0 };

unsafe extern "C" {
    fn malloc(bytes: usize) -> *mut u8;
    fn realloc(block: *mut u8, bytes: usize) -> *mut u8;
    fn free(block: *mut u8);
}

/// What a block takes, or `None`: no block can be so large.
fn whole(bytes: usize) -> Option<usize> {
    Some(bytes.checked_add(HEADER)?.checked_next_multiple_of(GRAIN)?)
}

/// Writes the header.
unsafe fn block(at: *mut u8, bytes: usize) -> *mut u8 {
    // SAFETY: the caller's: `at` is a block of so many bytes, or null.
    unsafe {
        if at.is_null() {
            return at;
        }
        at.cast::<usize>().write(bytes);
        at.add(HEADER)
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn heap_malloc(bytes: usize) -> *mut u8 {
    let Some(bytes) = whole(bytes) else { return null_mut() };
    // SAFETY: one thread, and nobody else refers to HEAP; lists hold blocks of ours of their size.
    unsafe {
        if bytes > SMALL {
            return block(malloc(bytes), bytes);
        }
        let heap = &mut *(&raw mut HEAP);
        let list = heap.free.get_unchecked_mut(bytes / GRAIN);
        let found = *list;
        if !found.is_null() {
            *list = found.cast::<*mut u8>().read();
            return found;
        }
        if heap.left < bytes {
            // The rest is lost, as are less than SMALL bytes of each chunk.
            let chunk = malloc(CHUNK);
            if chunk.is_null() {
                return block(malloc(bytes), bytes);
            }
            (heap.next, heap.left) = (chunk, CHUNK);
        }
        let at = heap.next;
        heap.next = at.add(bytes);
        heap.left -= bytes;
        block(at, bytes)
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn heap_free(ptr: *mut u8) {
    // SAFETY: QuickJS's: a block of ours, or null.
    unsafe {
        if ptr.is_null() {
            return;
        }
        let at = ptr.sub(HEADER);
        let bytes = at.cast::<usize>().read();
        if bytes > SMALL {
            return free(at);
        }
        let heap = &mut *(&raw mut HEAP);
        let list = heap.free.get_unchecked_mut(bytes / GRAIN);
        ptr.cast::<*mut u8>().write(*list);
        *list = ptr;
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn heap_realloc(ptr: *mut u8, bytes: usize) -> *mut u8 {
    let Some(wanted) = whole(bytes) else { return null_mut() };
    // SAFETY: QuickJS's: a block of ours, or null.
    unsafe {
        if ptr.is_null() {
            return heap_malloc(bytes);
        }
        let at = ptr.sub(HEADER);
        let has = at.cast::<usize>().read();
        if has == wanted {
            return ptr;
        }
        if has > SMALL && wanted > SMALL {
            return block(realloc(at, wanted), wanted);
        }
        let to = heap_malloc(bytes);
        if !to.is_null() {
            to.copy_from_nonoverlapping(ptr, bytes.min(has - HEADER));
            heap_free(ptr);
        }
        to
    }
}

/// Takes every free block for good, so that what is allocated from now on lies together in a chunk nobody has written to: a host
/// makes the pages new that an invocation wrote, and keeps those of a function that differ from the base. Called before the memory is
/// photographed: as base, and with a function.
pub fn settle() {
    // SAFETY: as above.
    unsafe {
        let heap = &mut *(&raw mut HEAP);
        for (grains, list) in heap.free.iter_mut().enumerate() {
            while !list.is_null() {
                let ptr = *list;
                *list = ptr.cast::<*mut u8>().read();
                // Pages of zeros are not part of the photograph.
                ptr.sub(HEADER).write_bytes(0, grains * GRAIN);
            }
        }
        heap.next = malloc(CHUNK);
        heap.left = if heap.next.is_null() { 0 } else { CHUNK };
    }
}
