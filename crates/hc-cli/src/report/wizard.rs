//! `hybrid wizard`.

use serde::Serialize;

use super::diagnostics::visible;
use super::{Report, Style};

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

impl Report for WizardReport {
    const SCHEMA: &'static str = "cli-wizard";

    fn human(&self, style: &Style) -> String {
        let file =
            self.answers_file.as_ref().map(|file| format!("{} ", style.good(file))).unwrap_or_default();
        let mut text = format!("{file}{} answers for {}@{}\n", self.answers.len(), self.builder, self.env);
        for one in &self.references {
            text.push_str(&format!("{} {} = {}\n", style.good(&one.overlay), one.variable, one.reference));
        }
        for one in &self.left {
            text.push_str(&format!("{} {}\n", style.warn("open:"), visible(one)));
        }
        text.push_str("\nthe same without questions:\n");
        for command in &self.commands {
            text.push_str(&format!("  {command}\n"));
        }
        text
    }
}
