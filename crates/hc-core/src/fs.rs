//! Files that are written whole or not at all.
//!
//! Promises: after [`write_atomic`] returns `Ok` the bytes are on the device (file and directory synced);
//! after an error or a kill the old file is there, whole, with one exception that the error names
//! ([`FsError::CommitUnknown`]). Never follows or replaces a symlink, a directory, a FIFO or a device.

use crate::ExitClass;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use atomicwrites::{AllowOverwrite, AtomicFile};

/// Beginning of the names of unfinished files, and of the directories that `atomicwrites` makes beside its target: a kill
/// can leave them behind.
pub const TEMP_PREFIX: &str = ".atomicwrite";

/// What went wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum FsError {
    /// The operating system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried: `read`, `write`, `create`, …
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Something other than a regular file stands in the file's place.
    #[error("{} is {found}, expected a regular file", path.display())]
    NotRegular {
        /// The path.
        path: PathBuf,
        /// What stands there: `a symlink`, `a directory`, …
        found: &'static str,
    },
    /// The file is marked read-only; renaming over it would defeat whoever marked it.
    #[error("{} is read-only", path.display())]
    ReadOnly {
        /// The path.
        path: PathBuf,
    },
    /// The new content is in place but the directory could not be synced: a power loss may undo it.
    #[error("{} was replaced, but its directory could not be synced", path.display())]
    CommitUnknown {
        /// The path.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The file is larger than a file of its kind can sensibly be.
    #[error("{} has {size} bytes, more than the {limit} that are read", path.display())]
    TooLarge {
        /// The path.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The path leads out of the project.
    #[error("{} leads out of the project, to {}", path.display(), target.display())]
    Outside {
        /// The path.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// The content is not UTF-8.
    #[error("{} is not UTF-8 (first bad byte at offset {offset})", path.display())]
    NotUtf8 {
        /// The path.
        path: PathBuf,
        /// Offset of the first byte that is not.
        offset: usize,
    },
}

impl FsError {
    /// Stable code for `hybrid explain`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "FileUnavailable",
            Self::NotRegular { .. } | Self::ReadOnly { .. } => "FileNotRegular",
            Self::CommitUnknown { .. } => "CommitUnknown",
            Self::TooLarge { .. } => "FileTooLarge",
            Self::Outside { .. } => "PathOutsideProject",
            Self::NotUtf8 { .. } => "FileNotText",
        }
    }

    /// How a run that fails by it ends (PKR-4): infrastructure where the device is to blame, so that trying again can help.
    pub fn class(&self) -> ExitClass {
        use io::ErrorKind::{
            AlreadyExists, DirectoryNotEmpty, InvalidFilename, InvalidInput, IsADirectory, NotADirectory,
            NotFound, PermissionDenied, ReadOnlyFilesystem,
        };
        match self {
            Self::Io { source, .. } => match source.kind() {
                AlreadyExists | DirectoryNotEmpty | InvalidFilename | InvalidInput | IsADirectory
                | NotADirectory | NotFound | PermissionDenied | ReadOnlyFilesystem => ExitClass::Invalid,
                _ => ExitClass::Infrastructure,
            },
            Self::CommitUnknown { .. } => ExitClass::Infrastructure,
            Self::Outside { .. } => ExitClass::Security,
            Self::NotRegular { .. }
            | Self::ReadOnly { .. }
            | Self::TooLarge { .. }
            | Self::NotUtf8 { .. } => ExitClass::Invalid,
        }
    }

    /// The system's answer, where there is one.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::Io { source, .. } | Self::CommitUnknown { source, .. } => Some(source.kind()),
            _ => None,
        }
    }
}

/// Wraps an I/O error with what was tried on which path; meant for `map_err`.
pub fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FsError {
    let path = path.to_owned();
    move |source| FsError::Io { action, path, source }
}

fn kind_of(meta: &Metadata) -> &'static str {
    let kind = meta.file_type();
    if kind.is_symlink() {
        "a symlink"
    } else if kind.is_dir() {
        "a directory"
    } else {
        "a FIFO, socket or device"
    }
}

/// Metadata of `path` if a regular file stands there, `None` if nothing does.
///
/// # Errors
/// [`FsError::NotRegular`] for anything else, [`FsError::Io`] when it cannot be asked.
pub fn regular_metadata(path: &Path) -> Result<Option<Metadata>, FsError> {
    match std::fs::symlink_metadata(path) {
        Ok(meta) if meta.is_file() => Ok(Some(meta)),
        Ok(meta) => Err(FsError::NotRegular { path: path.to_owned(), found: kind_of(&meta) }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error("inspect", path)(error)),
    }
}

/// Replaces `path` with `bytes`, atomically and durably, with permission bits `mode` (Unix).
///
/// An existing file keeps nothing but its name. Parents are not created.
///
/// # Errors
/// [`FsError::NotRegular`] and [`FsError::ReadOnly`] before anything is touched; [`FsError::Io`] with the old
/// file intact; [`FsError::CommitUnknown`] when only the last directory sync failed.
pub fn write_atomic(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FsError> {
    replaceable(path)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let file = AtomicFile::new(path, AllowOverwrite);
    let written = file.write_with_options(|out: &mut File| out.write_all(bytes), options);
    written.map_err(|error| not_replaced(path, bytes, io::Error::from(error)))
}

/// Like [`write_atomic`], while `meanwhile` makes something durable that has to be there before the file is replaced: both
/// wait for the device together.
///
/// # Errors
/// Those of [`write_atomic`]; those of `meanwhile`, with the old file intact.
pub fn write_atomic_with(
    path: &Path,
    bytes: &[u8],
    mode: u32,
    meanwhile: impl FnOnce() -> Result<(), FsError> + Send,
) -> Result<(), FsError> {
    replaceable(path)?;
    let dir = path.parent().unwrap_or(Path::new("."));
    let failed = |source| not_replaced(path, bytes, source);
    let mut new = tempfile::Builder::new();
    new.prefix(TEMP_PREFIX);
    #[cfg(unix)]
    new.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = new.tempfile_in(dir).map_err(failed)?;
    let pending = Mutex::new(Some(meanwhile));
    let other = || match pending.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(meanwhile) => meanwhile(),
        None => Ok(()),
    };
    let (other, written) = std::thread::scope(|scope| {
        let spawned = std::thread::Builder::new().spawn_scoped(scope, other);
        let written = file.write_all(bytes).and_then(|()| file.as_file().sync_all());
        let other = match spawned {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            // Where there are no more threads, one after the other.
            Err(_) => other(),
        };
        (other, written)
    });
    other?;
    written.map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed)
}

/// Refuses what must not be replaced.
fn replaceable(path: &Path) -> Result<(), FsError> {
    match regular_metadata(path)? {
        Some(meta) if meta.permissions().readonly() => Err(FsError::ReadOnly { path: path.to_owned() }),
        _ => Ok(()),
    }
}

/// The rename may have happened before the error: say so instead of claiming nothing changed.
fn not_replaced(path: &Path, bytes: &[u8], source: io::Error) -> FsError {
    let path = path.to_owned();
    match std::fs::read(&path) {
        Ok(now) if now == bytes => FsError::CommitUnknown { path, source },
        _ => FsError::Io { action: "write", path, source },
    }
}

/// Writes a file that is checked whenever it is read: whole or not at all for other processes, but not flushed, so a
/// power cut may take it or cut it short. Many times as fast as [`write_atomic`].
///
/// # Errors
/// [`FsError::Io`]; nothing stands at `path` then but what stood there.
pub fn write_unsynced(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    let write = || -> io::Result<()> {
        let dir = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().prefix(TEMP_PREFIX).tempfile_in(dir)?;
        file.write_all(bytes)?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(io_error("write", path))
}

/// Removes what killed writers left in `dir`. Only for the holder of the lock that guards `dir`.
///
/// # Errors
/// [`FsError::Io`] when the directory cannot be listed; single leftovers that resist are skipped.
pub fn sweep_temporaries(dir: &Path) -> Result<usize, FsError> {
    let mut removed = 0;
    for entry in std::fs::read_dir(dir).map_err(io_error("list", dir))? {
        let entry = entry.map_err(io_error("list", dir))?;
        let is_temp = entry.file_name().to_str().is_some_and(|name| name.starts_with(TEMP_PREFIX));
        if is_temp {
            let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let gone = if is_dir {
                std::fs::remove_dir_all(entry.path())
            } else {
                std::fs::remove_file(entry.path())
            };
            removed += usize::from(gone.is_ok());
        }
    }
    Ok(removed)
}

/// Whether a file name is a leftover of [`write_atomic`]; keep these out of hashes, lists and bundles.
pub fn is_temporary(name: &str) -> bool {
    name.starts_with(TEMP_PREFIX)
}

/// Opens a file for reading if it is a regular one, also behind a link. Never waits for the other end of a FIFO, and asks no
/// device for anything.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`] for anything but a regular file, and what opening gives.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let other =
        |kind: &str| io::Error::new(io::ErrorKind::InvalidInput, format!("it is {kind}, not a regular file"));
    // Opening alone can do something where it is a device: it is looked at before, and again when it is open.
    let before = std::fs::metadata(path)?;
    if !before.is_file() {
        return Err(other(kind_of(&before)));
    }
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        (rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY).bits() as i32,
    );
    let file = options.open(path)?;
    let meta = file.metadata()?;
    if meta.is_file() { Ok(file) } else { Err(other(kind_of(&meta))) }
}

/// Reads a regular file of at most `limit` bytes; `None` when nothing stands there.
///
/// # Errors
/// [`FsError::NotRegular`], [`FsError::TooLarge`] or [`FsError::Io`].
pub fn read_limited(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, FsError> {
    let Some(meta) = regular_metadata(path)? else { return Ok(None) };
    let too_large = |size| FsError::TooLarge { path: path.to_owned(), size, limit };
    if meta.len() > limit {
        return Err(too_large(meta.len()));
    }
    let file = open_regular(path).map_err(io_error("read", path))?;
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0));
    // The file may grow between the look and the read.
    file.take(limit + 1).read_to_end(&mut bytes).map_err(io_error("read", path))?;
    if bytes.len() as u64 > limit {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(Some(bytes))
}

/// Reads a text file of at most `limit` bytes; `None` when nothing stands there.
///
/// # Errors
/// As [`read_limited`], and [`FsError::NotUtf8`].
pub fn read_text(path: &Path, limit: u64) -> Result<Option<String>, FsError> {
    let Some(bytes) = read_limited(path, limit)? else { return Ok(None) };
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|error| FsError::NotUtf8 { path: path.to_owned(), offset: error.utf8_error().valid_up_to() })
}

/// The place of `relative` below `root`, proven to be there: no `..`, nothing absolute, no link on the way that leads
/// elsewhere (SEC-2). `root` is resolved already; what does not exist yet is fine.
///
/// # Errors
/// [`FsError::Outside`]; [`FsError::Io`] when a link cannot be followed.
pub fn confine(root: &Path, relative: &Path) -> Result<PathBuf, FsError> {
    let mut path = root.to_owned();
    for part in relative.components() {
        match part {
            Component::CurDir => continue,
            Component::Normal(name) => path.push(name),
            _ => return Err(FsError::Outside { path: root.join(relative), target: normalize(relative) }),
        }
        if std::fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_symlink()) {
            let target = match std::fs::canonicalize(&path) {
                Ok(target) => target,
                // A link to nothing can come to lead anywhere.
                Err(_) => std::fs::read_link(&path).map_err(io_error("follow", &path))?,
            };
            if !target.starts_with(root) {
                return Err(FsError::Outside { path, target });
            }
            path = target;
        }
    }
    Ok(path)
}

/// Names in `dir` that are UTF-8; none when the directory is absent.
///
/// # Errors
/// [`FsError::Io`] when it cannot be listed.
pub fn file_names(dir: &Path) -> Result<Vec<String>, FsError> {
    let entries = match std::fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(io_error("list", dir))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(io_error("list", dir))?.file_name().into_string());
    }
    Ok(names)
}

/// Creates `dir` and its parents.
///
/// # Errors
/// [`FsError::Io`].
pub fn create_dirs(dir: &Path) -> Result<(), FsError> {
    std::fs::create_dir_all(dir).map_err(io_error("create", dir))
}

/// Whether the owner of a file may execute it.
#[cfg(unix)]
pub fn is_executable(metadata: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0
}

/// Nothing is, where the system does not say it of a file.
#[cfg(not(unix))]
pub fn is_executable(_: &std::fs::Metadata) -> bool {
    false
}

/// Resolves `.` and `..` by text alone: no link is followed, nothing needs to exist.
pub fn normalize(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                if !matches!(
                    clean.components().next_back(),
                    None | Some(Component::ParentDir | Component::RootDir)
                ) {
                    clean.pop();
                } else if !clean.has_root() {
                    clean.push("..");
                }
            }
            other => clean.push(other),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_replaces_and_keeps_the_mode() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        write_atomic(&path, b"one", 0o600).unwrap();
        write_atomic(&path, b"two", 0o600).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn refuses_links_directories_and_read_only_files() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().join("real");
        std::fs::write(&real, "old").unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert!(matches!(
            write_atomic(&link, b"new", 0o644),
            Err(FsError::NotRegular { found: "a symlink", .. })
        ));
        assert!(matches!(write_atomic(dir.path(), b"new", 0o644), Err(FsError::NotRegular { .. })));
        assert!(matches!(read_limited(&link, 10), Err(FsError::NotRegular { .. })));
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o444)).unwrap();
        assert!(matches!(write_atomic(&real, b"new", 0o644), Err(FsError::ReadOnly { .. })));
        assert_eq!(std::fs::read(&real).unwrap(), b"old");
    }

    #[test]
    fn reads_stop_at_their_limit() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        assert!(read_text(&path, 10).unwrap().is_none());
        std::fs::write(&path, b"ab\xff").unwrap();
        assert!(matches!(read_text(&path, 10), Err(FsError::NotUtf8 { offset: 2, .. })));
        assert!(matches!(read_limited(&path, 2), Err(FsError::TooLarge { size: 3, .. })));
    }

    #[test]
    fn only_a_device_is_worth_another_try() {
        let error = |kind: io::ErrorKind| io_error("read", Path::new("x"))(kind.into()).class().number();
        assert_eq!([io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].map(error), [1, 1]);
        assert_eq!([io::ErrorKind::StorageFull, io::ErrorKind::Other].map(error), [2, 2]);
        assert_eq!(FsError::NotUtf8 { path: "x".into(), offset: 0 }.class(), ExitClass::Invalid);
    }

    #[test]
    fn sweeping_takes_only_leftovers() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".atomicwriteABC")).unwrap();
        std::fs::create_dir(dir.path().join("kept")).unwrap();
        assert_eq!(sweep_temporaries(dir.path()).unwrap(), 1);
        assert!(dir.path().join("kept").exists());
    }

    #[test]
    fn normalizing_never_climbs_above_a_root() {
        for (path, clean) in
            [("a/./b/../c", "a/c"), ("../a/../../b", "../../b"), ("/../a", "/a"), ("a/..", "")]
        {
            assert_eq!(normalize(Path::new(path)), Path::new(clean), "{path}");
        }
    }
}
