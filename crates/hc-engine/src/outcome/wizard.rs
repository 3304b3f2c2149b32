//! `hybrid wizard`.

use serde::Serialize;

/// What was answered.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WizardReport {
    /// Builder id.
    pub builder: String,
    /// Environment.
    pub env: String,
    /// The file with the answers; absent when there are none.
    pub answers_file: Option<String>,
    /// Variables in it, sorted.
    pub answers: Vec<String>,
    /// Secrets, of which only the reference was written.
    pub references: Vec<ReferenceDoc>,
    /// What is still open.
    pub left: Vec<String>,
    /// Commands that go on with the answers.
    pub commands: Vec<String>,
}

/// Where a secret comes from.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReferenceDoc {
    /// Variable.
    pub variable: String,
    /// The reference as HCL.
    pub reference: String,
    /// The overlay that holds it now.
    pub overlay: String,
}
