//! Where the images of functions are: in memory as far as the edge lets them, beyond that in files without a name. The kernel may
//! drop those from memory and read them again, so that many large functions do not take all of a small board.

use crate::sys;
use std::{
    fs::{self, File},
    io,
    ops::Range,
    os::unix::fs::FileExt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Room for images.
pub struct Keep {
    /// Where those go that memory has no room for; `None`: they take memory all the same.
    folder: Option<PathBuf>,
    /// Bytes of memory that are left.
    left: Arc<AtomicUsize>,
}

/// Bytes of memory that an image has; given back with it.
pub struct Claim {
    left: Arc<AtomicUsize>,
    bytes: usize,
}

impl Keep {
    pub fn new(folder: Option<PathBuf>, bytes: usize) -> Self {
        Self { folder, left: Arc::new(AtomicUsize::new(bytes)) }
    }

    /// A file as long as `memory`, with its `runs` in it, and zeros.
    pub fn put(&self, memory: &[u8], runs: &[Range<usize>]) -> io::Result<(File, Option<Claim>)> {
        let bytes = runs.iter().map(|run| run.len()).sum();
        let claim = self.claim(bytes);
        if claim.is_none()
            && let Some(folder) = &self.folder
        {
            match nameless(folder, memory.len()).and_then(|file| write(file, memory, runs)) {
                Ok(file) => return Ok((file, None)),
                Err(error) => {
                    tracing::warn!(folder = %folder.display(), %error, "a function's image of {bytes} bytes is kept in memory");
                }
            }
        }
        Ok((in_memory(memory, runs)?, claim))
    }

    fn claim(&self, bytes: usize) -> Option<Claim> {
        let taken = self.left.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(bytes));
        taken.ok().map(|_| Claim { left: self.left.clone(), bytes })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.left.fetch_add(self.bytes, Ordering::AcqRel);
    }
}

/// The same in memory, whatever is left of it.
pub fn in_memory(memory: &[u8], runs: &[Range<usize>]) -> io::Result<File> {
    write(sys::memory_file(memory.len())?, memory, runs)
}

fn write(file: File, memory: &[u8], runs: &[Range<usize>]) -> io::Result<File> {
    for run in runs {
        file.write_all_at(&memory[run.clone()], run.start as u64)?;
    }
    Ok(file)
}

fn nameless(folder: &std::path::Path, len: usize) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!(".image-{}-{:x}", std::process::id(), fastrand::u64(..)));
    let file = File::options().read(true).write(true).create_new(true).open(&path)?;
    fs::remove_file(&path)?;
    file.set_len(len as u64)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{os::fd::AsRawFd, slice};

    fn place(file: &File) -> String {
        fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap().to_string_lossy().into_owned()
    }

    #[test]
    fn images_that_memory_has_no_room_for_are_in_files() {
        let folder = std::env::temp_dir().join(format!("swarm-keep-{:x}", fastrand::u64(..)));
        let keep = Keep::new(Some(folder.clone()), 6_000);
        let memory: Vec<u8> = (0..=255).cycle().take(16_384).collect();
        let runs = slice::from_ref(&(0..4_096));
        let (first, claim) = keep.put(&memory, runs).unwrap();
        let (second, none) = keep.put(&memory, runs).unwrap();
        assert!(claim.is_some() && none.is_none());
        assert!(place(&first).contains("memfd"), "{}", place(&first));
        assert!(place(&second).starts_with(&*folder.to_string_lossy()), "{}", place(&second));
        for file in [&first, &second] {
            let mut bytes = vec![1; memory.len()];
            file.read_exact_at(&mut bytes, 0).unwrap();
            assert_eq!(bytes[..4_096], memory[..4_096]);
            assert!(bytes[4_096..].iter().all(|&byte| byte == 0));
        }
        // It is empty.
        fs::remove_dir(&folder).unwrap();
        drop(claim);
        let (_, again) = keep.put(&memory, runs).unwrap();
        assert!(again.is_some());
    }

    #[test]
    fn without_a_folder_they_are_in_memory() {
        let keep = Keep::new(Some("/proc/nowhere".into()), 0);
        let (file, claim) = keep.put(&[1; 4_096], slice::from_ref(&(0..4_096))).unwrap();
        assert!(claim.is_none() && place(&file).contains("memfd"));
    }
}
