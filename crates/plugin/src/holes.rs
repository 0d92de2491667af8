//! Where an invocation's allocations go: to one stretch at the end of the heap.
//!
//! Start-up leaves free chunks all over the heap. Allocations that land in them dirty a page each, and a host resets pages by
//! the stretch (wasmtime: up to 32 of them, beyond that a slow way). So before a snapshot every free chunk is taken for good.

use std::arch::wasm32::memory_size;

unsafe extern "C" {
    fn malloc(bytes: usize) -> *mut u8;
    fn free(chunk: *mut u8);
}

/// From the largest chunk that is worth looking for to the smallest there is.
const SIZES: [usize; 16] = [65_536, 32_768, 16_384, 8_192, 4_096, 2_048, 1_024, 512, 256, 192, 128, 96, 64, 40, 24, 8];

/// Takes every free chunk below the end of the heap, zeroes it (a snapshot leaves out zero pages), and makes sure that
/// `headroom` bytes are free beyond.
pub fn fill(headroom: usize) {
    // SAFETY: chunks come from malloc, are written within their size, and freed once or never.
    unsafe {
        // Holes this large are taken too: the end is where the heap had to grow.
        let end = loop {
            let before = memory_size::<0>();
            let chunk = malloc(headroom);
            if chunk.is_null() || memory_size::<0>() > before {
                break chunk;
            }
            chunk.write_bytes(0, headroom);
        };
        free(end);
        for size in SIZES {
            loop {
                let chunk = malloc(size);
                if chunk.is_null() || chunk >= end {
                    free(chunk);
                    break;
                }
                chunk.write_bytes(0, size);
                std::hint::black_box(chunk);
            }
        }
    }
}
