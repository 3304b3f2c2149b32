//! Writing a commit's files: always into a fresh directory first, so that everything that can fail has failed
//! before a path that builds read is touched.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use gix::bstr::ByteSlice;
use gix::worktree::stack::state::attributes::Source;
use hc_core::fs::{create_dirs, io_error};

use super::cause::local;
use super::meter::Meter;
use super::repository::Repository;
use super::tree::{EntryKind, Tree};
use crate::error::{GitCause, SourceError};

/// Files of a commit in a directory of their own.
#[derive(Debug)]
pub struct Staged {
    dir: PathBuf,
    index: gix::index::State,
}

impl Repository {
    /// Writes the files of `tree`, or those of them in `only`, into the empty directory `dest`.
    ///
    /// No filter program runs, whatever `.gitattributes` and the clone's configuration say.
    ///
    /// # Errors
    /// [`SourceError::Repository`], [`SourceError::Interrupted`].
    pub fn stage(
        &self,
        tree: &Tree,
        only: Option<&BTreeSet<&str>>,
        dest: &Path,
        cancel: &AtomicBool,
    ) -> Result<Staged, SourceError> {
        create_dirs(dest)?;
        let failed = || local("check out", &self.dir);
        let mut index = self.index_of(tree)?;
        if let Some(only) = only {
            index.remove_entries(|_, path, _| {
                // Attributes decide line endings of what is written.
                let attributes = path.ends_with_str(".gitattributes");
                !attributes && !path.to_str().is_ok_and(|path| only.contains(path))
            });
        }
        if index.entries().is_empty() {
            // gix's checkout panics on an index that was emptied.
            return Ok(Staged { dir: dest.to_owned(), index });
        }
        let mut options = self.inner.checkout_options(Source::IdMapping).map_err(failed())?;
        options.destination_is_initially_empty = true;
        options.thread_limit = self.options.threads;
        options.filters.options_mut().drivers.clear();
        let objects = self.inner.objects.clone().into_arc().map_err(|error| SourceError::Repository {
            action: "check out",
            path: self.dir.clone(),
            cause: GitCause(vec![error.to_string()]),
        })?;
        let outcome = gix::worktree::state::checkout(
            &mut index,
            dest,
            objects,
            &Meter::new(),
            &Meter::new(),
            cancel,
            options,
        )
        .map_err(failed())?;
        if cancel.load(Ordering::Relaxed) {
            return Err(SourceError::Interrupted { name: self.name() });
        }
        if let Some(collision) = outcome.collisions.first() {
            return Err(self.broken(format!("{} collides with another path", collision.path)));
        }
        if let Some(error) = outcome.errors.first() {
            return Err(self.broken(format!("{} could not be written", error.path)));
        }
        Ok(Staged { dir: dest.to_owned(), index })
    }

    /// Makes `staged`, which was written into this clone's own directory, its index.
    ///
    /// # Errors
    /// [`SourceError::Repository`].
    pub fn adopt(&self, staged: Staged) -> Result<(), SourceError> {
        self.write_index(staged.index)
    }

    /// A path in the work tree that is not `old`'s and where `new` has one.
    pub fn obstruction(&self, old: &Tree, new: &Tree) -> Option<PathBuf> {
        let added = new.entries.keys().filter(|path| !old.entries.contains_key(*path));
        for path in added {
            let mut above = path.as_str();
            while let Some((parent, _)) = above.rsplit_once('/') {
                above = parent;
                let place = self.dir.join(parent);
                let is_dir = std::fs::symlink_metadata(&place).is_ok_and(|meta| meta.is_dir());
                if !is_dir && !old.entries.contains_key(parent) && exists(&place) {
                    return Some(place);
                }
            }
            if let Some(found) = foreign(&self.dir, path, old) {
                return Some(found);
            }
        }
        None
    }

    /// Takes the work tree from `old` to `new`, whose differing files are in `staged`. May be repeated after it was
    /// cut off at any point.
    ///
    /// # Errors
    /// [`SourceError::File`], [`SourceError::Obstructed`], [`SourceError::Repository`].
    pub fn advance(&self, old: &Tree, new: &Tree, staged: &Staged) -> Result<(), SourceError> {
        let changed = new.differences(old);
        for path in changed.iter().filter(|path| !new.entries.contains_key(**path)) {
            self.remove(path, old.entries.get(*path).map(|entry| entry.kind))?;
        }
        for path in changed.iter().filter(|path| new.entries.contains_key(**path)) {
            self.place(path, new.entries[*path].kind, &staged.dir)?;
        }
        let mut index = self.index_of(new)?;
        let former = self.inner.index_or_empty().map_err(local("read the index of", &self.dir))?;
        for (entry, path) in index.entries_mut_with_paths() {
            let text = path.to_str().unwrap_or_default();
            if changed.contains(text) || former.entry_by_path(path).is_none() {
                let place = self.dir.join(text);
                let meta = gix::index::fs::Metadata::from_path_no_follow(&place)
                    .map_err(io_error("inspect", &place))?;
                entry.stat = gix::index::entry::Stat::from_fs(&meta).unwrap_or_default();
            } else if let Some(former) = former.entry_by_path(path) {
                entry.stat = former.stat;
            }
        }
        self.write_index(index)
    }

    fn remove(&self, path: &str, kind: Option<EntryKind>) -> Result<(), SourceError> {
        let place = self.dir.join(path);
        if kind == Some(EntryKind::Submodule) {
            // Somebody may have filled it; then it stays and is untracked.
            let _ = std::fs::remove_dir(&place);
        } else if std::fs::symlink_metadata(&place).is_ok_and(|meta| !meta.is_dir()) {
            std::fs::remove_file(&place).map_err(io_error("remove", &place))?;
        }
        let mut above = path;
        while let Some((parent, _)) = above.rsplit_once('/') {
            if std::fs::remove_dir(self.dir.join(parent)).is_err() {
                break;
            }
            above = parent;
        }
        Ok(())
    }

    fn place(&self, path: &str, kind: EntryKind, staged: &Path) -> Result<(), SourceError> {
        let (from, to) = (staged.join(path), self.dir.join(path));
        let mut parent = self.dir.clone();
        if let Some((above, _)) = path.rsplit_once('/') {
            for part in above.split('/') {
                parent.push(part);
                match std::fs::symlink_metadata(&parent) {
                    Ok(meta) if meta.is_dir() => {}
                    Ok(_) => return Err(SourceError::Obstructed { path: parent }),
                    Err(_) => std::fs::create_dir(&parent).map_err(io_error("create", &parent))?,
                }
            }
        }
        if kind == EntryKind::Submodule {
            if !exists(&to) {
                std::fs::create_dir(&to).map_err(io_error("create", &to))?;
            }
            return Ok(());
        }
        // Cut off here once before, with the staged file already in its place.
        if !exists(&from) && exists(&to) {
            return Ok(());
        }
        // A submodule's empty directory can be in the place of a file.
        let _ = std::fs::remove_dir(&to);
        Ok(std::fs::rename(&from, &to).map_err(io_error("replace", &to))?)
    }

    fn index_of(&self, tree: &Tree) -> Result<gix::index::State, SourceError> {
        let validate = gix::validate::path::component::Options {
            protect_windows: false,
            protect_hfs: true,
            protect_ntfs: true,
        };
        gix::index::State::from_tree(&tree.root, &self.inner.objects, validate)
            .map_err(local("index", &self.dir))
    }

    fn write_index(&self, state: gix::index::State) -> Result<(), SourceError> {
        let mut file = gix::index::File::from_state(state, self.inner.index_path());
        file.write(gix::index::write::Options::default()).map_err(local("write the index of", &self.dir))
    }

    fn broken(&self, what: String) -> SourceError {
        SourceError::Repository { action: "check out", path: self.dir.clone(), cause: GitCause(vec![what]) }
    }

    fn name(&self) -> String {
        self.dir.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

fn exists(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// The first thing at or below `path` that `tree` does not have.
fn foreign(root: &Path, path: &str, tree: &Tree) -> Option<PathBuf> {
    let place = root.join(path);
    let meta = std::fs::symlink_metadata(&place).ok()?;
    if !meta.is_dir() {
        return (!tree.entries.contains_key(path)).then_some(place);
    }
    let entries = std::fs::read_dir(&place).ok()?;
    entries.flatten().find_map(|entry| match entry.file_name().to_str() {
        Some(name) => foreign(root, &format!("{path}/{name}"), tree),
        None => Some(entry.path()),
    })
}
