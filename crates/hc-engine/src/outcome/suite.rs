//! `hybrid test`.

use serde::Serialize;

/// What the suites said.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SuitesReport {
    /// Environment.
    pub env: String,
    /// One entry per suite that ran.
    pub suites: Vec<SuiteDoc>,
    /// Selected builders on which nothing ran, and why.
    pub untested: Vec<String>,
}

/// One suite on one image.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SuiteDoc {
    /// Builder id.
    pub builder: String,
    /// The build that was tested.
    pub build_id: String,
    /// Suite.
    pub suite: String,
    /// Whether it passed.
    pub passed: bool,
    /// Why it failed; empty when it passed.
    pub detail: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Its log and the record of the image, relative to the project.
    pub links: Vec<String>,
}
