//! `hybrid validate` and `hybrid fmt`.

use serde::Serialize;

/// What was checked and what is trusted now.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ValidateReport {
    /// Environment.
    pub env: String,
    /// Version of the packer that validated.
    pub packer_version: String,
    /// One entry per target.
    pub targets: Vec<ValidatedTarget>,
}

/// One target.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ValidatedTarget {
    /// Builder id.
    pub builder: String,
    /// Whether packer and all checks accepted it.
    pub valid: bool,
    /// How packer checked it.
    pub depth: Depth,
    /// Why the check was not full.
    pub note: Option<String>,
    /// Combined digest of the inputs that are trusted now; null when invalid.
    pub inputs_hash: Option<String>,
    /// How many inputs were hashed.
    pub inputs: usize,
    /// What packer said, when it refused.
    pub packer_output: Option<String>,
}

/// `hybrid fmt`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FmtReport {
    /// Whether this was `--check`.
    pub check: bool,
    /// Files that were, or would be, formatted.
    pub files: Vec<String>,
}

/// How packer checked a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Depth {
    /// In full.
    Full,
    /// By its syntax alone, where packer lacks a plugin.
    SyntaxOnly,
}
