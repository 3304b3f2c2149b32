//! `hybrid state …` and `hybrid diag state`.

use hc_state::{State, StateSeverity};
use serde::Serialize;

use crate::error::EngineError;

/// The state as it is.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StateReport {
    /// The state; null before the first write.
    pub state: Option<State>,
}

/// What is wrong with the state.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FindingsReport {
    /// Findings, the gravest first.
    pub findings: Vec<FindingDoc>,
    /// What suites said of the last builds; of a diagnosis.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub provenance: Vec<ProvenanceDoc>,
}

/// What a test suite said of a build.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProvenanceDoc {
    /// The target.
    pub target: String,
    /// The build.
    pub build_id: String,
    /// Name of the suite.
    pub suite: String,
    /// Its verdict.
    pub passed: bool,
    /// When, in UTC.
    pub at: String,
    /// Its log and the record of the build, relative to the project.
    pub links: Vec<String>,
}

/// One finding.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FindingDoc {
    /// How bad it is.
    pub severity: StateSeverity,
    /// Code.
    pub code: &'static str,
    /// What it is about: a target, a file.
    pub subject: String,
    /// What is wrong.
    pub message: String,
    /// The cure.
    pub hint: String,
    /// Where the remediation is described.
    pub link: String,
    /// Why the state cannot be used, for a program that knows the cure.
    #[serde(skip)]
    pub problem: Option<EngineError>,
}

/// Backups of the state.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BackupsReport {
    /// Newest first.
    pub backups: Vec<BackupDoc>,
}

/// One backup.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BackupDoc {
    /// Serial of the state in it.
    pub serial: u64,
    /// File, relative to the project.
    pub path: String,
    /// `good`, or what is wrong with it.
    pub validity: String,
}

/// What a change of the state came to, in words.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StateChangeReport {
    /// What was, or would be, done.
    pub lines: Vec<String>,
    /// Whether anything was changed.
    pub changed: bool,
}
