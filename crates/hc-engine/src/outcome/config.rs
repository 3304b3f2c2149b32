//! `hybrid config …`.

use std::collections::BTreeMap;

use serde::Serialize;

/// Which rendered files were written, or would be.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RenderReport {
    /// Environment.
    pub env: String,
    /// Whether this was `--check`.
    pub check: bool,
    /// One entry per builder.
    pub files: Vec<RenderedFile>,
}

/// One rendered file.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RenderedFile {
    /// Builder id.
    pub builder: String,
    /// Path, relative to the project.
    pub path: String,
    /// What was done about it.
    pub status: RenderStatus,
    /// Under `--check`: the difference, as a unified diff.
    pub diff: Option<String>,
}

/// What was done about a rendered file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum RenderStatus {
    /// It was written.
    #[serde(rename = "written")]
    Written,
    /// It was up to date.
    #[serde(rename = "unchanged")]
    Unchanged,
    /// It is not up to date, and `--check` writes nothing.
    #[serde(rename = "stale")]
    Stale,
}

/// Final values of variables.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ShowReport {
    /// Environment.
    pub env: String,
    /// One entry per builder.
    pub builders: Vec<BuilderValues>,
}

/// Final values of one builder.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuilderValues {
    /// Builder id.
    pub builder: String,
    /// Every variable.
    pub values: BTreeMap<String, ValueDoc>,
}

/// One variable.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ValueDoc {
    /// Final value as HCL; `***` for a sensitive variable, the reference for a secret.
    pub value: String,
    /// Every layer that gave a value, lowest precedence first.
    pub chain: Vec<OriginDoc>,
}

/// Where a value came from.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OriginDoc {
    /// Name of the layer.
    pub layer: String,
    /// `file:line:column`, where a file gave it.
    pub place: Option<String>,
    /// The value as HCL.
    pub value: String,
}

/// `config show --explain KEY`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExplainReport {
    /// The key.
    pub key: String,
    /// The chain in every builder that knows the key.
    pub builders: Vec<BuilderChain>,
}

/// The chain of one builder.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuilderChain {
    /// Builder id.
    pub builder: String,
    /// Every layer that gave a value, lowest precedence first.
    pub chain: Vec<OriginDoc>,
}

/// `config diff LEFT RIGHT`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfigDiffReport {
    /// First environment.
    pub left: String,
    /// Second environment.
    pub right: String,
    /// Variables whose final values differ.
    pub differences: Vec<DifferenceDoc>,
}

/// One difference.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DifferenceDoc {
    /// Builder id.
    pub builder: String,
    /// Variable.
    pub key: String,
    /// Value in the first environment; null when absent.
    pub left: Option<String>,
    /// Value in the second environment; null when absent.
    pub right: Option<String>,
}

/// `config schema`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SchemaReport {
    /// Builder id.
    pub builder: String,
    /// JSON Schema (draft 2020-12) of its answers file; `x-hybrid-required` lists variables without a default.
    pub schema: serde_json::Value,
}
