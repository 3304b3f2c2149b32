//! Kernel locks with a holder that can be named.
//!
//! The kernel decides who holds a lock; the text in the lock file only informs. Lock files are permanent:
//! never deleted, never renamed, so a crashed holder blocks nobody and needs no clean-up (STATE-2). A
//! released lock keeps its last holder's text, which nobody reads unless the lock is held.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::fs::{FsError, create_dirs, io_error, regular_metadata};

/// How often a waiting acquirer tries again.
const POLL: Duration = Duration::from_millis(25);
/// Shortest time before a lock counts as held. While another thread starts a process, the new process has a copy
/// of every descriptor between fork and exec; [`FileLock::probe`] takes a shared lock for a moment, too.
const GRACE: Duration = Duration::from_millis(150);
/// How often is tried within [`GRACE`].
const GRACE_POLL: Duration = Duration::from_millis(3);
/// Holder texts are one line; more than this is not ours.
const HOLDER_LIMIT: u64 = 4096;

/// Who holds a lock, as that holder wrote it down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Holder {
    /// Process id on `host`.
    pub pid: u32,
    /// Host name.
    pub host: String,
    /// What it runs, for people: `hybrid build --env dev`.
    pub command: String,
    /// Since when.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub since: OffsetDateTime,
}

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else holds it.
    #[error("{} is locked", path.display())]
    Held {
        /// The lock file.
        path: PathBuf,
        /// Its holder, if the text in the file could be read.
        holder: Option<Holder>,
        /// How long was waited.
        waited: Duration,
    },
    /// The file system cannot lock (some network file systems).
    #[error("{} is on a file system without locks", path.display())]
    Unsupported {
        /// The lock file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The lock file cannot be opened or written.
    #[error(transparent)]
    File(#[from] FsError),
}

/// A held lock; the kernel releases it when the last copy of its descriptor closes.
#[derive(Debug)]
pub struct FileLock {
    file: File,
    path: PathBuf,
}

impl FileLock {
    /// Takes the lock or says who holds it.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn try_acquire(path: &Path, me: &Holder) -> Result<Self, LockError> {
        Self::acquire(path, me, Duration::ZERO, |_| {})
    }

    /// Takes the lock, waiting up to `timeout`; `waiting` is called once, with the holder, before the wait.
    ///
    /// # Errors
    /// [`LockError::Held`] when the time is over.
    pub fn acquire(
        path: &Path,
        me: &Holder,
        timeout: Duration,
        waiting: impl FnOnce(Option<&Holder>),
    ) -> Result<Self, LockError> {
        let file = open(path)?;
        let start = Instant::now();
        let mut waiting = Some(waiting);
        loop {
            match file.try_lock() {
                Ok(()) => {
                    let mut lock = Self { file, path: path.to_owned() };
                    lock.write_holder(me)?;
                    return Ok(lock);
                }
                Err(TryLockError::WouldBlock) if start.elapsed() < GRACE => std::thread::sleep(GRACE_POLL),
                Err(TryLockError::WouldBlock) => {
                    let holder = read_holder(path);
                    if start.elapsed() >= timeout {
                        return Err(LockError::Held {
                            path: path.to_owned(),
                            holder,
                            waited: start.elapsed(),
                        });
                    }
                    if let Some(waiting) = waiting.take() {
                        waiting(holder.as_ref());
                    }
                    std::thread::sleep(POLL.min(timeout.saturating_sub(start.elapsed())));
                }
                Err(TryLockError::Error(source)) if source.kind() == io::ErrorKind::Unsupported => {
                    return Err(LockError::Unsupported { path: path.to_owned(), source });
                }
                Err(TryLockError::Error(source)) => return Err(io_error("lock", path)(source).into()),
            }
        }
    }

    /// Whether somebody holds the lock at `path` right now, and who; `None` when it is free or absent.
    ///
    /// # Errors
    /// [`LockError::File`] or [`LockError::Unsupported`].
    pub fn probe(path: &Path) -> Result<Option<Option<Holder>>, LockError> {
        if regular_metadata(path)?.is_none() {
            return Ok(None);
        }
        match open(path)?.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => Ok(Some(read_holder(path))),
            Err(TryLockError::Error(source)) => Err(io_error("lock", path)(source).into()),
        }
    }

    /// The open lock file, for handing a copy to a child that must go on holding it (build locks).
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Where the lock file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn write_holder(&mut self, me: &Holder) -> Result<(), FsError> {
        let mut line = serde_json::to_string(me).unwrap_or_default();
        line.push('\n');
        let write = |file: &mut File| {
            file.rewind()?;
            file.write_all(line.as_bytes())?;
            file.set_len(line.len() as u64)
        };
        write(&mut self.file).map_err(io_error("write", &self.path))
    }
}

fn open(path: &Path) -> Result<File, FsError> {
    if let Some(parent) = path.parent() {
        create_dirs(parent)?;
    }
    regular_metadata(path)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // A FIFO or link swapped in after the look must neither block nor lead out of the project.
        options
            .mode(0o644)
            .custom_flags((rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits() as i32);
    }
    options.open(path).map_err(io_error("open", path))
}

fn read_holder(path: &Path) -> Option<Holder> {
    let mut text = String::new();
    File::open(path).ok()?.take(HOLDER_LIMIT).read_to_string(&mut text).ok()?;
    serde_json::from_str(text.trim_end()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn me(command: &str) -> Holder {
        Holder { pid: 7, host: "here".into(), command: command.into(), since: OffsetDateTime::UNIX_EPOCH }
    }

    #[test]
    fn second_taker_is_told_the_holder() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/.lock");
        let held = FileLock::try_acquire(&path, &me("first")).unwrap();
        let Err(LockError::Held { holder, .. }) = FileLock::try_acquire(&path, &me("second")) else {
            panic!("two holders");
        };
        assert_eq!(holder.unwrap().command, "first");
        assert!(FileLock::probe(&path).unwrap().is_some());
        drop(held);
        assert!(FileLock::probe(&path).unwrap().is_none());
        FileLock::try_acquire(&path, &me("third")).unwrap();
    }

    #[test]
    fn garbage_in_the_file_informs_nobody_and_blocks_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock");
        std::fs::write(&path, vec![0xff; 100_000]).unwrap();
        let lock = FileLock::try_acquire(&path, &me("new")).unwrap();
        assert_eq!(read_holder(&path).unwrap().command, "new");
        drop(lock);
    }

    #[test]
    fn a_copy_of_the_descriptor_keeps_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock");
        let lock = FileLock::try_acquire(&path, &me("parent")).unwrap();
        let child_copy = lock.file().try_clone().unwrap();
        drop(lock);
        assert!(matches!(FileLock::try_acquire(&path, &me("other")), Err(LockError::Held { .. })));
        drop(child_copy);
        FileLock::try_acquire(&path, &me("other")).unwrap();
    }

    #[test]
    fn waiting_names_the_holder_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock");
        let lock = FileLock::try_acquire(&path, &me("slow")).unwrap();
        let releaser = std::thread::spawn(move || {
            std::thread::sleep(GRACE + Duration::from_millis(100));
            drop(lock);
        });
        let mut seen = Vec::new();
        FileLock::acquire(&path, &me("patient"), Duration::from_secs(10), |holder| {
            seen.push(holder.map(|holder| holder.command.clone()));
        })
        .unwrap();
        releaser.join().unwrap();
        assert_eq!(seen, [Some("slow".to_owned())]);
    }
}
