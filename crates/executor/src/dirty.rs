//! Which pages of a private mapping are its own: those that were written since it was made. From `/proc/self/pagemap`.
//! <https://docs.kernel.org/admin-guide/mm/pagemap.html>

use crate::sys::page_bytes;
use std::{
    fs::File,
    io,
    ops::Range,
    os::{fd::AsRawFd, unix::fs::FileExt},
    sync::atomic::{AtomicBool, Ordering},
};

/// Ranges asked for at once.
const REGIONS: usize = 128;

/// `_IOWR('f', 16, struct pm_scan_arg)`.
const PAGEMAP_SCAN: libc::c_ulong = 0xc060_6610;
const PRESENT: u64 = 1 << 3;
const SWAPPED: u64 = 1 << 4;
const FILE: u64 = 1 << 2;
const ZERO: u64 = 1 << 5;

/// Bits of an entry of the file itself: the page is in memory, in swap, of a file.
const ENTRY_PRESENT: u64 = 1 << 63;
const ENTRY_SWAPPED: u64 = 1 << 62;
const ENTRY_FILE: u64 = 1 << 61;

#[repr(C)]
struct ScanArgument {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    vec: u64,
    vec_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Region {
    start: u64,
    end: u64,
    categories: u64,
}

/// This process's page map.
pub struct PageMap {
    file: File,
    /// The kernel (6.7 and later) looks for pages itself.
    scans: AtomicBool,
}

impl PageMap {
    pub fn open() -> io::Result<Self> {
        let map = Self { file: File::open("/proc/self/pagemap")?, scans: AtomicBool::new(true) };
        // Both answers must see a page of ours that was written.
        let page = vec![1u8; page_bytes() * 2];
        let within = page.as_ptr().addr().next_multiple_of(page_bytes());
        let mut found = Vec::new();
        if map.scan(within, page_bytes(), &mut found).is_err() || found.is_empty() {
            map.scans.store(false, Ordering::Relaxed);
            map.read(within, page_bytes(), &mut found)?;
        }
        std::hint::black_box(page);
        if found.is_empty() { Err(io::Error::other("/proc/self/pagemap shows no page")) } else { Ok(map) }
    }

    pub fn scans(&self) -> bool {
        self.scans.load(Ordering::Relaxed)
    }

    /// The stretches, relative to `at`, that were written and are more than zeros, in order. `at` and `len` are whole pages.
    pub fn written(&self, at: usize, len: usize) -> io::Result<Vec<Range<usize>>> {
        let mut found = Vec::new();
        if self.scans() {
            self.scan(at, len, &mut found)?
        } else {
            self.read(at, len, &mut found)?
        }
        Ok(found)
    }

    fn scan(&self, at: usize, len: usize, found: &mut Vec<Range<usize>>) -> io::Result<()> {
        let mut regions = [Region::default(); REGIONS];
        let (mut start, end) = (at as u64, (at + len) as u64);
        while start < end {
            let mut argument = ScanArgument {
                size: size_of::<ScanArgument>() as u64,
                flags: 0,
                start,
                end,
                walk_end: 0,
                vec: regions.as_mut_ptr().addr() as u64,
                vec_len: REGIONS as u64,
                max_pages: 0,
                category_inverted: FILE | ZERO,
                category_mask: FILE | ZERO,
                category_anyof_mask: PRESENT | SWAPPED,
                return_mask: 0,
            };
            // SAFETY: the kernel writes at most `vec_len` regions and `walk_end`; all outlive the call.
            let count = unsafe { libc::ioctl(self.file.as_raw_fd(), PAGEMAP_SCAN, &raw mut argument) };
            let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
            for region in &regions[..count] {
                push(found, region.start as usize - at..region.end as usize - at);
            }
            if argument.walk_end <= start {
                return Err(io::Error::other("PAGEMAP_SCAN does not advance"));
            }
            start = argument.walk_end;
        }
        Ok(())
    }

    fn read(&self, at: usize, len: usize, found: &mut Vec<Range<usize>>) -> io::Result<()> {
        let page = page_bytes();
        let mut entries = vec![0; len / page * 8];
        self.file.read_exact_at(&mut entries, (at / page * 8) as u64)?;
        for (index, entry) in entries.chunks_exact(8).enumerate() {
            let entry = entry.try_into().map_or(0, u64::from_ne_bytes);
            if entry & (ENTRY_PRESENT | ENTRY_SWAPPED) != 0 && entry & ENTRY_FILE == 0 {
                push(found, index * page..(index + 1) * page);
            }
        }
        Ok(())
    }
}

fn push(found: &mut Vec<Range<usize>>, range: Range<usize>) {
    match found.last_mut() {
        Some(last) if last.end == range.start => last.end = range.end,
        _ => found.push(range),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys;

    #[test]
    fn both_ways_find_what_was_written() {
        let (page, pages) = (page_bytes(), 64);
        let file = sys::memory_file(page * pages).unwrap();
        file.write_all_at(&vec![5; page * pages], 0).unwrap();
        let at = sys::reserve(page * pages).unwrap();
        // SAFETY: our own mapping; reads and writes are within it.
        unsafe {
            sys::map(at, page * pages, &file, 0).unwrap();
            (0..pages).for_each(|n| assert_eq!(at.add(n * page).read_volatile(), 5));
            [1, 2, 3, 40, 63].into_iter().for_each(|n| at.add(n * page).write_volatile(6));
        }
        let map = PageMap::open().unwrap();
        for scans in [map.scans(), false] {
            map.scans.store(scans, Ordering::Relaxed);
            let found = map.written(at.addr(), page * pages).unwrap();
            assert_eq!(found, [page..4 * page, 40 * page..41 * page, 63 * page..64 * page]);
        }
        // SAFETY: nothing refers into it.
        unsafe { sys::release(at, page * pages) };
    }
}
