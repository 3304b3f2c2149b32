//! `hybrid clean`.

use serde::Serialize;

/// What goes, or went.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CleanReport {
    /// Whether it was removed; else this is only the plan.
    pub applied: bool,
    /// Files and directories.
    pub removals: Vec<PlannedRemoval>,
    /// What stays because it cannot be judged, and the way out.
    pub notes: Vec<String>,
}

/// What can be cleaned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Superseded builds: images, records, kept inputs.
    Artifacts,
    /// Raw logs of builds and tests.
    Logs,
    /// Packer's own downloads.
    Cache,
    /// Work directories of failed and killed runs.
    Work,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Artifacts, Self::Logs, Self::Cache, Self::Work];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Artifacts => "artifacts",
            Self::Logs => "logs",
            Self::Cache => "cache",
            Self::Work => "work",
        }
    }
}

/// One file or directory.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlannedRemoval {
    /// What it is part of.
    pub scope: Scope,
    /// Path, relative to the project.
    pub path: String,
    /// Size in bytes, of everything below it.
    pub size: u64,
}
