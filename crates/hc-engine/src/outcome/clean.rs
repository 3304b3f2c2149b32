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
    /// Kept texts of inputs that nothing refers to any more.
    pub texts: TextsRemoval,
    /// What stays because it cannot be judged, and the way out.
    pub notes: Vec<String>,
}

/// Kept texts of inputs that go, or went; they have no files of their own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TextsRemoval {
    /// How many.
    pub count: usize,
    /// Bytes on the device that become free, about.
    pub size: u64,
}

/// What can be cleaned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Superseded builds: images, records, kept inputs; texts of inputs that nothing refers to.
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
