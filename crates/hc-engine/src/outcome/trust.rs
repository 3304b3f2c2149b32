//! `hybrid trust`.

use serde::Serialize;

/// Whether a project is trusted on this machine, and what that lets run.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TrustReport {
    /// Canonical path of the project.
    pub root: String,
    /// Whether it is trusted now, as the list on this machine has it.
    pub trusted: bool,
    /// Since when.
    pub since: Option<String>,
    /// Whether this command changed that.
    pub changed: bool,
    /// Where the list is; null without a home directory.
    pub list: Option<String>,
    /// What the project names, and commands run.
    pub programs: Vec<ProgramDoc>,
}

/// Something that a project names and that is run.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProgramDoc {
    /// What it is for.
    pub purpose: String,
    /// Its words, as the project has them.
    pub words: String,
    /// Whether it lies in the project.
    pub inside: bool,
}
