//! The state of a project: `state/packer-hybrid.json` and everything beside it (SPEC STATE-1 … STATE-5).
//!
//! Owns the names, formats, locks, backups, migrations and the audit log of `state/`; no other crate knows a
//! path in there ([`paths`]). Promises that whatever is killed, full, truncated, concurrent or too new, the
//! state on disk is the old one or the new one, complete ([`store`]), and that every error says what to do.
//! Never prints, never reads the process environment, never follows a link out of the project, and never
//! destroys a file that it could not read ([`restore`]).

pub mod audit;
pub mod backup;
pub mod check;
pub mod codec;
mod disk;
pub mod error;
pub mod format;
pub mod lineage;
pub mod locks;
pub mod migrate;
pub mod options;
pub mod paths;
mod pending;
pub mod processes;
pub mod restore;
mod revocations;
pub mod sidecar;
pub mod store;

pub use audit::{AuditAction, AuditEvent, AuditReport};
pub use backup::{Backup, BackupRef, Validity};
pub use check::{CheckContext, FindingCode, ProvenanceGap, StateFinding, StateSeverity};
pub use error::StateError;
pub use format::{
    ArtifactRef, AuditHead, BuildSummary, BuilderRecord, PluginRecord, Publication, Revocation, RunOutcome,
    RunRecord, ScanRecord, ScanStatus, SchemaInfo, SourceRecord, State, SuiteResult, Trust, WrittenBy,
};
pub use lineage::{Lineage, Revision};
pub use locks::{BuildHolder, HeldLock, LockKind, UnlockAdvice};
pub use migrate::{MigrateOptions, MigrationPlan};
pub use options::StoreOptions;
pub use processes::Process;
pub use restore::{RestorePoint, Restored};
pub use store::{Locked, Store};
