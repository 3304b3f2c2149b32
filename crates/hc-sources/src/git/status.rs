//! What a person did in a work tree since the last sync.

use std::io::{Read, Seek, SeekFrom};

use gix::bstr::ByteSlice;
use gix::status::index_worktree::Item as WorktreeItem;
use gix::status::plumbing::index_as_worktree::EntryStatus;
use gix::status::{Item, Submodule, UntrackedFiles};

use super::cause::local;
use super::repository::Repository;
use super::tree::printable;
use crate::error::SourceError;
use crate::sha::Sha;

/// Everything that makes a tree dirty (SRC-2); ignored files do not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirtyReport {
    /// Paths that differ from the index: content, type, executable bit, or gone.
    pub modified: Vec<String>,
    /// Paths whose index differs from HEAD.
    pub staged: Vec<String>,
    /// Paths that git does not know; whole directories end in `/`.
    pub untracked: Vec<String>,
    /// Paths with a conflict.
    pub conflicted: Vec<String>,
    /// An operation of git that was not finished, such as `a rebase`.
    pub operation: Option<&'static str>,
    /// Where HEAD is.
    pub head: Option<Sha>,
    /// The branch that HEAD is on; `None` when detached.
    pub branch: Option<String>,
}

impl DirtyReport {
    /// Whether nothing was changed.
    pub fn is_clean(&self) -> bool {
        self.modified.is_empty()
            && self.staged.is_empty()
            && self.untracked.is_empty()
            && self.conflicted.is_empty()
            && self.operation.is_none()
    }

    /// Counts and first paths: `2 modified (a, b) and 1 untracked (c)`.
    pub fn summary(&self) -> String {
        let lists = [
            ("conflicted", &self.conflicted),
            ("staged", &self.staged),
            ("modified", &self.modified),
            ("untracked", &self.untracked),
        ];
        let mut parts: Vec<String> =
            self.operation.map(|operation| format!("{operation} in progress")).into_iter().collect();
        for (word, paths) in lists.into_iter().filter(|(_, paths)| !paths.is_empty()) {
            let shown = paths.iter().take(3).map(|path| printable(path)).collect::<Vec<_>>().join(", ");
            let more = if paths.len() > 3 { ", …" } else { "" };
            parts.push(format!("{} {word} ({shown}{more})", paths.len()));
        }
        if parts.is_empty() { "no changes".to_owned() } else { parts.join(" and ") }
    }
}

/// How closely a work tree is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// An index that was seen to be HEAD's, and has not been written since, is not compared with HEAD again.
    Quick,
    /// Everything is compared.
    Full,
}

/// Which commit and which index were seen to be the same; in `.git`.
const SEEN: &str = "hybrid-seen";

impl Repository {
    /// Compares HEAD, index and work tree, as `git status` does.
    ///
    /// # Errors
    /// [`SourceError::Repository`].
    pub fn status(&self, look: Look) -> Result<DirtyReport, SourceError> {
        Ok(self.compare(look)?.0)
    }

    /// [`Look::Quick`], and what makes the next look cheaper is written down: times of unchanged files, and that the
    /// index is HEAD's. Only for the holder of `sources/.lock`. `begin` is called before the index is written, since
    /// a kill would leave its lock file behind.
    ///
    /// # Errors
    /// [`SourceError::Repository`], [`SourceError::File`], and what `begin` says.
    pub fn settle(&self, begin: &dyn Fn() -> Result<(), SourceError>) -> Result<DirtyReport, SourceError> {
        let (report, outcome) = self.compare(Look::Quick)?;
        if !report.is_clean() {
            return Ok(report);
        }
        if let Some(mut outcome) = outcome.filter(gix::status::Outcome::has_changes) {
            begin()?;
            if let Some(written) = outcome.write_changes() {
                written.map_err(local("refresh the index of", &self.dir))?;
            }
        }
        if let Some(seen) = self.seen_now(report.head.as_ref())
            && self.seen_before()?.as_ref() != Some(&seen)
        {
            hc_core::fs::write_atomic(&self.git_dir().join(SEEN), seen.as_bytes(), 0o644)?;
        }
        Ok(report)
    }

    fn compare(&self, look: Look) -> Result<(DirtyReport, Option<gix::status::Outcome>), SourceError> {
        let failed = || local("read the state of", &self.dir);
        let mut report = DirtyReport {
            operation: self.inner.state().map(operation),
            head: self.head(),
            branch: self.branch(),
            ..DirtyReport::default()
        };
        let platform = self
            .inner
            .status(gix::progress::Discard)
            .map_err(failed())?
            .untracked_files(UntrackedFiles::Collapsed)
            .index_worktree_rewrites(None)
            .index_worktree_submodules(Submodule::Given {
                ignore: gix::submodule::config::Ignore::None,
                check_dirty: false,
            })
            .tree_index_track_renames(gix::status::tree_index::TrackRenames::Disabled);
        let seen = self.seen_now(report.head.as_ref());
        let known = look != Look::Full && seen.is_some() && seen == self.seen_before()?;
        let outcome = if known {
            let mut items = platform.into_index_worktree_iter(None).map_err(failed())?;
            for item in items.by_ref() {
                report.add(Item::IndexWorktree(item.map_err(failed())?));
            }
            items.into_outcome()
        } else {
            let mut items = platform.into_iter(None).map_err(failed())?;
            for item in items.by_ref() {
                report.add(item.map_err(failed())?);
            }
            items.into_outcome()
        };
        report.sort();
        Ok((report, outcome))
    }

    /// HEAD and the index as they are: the commit, and the checksum at the end of the index. `None` without one
    /// (`index.skipHash`).
    fn seen_now(&self, head: Option<&Sha>) -> Option<String> {
        let mut index = std::fs::File::open(self.inner.index_path()).ok()?;
        let mut checksum = [0; 20];
        index.seek(SeekFrom::End(-20)).ok()?;
        index.read_exact(&mut checksum).ok()?;
        let checksum = gix::ObjectId::from_bytes_or_panic(&checksum);
        (!checksum.is_null()).then(|| format!("{} {checksum}\n", head.map_or("", Sha::as_str)))
    }

    fn seen_before(&self) -> Result<Option<String>, SourceError> {
        Ok(hc_core::fs::read_text(&self.git_dir().join(SEEN), 1024)?)
    }
}

impl DirtyReport {
    fn add(&mut self, item: Item) {
        match item {
            Item::TreeIndex(change) => self.staged.push(change.location().to_str_lossy().into_owned()),
            Item::IndexWorktree(WorktreeItem::Modification { rela_path, status, .. }) => {
                let path = rela_path.to_str_lossy().into_owned();
                match status {
                    EntryStatus::Conflict { .. } => self.conflicted.push(path),
                    EntryStatus::Change(_) => self.modified.push(path),
                    EntryStatus::IntentToAdd => self.staged.push(path),
                    EntryStatus::NeedsUpdate(_) => {}
                }
            }
            Item::IndexWorktree(WorktreeItem::DirectoryContents { entry, .. }) => {
                if entry.status == gix::dir::entry::Status::Untracked {
                    let slash = match entry.disk_kind {
                        Some(gix::dir::entry::Kind::Directory | gix::dir::entry::Kind::Repository) => "/",
                        _ => "",
                    };
                    self.untracked.push(format!("{}{slash}", entry.rela_path));
                }
            }
            // Renames are not tracked; should one come nevertheless, it is a change.
            Item::IndexWorktree(WorktreeItem::Rewrite { dirwalk_entry, .. }) => {
                self.modified.push(dirwalk_entry.rela_path.to_str_lossy().into_owned());
            }
        }
    }

    fn sort(&mut self) {
        for list in [&mut self.modified, &mut self.staged, &mut self.untracked, &mut self.conflicted] {
            list.sort();
            list.dedup();
        }
        let conflicted = std::mem::take(&mut self.conflicted);
        self.staged.retain(|path| conflicted.binary_search(path).is_err());
        self.modified.retain(|path| conflicted.binary_search(path).is_err());
        self.conflicted = conflicted;
    }
}

fn operation(state: gix::state::InProgress) -> &'static str {
    use gix::state::InProgress;
    match state {
        InProgress::ApplyMailbox | InProgress::ApplyMailboxRebase => "an am session",
        InProgress::Bisect => "a bisect",
        InProgress::CherryPick | InProgress::CherryPickSequence => "a cherry-pick",
        InProgress::Merge => "a merge",
        InProgress::Rebase | InProgress::RebaseInteractive => "a rebase",
        InProgress::Revert | InProgress::RevertSequence => "a revert",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_counts_and_names() {
        assert_eq!(DirtyReport::default().summary(), "no changes");
        let report = DirtyReport {
            modified: ["a", "b", "c", "d"].map(str::to_owned).to_vec(),
            untracked: vec!["x/".into()],
            operation: Some("a rebase"),
            ..DirtyReport::default()
        };
        assert_eq!(report.summary(), "a rebase in progress and 4 modified (a, b, c, …) and 1 untracked (x/)");
        assert!(!report.is_clean());
    }
}
