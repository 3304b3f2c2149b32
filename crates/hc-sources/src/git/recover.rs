//! After a kill: what is a person's and what is a half-done move; and objects that come from files.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use gix::bstr::ByteSlice;
use hc_core::fs::{create_dirs, io_error};

use super::cause::local;
use super::repository::Repository;
use super::submodule::Submodule;
use super::tree::{EntryKind, Tree};
use crate::error::{GitCause, SourceError};
use crate::sha::Sha;

impl Repository {
    /// Paths that differ between two trees and hold neither's content, in a work tree that was cut off on its way
    /// from one to the other. `scratch` is an empty directory.
    ///
    /// Both trees are written out and compared byte by byte, so that line endings and whatever else attributes
    /// decide are as a checkout makes them.
    ///
    /// # Errors
    /// [`SourceError::Repository`], [`SourceError::File`].
    pub fn foreign_among(&self, old: &Tree, new: &Tree, scratch: &Path) -> Result<Vec<String>, SourceError> {
        let never = AtomicBool::new(false);
        let changed = new.differences(old);
        let (before, after) = (scratch.join("old"), scratch.join("new"));
        self.stage(old, Some(&changed), &before, &never)?;
        self.stage(new, Some(&changed), &after, &never)?;
        let mut foreign = Vec::new();
        for path in changed {
            let Some(here) = content(&self.dir().join(path))? else { continue };
            let known = [before.join(path), after.join(path)];
            let is_known = known.iter().map(|place| content(place)).collect::<Result<Vec<_>, _>>()?;
            if !is_known.contains(&Some(here)) {
                foreign.push(path.to_owned());
            }
        }
        Ok(foreign)
    }

    /// Takes packs from files, with an index of their own making: every object gets the name that its content has.
    ///
    /// # Errors
    /// [`SourceError::Repository`], [`SourceError::File`].
    pub fn import(
        &self,
        packs: &[PathBuf],
        shallow: &[Sha],
        sha: &Sha,
        cancel: &AtomicBool,
    ) -> Result<(), SourceError> {
        let dir = self.git_dir().join("objects/pack");
        create_dirs(&dir)?;
        if !shallow.is_empty() {
            let path = self.git_dir().join("shallow");
            let mut lines: Vec<String> = shallow.iter().map(Sha::to_string).collect();
            if let Some(text) = hc_core::fs::read_text(&path, 16 << 20)? {
                lines.extend(text.lines().map(str::to_owned));
            }
            lines.sort();
            lines.dedup();
            hc_core::fs::write_atomic(&path, format!("{}\n", lines.join("\n")).as_bytes(), 0o644)?;
        }
        for pack in packs {
            let file = std::fs::File::open(pack).map_err(io_error("read", pack))?;
            let outcome = gix::odb::pack::Bundle::write_to_directory(
                &mut BufReader::new(file),
                Some(&dir),
                &mut gix::progress::Discard,
                cancel,
                None::<gix::OdbHandle>,
                gix::hash::Kind::Sha1,
                gix::odb::pack::bundle::write::Options {
                    thread_limit: self.options.threads,
                    ..Default::default()
                },
            )
            .map_err(local("index a pack for", self.dir()))?;
            if let Some(keep) = outcome.keep_path {
                // The ref that holds the commit is written below.
                let _ = std::fs::remove_file(keep);
            }
        }
        self.reopen()?.keep(sha)
    }

    /// Reads every file of a tree and compares its name with its content.
    ///
    /// # Errors
    /// [`SourceError::Repository`] for the first one that differs.
    pub fn verify(&self, tree: &Tree) -> Result<(), SourceError> {
        for (path, entry) in tree.entries.iter().filter(|(_, entry)| entry.kind != EntryKind::Submodule) {
            let bytes = self.blob(entry.id)?;
            let found = gix::objs::compute_hash(gix::hash::Kind::Sha1, gix::objs::Kind::Blob, &bytes)
                .map_err(local("hash a file of", self.dir()))?;
            if found != entry.id {
                return Err(SourceError::Repository {
                    action: "verify",
                    path: self.dir().to_owned(),
                    cause: GitCause(vec![format!("`{path}` is not what its name says")]),
                });
            }
        }
        Ok(())
    }

    /// Submodules of what is checked out.
    ///
    /// # Errors
    /// [`SourceError::Repository`].
    pub fn submodules(&self) -> Result<Vec<Submodule>, SourceError> {
        let index = self.inner.index_or_empty().map_err(local("read the index of", self.dir()))?;
        let commits = index.entries().iter().filter(|entry| entry.mode == gix::index::entry::Mode::COMMIT);
        Ok(commits
            .map(|entry| Submodule {
                path: entry.path(&index).to_str_lossy().into_owned(),
                url: None,
                sha: entry.id.to_string(),
            })
            .collect())
    }

    /// Whether files of the tree are pointers of git-lfs.
    ///
    /// # Errors
    /// [`SourceError::Repository`].
    pub fn uses_lfs(&self, tree: &Tree) -> Result<bool, SourceError> {
        for (path, entry) in &tree.entries {
            let is_attributes = path == ".gitattributes" || path.ends_with("/.gitattributes");
            if is_attributes
                && entry.kind == EntryKind::File
                && self.blob(entry.id)?.contains_str("filter=lfs")
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The bytes of a file or the target of a link; `None` for nothing and for directories.
fn content(path: &Path) -> Result<Option<Vec<u8>>, SourceError> {
    let meta = match std::fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(_) => return Ok(None),
    };
    if meta.is_dir() {
        return Ok(None);
    }
    let bytes = if meta.is_symlink() {
        std::fs::read_link(path).map(|target| target.into_os_string().into_encoded_bytes())
    } else {
        std::fs::read(path)
    };
    Ok(Some(bytes.map_err(io_error("read", path))?))
}
