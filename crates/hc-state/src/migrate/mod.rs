//! Migrations: a chain of steps between schema versions, each a pure function of values.
//!
//! A migration shows first what it would do and what would be lost ([`Store::plan_migration`]), keeps a backup
//! of the old bytes, writes an audit entry, and commits like any other change (STATE-3). Reading an older
//! schema without migrating is refused; a newer one is never touched.

mod context;
mod plan;
mod v1;

use std::path::PathBuf;

use hc_core::fs::FsError;
use hc_core::{Digest, EnvName, RunId};

use crate::audit::{self, AuditAction, AuditEvent};
use crate::backup::{self, Names};
use crate::codec;
use crate::error::StateError;
use crate::format::{State, VERSION};
use crate::paths;
use crate::store::{Store, decode_error, next};

use self::context::Context;
pub use self::plan::{Loss, MigrationPlan, MigrationStep};
pub use self::v1::{StateV1, V1LastRun, V1Manifest, V1Source};

/// What a migration needs to know beyond the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrateOptions {
    /// The environment of version 1's records, which knew none; the only one that version 1 can hold.
    pub env: EnvName,
}

/// A migration that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// What was done.
    pub plan: MigrationPlan,
    /// Where the old bytes are; `None` when nothing was to be done.
    pub backup: Option<PathBuf>,
}

/// A migration worked out but not written.
struct Prepared {
    plan: MigrationPlan,
    old: Vec<u8>,
    /// Serial of the old state, where its schema has one.
    old_serial: Option<u64>,
    new: New,
}

enum New {
    Unchanged,
    V1(StateV1),
    V2(Box<State>),
}

impl Store {
    /// Says what a migration to version `to` (the newest when `None`) would do. Writes nothing.
    ///
    /// # Errors
    /// [`StateError::NoMigration`], [`StateError::TooNew`], [`StateError::NoState`], or a state that cannot be
    /// read.
    pub fn plan_migration(
        &self,
        to: Option<u32>,
        options: &MigrateOptions,
        run: &RunId,
    ) -> Result<MigrationPlan, StateError> {
        Ok(self.prepare(to, options, run)?.plan)
    }

    /// Migrates the state to version `to` (the newest when `None`): backup, audit entry, commit.
    ///
    /// # Errors
    /// As [`Store::plan_migration`], and those of a commit; the old state is in place then.
    pub fn migrate(
        &self,
        to: Option<u32>,
        options: &MigrateOptions,
        run: &RunId,
    ) -> Result<Migrated, StateError> {
        self.exclusively(self.options().lock_timeout, || self.migrate_locked(to, options, run))
    }

    fn migrate_locked(
        &self,
        to: Option<u32>,
        options: &MigrateOptions,
        run: &RunId,
    ) -> Result<Migrated, StateError> {
        let Prepared { plan, old, old_serial, new } = self.prepare(to, options, run)?;
        let not_committed = |source: FsError| StateError::NotCommitted { kept: old_serial, source };
        let backup = match (&new, old_serial) {
            (New::Unchanged, _) => return Ok(Migrated { plan, backup: None }),
            (_, Some(serial)) => paths::backup_file(self.root(), serial),
            (_, None) => paths::backups_dir(self.root()).join(format!(
                "{}.v{}-{}.json",
                paths::STEM,
                plan.from,
                Digest::of(&old).short()
            )),
        };
        backup::preserve(self.root(), &backup, &old).map_err(not_committed)?;
        let head = audit::append(
            self.root(),
            self.options(),
            run,
            AuditEvent::new(AuditAction::Migrate, "state/packer-hybrid.json")
                .detail("from", plan.from)
                .detail("to", plan.to)
                .detail("lost", plan.lost.len()),
            None,
        )?;
        let (bytes, serial) = match new {
            New::V2(mut state) => {
                state.audit = Some(head);
                (codec::encode(&state)?, Some(state.serial))
            }
            New::V1(state) => (v1::encode(&state)?, None),
            New::Unchanged => (old, old_serial),
        };
        self.replace(&bytes, serial, old_serial, || Ok(()))?;
        backup::rotate(self.root(), self.options().backups);
        Ok(Migrated { plan, backup: Some(backup) })
    }

    fn prepare(
        &self,
        to: Option<u32>,
        options: &MigrateOptions,
        run: &RunId,
    ) -> Result<Prepared, StateError> {
        let to = to.unwrap_or(VERSION);
        let path = paths::state_file(self.root());
        let names = Names::list(self.root())?;
        let old = match self.read_bytes(&names)? {
            Some(bytes) => bytes,
            None if names.is_empty() => return Err(StateError::NoState { path }),
            None => return Err(StateError::Missing { path, backup: names.newest_good() }),
        };
        let version =
            codec::version_of(&old).map_err(|damage| decode_error(path.clone(), damage.into(), &names))?;
        let plan = |steps, lost| MigrationPlan { from: version, to, steps, lost };
        let step = |summary| vec![MigrationStep { from: version, to, summary }];
        match (version, to) {
            (1, 1) | (1, 2) => {
                let before = v1::decode(&old).map_err(|damage| decode_error(path, damage.into(), &names))?;
                if to == 1 {
                    return Ok(Prepared {
                        plan: plan(Vec::new(), Vec::new()),
                        old,
                        old_serial: None,
                        new: New::Unchanged,
                    });
                }
                let context = Context {
                    env: &options.env,
                    now: (self.options().now)(),
                    run,
                    // A state that was brought down comes back into its history.
                    lineage: names
                        .good()
                        .next()
                        .map_or_else(|| self.new_lineage(), |(_, state)| state.lineage),
                    created_with: &self.options().created_with,
                    serial: next(names.highest())?,
                };
                let (state, lost) = v1::up(&before, &context);
                let plan = plan(step("adds environments, lineage, serial, digest, build records"), lost);
                Ok(Prepared { plan, old, old_serial: None, new: New::V2(Box::new(state)) })
            }
            _ => {
                // Also refuses a state that is corrupt, too new, or older than its backups.
                let state = self.load()?.ok_or(StateError::NoState { path })?.state;
                let old_serial = Some(state.serial);
                match to {
                    VERSION => Ok(Prepared {
                        plan: plan(Vec::new(), Vec::new()),
                        old,
                        old_serial,
                        new: New::Unchanged,
                    }),
                    1 => {
                        let (before, lost) = v1::down(&state, &options.env);
                        let plan = plan(step("keeps one environment's hashes, pins and the last run"), lost);
                        Ok(Prepared { plan, old, old_serial, new: New::V1(before) })
                    }
                    to => Err(StateError::NoMigration { from: version, to }),
                }
            }
        }
    }
}
