//! What an expression may see of the file system: a seam. Nothing here reads a disk.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The files that `file()`, `templatefile()`, `fileset()` and their relatives see.
///
/// Every path that comes in is clean: without `.`, `..` and doubled slashes, as Packer cleans it. A relative one
/// starts at the directory in which packer runs. An implementation may remember what it was asked for, because
/// that is what the value depends on.
pub trait Files: fmt::Debug + Send + Sync {
    /// The directory of the template in the very form in which packer is told of it: `path.root`, and where
    /// relative paths start for `file()`, `fileexists()`, `fileset()` and `templatefile()`.
    ///
    /// With `packer build templates/a`, this is `templates/a`, and `file("${path.root}/x")` looks for
    /// `templates/a/templates/a/x`. Packer does that, so it is done here.
    fn template_dir(&self) -> &Path;

    /// The directory in which packer runs, absolute: `path.cwd`, and where `abspath()` starts.
    fn working_dir(&self) -> &Path;

    /// What `~` stands for. Without it, a value that depends on it is unknown.
    fn home_dir(&self) -> Option<&Path>;

    /// The content of a file.
    ///
    /// # Errors
    /// [`FileError`].
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError>;

    /// What lies at a path, links followed.
    ///
    /// # Errors
    /// [`FileError`]; that nothing lies there is not an error.
    fn kind(&self, path: &Path) -> Result<FileKind, FileError>;

    /// Every regular file below a directory, relative to it, links to files included, in any order; none when the
    /// directory does not exist.
    ///
    /// # Errors
    /// [`FileError`].
    fn below(&self, dir: &Path) -> Result<Vec<PathBuf>, FileError>;
}

/// What lies at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory, a socket, …
    Other,
    /// Nothing.
    Missing,
}

/// Why a file has no content.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Packer would fail as well: the call is an error, which `try()` and `can()` catch.
    #[error("cannot be read")]
    Failed(#[from] io::Error),
    /// Packer may read it, hybrid does not: the value is unknown.
    #[error("is not read by hybrid")]
    Hidden,
}
