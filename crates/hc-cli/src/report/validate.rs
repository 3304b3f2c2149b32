//! `hybrid validate` and `hybrid fmt`.

use serde::Serialize;

use super::diagnostics::{one_line, visible};
use super::{Report, Style, table};
use hc_core::ExitClass;

/// Code of what packer itself refuses.
pub const REFUSED: &str = "TemplateRefused";

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
    /// How packer checked it: `full`, or `syntax-only` where it lacks the plugin.
    pub depth: String,
    /// Why the check was not full.
    pub note: Option<String>,
    /// Combined digest of the inputs that are trusted now; null when invalid.
    pub inputs_hash: Option<String>,
    /// How many inputs were hashed.
    pub inputs: usize,
    /// What packer said, when it refused.
    pub packer_output: Option<String>,
}

impl Report for ValidateReport {
    const SCHEMA: &'static str = "cli-validate";

    fn human(&self, style: &Style) -> String {
        let rows = self.targets.iter().map(|target| {
            let result = match (target.valid, target.depth.as_str()) {
                (true, "full") => style.good("trusted"),
                (true, _) => style.warn("trusted (syntax only)"),
                (false, _) => style.bad("invalid"),
            };
            let hash = target.inputs_hash.as_deref().map_or("-", |hash| &hash[..12.min(hash.len())]);
            vec![
                target.builder.clone(),
                result,
                target.inputs.to_string(),
                hash.to_owned(),
                target.note.clone().unwrap_or_default(),
            ]
        });
        let mut text = table::table(&["builder", "result", "inputs", "hash", "note"], rows.collect(), style);
        for target in &self.targets {
            if let Some(output) = &target.packer_output {
                let code = style.bad(&format!("error[{REFUSED}]:"));
                text.push_str(&format!("\n{code} packer refuses {}:\n", target.builder));
                for line in output.lines().filter(|line| !line.trim().is_empty()) {
                    text.push_str(&format!("  {}\n", visible(line)));
                }
            }
        }
        text
    }

    fn exit_code(&self) -> ExitClass {
        if self.targets.iter().all(|target| target.valid) { ExitClass::Success } else { ExitClass::Invalid }
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
}

impl Report for FmtReport {
    const SCHEMA: &'static str = "cli-fmt";

    fn human(&self, _: &Style) -> String {
        let word = if self.check { "not formatted" } else { "formatted" };
        self.files.iter().map(|file| format!("{word}: {}\n", one_line(file))).collect()
    }

    fn exit_code(&self) -> ExitClass {
        if self.check && !self.files.is_empty() { ExitClass::Invalid } else { ExitClass::Success }
    }
}
