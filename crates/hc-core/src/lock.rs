//! Kernel locks with a holder that can be named.
//!
//! The kernel decides who holds a lock; the text in the lock file only informs. Lock files are permanent:
//! never deleted, never renamed, so a crashed holder blocks nobody and needs no clean-up (STATE-2). A
//! released lock keeps its last holder's text, which nobody reads unless the lock is held.
//!
//! Two lifetimes: [`with_exclusive`] holds a lock while a closure runs and releases it then, even if a process has a copy of the
//! descriptor; a [`FileLock`] is held until the last copy of its descriptor closes, so that a child goes on holding it.
//! Both exclude each other.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::Cancel;
use crate::fs::{FsError, create_dirs, io_error, regular_metadata};

/// How often a waiting acquirer tries again.
const POLL: Duration = Duration::from_millis(25);
/// Shortest time before a lock counts as held. While another thread starts a process, the new process has a copy
/// of every descriptor between fork and exec; [`FileLock::probe`] takes a shared lock for a moment, too.
const GRACE: Duration = Duration::from_millis(150);
/// How often is tried within [`GRACE`].
const GRACE_POLL: Duration = Duration::from_millis(3);
/// How often a taker that waits is told of it again.
const REMIND: Duration = Duration::from_secs(30);
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
    /// A request to stop ended the wait.
    #[error("stopped while waiting for the lock {}", path.display())]
    Stopped {
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

/// How long a taker waits for a lock.
#[derive(Debug, Clone, Default)]
pub struct Patience {
    timeout: Duration,
    stop: Option<(Cancel, u32)>,
}

impl Patience {
    /// Up to `timeout`.
    pub fn up_to(timeout: Duration) -> Self {
        Self { timeout, stop: None }
    }

    /// As before, and no longer than until a request to stop that was not made yet: an earlier one asked for the end of
    /// other work, of which this lock is to keep the record.
    #[must_use]
    pub fn unless(self, cancel: &Cancel) -> Self {
        Self { stop: Some((cancel.clone(), cancel.requests())), ..self }
    }

    fn is_asked_to_stop(&self) -> bool {
        self.stop.as_ref().is_some_and(|(cancel, before)| cancel.requests() > *before)
    }
}

/// Proof that a lock is held; lives no longer than the closure of [`with_exclusive`].
#[derive(Debug)]
pub struct Exclusive<'a> {
    path: &'a Path,
}

impl Exclusive<'_> {
    /// Where the lock file is.
    pub fn path(&self) -> &Path {
        self.path
    }
}

/// Runs `work` while the lock at `path` is held, and releases it whatever `work` does. Waits as long as `patience` says;
/// `waiting` is called with the holder before the wait, and again every half minute.
///
/// # Errors
/// [`LockError`]; `work` did not run then.
pub fn with_exclusive<T>(
    path: &Path,
    me: &Holder,
    patience: Patience,
    waiting: impl FnMut(Option<&Holder>),
    work: impl FnOnce(&Exclusive<'_>) -> T,
) -> Result<T, LockError> {
    let mut lock = fd_lock::RwLock::new(open(path)?);
    let mut wait = Wait::new(path, patience, waiting);
    let mut file = loop {
        match lock.try_write() {
            Ok(file) => break file,
            Err(error) => wait.after(error)?,
        }
    };
    write_holder(&mut file, path, me)?;
    Ok(work(&Exclusive { path }))
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

    /// Takes the lock, waiting up to `timeout`; `waiting` is called with the holder before the wait, and again every half
    /// minute.
    ///
    /// # Errors
    /// [`LockError::Held`] when the time is over.
    pub fn acquire(
        path: &Path,
        me: &Holder,
        timeout: Duration,
        waiting: impl FnMut(Option<&Holder>),
    ) -> Result<Self, LockError> {
        let mut file = open(path)?;
        let mut wait = Wait::new(path, Patience::up_to(timeout), waiting);
        while let Err(error) = file.try_lock() {
            wait.after(error.into())?;
        }
        write_holder(&mut file, path, me)?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Whether somebody holds the lock at `path` right now, and who; `None` when it is free or absent.
    ///
    /// # Errors
    /// [`LockError::File`] or [`LockError::Unsupported`].
    pub fn probe(path: &Path) -> Result<Option<Option<Holder>>, LockError> {
        if regular_metadata(path)?.is_none() {
            return Ok(None);
        }
        // For reading: who may not write here may look, too.
        let file = crate::fs::open_regular(path).map_err(io_error("open", path))?;
        match file.try_lock_shared() {
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
}

/// The attempts of one taker.
struct Wait<'a, F> {
    path: &'a Path,
    patience: Patience,
    start: Instant,
    told: Option<Instant>,
    waiting: F,
}

impl<'a, F: FnMut(Option<&Holder>)> Wait<'a, F> {
    fn new(path: &'a Path, patience: Patience, waiting: F) -> Self {
        Self { path, patience, start: Instant::now(), told: None, waiting }
    }

    /// Sleeps until the next attempt makes sense, or says why there is none.
    fn after(&mut self, error: io::Error) -> Result<(), LockError> {
        let waited = self.start.elapsed();
        match error.kind() {
            io::ErrorKind::WouldBlock if waited < GRACE => std::thread::sleep(GRACE_POLL),
            io::ErrorKind::WouldBlock => {
                if waited >= self.patience.timeout {
                    let (path, holder) = (self.path.to_owned(), read_holder(self.path));
                    return Err(LockError::Held { path, holder, waited });
                }
                if self.patience.is_asked_to_stop() {
                    let (path, holder) = (self.path.to_owned(), read_holder(self.path));
                    return Err(LockError::Stopped { path, holder, waited });
                }
                if self.told.is_none_or(|told| told.elapsed() >= REMIND) {
                    self.told = Some(Instant::now());
                    (self.waiting)(read_holder(self.path).as_ref());
                }
                std::thread::sleep(POLL.min(self.patience.timeout.saturating_sub(self.start.elapsed())));
            }
            io::ErrorKind::Unsupported => {
                return Err(LockError::Unsupported { path: self.path.to_owned(), source: error });
            }
            _ => return Err(io_error("lock", self.path)(error).into()),
        }
        Ok(())
    }
}

fn write_holder(file: &mut File, path: &Path, me: &Holder) -> Result<(), FsError> {
    let mut line = serde_json::to_string(me).unwrap_or_default();
    line.push('\n');
    let mut write = || {
        file.rewind()?;
        file.write_all(line.as_bytes())?;
        file.set_len(line.len() as u64)
    };
    write().map_err(io_error("write", path))
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
    crate::fs::open_regular(path).ok()?.take(HOLDER_LIMIT).read_to_string(&mut text).ok()?;
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

    #[test]
    fn a_closure_holds_the_lock_against_both_kinds_and_frees_it_for_both() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/.lock");
        let held = |found: Result<(), LockError>| match found {
            Err(LockError::Held { holder, .. }) => holder.map(|holder| holder.command),
            other => panic!("{other:?}"),
        };
        let again = |command: &str| with_exclusive(&path, &me(command), Patience::default(), |_| {}, |_| ());
        with_exclusive(
            &path,
            &me("first"),
            Patience::default(),
            |_| {},
            |exclusive| {
                assert_eq!(exclusive.path(), path);
                assert_eq!(held(again("second")), Some("first".to_owned()));
                assert_eq!(
                    held(FileLock::try_acquire(&path, &me("third")).map(drop)),
                    Some("first".to_owned())
                );
                assert!(FileLock::probe(&path).unwrap().is_some());
            },
        )
        .unwrap();
        again("fourth").unwrap();
        let lock = FileLock::try_acquire(&path, &me("fifth")).unwrap();
        assert_eq!(held(again("sixth")), Some("fifth".to_owned()));
        drop(lock);
        again("seventh").unwrap();
    }

    #[test]
    fn a_panic_frees_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock");
        let work =
            || with_exclusive(&path, &me("unlucky"), Patience::default(), |_| {}, |_| panic!("on purpose"));
        assert!(std::thread::scope(|scope| scope.spawn(|| work().map(drop::<()>)).join()).is_err());
        with_exclusive(&path, &me("next"), Patience::default(), |_| {}, |_| ()).unwrap();
    }

    #[test]
    fn a_closure_waits_for_its_turn() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock");
        let lock = FileLock::try_acquire(&path, &me("slow")).unwrap();
        let mut seen = Vec::new();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(GRACE + Duration::from_millis(100));
                drop(lock);
            });
            let waiting = |holder: Option<&Holder>| seen.push(holder.map(|holder| holder.command.clone()));
            with_exclusive(&path, &me("patient"), Patience::up_to(Duration::from_secs(10)), waiting, |_| ())
                .unwrap();
        });
        assert_eq!(seen, [Some("slow".to_owned())]);
    }

    #[test]
    fn only_a_new_request_to_stop_ends_a_wait() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock");
        let _held = FileLock::try_acquire(&path, &me("for ever")).unwrap();
        let cancel = Cancel::new();
        cancel.request();
        let patience = Patience::up_to(Duration::MAX).unless(&cancel);
        let found = std::thread::scope(|scope| {
            let cancel = cancel.clone();
            scope.spawn(move || {
                std::thread::sleep(GRACE + Duration::from_millis(100));
                cancel.request();
            });
            with_exclusive(&path, &me("patient"), patience, |_| {}, |_| ())
        });
        let Err(LockError::Stopped { holder, waited, .. }) = found else { panic!("{found:?}") };
        assert_eq!(holder.unwrap().command, "for ever");
        assert!(waited >= GRACE + Duration::from_millis(100), "{waited:?}");
    }
}
