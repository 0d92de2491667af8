//! The system calls that sandboxes' memories are made of. Linux.

use std::{
    cell::Cell,
    fs::File,
    io,
    os::fd::{AsRawFd, FromRawFd},
    ptr,
};

/// Granularity of mappings. A larger one (16 and 64 KiB pages exist on ARM) is asked for once.
pub fn page_bytes() -> usize {
    static PAGE: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    // SAFETY: a question without pointers.
    *PAGE.get_or_init(|| usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096))
}

/// Addresses for `len` bytes, none of them accessible.
pub fn reserve(len: usize) -> io::Result<*mut u8> {
    // SAFETY: a new mapping, wherever the kernel likes.
    let at = unsafe {
        libc::mmap(
            ptr::null_mut(),
            len,
            libc::PROT_NONE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if at == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(at.cast()) }
}

/// Forgets all pages of a range and makes it zero: accessible, or not.
///
/// # Safety
/// The range is the caller's own, whole pages, and nothing refers into it.
pub unsafe fn blank(at: *mut u8, len: usize, accessible: bool) -> io::Result<()> {
    if len == 0 {
        return Ok(());
    }
    let protection = if accessible { libc::PROT_READ | libc::PROT_WRITE } else { libc::PROT_NONE };
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED;
    // SAFETY: the caller's.
    unsafe {
        check(libc::mmap(at.cast(), len, protection, flags, -1, 0) != libc::MAP_FAILED)?;
        // One write would make 2 MiB of it dirty. Kernels without huge pages refuse, and don't matter.
        libc::madvise(at.cast(), len, libc::MADV_NOHUGEPAGE);
    }
    Ok(())
}

/// Makes a range accessible; what it holds stays.
///
/// # Safety
/// The range is the caller's own, whole pages.
pub unsafe fn open(at: *mut u8, len: usize) -> io::Result<()> {
    // SAFETY: the caller's.
    check(len == 0 || unsafe { libc::mprotect(at.cast(), len, libc::PROT_READ | libc::PROT_WRITE) } == 0)
}

/// Puts a file's content at `at`: copied on write.
///
/// # Safety
/// As [`blank`]; the file has all those bytes, and nobody writes it any more.
pub unsafe fn map(at: *mut u8, len: usize, file: &File, offset: usize) -> io::Result<()> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_NORESERVE | libc::MAP_FIXED;
    // SAFETY: the caller's.
    let mapped = unsafe { libc::mmap(at.cast(), len, protection, flags, file.as_raw_fd(), offset as libc::off_t) };
    check(mapped != libc::MAP_FAILED)
}

/// Gives addresses back.
///
/// # Safety
/// As [`blank`].
pub unsafe fn release(at: *mut u8, len: usize) {
    // SAFETY: the caller's.
    unsafe { libc::munmap(at.cast(), len) };
}

/// A file in memory, of `len` zeros.
pub fn memory_file(len: usize) -> io::Result<File> {
    // SAFETY: a constant name; the descriptor is new and ours.
    let file = unsafe {
        let fd = libc::memfd_create(c"swarmlambda-image".as_ptr(), libc::MFD_CLOEXEC);
        check(fd >= 0)?;
        File::from_raw_fd(fd)
    };
    file.set_len(len as u64)?;
    Ok(file)
}

/// A file's content, read-only, shared with the file.
pub fn view(file: &File, len: usize) -> io::Result<*const u8> {
    // SAFETY: a new mapping, wherever the kernel likes.
    let at = unsafe { libc::mmap(ptr::null_mut(), len, libc::PROT_READ, libc::MAP_SHARED, file.as_raw_fd(), 0) };
    if at == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(at.cast_const().cast()) }
}

/// The mappings that a process may have; the kernel's default where that is not told.
pub fn max_mappings() -> usize {
    let told = std::fs::read_to_string("/proc/sys/vm/max_map_count").ok();
    told.and_then(|text| text.trim().parse().ok()).unwrap_or(65_530)
}

/// Page faults that this thread has had, of both kinds. A page of a private mapping can become one that was written, and stay
/// so, in no other way; see `slots.rs`.
pub fn thread_faults() -> u64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: room for what is asked for, and zeros are valid for it.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr());
        usage.assume_init()
    };
    (usage.ru_minflt as u64).wrapping_add(usage.ru_majflt as u64)
}

/// Page faults that this thread has had since it last asked so.
pub fn new_faults() -> u64 {
    thread_local!(static SEEN: Cell<u64> = const { Cell::new(0) });
    let now = thread_faults();
    now.wrapping_sub(SEEN.replace(now))
}

/// Whether [`thread_faults`] counts: some kernels' (gVisor's, say) may not.
pub fn faults_are_counted() -> bool {
    let len = page_bytes() * 4;
    let Ok(at) = reserve(len) else { return false };
    // SAFETY: a mapping of our own; each page is written once.
    unsafe {
        let opened = open(at, len).is_ok();
        let before = thread_faults();
        if opened {
            (0..4).for_each(|page| ptr::write_volatile(at.add(page * page_bytes()), 1));
        }
        let counted = thread_faults().wrapping_sub(before) >= 4;
        release(at, len);
        opened && counted
    }
}

fn check(fine: bool) -> io::Result<()> {
    if fine { Ok(()) } else { Err(io::Error::last_os_error()) }
}
