//! What a migration would do, step by step, and what it would lose.

use serde::Serialize;

/// What a migration does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MigrationPlan {
    /// Version of the state on disk.
    pub from: u32,
    /// Version after the migration.
    pub to: u32,
    /// The steps, in order; none when nothing is to be done.
    pub steps: Vec<MigrationStep>,
    /// What the new version cannot hold.
    pub lost: Vec<Loss>,
}

/// One step of a migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MigrationStep {
    /// Version before.
    pub from: u32,
    /// Version after.
    pub to: u32,
    /// What it does.
    pub summary: &'static str,
}

/// Something that a migration loses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Loss {
    /// Whose: a target, a source, the state.
    pub subject: String,
    /// What, and what to do about it.
    pub what: String,
}

impl Loss {
    pub(crate) fn new(subject: impl ToString, what: impl Into<String>) -> Self {
        Self { subject: subject.to_string(), what: what.into() }
    }
}
