//! The repository that a project lies in, looked at without running anything of it: no filter, hook, monitor or
//! credential program, no configuration of user or system, no bare repository within the tree, nothing fetched.
//!
//! Who owns the repository makes no difference, because nothing of it is run. What cannot be read is an error, and never
//! the same as "not a repository".

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gix::bstr::{BString, ByteSlice};
use gix::index::entry::{Mode, Stage};
use gix::status::UntrackedFiles;

use super::cause::local;
use super::repository::without_filters;
use crate::error::{GitCause, SourceError};
use crate::sha::Sha;

/// Submodules within submodules that are looked into.
const MAX_SUBMODULES: usize = 8;
/// Largest configuration file that is read, in bytes.
const CONFIG_LIMIT: u64 = 4 << 20;
/// Where git keeps a repository, in the directory that is its work tree.
const DOT_GIT: &str = ".git";

/// The repository that a directory lies in.
pub struct Around {
    pub(super) inner: gix::Repository,
    workdir: PathBuf,
    /// The directory within the work tree: empty, or with a slash at its end.
    pub(super) prefix: String,
}

impl std::fmt::Debug for Around {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Around").field("workdir", &self.workdir).finish_non_exhaustive()
    }
}

impl Around {
    /// Opens the repository around `root`, which is absolute and has no links in it: that of the nearest ancestor with a
    /// `.git`. `None` where there is none.
    ///
    /// # Errors
    /// [`SourceError::Repository`] when there is one that cannot be read, or whose work tree is elsewhere.
    pub fn find(root: &Path) -> Result<Option<Self>, SourceError> {
        // As git does: a directory `.git` without HEAD is not a repository; one that cannot be looked into may be.
        let holds = |dir: &&Path| match dir.join(DOT_GIT).symlink_metadata() {
            Ok(meta) if meta.is_dir() => !is_missing(&dir.join(DOT_GIT).join("HEAD")),
            Ok(_) => true,
            Err(_) => false,
        };
        let Some(workdir) = root.ancestors().find(holds) else { return Ok(None) };
        Self::open(workdir, root).map(Some)
    }

    fn open(workdir: &Path, root: &Path) -> Result<Self, SourceError> {
        // Trust in the sense of gix is about values of the configuration; those that would run something are taken out.
        let options = gix::open::Options::isolated()
            .with(gix::sec::Trust::Full)
            .config_overrides(["core.fsmonitor=false", "core.hooksPath=/dev/null"]);
        let mut inner = options.open(workdir).map_err(local("open", workdir))?.to_thread_local();
        without_filters(&mut inner);
        let refs = inner.config_snapshot().string("extensions.refStorage");
        if let Some(format) = refs.filter(|format| format.as_slice() != b"files") {
            let cause = GitCause(vec![format!("its refs are stored as {format}, which is not supported")]);
            return Err(SourceError::Repository { action: "open", path: workdir.to_owned(), cause });
        }
        let found = inner.workdir().and_then(|dir| dir.canonicalize().ok());
        let below = root.strip_prefix(workdir).ok().and_then(Path::to_str);
        match (found, below) {
            // `core.worktree` of a tampered configuration would have other files compared.
            (Some(found), Some(below)) if found == workdir => {
                let prefix = if below.is_empty() { String::new() } else { format!("{below}/") };
                Ok(Self { inner, workdir: workdir.to_owned(), prefix })
            }
            _ => Err(SourceError::Repository {
                action: "open",
                path: workdir.to_owned(),
                cause: GitCause(vec!["its work tree is elsewhere".to_owned()]),
            }),
        }
    }

    /// The commit that is checked out; `None` before the first one.
    ///
    /// # Errors
    /// [`SourceError::Repository`] when HEAD cannot be read.
    pub fn head(&self) -> Result<Option<Sha>, SourceError> {
        let head = self.inner.head().map_err(self.failed("read HEAD of"))?;
        // Without a look at the commit itself, which would open every pack.
        Ok(head.id().and_then(|id| id.to_string().parse().ok()))
    }

    /// Whether the work tree has changes that no commit holds, as `git status` sees it, untracked files and submodules
    /// included. Stops at the first one, and with an error when `cancel` is set.
    ///
    /// # Errors
    /// [`SourceError::Repository`], [`SourceError::Interrupted`].
    pub fn is_dirty(&self, cancel: &Arc<AtomicBool>) -> Result<bool, SourceError> {
        self.differs(cancel, 0)
    }

    fn differs(&self, cancel: &Arc<AtomicBool>, depth: usize) -> Result<bool, SourceError> {
        let failed = || self.failed("read the state of");
        let ignore = gix::submodule::config::Ignore::All;
        let platform = self
            .inner
            .status(gix::progress::Discard)
            .map_err(failed())?
            .untracked_files(UntrackedFiles::Collapsed)
            .should_interrupt_owned(Arc::clone(cancel))
            .index_worktree_rewrites(None)
            // Looked into below: a submodule has a configuration of its own.
            .index_worktree_submodules(gix::status::Submodule::Given { ignore, check_dirty: false })
            .tree_index_track_renames(gix::status::tree_index::TrackRenames::Disabled);
        for item in platform.into_iter(None).map_err(failed())? {
            if is_change(&item.map_err(failed())?) {
                return Ok(true);
            }
        }
        if cancel.load(Ordering::Relaxed) {
            return Err(SourceError::Interrupted { name: self.workdir.display().to_string() });
        }
        self.submodules_differ(cancel, depth)
    }

    fn submodules_differ(&self, cancel: &Arc<AtomicBool>, depth: usize) -> Result<bool, SourceError> {
        let index = self.inner.index_or_empty().map_err(self.failed("read the index of"))?;
        for entry in index.entries().iter().filter(|entry| entry.mode == Mode::COMMIT) {
            let path = gix::path::from_bstr(entry.path(&index)).map_err(self.failed("read the index of"))?;
            let dir = self.workdir.join(path);
            // One that is not checked out has nothing that could differ.
            if dir.join(DOT_GIT).symlink_metadata().is_err() {
                continue;
            }
            let below = Self::open(&dir, &dir)?;
            let is_elsewhere =
                below.head()?.is_none_or(|head| *head.as_str() != *entry.id.to_hex().to_string());
            if is_elsewhere || depth < MAX_SUBMODULES && below.differs(cancel, depth + 1)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Those of `paths`, relative to the directory, that the repository's rules ignore and nobody committed.
    ///
    /// # Errors
    /// [`SourceError::Repository`].
    pub fn ignored<'p>(
        &self,
        paths: impl IntoIterator<Item = &'p Path>,
    ) -> Result<Vec<PathBuf>, SourceError> {
        let index = self.inner.index_or_empty().map_err(self.failed("read the index of"))?;
        let source = gix::worktree::stack::state::ignore::Source::WorktreeThenIdMappingIfNotSkipped;
        let mut rules =
            self.inner.excludes(&index, None, source).map_err(self.failed("read what is ignored of"))?;
        let mut ignored = Vec::new();
        for path in paths {
            let Some(text) = path.to_str() else { continue };
            let within = format!("{}{text}", self.prefix);
            if index.entry_by_path(within.as_bytes().as_bstr()).is_some() {
                continue;
            }
            // A path that git could not name, such as one above the work tree, is ignored by nobody.
            if rules.at_path(&within, Some(Mode::FILE)).is_ok_and(|found| found.is_excluded()) {
                ignored.push(path.to_owned());
            }
        }
        Ok(ignored)
    }

    /// What programs that ask git commonly learn, and no file of the project holds: the commit and the branch that are
    /// checked out, the tags that lead to the commit, the settings of the repository, and what is staged; `None` before
    /// the first commit. What other branches and remotes say is left out: fetching changes nothing here.
    ///
    /// # Errors
    /// [`SourceError::Repository`], [`SourceError::Interrupted`].
    pub fn told(&self, cancel: &AtomicBool) -> Result<Option<String>, SourceError> {
        let Some(head) = self.head()? else { return Ok(None) };
        let branch = self.inner.head_name().map_err(self.failed("read HEAD of"))?;
        let branch = branch.map(|name| format!("{}\n", name.as_bstr())).unwrap_or_default();
        let (tags, settings, staged) = (self.tags(&head, cancel)?, self.settings()?, self.staged()?);
        Ok(Some(format!("{head}\n{branch}{tags}{settings}{staged}")))
    }

    /// The tags that lead to a commit from which `head` descends, one per line.
    fn tags(&self, head: &Sha, cancel: &AtomicBool) -> Result<String, SourceError> {
        let failed = || self.failed("read the tags of");
        let mut tags: BTreeMap<BString, (String, gix::ObjectId)> = BTreeMap::new();
        let references = self.inner.references().map_err(failed())?;
        for tag in references.tags().map_err(failed())?.flatten() {
            let name = tag.name().as_bstr().to_owned();
            let own = tag.target().try_id().map(|id| id.to_string());
            let mut tag = tag;
            // One that leads nowhere, or to something other than a commit, is merged into nothing.
            let Ok(end) = tag.peel_to_id() else { continue };
            let own = own.unwrap_or_else(|| end.to_string());
            tags.insert(name, (own, end.detach()));
        }
        let mut wanted: std::collections::HashSet<_> = tags.values().map(|(_, end)| *end).collect();
        let mut merged = std::collections::HashSet::new();
        if !wanted.is_empty() {
            let tip = gix::ObjectId::from_hex(head.as_str().as_bytes())
                .map_err(|error| self.broken("read the history of", &error))?;
            for commit in self.inner.rev_walk([tip]).all().map_err(failed())? {
                if cancel.load(Ordering::Relaxed) {
                    return Err(SourceError::Interrupted { name: self.workdir.display().to_string() });
                }
                let id = commit.map_err(|error| self.broken("read the history of", &error))?.id;
                if wanted.remove(&id) {
                    merged.insert(id);
                }
                if wanted.is_empty() {
                    break;
                }
            }
        }
        let lines = tags.iter().filter(|(_, (_, end))| merged.contains(end));
        Ok(lines.fold(String::new(), |mut text, (name, (own, _))| {
            let _ = writeln!(text, "{own} {name}");
            text
        }))
    }

    /// The repository's own settings, `key=value` per line; those of its branches are left out.
    fn settings(&self) -> Result<String, SourceError> {
        let path = self.inner.common_dir().join("config");
        let bytes = hc_core::fs::read_limited(&path, CONFIG_LIMIT)?.unwrap_or_default();
        let config = gix::config::File::from_bytes_no_includes(
            &bytes,
            gix::config::file::Metadata::api(),
            gix::config::file::init::Options::default(),
        )
        .map_err(self.failed("read the settings of"))?;
        let mut lines = Vec::new();
        for section in config.sections() {
            let header = section.header();
            let mut name = header.name().to_string().to_ascii_lowercase();
            if let Some(below) = header.subsection_name() {
                let _ = write!(name, ".{below}");
            }
            for (key, value) in section.body() {
                lines.push(format!("{name}.{}={value}", key.to_ascii_lowercase()));
            }
        }
        lines.retain(|line| !line.starts_with("branch."));
        Ok(lines.join("\n"))
    }

    /// What the index holds that HEAD does not, as `git diff-index --cached HEAD` prints it, paths as they are.
    fn staged(&self) -> Result<String, SourceError> {
        let index = self.inner.index_or_empty().map_err(self.failed("read the index of"))?;
        let tree = self.inner.head_tree_id_or_empty().map_err(self.failed("read HEAD of"))?;
        let null = gix::ObjectId::null(self.inner.object_hash()).to_string();
        let mut lines: BTreeMap<BString, String> = BTreeMap::new();
        self.inner
            .tree_index_status(
                &tree,
                &index,
                None,
                gix::status::tree_index::TrackRenames::Disabled,
                |change, _, _| {
                    use gix::diff::index::ChangeRef;
                    let (path, _, mode, id) = change.fields();
                    let line = match &change {
                        ChangeRef::Addition { .. } => format!(":000000 {:06o} {null} {id} A", mode.bits()),
                        ChangeRef::Deletion { .. } => format!(":{:06o} 000000 {id} {null} D", mode.bits()),
                        ChangeRef::Modification { previous_entry_mode, previous_id, .. } => {
                            let (before, previous) = (previous_entry_mode.bits(), previous_id.as_ref());
                            format!(":{before:06o} {:06o} {previous} {id} M", mode.bits())
                        }
                        ChangeRef::Rewrite { .. } => format!(":000000 {:06o} {null} {id} R", mode.bits()),
                    };
                    lines.insert(path.to_owned(), line);
                    Ok(gix::diff::index::Action::Continue(()))
                },
            )
            .map_err(self.failed("compare the index of"))?;
        for entry in index.entries().iter().filter(|entry| entry.stage() != Stage::Unconflicted) {
            lines
                .entry(entry.path(&index).to_owned())
                .or_insert_with(|| format!(":000000 000000 {null} {null} U"));
        }
        Ok(lines.iter().fold(String::new(), |mut text, (path, line)| {
            let _ = writeln!(text, "{line}\t{path}");
            text
        }))
    }

    fn failed(&self, action: &'static str) -> impl FnOnce(gix::Error) -> SourceError {
        local(action, &self.workdir)
    }

    fn broken(&self, action: &'static str, error: &dyn std::fmt::Display) -> SourceError {
        let cause = GitCause(vec![error.to_string()]);
        SourceError::Repository { action, path: self.workdir.clone(), cause }
    }
}

/// Whether an item of a status is a difference, and not something that was only looked at.
fn is_change(item: &gix::status::Item) -> bool {
    use gix::status::Item;
    use gix::status::index_worktree::Item as WorktreeItem;
    use gix::status::plumbing::index_as_worktree::EntryStatus;
    match item {
        Item::IndexWorktree(WorktreeItem::Modification { status, .. }) => {
            !matches!(status, EntryStatus::NeedsUpdate(_))
        }
        Item::IndexWorktree(WorktreeItem::DirectoryContents { entry, .. }) => {
            entry.status == gix::dir::entry::Status::Untracked
        }
        Item::TreeIndex(_) | Item::IndexWorktree(WorktreeItem::Rewrite { .. }) => true,
    }
}

fn is_missing(path: &Path) -> bool {
    path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}
