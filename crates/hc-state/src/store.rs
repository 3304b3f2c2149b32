//! The store: reading the state, and changing it under the lock.
//!
//! Mutation exists only on [`Locked`], which exists only while the state lock is held (STATE-2). A commit is:
//! sweep what killed writers left, prove that the state on disk is good and not older than its backups, make
//! the old bytes a durable backup, write and sync a temporary file, rename it, sync the directory (STATE-1). Files that
//! change with the state are written down before and put into their places after it (`state/.pending.json`).
//! The serial grows by exactly one. Readers take no lock.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use hc_core::fs::{FsError, read_limited, sweep_temporaries, write_atomic_with};
use hc_core::lock::{FileLock, Patience};
use hc_core::{RunId, Target};

use crate::audit::{self, AuditEvent, AuditReport};
use crate::backup::{self, Backup, Names};
use crate::codec::{self, Damage, DecodeError, STATE_LIMIT};
use crate::disk;
use crate::error::StateError;
use crate::format::{AuditHead, SchemaInfo, State, VERSION, WrittenBy};
use crate::lineage::{Lineage, Revision};
use crate::locks::{self, BuildHolder, UnlockAdvice};
use crate::options::StoreOptions;
use crate::paths;
use crate::pending::{self, Pending, PendingFile};
use crate::revocations;

/// The state of one project. Shared by the threads of a process: they take turns, whatever `lock_timeout` is.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    options: StoreOptions,
    turn: Mutex<()>,
}

/// A state and the bytes it was read from.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) bytes: Vec<u8>,
    pub(crate) state: State,
}

/// The state while its lock is held: the only place where it can change.
#[derive(Debug)]
pub struct Locked<'a> {
    pub(crate) store: &'a Store,
    run: RunId,
    state: State,
    before: Option<(Revision, Vec<u8>)>,
    changed: bool,
    /// Files that change together with the state.
    beside: Vec<PendingFile>,
}

impl Store {
    /// Opens the state of the project at `root`; creates nothing.
    ///
    /// # Errors
    /// [`StateError::NotRegular`] when `state/` is a link or a file.
    pub fn open(root: &Path, options: StoreOptions) -> Result<Self, StateError> {
        disk::is_real_dir(&paths::state_dir(root))?;
        Ok(Self { root: root.to_owned(), options, turn: Mutex::new(()) })
    }

    /// The project's root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The options it was opened with.
    pub fn options(&self) -> &StoreOptions {
        &self.options
    }

    /// The state as it is now, proven complete; `None` when none was ever written. Takes no lock.
    ///
    /// # Errors
    /// [`StateError`] for a state that is corrupt, too new, too old, gone, or older than its backups.
    pub fn read(&self) -> Result<Option<State>, StateError> {
        Ok(self.load()?.map(|loaded| loaded.state))
    }

    /// Runs `change` under the state lock and commits what it changed, with the serial one higher; commits
    /// nothing when it returns an error or touches nothing. Waits for the lock as long as the options say.
    ///
    /// Never call it inside `change`: the thread would wait for itself.
    ///
    /// # Errors
    /// [`StateError`], or what `change` returned; the old state is in place then.
    pub fn with_exclusive<T, E: From<StateError>>(
        &self,
        run: &RunId,
        change: impl FnOnce(&mut Locked<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.with_exclusive_within(run, self.options.lock_timeout, change)
    }

    /// As [`Store::with_exclusive`], waiting at most `timeout`: for results too dear to be lost to a moment's
    /// contention, such as the record of a build that took hours.
    ///
    /// # Errors
    /// As [`Store::with_exclusive`].
    pub fn with_exclusive_within<T, E: From<StateError>>(
        &self,
        run: &RunId,
        timeout: Duration,
        change: impl FnOnce(&mut Locked<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.exclusively(timeout, || {
            let loaded = self.load()?;
            disk::writable_metadata(&paths::state_file(&self.root))?;
            let mut locked = Locked::new(self, run.clone(), loaded);
            let value = change(&mut locked)?;
            if locked.changed || !locked.beside.is_empty() {
                locked.commit()?;
            }
            Ok(value)
        })
    }

    /// Runs `work` under the state lock, after clearing what killed writers left.
    pub(crate) fn exclusively<T, E: From<StateError>>(
        &self,
        timeout: Duration,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        // Requests that come while another thread of this process waits count too.
        let patience = Patience::up_to(timeout).unless(&self.options.cancel);
        // A panic in another thread's closure left nothing half-done: nothing is shared but the turn itself.
        let _turn = self.turn.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let dir = paths::state_dir(&self.root);
        disk::make_dirs(&[&dir])?;
        locks::with_state(&self.root, &self.options, patience, || {
            let backups = paths::backups_dir(&self.root);
            disk::make_dirs(&[&backups])?;
            for dir in [&dir, &backups] {
                sweep_temporaries(dir).map_err(StateError::from)?;
            }
            if self.is_unsettled() {
                let state = self.read_any()?;
                pending::settle(&self.root, state.as_ref())?;
            }
            work()
        })
    }

    /// Whether a writer was killed between the state and what changes with it, or is at it right now.
    pub fn is_unsettled(&self) -> bool {
        paths::pending(&self.root).symlink_metadata().is_ok()
    }

    /// Completes, or takes back, what a killed writer left; waits for nobody.
    ///
    /// # Errors
    /// [`StateError::LockHeld`], and when the files cannot be written.
    pub fn settle(&self) -> Result<(), StateError> {
        self.exclusively(Duration::ZERO, || Ok(()))
    }

    /// The state as it stands there; `None` when it is missing or is not one.
    fn read_any(&self) -> Result<Option<State>, StateError> {
        let bytes = read_limited(&paths::state_file(&self.root), STATE_LIMIT)?;
        Ok(bytes.and_then(|bytes| codec::decode(&bytes).ok()))
    }

    /// Reads and proves the state.
    pub(crate) fn load(&self) -> Result<Option<Loaded>, StateError> {
        disk::is_real_dir(&paths::state_dir(&self.root))?;
        // Listed before the state is read: a commit in between makes the state newer, never its backups.
        let names = Names::list(&self.root)?;
        let path = paths::state_file(&self.root);
        let Some(bytes) = self.read_bytes(&names)? else {
            return if names.is_empty() {
                Ok(None)
            } else {
                Err(StateError::Missing { path, backup: names.newest_good() })
            };
        };
        let mut state = codec::decode(&bytes).map_err(|error| decode_error(path.clone(), error, &names))?;
        if let Some((backup, newer)) = names.newest_above(state.serial) {
            return Err(if newer.lineage == state.lineage {
                StateError::Regressed { path, serial: state.serial, backup }
            } else {
                StateError::Foreign { path, found: state.revision(), backup }
            });
        }
        revocations::hold(&mut state, &audit::read(&self.root, None)?);
        Ok(Some(Loaded { bytes, state }))
    }

    pub(crate) fn read_bytes(&self, names: &Names) -> Result<Option<Vec<u8>>, StateError> {
        let path = paths::state_file(&self.root);
        read_limited(&path, STATE_LIMIT).map_err(|error| match error {
            FsError::TooLarge { size, limit, .. } => StateError::Corrupt {
                path,
                source: Damage::TooLarge { size, limit },
                backup: names.newest_good(),
            },
            FsError::NotRegular { path, found } => StateError::NotRegular {
                path,
                found,
                expected: "a regular file",
                backup: names.newest_good(),
            },
            other => other.into(),
        })
    }

    /// Replaces the state's bytes with those of `serial` (`None` for schemas without one) and says exactly what
    /// happened. What `before` does is durable when they are replaced.
    pub(crate) fn replace(
        &self,
        bytes: &[u8],
        serial: Option<u64>,
        kept: Option<u64>,
        before: impl FnOnce() -> Result<(), FsError> + Send,
    ) -> Result<(), StateError> {
        let path = paths::state_file(&self.root);
        let mode = disk::mode_after(disk::writable_metadata(&path)?.as_ref());
        let Err(source) = write_atomic_with(&path, bytes, mode, before) else { return Ok(()) };
        // An error does not mean "not written": only what is read back counts.
        let on_disk = read_limited(&path, STATE_LIMIT).ok().flatten();
        if on_disk.as_deref() == Some(bytes) {
            return Err(StateError::CommitUnknown { serial, source });
        }
        let found = on_disk.and_then(|bytes| codec::decode(&bytes).ok()).map(|state| state.serial);
        Err(StateError::NotCommitted { kept: found.or(kept), source })
    }

    /// All backups with their validity, newest first; every one is read.
    ///
    /// # Errors
    /// [`StateError::File`] when the directory cannot be listed.
    pub fn backups(&self) -> Result<Vec<Backup>, StateError> {
        backup::list(&self.root)
    }

    /// Reads the audit log and proves its chain, and that it still holds what the state remembers.
    ///
    /// # Errors
    /// [`StateError`] when it cannot be read; problems in it are in the report.
    pub fn audit_log(&self) -> Result<AuditReport, StateError> {
        let state = self.read().ok().flatten();
        audit::read(&self.root, state.and_then(|state| state.audit).as_ref())
    }

    /// Takes the build lock of `target` without waiting; packer's process inherits its descriptor.
    ///
    /// `None` only where the file system has no locks and the options allow that.
    ///
    /// # Errors
    /// [`StateError::LockHeld`] names the holder, or its orphan.
    pub fn build_lock(&self, target: &Target) -> Result<Option<FileLock>, StateError> {
        locks::take_build(&self.root, &self.options, target)
    }

    /// Every target whose build lock is held, by name.
    ///
    /// # Errors
    /// [`StateError::File`] when the locks cannot be listed.
    pub fn build_holders(&self) -> Result<Vec<BuildHolder>, StateError> {
        locks::builds(&self.root)
    }

    /// Says for every lock who holds it and what to do; changes nothing, because the kernel frees the locks of
    /// the dead and the text in a lock file only informs.
    ///
    /// # Errors
    /// [`StateError::File`] when the locks cannot be looked at.
    pub fn unlock_advice(&self) -> Result<Vec<UnlockAdvice>, StateError> {
        locks::advice(&self.root)
    }

    pub(crate) fn new_lineage(&self) -> Lineage {
        let options = &self.options;
        let salt = format!("{}/{}/{}", options.host, options.pid, (options.now)().unix_timestamp_nanos());
        Lineage::new(options.entropy, &salt)
    }
}

/// The serial after another one.
pub(crate) fn next(serial: u64) -> Result<u64, StateError> {
    serial.checked_add(1).ok_or(StateError::SerialExhausted { serial })
}

pub(crate) fn decode_error(path: PathBuf, error: DecodeError, names: &Names) -> StateError {
    match error {
        DecodeError::Corrupt(source) => StateError::Corrupt { path, source, backup: names.newest_good() },
        DecodeError::TooNew { found } => StateError::TooNew { path, found },
        DecodeError::TooOld { found } => StateError::TooOld { path, found },
    }
}

impl<'a> Locked<'a> {
    pub(crate) fn new(store: &'a Store, run: RunId, loaded: Option<Loaded>) -> Self {
        let (state, before) = match loaded {
            Some(Loaded { bytes, state }) => {
                let revision = state.revision();
                (state, Some((revision, bytes)))
            }
            None => (State::new(store.new_lineage(), store.options.created_with.clone()), None),
        };
        Self { store, run, state, before, changed: false, beside: Vec::new() }
    }

    /// The state.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The state, to be changed. Lineage, serial, schema and digest are the store's: what is written there is
    /// lost.
    pub fn state_mut(&mut self) -> &mut State {
        self.changed = true;
        &mut self.state
    }

    /// The run that holds the lock.
    pub fn run_id(&self) -> &RunId {
        &self.run
    }

    /// What was on disk when the lock was taken; `None` before the first commit of a project.
    pub fn revision(&self) -> Option<&Revision> {
        self.before.as_ref().map(|(revision, _)| revision)
    }

    /// The serial that the state will have when this change is committed.
    ///
    /// # Errors
    /// [`StateError::SerialExhausted`].
    pub fn next_serial(&self) -> Result<u64, StateError> {
        next(self.revision().map_or(0, |revision| revision.serial))
    }

    /// Gives a file of the project, in `state/` or `artifacts/`, its new text together with the state: both or neither,
    /// whenever this process is killed. `path` is relative to the project.
    pub fn write_beside(&mut self, path: impl Into<PathBuf>, text: String) {
        self.beside.push(PendingFile { path: path.into(), text });
    }

    /// Refuses a plan that was made on another state.
    ///
    /// # Errors
    /// [`StateError::Changed`].
    pub fn require(&self, planned_on: &Revision) -> Result<(), StateError> {
        let found = self.revision().cloned().unwrap_or_else(|| self.state.revision());
        if found == *planned_on {
            return Ok(());
        }
        Err(StateError::Changed { expected: Box::new(planned_on.clone()), found: Box::new(found) })
    }

    /// Appends to the audit log, durably, before anything else of this change is committed; the commit then
    /// remembers how far the log goes.
    ///
    /// # Errors
    /// [`StateError::AuditBroken`] when the log's last entry is not intact, [`StateError::File`].
    pub fn audit(&mut self, event: AuditEvent) -> Result<AuditHead, StateError> {
        let remembered = self.state.audit.as_ref();
        let head = audit::append(&self.store.root, &self.store.options, &self.run, event, remembered)?;
        self.state_mut().audit = Some(head.clone());
        Ok(head)
    }

    fn commit(mut self) -> Result<(), StateError> {
        let kept = self.revision().map(|revision| revision.serial);
        let serial = self.next_serial()?;
        let state = &mut self.state;
        state.trim();
        state.schema = SchemaInfo { version: VERSION };
        state.serial = serial;
        state.written_by = Some(WrittenBy { at: (self.store.options.now)(), run_id: self.run.clone() });
        if let Some((revision, _)) = &self.before {
            state.lineage = revision.lineage.clone();
        }
        let bytes = codec::encode(state)?;
        let root = self.store.root();
        let beside = std::mem::take(&mut self.beside);
        let pending = match beside.is_empty() {
            true => None,
            false => Some(Pending::prepare(root, state, beside)?),
        };
        let backup = || match &self.before {
            Some((revision, old)) => backup::preserve(root, &paths::backup_file(root, revision.serial), old),
            None => Ok(()),
        };
        let replaced = self.store.replace(&bytes, Some(serial), kept, backup);
        if let (Err(StateError::NotCommitted { .. }), Some(_)) = (&replaced, &pending) {
            // Left behind, it is of a serial that was never written, and the next writer sees that.
            let _ = pending::forget(root);
        }
        replaced?;
        if let Some(pending) = pending {
            pending.apply(root)?;
        }
        backup::rotate(self.store.root(), self.store.options.backups);
        Ok(())
    }
}
