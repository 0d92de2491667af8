//! The pool: memories of sandboxes, each with the image of the function that it last served, and as that image says.
//!
//! # How a memory is made new again
//! What a guest wrote is copied over from its image. Which pages those may be, the kernel is asked: pages of a private mapping
//! that were written since are the mapping's own (`dirty.rs`). The question costs more than the copying, so the answer is
//! kept: as long as the thread that runs the guest has no page fault ([`Lease::settle`]), no further page can have become
//! writable, and the pages to copy are the same as last time. Every [`AUDIT`]th time the kernel is asked all the same.

use crate::{
    Executor,
    dirty::PageMap,
    host::State,
    image::{Image, Source},
    sandbox::Sandbox,
    sys,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    ops::Range,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

/// What a memory may keep of its own for its next guest. Beyond, making it anew costs less than copying.
const KEEP_BYTES: usize = 8 << 20;

/// A memory that has this many times what its function usually writes is made anew, so that one large event does not slow
/// down all small ones; and what is never worth that.
const UNUSUAL: usize = 4;
const SMALL_BYTES: usize = 512 << 10;

/// What all idle memories may keep together; the ones that were idle longest give theirs back.
const KEEP_ALL_BYTES: usize = 512 << 20;

/// Idle memories that keep the instance on them, some 300 kB each.
const KEPT_SANDBOXES: usize = 24;

/// The share of the mappings that a process may have (`vm.max_map_count`) which memories take; the next ones are made with
/// few.
const MAPPINGS_SHARE: usize = 2;

/// How often the kept answer is compared with the kernel's.
const AUDIT: u32 = 1_024;

/// One memory.
struct Slot {
    base: *mut u8,
    image: Option<Arc<Image>>,
    /// How far it is accessible; guests grow it.
    accessible: Arc<AtomicUsize>,
    /// What is copied over it, if that is known.
    copies: Option<Vec<Copy>>,
    copied_bytes: usize,
    /// Mappings that it was made with.
    mappings: usize,
    resets: u32,
    /// The sweep that it last saw.
    sweep: u32,
    /// The instance on it.
    sandbox: Option<Sandbox>,
}

// SAFETY: a slot's memory is its own; sources are in the image that it holds.
unsafe impl Send for Slot {}

struct Copy {
    range: Range<usize>,
    from: Source,
}

/// All memories.
pub struct Pool {
    slab: *mut u8,
    slab_bytes: usize,
    /// `None`: this machine does not show it, and each memory is made anew after each guest.
    map: Option<PageMap>,
    faults_are_counted: AtomicBool,
    /// That may still be made.
    mappings: AtomicUsize,
    idle: Mutex<Idle>,
}

// SAFETY: the slab is only touched through slots, each with one owner.
unsafe impl Send for Pool {}
// SAFETY: as above.
unsafe impl Sync for Pool {}

#[derive(Default)]
struct Idle {
    /// By when they became idle.
    slots: BTreeMap<u64, Slot>,
    /// Keys of `slots` by image, oldest first.
    by_image: BTreeMap<usize, Vec<u64>>,
    /// Keys of `slots` with an instance.
    sandboxes: BTreeSet<u64>,
    /// Without an image.
    blank: Vec<Slot>,
    next: u64,
    kept_bytes: usize,
    sweep: u32,
}

/// A memory that somebody uses. Whoever drops it has let go of everything that refers into the memory.
pub struct Lease {
    pool: Arc<Pool>,
    slot: Option<Slot>,
    /// No page can have become dirty that was clean before.
    settled: bool,
    /// The instance can be called again.
    keeps_sandbox: bool,
}

/// What wasmtime needs to know of a leased memory.
pub struct Handle {
    pub base: *mut u8,
    /// Its size now.
    pub bytes: usize,
    pub accessible: Arc<AtomicUsize>,
}

// SAFETY: whoever has it has the lease; the pointer is to nobody else's memory.
unsafe impl Send for Handle {}

impl Pool {
    /// Reserves `count` memories of `bytes` addresses each, which no guest can reach beyond.
    pub fn new(count: u32, bytes: usize) -> io::Result<Arc<Self>> {
        let slab_bytes = bytes.checked_mul(count as usize).ok_or(io::ErrorKind::OutOfMemory)?;
        let map = PageMap::open().ok();
        let slab = sys::reserve(slab_bytes)?;
        let blank = (0..count as usize).rev().map(|n| Slot {
            // SAFETY: within the slab.
            base: unsafe { slab.add(n * bytes) },
            image: None,
            accessible: Arc::new(AtomicUsize::new(0)),
            copies: None,
            copied_bytes: 0,
            mappings: 0,
            resets: 0,
            sweep: 0,
            sandbox: None,
        });
        let idle = Mutex::new(Idle { blank: blank.collect(), ..Idle::default() });
        Ok(Arc::new(Self {
            slab,
            slab_bytes,
            map,
            faults_are_counted: AtomicBool::new(sys::faults_are_counted()),
            mappings: AtomicUsize::new(sys::max_mappings() / MAPPINGS_SHARE),
            idle,
        }))
    }

    /// The kernel looks for dirty pages itself.
    pub fn scans(&self) -> bool {
        self.map.as_ref().is_some_and(PageMap::scans)
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A memory that is as `image` says; `None`: all are in use.
    pub fn lease(self: &Arc<Self>, image: &Arc<Image>) -> io::Result<Option<Lease>> {
        let Some(mut slot) = self.idle().take(image) else { return Ok(None) };
        if !slot.image.as_ref().is_some_and(|has| Arc::ptr_eq(has, image)) {
            let dressed = self.strip(&mut slot).and_then(|()| self.dress(&mut slot, image));
            if let Err(error) = dressed {
                if self.strip(&mut slot).is_ok() {
                    self.idle().blank.push(slot);
                }
                return Err(error);
            }
        }
        Ok(Some(Lease { pool: self.clone(), slot: Some(slot), settled: false, keeps_sandbox: false }))
    }

    /// Makes a blank memory start as `image`.
    fn dress(&self, slot: &mut Slot, image: &Arc<Image>) -> io::Result<()> {
        let wanted = image.mappings();
        let left = self.mappings.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(wanted));
        slot.mappings = if left.is_ok() { wanted } else { 0 };
        slot.accessible.store(image.bytes, Ordering::Relaxed);
        // SAFETY: the memory is this slot's, blank, and nobody uses it.
        unsafe {
            sys::blank(slot.base, image.bytes, true)?;
            image.apply(slot.base, left.is_err())?;
        }
        slot.image = Some(image.clone());
        Ok(())
    }

    /// Takes everything away.
    fn strip(&self, slot: &mut Slot) -> io::Result<()> {
        slot.sandbox = None;
        slot.copies = None;
        slot.copied_bytes = 0;
        // SAFETY: the memory is this slot's, and nobody uses it.
        unsafe { sys::blank(slot.base, slot.accessible.load(Ordering::Relaxed), false)? };
        slot.accessible.store(0, Ordering::Relaxed);
        slot.image = None;
        self.mappings.fetch_add(std::mem::take(&mut slot.mappings), Ordering::Relaxed);
        Ok(())
    }

    fn give_back(&self, mut slot: Slot, settled: bool) {
        let reset = slot.reset(self.map.as_ref(), settled && self.faults_are_counted.load(Ordering::Relaxed));
        match reset {
            Ok(Reset::Done) => {}
            Ok(Reset::TooMuch) => {
                if let Err(error) = self.strip(&mut slot) {
                    tracing::error!(%error, "a sandbox's memory can't be given back");
                    return;
                }
            }
            Ok(Reset::Mistrust) => {
                self.faults_are_counted.store(false, Ordering::Relaxed);
                tracing::error!(
                    "a page was written without a page fault; sandboxes are looked through each time from now on"
                );
            }
            Err(error) => {
                tracing::error!(%error, "a sandbox's memory can't be reset");
                if self.strip(&mut slot).is_err() {
                    // Never used again.
                    return;
                }
            }
        }
        let mut idle = self.idle();
        idle.put(slot);
        while idle.kept_bytes > KEEP_ALL_BYTES
            && let Some(mut slot) = idle.oldest()
        {
            drop(idle);
            let stripped = self.strip(&mut slot);
            idle = self.idle();
            if stripped.is_ok() {
                idle.blank.push(slot);
            }
        }
    }

    /// Begins a sweep.
    pub fn begin_sweep(&self) {
        self.idle().sweep += 1;
    }

    /// Takes everything away from up to `most` memories that nobody used since the sweep before last; whether there are more.
    /// Their functions' next invocation takes a fraction of a millisecond longer.
    pub fn sweep(&self, most: usize) -> bool {
        for _ in 0..most {
            let Some(mut slot) = self.idle().forgotten() else { return false };
            if self.strip(&mut slot).is_ok() {
                self.idle().blank.push(slot);
            }
        }
        true
    }

    /// Lets go of an image that no function has any more.
    pub fn forget(&self, image: &Arc<Image>) {
        loop {
            let Some(mut slot) = self.idle().last_of(image) else { break };
            if self.strip(&mut slot).is_ok() {
                self.idle().blank.push(slot);
            }
        }
        self.idle().by_image.remove(&Arc::as_ptr(image).addr());
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // SAFETY: leases hold the pool; there are none.
        unsafe { sys::release(self.slab, self.slab_bytes) };
    }
}

impl Idle {
    fn take(&mut self, image: &Arc<Image>) -> Option<Slot> {
        self.last_of(image).or_else(|| self.blank.pop()).or_else(|| self.oldest())
    }

    fn last_of(&mut self, image: &Arc<Image>) -> Option<Slot> {
        let key = self.by_image.get_mut(&Arc::as_ptr(image).addr())?.pop()?;
        self.remove(key)
    }

    fn oldest(&mut self) -> Option<Slot> {
        let (&key, slot) = self.slots.first_key_value()?;
        let image = slot.image.as_ref().map_or(0, |image| Arc::as_ptr(image).addr());
        if let Some(keys) = self.by_image.get_mut(&image) {
            keys.retain(|&other| other != key);
        }
        self.remove(key)
    }

    fn forgotten(&mut self) -> Option<Slot> {
        let (_, slot) = self.slots.first_key_value()?;
        if slot.sweep + 2 > self.sweep { None } else { self.oldest() }
    }

    fn remove(&mut self, key: u64) -> Option<Slot> {
        let slot = self.slots.remove(&key)?;
        self.sandboxes.remove(&key);
        self.kept_bytes -= slot.copied_bytes;
        Some(slot)
    }

    fn put(&mut self, mut slot: Slot) {
        slot.sweep = self.sweep;
        let Some(image) = &slot.image else { return self.blank.push(slot) };
        self.by_image.entry(Arc::as_ptr(image).addr()).or_default().push(self.next);
        self.kept_bytes += slot.copied_bytes;
        if slot.sandbox.is_some() {
            self.sandboxes.insert(self.next);
        }
        self.slots.insert(self.next, slot);
        self.next += 1;
        if self.sandboxes.len() > KEPT_SANDBOXES
            && let Some(oldest) = self.sandboxes.pop_first()
            && let Some(slot) = self.slots.get_mut(&oldest)
        {
            slot.sandbox = None;
        }
    }
}

enum Reset {
    Done,
    /// It is to be made anew.
    TooMuch,
    /// There were dirty pages that could not be.
    Mistrust,
}

impl Slot {
    /// Makes the memory start as its image again.
    fn reset(&mut self, map: Option<&PageMap>, settled: bool) -> io::Result<Reset> {
        let Some(image) = self.image.clone() else { return Ok(Reset::Done) };
        let Some(map) = map else { return Ok(Reset::TooMuch) };
        let accessible = self.accessible.load(Ordering::Relaxed);
        let grew = accessible > image.bytes;
        if grew {
            // SAFETY: the memory is this slot's, and nobody uses it.
            unsafe { sys::blank(self.base.add(image.bytes), accessible - image.bytes, false)? };
            self.accessible.store(image.bytes, Ordering::Relaxed);
        }
        self.resets = self.resets.wrapping_add(1);
        let audit = settled && self.copies.is_some() && self.resets.is_multiple_of(AUDIT);
        if !settled || audit || self.copies.is_none() {
            let written = map.written(self.base.addr(), image.bytes)?;
            let bytes = written.iter().map(ExactSizeIterator::len).sum::<usize>();
            let mistrust = audit && bytes > self.copied_bytes;
            let usual = image.usual.fetch_min(bytes, Ordering::Relaxed).min(bytes);
            if bytes > KEEP_BYTES || bytes > (usual * UNUSUAL).max(SMALL_BYTES) {
                return Ok(Reset::TooMuch);
            }
            let mut copies = Vec::with_capacity(written.len());
            for range in written {
                image.parts(range, |range, from| copies.push(Copy { range, from }));
            }
            self.copies = Some(copies);
            self.copied_bytes = bytes;
            if mistrust {
                self.copy();
                return Ok(Reset::Mistrust);
            }
        }
        self.copy();
        Ok(Reset::Done)
    }

    fn copy(&mut self) {
        for Copy { range, from } in self.copies.iter().flatten() {
            // SAFETY: ranges are within the memory, which nobody uses, and sources are as long.
            unsafe {
                match from {
                    Source::Zero => self.base.add(range.start).write_bytes(0, range.len()),
                    Source::Bytes(bytes) => self.base.add(range.start).copy_from_nonoverlapping(*bytes, range.len()),
                }
            }
        }
    }
}

impl Lease {
    /// For the store that is to have this memory.
    pub fn handle(&self) -> Option<Handle> {
        let slot = self.slot.as_ref()?;
        let accessible = slot.accessible.clone();
        Some(Handle { base: slot.base, bytes: accessible.load(Ordering::Relaxed), accessible })
    }

    /// The instance on this memory, ready for an invocation.
    pub async fn sandbox(&mut self, executor: &Executor, state: State) -> wasmtime::Result<&mut Sandbox> {
        let handle = self.handle();
        let slot = self.slot.as_mut().ok_or_else(|| wasmtime::Error::msg("the lease has ended"))?;
        let sandbox = match slot.sandbox.take() {
            Some(mut sandbox) => {
                sandbox.begin(state);
                sandbox
            }
            None => Sandbox::new(executor, handle, state).await?,
        };
        Ok(slot.sandbox.insert(sandbox))
    }

    /// The guest has ended in an ordinary way: its instance stays with the memory, if there is no trace of the guest in it.
    pub fn keep_sandbox(&mut self) {
        if let Some(sandbox) = self.slot.as_mut().and_then(|slot| slot.sandbox.as_mut()) {
            sandbox.state_mut().end();
            self.keeps_sandbox = sandbox.is_as_new();
        }
    }

    /// The guest has ended and its thread had no page fault meanwhile.
    pub fn settle(&mut self) {
        self.settled = true;
    }

    /// The pages that may differ from the image's.
    pub fn written(&self) -> io::Result<Vec<Range<usize>>> {
        let Some(slot) = &self.slot else { return Ok(Vec::new()) };
        let accessible = slot.accessible.load(Ordering::Relaxed);
        match &self.pool.map {
            Some(map) => map.written(slot.base.addr(), accessible),
            None => Ok(std::iter::once(0..accessible).collect()),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(mut slot) = self.slot.take() {
            if !self.keeps_sandbox {
                slot.sandbox = None;
            }
            self.pool.give_back(slot, self.settled);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: usize = 1 << 20;

    fn pool(count: u32) -> (Arc<Pool>, Arc<Image>) {
        let image = Arc::new(Image::of(&vec![7; BYTES]).unwrap());
        (Pool::new(count, BYTES * 16).unwrap(), image)
    }

    /// Writes to one byte of each of some pages; what the page faults of that were.
    fn write(lease: &Lease, pages: Range<usize>) -> u64 {
        let base = lease.handle().unwrap().base;
        let before = sys::thread_faults();
        // SAFETY: the lease's memory, which nobody else has.
        pages.for_each(|page| unsafe { base.add(page * sys::page_bytes()).write_volatile(9) });
        sys::thread_faults() - before
    }

    fn content(lease: &Lease) -> &[u8] {
        let Handle { base, bytes, .. } = lease.handle().unwrap();
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts(base, bytes) }
    }

    #[test]
    fn pages_that_were_written_before_are_made_new_without_a_question() {
        let (pool, image) = pool(1);
        for round in 0..AUDIT * 3 {
            let mut lease = pool.lease(&image).unwrap().unwrap();
            assert!(content(&lease).iter().all(|&byte| byte == 7), "round {round}");
            let faults = write(&lease, 3..9);
            assert_eq!(faults == 0, round > 0, "round {round}: {faults}");
            if faults == 0 {
                lease.settle();
            }
        }
        assert!(pool.faults_are_counted.load(Ordering::Relaxed));
    }

    #[test]
    fn a_page_that_no_fault_told_of_is_noticed() {
        let (pool, image) = pool(1);
        for _ in 0..AUDIT + 1 {
            let mut lease = pool.lease(&image).unwrap().unwrap();
            write(&lease, 3..9);
            lease.settle();
        }
        let mut lease = pool.lease(&image).unwrap().unwrap();
        write(&lease, 20..21);
        lease.settle();
        drop(lease);
        for _ in 0..AUDIT {
            let mut lease = pool.lease(&image).unwrap().unwrap();
            lease.settle();
        }
        assert!(!pool.faults_are_counted.load(Ordering::Relaxed));
        assert!(content(&pool.lease(&image).unwrap().unwrap()).iter().all(|&byte| byte == 7));
    }

    #[test]
    fn without_a_page_map_memories_are_made_anew() {
        let (mut pool, image) = pool(1);
        Arc::get_mut(&mut pool).unwrap().map = None;
        for _ in 0..3 {
            let mut lease = pool.lease(&image).unwrap().unwrap();
            assert!(content(&lease).iter().all(|&byte| byte == 7));
            write(&lease, 3..9);
            assert_eq!(lease.written().unwrap(), std::slice::from_ref(&(0..BYTES)));
            lease.settle();
        }
    }

    #[test]
    fn a_memory_that_grew_is_as_small_as_before() {
        let (pool, image) = pool(1);
        let lease = pool.lease(&image).unwrap().unwrap();
        let Handle { base, bytes, accessible } = lease.handle().unwrap();
        // SAFETY: within the slot.
        unsafe {
            sys::open(base.add(bytes), BYTES).unwrap();
            base.add(bytes).write_volatile(1);
        }
        accessible.store(bytes + BYTES, Ordering::Relaxed);
        drop(lease);
        let lease = pool.lease(&image).unwrap().unwrap();
        assert_eq!(lease.handle().unwrap().bytes, BYTES);
        // SAFETY: within the slot.
        unsafe {
            sys::open(base.add(bytes), BYTES).unwrap();
            assert_eq!(base.add(bytes).read_volatile(), 0);
        }
    }

    fn sweep(pool: &Pool) {
        pool.begin_sweep();
        while pool.sweep(1) {}
    }

    #[test]
    fn memories_that_nobody_uses_are_given_back() {
        let (pool, image) = pool(2);
        let other = Arc::new(Image::of(&vec![8; BYTES]).unwrap());
        drop([&image, &other].map(|image| pool.lease(image).unwrap().unwrap()));
        sweep(&pool);
        assert_eq!((Arc::strong_count(&image), Arc::strong_count(&other)), (2, 2));
        drop(pool.lease(&image).unwrap().unwrap());
        sweep(&pool);
        assert_eq!((Arc::strong_count(&image), Arc::strong_count(&other)), (2, 1));
        sweep(&pool);
        assert_eq!((Arc::strong_count(&image), pool.idle().kept_bytes), (1, 0));
        assert!(content(&pool.lease(&other).unwrap().unwrap()).iter().all(|&byte| byte == 8));
    }

    #[test]
    fn an_image_finds_the_memory_that_has_it() {
        let (pool, image) = pool(2);
        let other = Arc::new(Image::of(&vec![8; BYTES]).unwrap());
        let bases = [&image, &other].map(|image| pool.lease(image).unwrap().unwrap().handle().unwrap().base);
        assert_ne!(bases[0], bases[1]);
        for _ in 0..3 {
            for (image, base) in [&other, &image].into_iter().zip([bases[1], bases[0]]) {
                assert_eq!(pool.lease(image).unwrap().unwrap().handle().unwrap().base, base);
            }
        }
        let third = Arc::new(Image::of(&vec![6; BYTES]).unwrap());
        // The one that was idle longest.
        assert_eq!(pool.lease(&third).unwrap().unwrap().handle().unwrap().base, bases[1]);
        pool.forget(&third);
        pool.forget(&image);
        assert_eq!(Arc::strong_count(&third), 1);
        let all: Vec<_> = (0..2).map(|_| pool.lease(&other).unwrap().unwrap()).collect();
        assert!(pool.lease(&other).unwrap().is_none());
        assert!(all.iter().all(|lease| content(lease).iter().all(|&byte| byte == 8)));
    }
}
