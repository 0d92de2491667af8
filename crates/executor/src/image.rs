//! What a guest's memory starts as: the plugin's base, and what a function's top level changed in it, page by page.

use crate::{
    keep::{self, Claim, Keep},
    sys,
};
use std::{fs::File, io, ops::Range, sync::Arc, sync::atomic::AtomicUsize};

/// Changed stretches with less than this between them are one: a mapping costs more than some pages that did not change.
const GAP_BYTES: usize = 16 << 10;

/// When mappings are scarce, stretches of this many bytes still are; shorter ones are copied. Copied pages are the memory's own
/// from the beginning, so they are made new after each guest, written or not.
const SPARING_BYTES: usize = 64 << 10;

/// The mappings that a memory may have of its function's image.
const MAPPINGS: usize = 48;

/// Pages of a memory, in a file that every sandbox maps. Pages that it lacks are those of `base`, or zero.
pub struct Image {
    base: Option<Arc<Image>>,
    file: File,
    _claim: Option<Claim>,
    /// The file, as the host reads it.
    view: *const u8,
    view_bytes: usize,
    /// What is in the file: whole pages, in order, apart.
    runs: Vec<Range<usize>>,
    /// Shorter ones are copied.
    shortest_mapped: usize,
    /// Of an instance's memory when it starts; whole pages of WebAssembly.
    pub bytes: usize,
    /// The fewest bytes that an invocation was seen to write; see `slots.rs`.
    pub usual: AtomicUsize,
}

// SAFETY: the view is read only, and nobody writes the file after `new`.
unsafe impl Send for Image {}
// SAFETY: as above.
unsafe impl Sync for Image {}

/// Where a stretch of a memory comes from.
#[derive(Clone, Copy)]
pub enum Source {
    Zero,
    Bytes(*const u8),
}

impl Image {
    /// The image of a whole memory.
    pub fn of(memory: &[u8]) -> io::Result<Self> {
        Self::new(memory, None, std::slice::from_ref(&(0..memory.len())), None)
    }

    /// The image of `memory`, whose pages outside `candidates` are known to be those of `base`.
    pub fn over(base: Arc<Image>, memory: &[u8], candidates: &[Range<usize>], keep: &Keep) -> io::Result<Self> {
        Self::new(memory, Some(base), candidates, Some(keep))
    }

    fn new(
        memory: &[u8],
        base: Option<Arc<Image>>,
        candidates: &[Range<usize>],
        keep: Option<&Keep>,
    ) -> io::Result<Self> {
        let page = sys::page_bytes();
        let mut runs: Vec<Range<usize>> = Vec::new();
        for at in candidates.iter().flat_map(|range| range.clone().step_by(page)) {
            let now = memory.get(at..at + page).unwrap_or_default();
            if base.as_ref().map_or_else(|| is_zero(now), |base| base.holds(at, now)) {
                continue;
            }
            match runs.last_mut() {
                Some(last) if at - last.end < GAP_BYTES => last.end = at + page,
                _ => runs.push(at..at + page),
            }
        }
        let mut lengths: Vec<_> = runs.iter().map(ExactSizeIterator::len).collect();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        let shortest_mapped = lengths.get(MAPPINGS).map_or(0, |len| len + 1);
        let (file, claim) = match keep {
            Some(keep) => keep.put(memory, &runs)?,
            None => (keep::in_memory(memory, &runs)?, None),
        };
        let view = sys::view(&file, memory.len())?;
        Ok(Self {
            base,
            file,
            _claim: claim,
            shortest_mapped,
            view,
            view_bytes: memory.len(),
            runs,
            bytes: memory.len(),
            usual: AtomicUsize::new(usize::MAX),
        })
    }

    /// About how many mappings a memory with this image has.
    pub fn mappings(&self) -> usize {
        // Each splits what it is in.
        4 + 2 * self.runs.len().min(MAPPINGS)
    }

    /// Bytes that this image holds itself.
    pub fn own_bytes(&self) -> usize {
        self.runs.iter().map(|run| run.len()).sum()
    }

    /// Whether the page at `at` starts as `now`.
    fn holds(&self, at: usize, now: &[u8]) -> bool {
        match self.source(at).0 {
            Source::Zero => is_zero(now),
            // SAFETY: a source is valid for as far as it says, at least a page.
            Source::Bytes(bytes) => unsafe { std::slice::from_raw_parts(bytes, now.len()) == now },
        }
    }

    /// What the memory holds from `at` on, and how far that goes.
    fn source(&self, at: usize) -> (Source, usize) {
        let next = self.runs.partition_point(|run| run.end <= at);
        let run = self.runs.get(next);
        if let Some(run) = run
            && run.start <= at
        {
            // SAFETY: runs are within the view.
            return (Source::Bytes(unsafe { self.view.add(at) }), run.end - at);
        }
        let (source, len) = self.base.as_ref().map_or((Source::Zero, usize::MAX), |base| base.source(at));
        (source, len.min(run.map_or(usize::MAX, |run| run.start - at)))
    }

    /// The parts that a stretch of memory consists of.
    pub fn parts(&self, range: Range<usize>, mut each: impl FnMut(Range<usize>, Source)) {
        let mut at = range.start;
        while at < range.end {
            let (source, len) = self.source(at);
            let end = range.end.min(at.saturating_add(len));
            each(at..end, source);
            at = end;
        }
    }

    /// Makes blank memory start as this image.
    ///
    /// # Safety
    /// `memory` is the caller's, accessible for `self.bytes`, blank, and nothing refers into it.
    pub unsafe fn apply(&self, memory: *mut u8, sparing: bool) -> io::Result<()> {
        let Some(base) = &self.base else {
            // One mapping: what is zero within it costs nothing.
            let (Some(first), Some(last)) = (self.runs.first(), self.runs.last()) else { return Ok(()) };
            // SAFETY: runs are within the memory and the file.
            return unsafe { sys::map(memory.add(first.start), last.end - first.start, &self.file, first.start) };
        };
        // SAFETY: runs are within the memory, the file and its view.
        unsafe {
            base.apply(memory, sparing)?;
            let shortest = if sparing { SPARING_BYTES } else { self.shortest_mapped };
            for run in &self.runs {
                if run.len() >= shortest {
                    sys::map(memory.add(run.start), run.len(), &self.file, run.start)?;
                } else {
                    memory.add(run.start).copy_from_nonoverlapping(self.view.add(run.start), run.len());
                }
            }
        }
        Ok(())
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // SAFETY: a mapping of our own; sandboxes map the file, not this.
        unsafe { sys::release(self.view.cast_mut(), self.view_bytes) };
    }
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slots::Pool;
    use proptest::{collection::vec, prelude::*};

    const BYTES: usize = 1 << 19;

    /// Bytes at addresses, zeros too; long ones are mapped, short ones copied.
    type Writes = Vec<(usize, Vec<u8>)>;

    fn writes() -> impl Strategy<Value = Writes> {
        let content = prop_oneof![vec(prop_oneof![Just(0), any::<u8>()], 1..9000), vec(1..=255u8, 70_000..150_000)];
        vec((0..BYTES, content), 0..6)
    }

    fn write(memory: &mut [u8], writes: &Writes) {
        for (at, bytes) in writes {
            let end = (at + bytes.len()).min(memory.len());
            memory[*at..end].copy_from_slice(&bytes[..end - at]);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_memory_starts_as_its_image_again_and_again(base in writes(), own in writes(), wild in vec(writes(), 1..4)) {
            let pool = Pool::new(1, BYTES * 2).unwrap();
            // Every other one is in a file.
            let keep = Keep::new(Some(std::env::temp_dir()), if own.len() % 2 == 0 { usize::MAX } else { 0 });
            let mut memory = vec![0; BYTES];
            write(&mut memory, &base);
            let base = Arc::new(Image::of(&memory).unwrap());
            write(&mut memory, &own);
            let image = Arc::new(Image::over(base.clone(), &memory, std::slice::from_ref(&(0..BYTES)), &keep).unwrap());
            prop_assert!(image.own_bytes() <= own.iter().map(|(_, bytes)| bytes.len() + 2 * sys::page_bytes() + GAP_BYTES).sum());
            for writes in wild {
                let lease = pool.lease(&image).unwrap().unwrap();
                let handle = lease.handle().unwrap();
                prop_assert_eq!(handle.bytes, BYTES);
                // SAFETY: the lease's memory, which nobody else has.
                let guest = unsafe { std::slice::from_raw_parts_mut(handle.base, BYTES) };
                prop_assert!(guest == memory);
                write(guest, &writes);
            }
            // Another image in the same memory.
            let lease = pool.lease(&base).unwrap().unwrap();
            // SAFETY: as above.
            let guest = unsafe { std::slice::from_raw_parts(lease.handle().unwrap().base, BYTES) };
            base.parts(0..BYTES, |range, source| assert!(match source {
                Source::Zero => is_zero(&guest[range]),
                // SAFETY: a source is as long as its range.
                Source::Bytes(bytes) => guest[range.clone()] == *unsafe { std::slice::from_raw_parts(bytes, range.len()) },
            }));
        }
    }
}
