//! Notices what a run really reads (CLO-2).
//!
//! Under `relatime`, the default of Linux, reading a file, a link or a directory moves its access time when that lies
//! before its modification time. So access times are set to the epoch before the run and looked at after it: exact,
//! whichever process read, and free while it runs. Whether the file system at hand does this is tried first.

use std::path::Path;
use std::time::SystemTime;

/// Which file something is, and when it was last changed, to the nanosecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Changed {
    at: Option<SystemTime>,
    file: u64,
}

impl Changed {
    /// Of what lies at `path`; a link is not followed.
    pub(super) fn of(path: &Path) -> Self {
        let Ok(meta) = path.symlink_metadata() else { return Self { at: None, file: 0 } };
        #[cfg(unix)]
        let file = std::os::unix::fs::MetadataExt::ino(&meta);
        #[cfg(not(unix))]
        let file = 0;
        Self { at: meta.modified().ok(), file }
    }

    /// Whether it is the same file still, changed or not.
    pub(super) fn is_same_file(self, other: Self) -> bool {
        self.file == other.file
    }
}

/// Whether reading leaves a trace in `dir`.
pub(super) fn works(dir: &Path) -> bool {
    let probe = dir.join(".observed");
    let tried = std::fs::write(&probe, b"x").is_ok()
        && forget(&probe)
        && !was_read(&probe)
        && std::fs::read(&probe).is_ok()
        && was_read(&probe);
    let _ = std::fs::remove_file(&probe);
    tried
}

/// Begins to notice the use of what lies at `path`; whether it can.
#[cfg(unix)]
pub(super) fn forget(path: &Path) -> bool {
    set_times(path, rustix::fs::Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT })
}

/// The same for a copy, which becomes as old as its original: programs compare such times.
#[cfg(unix)]
pub(super) fn forget_and_age(path: &Path, original: Changed) -> bool {
    let since = original.at.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    match since {
        // Later than the epoch, for else reading would leave no trace.
        Some(since) if since.as_secs() > 0 => set_times(
            path,
            rustix::fs::Timespec {
                tv_sec: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: since.subsec_nanos().into(),
            },
        ),
        _ => forget(path),
    }
}

#[cfg(unix)]
fn set_times(path: &Path, last_modification: rustix::fs::Timespec) -> bool {
    use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};
    let epoch = Timespec { tv_sec: 0, tv_nsec: 0 };
    let times = Timestamps { last_access: epoch, last_modification };
    utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).is_ok()
}

/// Whether what lies at `path` was read since [`forget`].
#[cfg(unix)]
pub(super) fn was_read(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    path.symlink_metadata().is_ok_and(|meta| meta.atime() != 0)
}

#[cfg(not(unix))]
pub(super) fn forget(_: &Path) -> bool {
    false
}

#[cfg(not(unix))]
pub(super) fn forget_and_age(_: &Path, _: Changed) -> bool {
    false
}

#[cfg(not(unix))]
pub(super) fn was_read(_: &Path) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_read_leaves_a_trace() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for name in ["read", "looked-at", "sub/inner"] {
            std::fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            std::fs::write(at(name), name).unwrap();
        }
        std::os::unix::fs::symlink("read", at("link")).unwrap();
        if !works(dir.path()) {
            eprintln!("skipped: this file system keeps no access times");
            return;
        }
        let all = ["read", "looked-at", "sub/inner", "link", "sub"];
        assert!(all.iter().all(|name| forget(&at(name))));
        let read = || all.into_iter().filter(|name| was_read(&at(name))).collect::<Vec<_>>();
        assert!(read().is_empty());
        let _ = std::fs::metadata(at("looked-at"));
        std::fs::read(at("read")).unwrap();
        assert_eq!(read(), ["read"]);
        std::fs::read(at("link")).unwrap();
        let _ = std::fs::read_dir(at("sub")).unwrap().count();
        assert_eq!(read(), ["read", "link", "sub"]);
    }
}
