//! A directory for the temporary files of one process of packer, of this user alone: scripts with values in them, packer's own
//! log, sockets of plugins. It is gone when the process is, however that ended.
//!
//! Whoever makes one holds the kernel's lock of it, so what a killed caller left can be told from what is in use.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File};
use std::path::{Path, PathBuf};

use hc_core::fs::{FsError, io_error};

/// How often a directory is made anew that [`sweep`] took for a leftover.
const TRIES: usize = 16;

/// The directory; removed when dropped.
#[derive(Debug)]
pub(crate) struct Temp {
    path: PathBuf,
    /// Held as long as the directory is used.
    _lock: Option<File>,
}

impl Temp {
    /// Makes an empty directory at `path`, in the place of whatever is there.
    ///
    /// # Errors
    /// [`FsError::Io`].
    pub(crate) fn make(path: &Path) -> Result<Self, FsError> {
        let mut last = None;
        for _ in 0..TRIES {
            remove(path);
            match made(path) {
                Ok(Some(lock)) => return Ok(Self { path: path.to_owned(), _lock: lock }),
                Ok(None) => {}
                Err(error) => last = Some(error),
            }
        }
        let error = last.unwrap_or_else(|| std::io::ErrorKind::ResourceBusy.into());
        Err(io_error("create", path)(error))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// The lock of a new directory, where there are locks; `None` when it was swept away meanwhile.
fn made(path: &Path) -> std::io::Result<Option<Option<File>>> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    let Ok(dir) = File::open(path) else { return Ok(None) };
    match dir.try_lock() {
        Ok(()) => Ok(is_same(&dir, path).then_some(Some(dir))),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        // A file system without locks.
        Err(std::fs::TryLockError::Error(_)) => Ok(Some(None)),
    }
}

#[cfg(unix)]
fn is_same(dir: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |meta: &std::fs::Metadata| (meta.dev(), meta.ino());
    matches!((dir.metadata(), path.symlink_metadata()), (Ok(one), Ok(other)) if id(&one) == id(&other))
}

#[cfg(not(unix))]
fn is_same(_: &File, path: &Path) -> bool {
    path.is_dir()
}

/// Removes what is at a path. What writes there while it is removed is on its way out: a second look is enough.
fn remove(path: &Path) {
    for _ in 0..2 {
        let gone = match path.symlink_metadata() {
            Ok(meta) if meta.is_dir() => std::fs::remove_dir_all(path),
            Ok(_) => std::fs::remove_file(path),
            Err(_) => Ok(()),
        };
        if gone.is_ok() {
            return;
        }
    }
}

/// Removes directories that nobody uses any more: those below `dir` whose name begins with `prefix`, whose maker is gone,
/// and which `keep` does not name.
pub fn sweep(dir: &Path, prefix: &str, keep: impl Fn(&OsStr) -> bool) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_ours = name.to_str().is_some_and(|name| name.starts_with(prefix)) && !keep(&name);
        if !is_ours || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let unused = File::open(entry.path()).ok().filter(|dir| dir.try_lock().is_ok());
        if unused.is_some() {
            remove(&entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_private_and_goes_with_its_user_and_leftovers_with_the_next_sweep() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t/one");
        let temp = Temp::make(&path).unwrap();
        std::fs::write(temp.path().join("file"), "x").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        }
        for left in ["two", "three", "other"] {
            std::fs::create_dir_all(dir.path().join("t").join(left).join("deep")).unwrap();
        }
        sweep(&dir.path().join("t"), "t", |name| name == "three");
        sweep(&dir.path().join("t"), "o", |_| false);
        let left = |name: &str| dir.path().join("t").join(name).exists();
        assert!(left("one") && !left("two") && left("three") && !left("other"));
        drop(temp);
        assert!(!path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_its_place_goes_and_what_it_leads_to_stays() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("mine")).unwrap();
        std::fs::write(dir.path().join("mine/file"), "x").unwrap();
        std::os::unix::fs::symlink(dir.path().join("mine"), dir.path().join("t")).unwrap();
        drop(Temp::make(&dir.path().join("t")).unwrap());
        assert!(dir.path().join("mine/file").exists() && !dir.path().join("t").exists());
    }
}
