//! `hybrid validate` and `hybrid fmt`.

use hc_core::ExitClass;
use hc_packer::PackerResult;
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

impl ValidateReport {
    /// How the run ends for its caller.
    pub fn class(&self) -> ExitClass {
        self.targets.iter().map(ValidatedTarget::class).max().unwrap_or(ExitClass::Success)
    }
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
    /// The run of packer as automation reads it (PKR-3), of all targets that it looked at together; null where packer did not
    /// run.
    pub result: Option<PackerResult>,
}

impl ValidatedTarget {
    /// One that packer never came to see, because of errors in its files.
    pub(crate) fn broken(builder: String) -> Self {
        Self {
            builder,
            valid: false,
            depth: Depth::NotChecked,
            note: Some("its files have errors".into()),
            inputs_hash: None,
            inputs: 0,
            packer_output: None,
            result: None,
        }
    }

    /// How a run with this target alone ends: a network that failed is not a template that is wrong.
    pub fn class(&self) -> ExitClass {
        let of_packer = self.result.as_ref().map(|result| ExitClass::from_number(result.exit_code));
        match self.valid {
            true => ExitClass::Success,
            false => of_packer.unwrap_or(ExitClass::Invalid).max(ExitClass::Invalid),
        }
    }
}

/// `hybrid fmt`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FmtReport {
    /// Whether this was `--check`.
    pub check: bool,
    /// Files that were, or would be, formatted.
    pub files: Vec<String>,
    /// The runs of packer as automation reads them (PKR-3): one for each tree or directory that is formatted whole.
    pub results: Vec<PackerResult>,
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
    /// Not at all: its files have errors.
    NotChecked,
}
