//! One source on its way to its pin: look, decide, fetch, judge, and only then write.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};

use hc_core::fs::{create_dirs, io_error, read_text, write_atomic};

use super::objects::Objects;
use super::options::SyncOptions;
use super::report::{Action, Event, Synced, Watcher};
use crate::error::SourceError;
use crate::git::{Note, RemoteRef, Repository, Tree};
use crate::journal::Pending;
use crate::lock_file::{LockFile, LockedSource};
use crate::place::{Sources, remove};
use crate::sha::Sha;
use crate::spec::SourceSpec;

/// From and to of a tree that is being moved; in its `.git` as long as files are moved.
const MARKER: &str = "hybrid-advance";

/// What all visits of a run share. The caller holds the lock of `sources/`.
pub(crate) struct Visit<'a> {
    pub(crate) sources: &'a Sources,
    pub(crate) lock: Mutex<LockFile>,
    pub(crate) objects: Objects<'a>,
    pub(crate) update: bool,
    pub(crate) journal: &'a Pending,
    /// Whether an earlier run was cut off, so that leftovers may be swept.
    pub(crate) interrupted: bool,
    pub(crate) options: &'a SyncOptions,
    pub(crate) cancel: &'a AtomicBool,
    pub(crate) watcher: Watcher<'a>,
}

/// A pin, the ref that has it now, and what was said on the way.
struct Decision {
    pin: LockedSource,
    by: Option<RemoteRef>,
    notes: Vec<Note>,
}

impl Visit<'_> {
    pub(super) fn bring(&self, spec: &SourceSpec, before: &mut Option<Sha>) -> Result<Synced, SourceError> {
        let place = self.sources.tree(&spec.name);
        if !is_vacant(&place)? {
            return self.move_on(spec, &place, before);
        }
        let (repository, resumed) = self.incoming(spec)?;
        let mut decision = self.decide(spec, &repository)?;
        if resumed {
            decision.notes.push(Note::Resumed);
        }
        self.clone_to(spec, &place, repository, decision)
    }

    /// A clone that grows: a new one, or what an interrupted sync left of it.
    fn incoming(&self, spec: &SourceSpec) -> Result<(Repository, bool), SourceError> {
        self.journal.begin()?;
        let dir = self.sources.incoming(&spec.name);
        if let Ok(Some(repository)) = Repository::open(&dir, &self.options.git) {
            repository.sweep();
            if repository.set_url(&spec.url).is_ok() {
                return Ok((repository, true));
            }
        }
        remove(&dir)?;
        create_dirs(&dir)?;
        Ok((Repository::init(&dir, &spec.url, &self.options.git)?, false))
    }

    fn decide(&self, spec: &SourceSpec, repository: &Repository) -> Result<Decision, SourceError> {
        let locked = self.lock.lock().unwrap_or_else(PoisonError::into_inner).pin(spec).cloned();
        let mut notes = Vec::new();
        match locked {
            Some(pin) if pin.force.is_some() => match pin.require_valid(self.options.now) {
                Ok(()) => {
                    notes.push(Note::ForcePin);
                    return Ok(Decision { pin, by: None, notes });
                }
                // Following the ref again is what `--update` asks for.
                Err(_) if self.update => {}
                Err(error) => return Err(error),
            },
            Some(pin) if !self.update => {
                if matches!(self.objects, Objects::Servers) {
                    notes.extend(self.check_tag(spec, &pin, repository)?);
                }
                return Ok(Decision { pin, by: None, notes });
            }
            Some(pin) => {
                let (new, by) = self.resolve(spec, repository, &mut notes)?;
                if pin.kind == new.kind && pin.kind == crate::lock_file::PinKind::Tag && pin.sha != new.sha {
                    let (name, tag) = (spec.name.clone(), spec.reference.clone());
                    return Err(SourceError::MovedTag { name, tag, locked: pin.sha, now: new.sha });
                }
                return Ok(Decision { pin: new, by, notes });
            }
            None => {}
        }
        if self.options.locked {
            return Err(SourceError::LockOutdated { name: spec.name.clone() });
        }
        let (pin, by) = self.resolve(spec, repository, &mut notes)?;
        Ok(Decision { pin, by, notes })
    }

    /// Makes the commit and everything below it available; the bytes that came.
    fn obtain(
        &self,
        spec: &SourceSpec,
        repository: Repository,
        decision: &mut Decision,
    ) -> Result<(Repository, Tree, Option<u64>), SourceError> {
        let sha = &decision.pin.sha;
        let known = if repository.has_commit(sha) {
            repository.tree(&spec.name, sha)
        } else {
            Err(absent(spec, sha))
        };
        let (repository, tree, bytes) = match known {
            Ok(tree) => (repository, tree, None),
            Err(error @ SourceError::HostileTree { .. }) => return Err(error),
            Err(_) => {
                let bytes = match self.objects {
                    Objects::Servers => {
                        let fetched = self.fetch(spec, &repository, &decision.pin, decision.by.take())?;
                        decision.notes.extend(fetched.notes);
                        fetched.bytes
                    }
                    Objects::Bundle(bundle) => {
                        let entry = bundle.source(&spec.name).ok_or_else(|| absent(spec, sha))?;
                        repository.import(&entry.packs, &entry.shallow, sha, self.cancel)?;
                        entry
                            .packs
                            .iter()
                            .filter_map(|pack| std::fs::metadata(pack).ok())
                            .map(|meta| meta.len())
                            .sum()
                    }
                };
                // Opened anew, so that new packs and a new border of history are seen.
                let repository = repository.reopen()?;
                let tree = repository.tree(&spec.name, sha)?;
                (repository, tree, Some(bytes))
            }
        };
        if let Some(subdir) = spec.subdir.as_deref().filter(|subdir| !tree.has_directory(subdir)) {
            let (name, sha, subdir) = (spec.name.clone(), sha.clone(), subdir.to_owned());
            return Err(SourceError::SubdirMissing { name, sha, subdir });
        }
        if !tree.submodules.is_empty() {
            decision.notes.push(Note::Submodules { count: tree.submodules.len() });
        }
        if repository.uses_lfs(&tree)? {
            decision.notes.push(Note::LargeFiles);
        }
        Ok((repository, tree, bytes))
    }

    fn clone_to(
        &self,
        spec: &SourceSpec,
        place: &Path,
        repository: Repository,
        mut decision: Decision,
    ) -> Result<Synced, SourceError> {
        let (repository, tree, bytes) = self.obtain(spec, repository, &mut decision)?;
        let dir = repository.dir().to_owned();
        for entry in std::fs::read_dir(&dir).map_err(io_error("list", &dir))? {
            let entry = entry.map_err(io_error("list", &dir))?;
            if entry.file_name() != ".git" {
                remove(&entry.path())?;
            }
        }
        (self.watcher)(Event::CheckingOut { name: spec.name.clone(), files: tree.entries.len() });
        let staged = repository.stage(&tree, None, &dir, self.cancel)?;
        repository.adopt(staged)?;
        repository.set_head(&decision.pin.sha)?;
        self.record(&decision.pin)?;
        // Onto an empty directory, or nothing.
        std::fs::rename(&dir, place).map_err(io_error("place", place))?;
        Ok(Synced {
            pin: decision.pin,
            action: Action::Cloned,
            bytes: bytes.unwrap_or(0),
            notes: decision.notes,
            submodules: tree.submodules,
        })
    }

    fn move_on(
        &self,
        spec: &SourceSpec,
        place: &Path,
        before: &mut Option<Sha>,
    ) -> Result<Synced, SourceError> {
        let not_ours = || SourceError::NotAClone { path: place.to_owned(), url: spec.url.clone() };
        let repository = Repository::open(place, &self.options.git)?.ok_or_else(not_ours)?;
        let marker = repository.git_dir().join(MARKER);
        let unfinished = read_marker(&marker)?;
        if self.interrupted || unfinished.is_some() {
            self.journal.begin()?;
            repository.sweep();
        }
        let repository = match &unfinished {
            Some((from, to)) => {
                self.finish(spec, &repository, from, to)?;
                remove(&marker)?;
                repository.reopen()?
            }
            None => repository,
        };
        *before = repository.head();
        let pinned = repository.pin().ok_or_else(not_ours)?;
        let report = repository.settle(&|| self.journal.begin())?;
        if !report.is_clean() {
            return Err(SourceError::Dirty { path: place.to_owned(), what: report.summary() });
        }
        if report.head.as_ref() != Some(&pinned) {
            return Err(SourceError::Diverged {
                path: place.to_owned(),
                head: report.head,
                expected: Some(pinned),
            });
        }
        repository.set_url(&spec.url)?;
        let mut decision = self.decide(spec, &repository)?;
        if unfinished.is_some() {
            decision.notes.push(Note::Resumed);
        }
        if decision.pin.sha == pinned {
            self.record(&decision.pin)?;
            let action = if unfinished.is_some() { Action::CheckedOut } else { Action::Unchanged };
            let submodules = repository.submodules()?;
            if !submodules.is_empty() {
                decision.notes.push(Note::Submodules { count: submodules.len() });
            }
            return Ok(Synced { pin: decision.pin, action, bytes: 0, notes: decision.notes, submodules });
        }
        self.journal.begin()?;
        let (repository, new, bytes) = self.obtain(spec, repository, &mut decision)?;
        if decision.pin.force.is_none() && repository.is_ancestor(&pinned, &decision.pin.sha) == Some(false) {
            decision.notes.push(Note::Rewritten);
        }
        let old = repository.tree(&spec.name, &pinned)?;
        if let Some(path) = repository.obstruction(&old, &new) {
            return Err(SourceError::Obstructed { path });
        }
        write_atomic(&marker, format!("{pinned} {}\n", decision.pin.sha).as_bytes(), 0o644)?;
        self.record(&decision.pin)?;
        self.advance(spec, &repository, &old, &new)?;
        remove(&marker)?;
        let action = if bytes.is_some() { Action::Fetched } else { Action::CheckedOut };
        Ok(Synced {
            pin: decision.pin,
            action,
            bytes: bytes.unwrap_or(0),
            notes: decision.notes,
            submodules: new.submodules,
        })
    }

    /// Moves a tree that was cut off while it was moved. Files that are neither the old nor the new ones are a
    /// person's.
    fn finish(
        &self,
        spec: &SourceSpec,
        repository: &Repository,
        from: &Sha,
        to: &Sha,
    ) -> Result<(), SourceError> {
        let old = repository.tree(&spec.name, from)?;
        let new = repository.tree(&spec.name, to)?;
        let scratch = self.sources.stage(&spec.name);
        remove(&scratch)?;
        create_dirs(&scratch)?;
        let foreign = repository.foreign_among(&old, &new, &scratch)?;
        if !foreign.is_empty() {
            let shown = foreign.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
            return Err(SourceError::Dirty {
                path: repository.dir().to_owned(),
                what: format!("{} changed since an interrupted sync ({shown})", foreign.len()),
            });
        }
        self.advance(spec, repository, &old, &new)
    }

    fn advance(
        &self,
        spec: &SourceSpec,
        repository: &Repository,
        old: &Tree,
        new: &Tree,
    ) -> Result<(), SourceError> {
        let stage = self.sources.stage(&spec.name);
        remove(&stage)?;
        let changed = new.differences(old);
        (self.watcher)(Event::CheckingOut { name: spec.name.clone(), files: changed.len() });
        let staged = repository.stage(new, Some(&changed), &stage, self.cancel)?;
        repository.advance(old, new, &staged)?;
        repository.set_head(&new.sha)?;
        remove(&stage)
    }

    /// Writes the pin down before the tree moves: everything that can be refused was refused by now.
    fn record(&self, pin: &LockedSource) -> Result<(), SourceError> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if lock.sources.get(&pin.name) == Some(pin) {
            return Ok(());
        }
        if self.options.locked {
            return Err(SourceError::LockOutdated { name: pin.name.clone() });
        }
        lock.sources.insert(pin.name.clone(), pin.clone());
        lock.save(self.sources.lock_file())?;
        Ok(())
    }
}

fn absent(spec: &SourceSpec, sha: &Sha) -> SourceError {
    SourceError::NotAvailable { name: spec.name.clone(), sha: sha.clone() }
}

/// Whether nothing, or an empty directory, stands there.
fn is_vacant(place: &PathBuf) -> Result<bool, SourceError> {
    match std::fs::symlink_metadata(place) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(io_error("inspect", place)(error).into()),
        Ok(meta) if !meta.is_dir() => Ok(false),
        Ok(_) => Ok(std::fs::read_dir(place).map_err(io_error("list", place))?.next().is_none()),
    }
}

fn read_marker(path: &Path) -> Result<Option<(Sha, Sha)>, SourceError> {
    let Some(text) = read_text(path, 1024)? else { return Ok(None) };
    let parsed =
        text.trim().split_once(' ').and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    match parsed {
        Some(pair) => Ok(Some(pair)),
        None => Err(SourceError::Repository {
            action: "read the journal of",
            path: path.to_owned(),
            cause: crate::error::GitCause(vec!["it holds no two commits".to_owned()]),
        }),
    }
}
