//! A clone on disk: opening it isolated, its HEAD, its pin, its objects.

use std::path::{Path, PathBuf};

use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog};
use gix::refs::{FullName, Target};

use super::GitOptions;
use super::cause::local;
use super::transport::overrides;
use crate::error::{GitCause, SourceError};
use crate::sha::Sha;

/// Where a sync left HEAD; it tells the user's own commits from ours.
const PIN: &str = "refs/hybrid/pin";
/// Where a commit that was fetched by its id is kept from garbage collection.
pub(crate) const INCOMING: &str = "refs/hybrid/incoming";

/// An opened clone.
pub struct Repository {
    pub(crate) inner: gix::Repository,
    pub(crate) dir: PathBuf,
    pub(crate) options: GitOptions,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository").field("dir", &self.dir).finish_non_exhaustive()
    }
}

fn open_options(options: &GitOptions) -> gix::open::Options {
    gix::open::Options::isolated()
        .open_path_as_is(true)
        .with(gix::sec::Trust::Full)
        .config_overrides(overrides(options))
}

/// A filter runs a program for every file that it is asked about, also by a mere look at the state.
pub(super) fn without_filters(repository: &mut gix::Repository) {
    let mut config = repository.config_snapshot_mut();
    let filters: Vec<_> =
        config.sections_and_ids_by_name("filter").into_iter().flatten().map(|(_, id)| id).collect();
    for id in filters {
        config.remove_section_by_id(id);
    }
    // Committed to this handle when the snapshot drops.
}

impl Repository {
    /// Makes an empty clone of `url` in `dir`, which may exist and be empty.
    ///
    /// # Errors
    /// [`SourceError::Repository`].
    pub fn init(dir: &Path, url: &str, options: &GitOptions) -> Result<Self, SourceError> {
        gix::ThreadSafeRepository::init_opts(
            dir,
            gix::create::Kind::WithWorktree,
            gix::create::Options::default(),
            open_options(options),
        )
        .map_err(local("create", dir))?;
        let repository = Self::require(dir, options)?;
        repository.set_url(url)?;
        Ok(repository)
    }

    /// Opens the clone in `dir`; `None` when there is none. Parents are not searched.
    ///
    /// # Errors
    /// [`SourceError::Repository`] when there is one that cannot be read.
    pub fn open(dir: &Path, options: &GitOptions) -> Result<Option<Self>, SourceError> {
        let git_dir = dir.join(".git");
        // A `.git` file or link would lead out of sources/.
        match std::fs::symlink_metadata(&git_dir) {
            Ok(meta) if meta.is_dir() => {}
            _ => return Ok(None),
        }
        let mut inner = open_options(options).open(git_dir).map_err(local("open", dir))?.to_thread_local();
        without_filters(&mut inner);
        // `core.worktree` of a tampered configuration would have files written elsewhere.
        if inner.workdir() != Some(dir) {
            return Err(SourceError::Repository {
                action: "open",
                path: dir.to_owned(),
                cause: GitCause(vec!["its work tree is elsewhere".to_owned()]),
            });
        }
        Ok(Some(Self { inner, dir: dir.to_owned(), options: options.clone() }))
    }

    fn require(dir: &Path, options: &GitOptions) -> Result<Self, SourceError> {
        Self::open(dir, options)?.ok_or_else(|| SourceError::Repository {
            action: "open",
            path: dir.to_owned(),
            cause: GitCause(vec!["there is no .git directory".to_owned()]),
        })
    }

    /// The same clone, with the objects and the configuration that it has now.
    ///
    /// # Errors
    /// [`SourceError::Repository`].
    pub fn reopen(&self) -> Result<Self, SourceError> {
        Self::require(&self.dir, &self.options)
    }

    /// Its `.git`.
    pub fn git_dir(&self) -> &Path {
        self.inner.git_dir()
    }

    /// Where it is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The url that the clone came from.
    pub fn url(&self) -> Option<String> {
        self.inner.config_snapshot().string("remote.origin.url").map(|url| url.to_string())
    }

    /// Records the url, for people who look in with git.
    ///
    /// # Errors
    /// [`SourceError::File`].
    pub fn set_url(&self, url: &str) -> Result<(), SourceError> {
        if self.url().as_deref() == Some(url) {
            return Ok(());
        }
        let path = self.inner.git_dir().join("config");
        let text = hc_core::fs::read_text(&path, 1 << 20)?.unwrap_or_default();
        // Urls are printable ASCII without quotes and backslashes, see `spec`.
        let mut kept = String::new();
        let mut skipping = false;
        for line in text.lines() {
            if line.trim_start().starts_with('[') {
                skipping = line.trim() == "[remote \"origin\"]";
            }
            if !skipping {
                kept.push_str(line);
                kept.push('\n');
            }
        }
        kept.push_str(&format!(
            "[remote \"origin\"]\n\turl = \"{url}\"\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n"
        ));
        hc_core::fs::write_atomic(&path, kept.as_bytes(), 0o644)?;
        Ok(())
    }

    /// The commit of HEAD; `None` when there is none yet.
    pub fn head(&self) -> Option<Sha> {
        self.inner.head_id().ok().and_then(|id| id.to_string().parse().ok())
    }

    /// The branch that HEAD is on; `None` when it is detached.
    pub fn branch(&self) -> Option<String> {
        self.inner.head_name().ok().flatten().map(|name| name.shorten().to_string())
    }

    /// The commit at which the last sync left HEAD.
    pub fn pin(&self) -> Option<Sha> {
        self.commit_of(PIN)
    }

    /// The commit that a local ref leads to.
    pub fn commit_of(&self, reference: &str) -> Option<Sha> {
        let mut found = self.inner.try_find_reference(reference).ok().flatten()?;
        found.peel_to_id().ok().and_then(|id| id.to_string().parse().ok())
    }

    /// Moves HEAD, detached, and the pin to `sha`.
    ///
    /// # Errors
    /// [`SourceError::Repository`].
    pub fn set_head(&self, sha: &Sha) -> Result<(), SourceError> {
        let edits = ["HEAD", PIN].map(|name| self.edit(name, sha));
        self.apply(edits.into_iter().collect::<Result<_, _>>()?)
    }

    pub(crate) fn keep(&self, sha: &Sha) -> Result<(), SourceError> {
        self.apply(vec![self.edit(INCOMING, sha)?])
    }

    fn edit(&self, name: &str, sha: &Sha) -> Result<RefEdit, SourceError> {
        let name = FullName::try_from(name).map_err(|error| SourceError::Repository {
            action: "name a ref of",
            path: self.dir.clone(),
            cause: GitCause(vec![error.to_string()]),
        })?;
        let message = format!("hybrid: pin {sha}");
        Ok(RefEdit {
            change: Change::Update {
                log: LogChange {
                    mode: RefLog::AndReference,
                    force_create_reflog: false,
                    message: message.into(),
                },
                expected: PreviousValue::Any,
                new: Target::Object(self.id(sha)?),
            },
            name,
            // HEAD itself moves, not the branch it may be on.
            deref: false,
        })
    }

    fn apply(&self, edits: Vec<RefEdit>) -> Result<(), SourceError> {
        // Edits one by one: a lock that a killed process left would otherwise name the wrong ref.
        for edit in edits {
            self.inner.edit_reference(edit).map_err(local("move HEAD of", &self.dir))?;
        }
        Ok(())
    }

    pub(crate) fn id(&self, sha: &Sha) -> Result<gix::ObjectId, SourceError> {
        gix::ObjectId::from_hex(sha.as_str().as_bytes()).map_err(|error| SourceError::Repository {
            action: "read an id for",
            path: self.dir.clone(),
            cause: GitCause(vec![error.to_string()]),
        })
    }

    /// Whether the commit object itself is here.
    pub fn has_commit(&self, sha: &Sha) -> bool {
        self.id(sha).is_ok_and(|id| self.inner.find_commit(id).is_ok())
    }

    /// Whether `old` is an ancestor of `new`; `None` when the history at hand does not tell.
    pub fn is_ancestor(&self, old: &Sha, new: &Sha) -> Option<bool> {
        if old == new {
            return Some(true);
        }
        let (old, new) = (self.id(old).ok()?, self.id(new).ok()?);
        match self.inner.merge_base(old, new).ok()? {
            Some(base) => Some(base.detach() == old),
            // The common ancestor can lie beyond the border of a shallow clone.
            None if self.inner.is_shallow().unwrap_or(true) => None,
            None => Some(false),
        }
    }

    /// Removes what killed processes left in the object store, and locks of refs and index. Only for the holder of
    /// `sources/.lock`, and only where an interrupted sync is known.
    pub fn sweep(&self) {
        let git_dir = self.inner.git_dir();
        for lock in ["index.lock", "HEAD.lock", "config.lock", "shallow.lock", "packed-refs.lock"] {
            let _ = std::fs::remove_file(git_dir.join(lock));
        }
        for below in ["refs/hybrid", "refs/tags", "refs/remotes/origin"] {
            remove_matching(&git_dir.join(below), &|name| name.ends_with(".lock"));
        }
        let packs = git_dir.join("objects/pack");
        let finished = |name: &str| packs.join(format!("{name}.idx")).exists();
        remove_matching(&packs, &|name| match name.rsplit_once('.') {
            Some((stem, "pack")) => !finished(stem),
            Some((_, "idx" | "rev" | "bitmap" | "keep" | "promisor" | "mtimes")) => false,
            _ => !name.starts_with("multi-pack-index"),
        });
        remove_matching(&packs, &|name| {
            name.strip_suffix(".keep").is_some_and(|stem| !packs.join(format!("{stem}.pack")).exists())
        });
    }
}

fn remove_matching(dir: &Path, doomed: &dyn Fn(&str) -> bool) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_dir {
            remove_matching(&entry.path(), doomed);
        } else if is_file && entry.file_name().to_str().is_some_and(doomed) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
