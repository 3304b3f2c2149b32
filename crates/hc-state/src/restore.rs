//! Bringing a backup back.
//!
//! What stood in the state's place is kept beside it, whatever it is; nothing is destroyed. The restored state
//! continues the history with a higher serial than any that was seen, so that it never looks regressed.

use std::path::{Path, PathBuf};

use hc_core::RunId;
use hc_core::fs::{io_error, read_limited};
use time::macros::format_description;

use crate::audit::{self, AuditAction, AuditEvent};
use crate::backup::{self, BackupRef, Names};
use crate::codec::{self, STATE_LIMIT};
use crate::disk;
use crate::error::StateError;
use crate::format::{State, WrittenBy};
use crate::paths;
use crate::revocations;
use crate::store::{Store, next};

/// Which backup to restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestorePoint {
    /// The newest one that is good.
    NewestGood,
    /// The one with this serial.
    Serial(u64),
}

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The backup whose content is the state now.
    pub from: BackupRef,
    /// The new serial.
    pub serial: u64,
    /// Where the replaced file is kept; `None` when there was none.
    pub kept: Option<PathBuf>,
}

impl Store {
    /// Makes a backup the state again (STATE-3), with an entry in the audit log.
    ///
    /// # Errors
    /// [`StateError::NoGoodBackup`], [`StateError::BackupNotFound`], lock and write errors; what stood in the
    /// state's place is still there or kept then.
    pub fn restore(&self, point: RestorePoint, run: &RunId) -> Result<Restored, StateError> {
        self.exclusively(self.options().lock_timeout, || self.restore_locked(point, run))
    }

    fn restore_locked(&self, point: RestorePoint, run: &RunId) -> Result<Restored, StateError> {
        let names = Names::list(self.root())?;
        let (from, mut state) = choose(self.root(), &names, point)?;
        let path = paths::state_file(self.root());
        let old = read_limited(&path, STATE_LIMIT).ok().flatten();
        let current = old.as_ref().and_then(|bytes| codec::decode(bytes).ok());
        state.serial = match &current {
            Some(current) => next(names.highest().max(current.serial))?,
            // The lost state was at least one further than its newest backup.
            None => next(next(names.highest())?)?,
        };
        let newest_audit = audit::append(
            self.root(),
            self.options(),
            run,
            AuditEvent::new(AuditAction::Restore, "state/packer-hybrid.json")
                .detail("backup_serial", from.serial)
                .detail("serial", state.serial),
            current.as_ref().and_then(|current| current.audit.as_ref()),
        )?;
        revocations::hold(&mut state, &audit::read(self.root(), None)?);
        state.audit = Some(newest_audit);
        state.written_by = Some(WrittenBy { at: (self.options().now)(), run_id: run.clone() });
        let bytes = codec::encode(&state)?;
        let kept = self.keep_replaced(&path, old.as_deref(), current.as_ref())?;
        let serial = state.serial;
        self.replace(&bytes, Some(serial), current.map(|current| current.serial), || Ok(()))?;
        backup::rotate(self.root(), self.options().backups);
        Ok(Restored { from, serial, kept })
    }

    /// Keeps what stands in the state's place: a good state as a backup, anything else beside it.
    fn keep_replaced(
        &self,
        path: &Path,
        old: Option<&[u8]>,
        current: Option<&State>,
    ) -> Result<Option<PathBuf>, StateError> {
        if std::fs::symlink_metadata(path).is_err() {
            return Ok(None);
        }
        if let (Some(current), Some(old)) = (current, old)
            && disk::writable_metadata(path).is_ok()
        {
            let to = paths::backup_file(self.root(), current.serial);
            backup::preserve(self.root(), &to, old)?;
            return Ok(Some(to));
        }
        let stamp = (self.options().now)()
            .to_offset(time::UtcOffset::UTC)
            .format(format_description!("[year][month][day]T[hour][minute][second]Z"))
            .unwrap_or_default();
        let mut aside = path.as_os_str().to_owned();
        aside.push(format!(".corrupt-{stamp}"));
        let aside = disk::free_name(Path::new(&aside));
        match old {
            // A second name instead of a move: at no moment is there no state at all.
            Some(old) if disk::writable_metadata(path).is_ok() => disk::keep_as(path, &aside, old)?,
            _ => std::fs::rename(path, &aside).map_err(io_error("move aside", path))?,
        }
        disk::sync_dir(&paths::state_dir(self.root()))?;
        Ok(Some(aside))
    }
}

fn choose(root: &Path, names: &Names, point: RestorePoint) -> Result<(BackupRef, State), StateError> {
    match point {
        RestorePoint::NewestGood => {
            names.good().next().ok_or_else(|| StateError::NoGoodBackup { path: paths::backups_dir(root) })
        }
        RestorePoint::Serial(serial) => {
            names.good().find(|(backup, _)| backup.serial == serial).ok_or_else(|| {
                let available = names.good().map(|(backup, _)| backup.serial).collect();
                StateError::BackupNotFound { serial, available }
            })
        }
    }
}
