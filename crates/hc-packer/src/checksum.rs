//! SHA-256 of programs: by it publishers, locks and pins know them. Remembered by the file, because reading a program
//! takes longer than most commands. A memory that is lost or broken only costs time.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use hc_core::fs::{FsError, create_dirs, io_error, read_limited, write_atomic};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::stamp::Stamp;

/// Largest memory that is read, in bytes.
const LIMIT: u64 = 1 << 20;

/// SHA-256 of what can be read, in hex, read in pieces.
///
/// # Errors
/// When it cannot be read.
pub fn sha256_of(mut from: impl Read) -> std::io::Result<String> {
    let (mut digest, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            read => digest.update(&buffer[..read]),
        }
    }
}

/// SHA-256 of a file, in hex.
///
/// # Errors
/// When it cannot be read.
pub fn sha256(path: &Path) -> Result<String, FsError> {
    hc_core::fs::open_regular(path).and_then(sha256_of).map_err(io_error("read", path))
}

/// One remembered checksum.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Known {
    stamp: Stamp,
    sha256: String,
}

/// Checksums of programs, each computed once as long as its file is the same.
#[derive(Debug, Clone, Default)]
pub struct Sums {
    /// Where they are remembered; nowhere when absent.
    file: Option<PathBuf>,
    known: BTreeMap<PathBuf, Known>,
}

impl Sums {
    /// Those that `file` remembers, and remembered there from now on.
    pub fn remembered(file: impl Into<PathBuf>) -> Self {
        let file = file.into();
        let read = read_limited(&file, LIMIT).ok().flatten();
        let known = read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Self { file: Some(file), known }
    }

    /// SHA-256 of the program at `path`, in hex. A file that changed just before `now` is read again next time.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(&mut self, path: &Path, now: SystemTime) -> Result<String, FsError> {
        let before = Stamp::of(path).filter(Stamp::tells_files_apart);
        if let (Some(known), Some(before)) = (self.known.get(path), &before)
            && known.stamp == *before
        {
            return Ok(known.sha256.clone());
        }
        let sum = sha256(path)?;
        if let (Some(file), Some(stamp)) = (&self.file, before)
            && stamp.is_settled(now)
            && Stamp::of(path).as_ref() == Some(&stamp)
        {
            self.known.retain(|path, known| Stamp::of(path).as_ref() == Some(&known.stamp));
            self.known.insert(path.to_owned(), Known { stamp, sha256: sum.clone() });
            if let (Some(Ok(())), Ok(json)) =
                (file.parent().map(create_dirs), serde_json::to_vec(&self.known))
            {
                let _ = write_atomic(file, &json, 0o644);
            }
        }
        Ok(sum)
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_checksum_is_that_of_the_content_whatever_is_remembered() {
        let dir = tempfile::tempdir().unwrap();
        let (program, memory) = (dir.path().join("program"), dir.path().join("cache/sums.json"));
        let write = |text: &str| {
            std::fs::write(&program, text).unwrap();
            let file = std::fs::File::options().write(true).open(&program).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)).unwrap();
        };
        write("one");
        let one = sha256(&program).unwrap();
        let now = SystemTime::now();
        assert_eq!(Sums::default().of(&program, now).unwrap(), one);
        assert_eq!(Sums::remembered(&memory).of(&program, now).unwrap(), one);
        let mut remembered = Sums::remembered(&memory);
        assert_eq!(remembered.known.len(), 1);
        assert_eq!(remembered.of(&program, now).unwrap(), one);
        // Same size, same time: still another file.
        std::thread::sleep(Duration::from_millis(20));
        write("two");
        assert_ne!(remembered.of(&program, now).unwrap(), one);
        std::fs::write(&memory, "{").unwrap();
        assert_ne!(Sums::remembered(&memory).of(&program, now).unwrap(), one);
        // What changed just now is not remembered.
        std::fs::write(&memory, "{}").unwrap();
        let file = std::fs::File::options().write(true).open(&program).unwrap();
        file.set_modified(now).unwrap();
        Sums::remembered(&memory).of(&program, now).unwrap();
        assert!(Sums::remembered(&memory).known.is_empty());
    }
}
