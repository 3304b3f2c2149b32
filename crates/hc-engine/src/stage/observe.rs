//! Notices what a run really reads (CLO-2).
//!
//! Under `relatime`, the default of Linux, reading a file, a link or a directory moves its access time when that lies
//! before its modification time. So access times are set to the epoch before the run and looked at after it: exact,
//! whichever process read, and free while it runs. Whether the file system at hand does this is tried first.

use std::path::Path;

/// Whether reading leaves a trace in `dir`.
pub(super) fn works(dir: &Path) -> bool {
    let probe = dir.join(".observed");
    let tried = std::fs::write(&probe, b"x").is_ok()
        && forget(&probe)
        && !was_read(&probe)
        && std::fs::read(&probe).is_ok()
        && was_read(&probe);
    let _ = std::fs::remove_file(&probe);
    tried && dirs_work(dir)
}

/// The same for directories, of which a file system may keep none (`nodiratime`).
fn dirs_work(dir: &Path) -> bool {
    let probe = dir.join(".observed");
    let tried = std::fs::create_dir(&probe).is_ok()
        && forget(&probe)
        && !was_read(&probe)
        && std::fs::read_dir(&probe).map(Iterator::count).is_ok()
        && was_read(&probe);
    let _ = std::fs::remove_dir(&probe);
    tried
}

/// Begins to notice the use of what lies at `path`; whether it can.
#[cfg(unix)]
pub(super) fn forget(path: &Path) -> bool {
    set_times(path, rustix::fs::Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT })
}

/// The same for a copy, which becomes as old as its original, in nanoseconds since 1970: programs compare such times.
#[cfg(unix)]
pub(super) fn forget_and_age(path: &Path, mtime: i128) -> bool {
    let seconds = i64::try_from(mtime.div_euclid(1_000_000_000)).unwrap_or(i64::MAX);
    let nanoseconds = u32::try_from(mtime.rem_euclid(1_000_000_000)).unwrap_or_default();
    // Later than the epoch, for else reading would leave no trace.
    if seconds <= 0 {
        return forget(path);
    }
    set_times(path, rustix::fs::Timespec { tv_sec: seconds, tv_nsec: nanoseconds.into() })
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
pub(super) fn forget_and_age(_: &Path, _: i128) -> bool {
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
