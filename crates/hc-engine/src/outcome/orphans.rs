//! `hybrid orphans`.

use std::collections::BTreeMap;

use hc_packer::orphans::Leftover;
use serde::Serialize;

/// What killed runs left behind.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrphansReport {
    /// One entry per abandoned build, oldest first.
    pub orphans: Vec<OrphanDoc>,
}

/// One abandoned build.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrphanDoc {
    /// The build.
    pub build_id: String,
    /// Builder and environment.
    pub target: String,
    /// The run that is gone.
    pub run_id: String,
    /// Host it ran on.
    pub host: String,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// Processes that still worked on it when this was looked at.
    pub processes: Vec<String>,
    /// Directories that it left, relative to the project.
    pub directories: Vec<String>,
    /// What its log says it made and that may still be there.
    pub made: Vec<Leftover>,
    /// Variables that name what it was to make.
    pub names: BTreeMap<String, String>,
    /// Whether everything is cleared away now.
    pub closed: bool,
}
