//! `hybrid init`.

use serde::Serialize;

/// A project that was made.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InitReport {
    /// The project's directory.
    pub root: String,
    /// Ids of its builders, sorted.
    pub builders: Vec<String>,
    /// Every file that was written, relative to the project.
    pub files: Vec<String>,
    /// Combinations that were asked for and cannot be.
    pub skipped: Vec<SkippedDoc>,
    /// What the user should know.
    pub notes: Vec<String>,
    /// Commands to go on with.
    pub next: Vec<String>,
}

/// Something that was left out.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SkippedDoc {
    /// What.
    pub what: String,
    /// Why.
    pub reason: String,
}
