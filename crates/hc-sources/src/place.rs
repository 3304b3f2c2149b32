//! Where things are below `sources/`, and the lock that admits one writer (SRC-2).

use std::path::{Path, PathBuf};

use hc_core::fs::{create_dirs, io_error};
use hc_core::lock::{Holder, Patience, with_exclusive};

use crate::error::SourceError;
use crate::journal::{Journal, JournalFile};
use crate::lock_file::LOCK_FILE;
use crate::sync::SyncOptions;

/// The sources of a project.
#[derive(Debug, Clone)]
pub struct Sources {
    dir: PathBuf,
    lock_file: PathBuf,
}

impl Sources {
    /// Those of the project at `root`.
    pub fn of(root: &Path) -> Self {
        Self { dir: root.join("sources"), lock_file: root.join(LOCK_FILE) }
    }

    /// `sources/`.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// `sources.lock`.
    pub fn lock_file(&self) -> &Path {
        &self.lock_file
    }

    /// The tree of a source.
    pub fn tree(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Where a clone grows until it is whole.
    pub(crate) fn incoming(&self, name: &str) -> PathBuf {
        self.dir.join(".incoming").join(name)
    }

    /// Where changed files lie until all of them are there.
    pub(crate) fn stage(&self, name: &str) -> PathBuf {
        self.dir.join(".incoming").join(format!("{name}.stage"))
    }

    pub(crate) fn journal(&self) -> JournalFile {
        JournalFile::at(&self.dir)
    }

    /// The sync that was cut off, if one was.
    ///
    /// # Errors
    /// [`SourceError::File`].
    pub fn interrupted(&self) -> Result<Option<Journal>, SourceError> {
        self.journal().read()
    }

    /// Names of what stands in `sources/`, sorted.
    ///
    /// # Errors
    /// [`SourceError::File`].
    pub fn present(&self) -> Result<Vec<String>, SourceError> {
        let entries = match std::fs::read_dir(&self.dir) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(io_error("list", &self.dir))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(io_error("list", &self.dir))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with('.') {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Runs `work` while `sources/` is locked against other writers. Makes the directory, out of sight of the project's
    /// own git, if it is not there.
    ///
    /// # Errors
    /// [`SourceError::Busy`], [`SourceError::NotADirectory`], [`SourceError::LocksUnsupported`],
    /// [`SourceError::File`], or what `work` returned.
    pub(crate) fn with_exclusive<T>(
        &self,
        options: &SyncOptions,
        work: impl FnOnce() -> Result<T, SourceError>,
    ) -> Result<T, SourceError> {
        if std::fs::symlink_metadata(&self.dir).is_ok_and(|meta| !meta.is_dir()) {
            return Err(SourceError::NotADirectory { path: self.dir.clone() });
        }
        create_dirs(&self.dir)?;
        let waiting = |holder: Option<&Holder>| (options.waiting)(holder);
        let patience = Patience::up_to(options.lock_timeout);
        with_exclusive(&self.dir.join(".lock"), &options.me, patience, waiting, |_| {
            self.tidy()?;
            work()
        })?
    }

    /// What a writer may rely on: no leftovers, and a place for clones to grow in.
    fn tidy(&self) -> Result<(), SourceError> {
        hc_core::fs::sweep_temporaries(&self.dir)?;
        let ignore = self.dir.join(".gitignore");
        if hc_core::fs::regular_metadata(&ignore)?.is_none() {
            hc_core::fs::write_atomic(&ignore, b"*\n", 0o644)?;
        }
        let incoming = self.dir.join(".incoming");
        if std::fs::symlink_metadata(&incoming).is_ok_and(|meta| !meta.is_dir()) {
            return Err(SourceError::NotADirectory { path: incoming });
        }
        Ok(create_dirs(&incoming)?)
    }
}

/// Removes a file, link or directory; links are not followed.
pub(crate) fn remove(path: &Path) -> Result<(), SourceError> {
    let removed = match std::fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(io_error("remove", path)(error).into())
        }
        _ => Ok(()),
    }
}
