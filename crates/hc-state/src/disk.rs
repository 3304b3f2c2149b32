//! What may stand in the places of the state's files, and how directories are made and synced.
//!
//! Nothing is followed out of the project: a link in the place of a file or directory is refused.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use hc_core::fs::{FsError, io_error, regular_metadata};

use crate::error::StateError;

/// Turns a refusal of the file layer into the state's own error.
pub(crate) fn refusal(error: FsError) -> StateError {
    match error {
        FsError::NotRegular { path, found } => {
            StateError::NotRegular { path, found, expected: "a regular file", backup: None }
        }
        FsError::ReadOnly { path } => StateError::ReadOnly { path },
        other => StateError::File(other),
    }
}

/// Metadata of the state file if one stands there and this process may replace it.
pub(crate) fn writable_metadata(path: &Path) -> Result<Option<Metadata>, StateError> {
    let Some(meta) = regular_metadata(path).map_err(refusal)? else { return Ok(None) };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let me = rustix::process::geteuid().as_raw();
        if meta.uid() != me {
            return Err(StateError::NotOwned { path: path.to_owned(), owner: meta.uid(), me });
        }
    }
    if meta.permissions().readonly() {
        return Err(StateError::ReadOnly { path: path.to_owned() });
    }
    Ok(Some(meta))
}

/// Permission bits for a file that replaces one with `old` metadata.
pub(crate) fn mode_after(old: Option<&Metadata>) -> u32 {
    #[cfg(unix)]
    if let Some(old) = old {
        use std::os::unix::fs::PermissionsExt;
        return old.permissions().mode() & 0o777;
    }
    let _ = old;
    0o644
}

/// Makes the directories that are missing, outermost first, and syncs their parents; refuses links.
pub(crate) fn make_dirs(dirs: &[&Path]) -> Result<(), StateError> {
    for dir in dirs {
        if is_real_dir(dir)? {
            continue;
        }
        match std::fs::create_dir(dir) {
            Ok(()) => {}
            // Another process was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_real_dir(dir)? => continue,
            Err(error) => return Err(io_error("create", dir)(error).into()),
        }
        if let Some(parent) = dir.parent() {
            sync_dir(parent)?;
        }
    }
    Ok(())
}

/// Whether a directory stands there; `false` when nothing does.
pub(crate) fn is_real_dir(dir: &Path) -> Result<bool, StateError> {
    match std::fs::symlink_metadata(dir) {
        Ok(meta) if meta.is_dir() => Ok(true),
        Ok(meta) => Err(StateError::NotRegular {
            path: dir.to_owned(),
            found: if meta.is_symlink() { "a symlink" } else { "a file" },
            expected: "a directory",
            backup: None,
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(io_error("inspect", dir)(error).into()),
    }
}

/// Makes the names in `dir` durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), FsError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(io_error("sync", dir))
}

/// Gives the bytes at `from` a second name that does not exist yet; a hard link where the file system has
/// them, because linked bytes are durable already and need no space, else a synced copy.
pub(crate) fn keep_as(from: &Path, to: &Path, bytes: &[u8]) -> Result<(), FsError> {
    match std::fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(error) if matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::StorageFull) => {
            Err(io_error("create", to)(error))
        }
        Err(_) => hc_core::fs::write_atomic(to, bytes, 0o644),
    }
}

/// The first of `name`, `name-2`, `name-3`, … that nothing stands at.
pub(crate) fn free_name(path: &Path) -> PathBuf {
    let taken = |path: &Path| std::fs::symlink_metadata(path).is_ok();
    if !taken(path) {
        return path.to_owned();
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    (2_u32..)
        .map(|n| path.with_file_name(format!("{name}-{n}")))
        .find(|path| !taken(path))
        .unwrap_or_default()
}
