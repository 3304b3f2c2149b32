//! `hybrid provisioners …`.

use serde::Serialize;

/// Which stacks are on.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProvisionersReport {
    /// Environment.
    pub env: String,
    /// One entry per builder and stack.
    pub switches: Vec<SwitchDoc>,
    /// What `enable` or `disable` did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<ChangedDoc>,
}

/// A moved switch.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChangedDoc {
    /// Stack.
    pub stack: String,
    /// Whether it was switched on.
    pub on: bool,
    /// Whether configs/provisioners.toml is another than before.
    pub written: bool,
    /// Linters that found nothing wrong.
    pub linted_with: Vec<String>,
    /// Linters that this machine does not have.
    pub linters_missing: Vec<String>,
}

/// One switch as it works out.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SwitchDoc {
    /// Builder id.
    pub builder: String,
    /// Stack.
    pub stack: String,
    /// Whether it is on.
    pub on: bool,
    /// The level that decided.
    pub because: String,
}
