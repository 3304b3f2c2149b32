//! `hybrid init`.

use serde::Serialize;

use super::{Report, Style};

/// A project that was made.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InitReport {
    /// The project's directory.
    pub root: String,
    /// Ids of its builders, sorted.
    pub builders: Vec<String>,
    /// Every file that was written, relative to the project.
    pub files: Vec<String>,
    /// Combinations that were asked for and cannot be.
    pub skipped: Vec<SkippedDoc>,
    /// What the user should know.
    pub notes: Vec<String>,
    /// Commands to go on with.
    pub next: Vec<String>,
}

/// Something that was left out.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SkippedDoc {
    /// What.
    pub what: String,
    /// Why.
    pub reason: String,
}

impl Report for InitReport {
    const SCHEMA: &'static str = "cli-init";

    fn human(&self, style: &Style) -> String {
        let mut text =
            format!("{} {} builders in {}\n", style.good("created"), self.builders.len(), self.root);
        for file in &self.files {
            text.push_str(&format!("  {file}\n"));
        }
        for skipped in &self.skipped {
            text.push_str(&format!("{} {}: {}\n", style.warn("left out"), skipped.what, skipped.reason));
        }
        for note in &self.notes {
            text.push_str(&format!("{} {note}\n", style.warn("note:")));
        }
        text.push_str("\nnext:\n");
        for command in &self.next {
            text.push_str(&format!("  {command}\n"));
        }
        text
    }
}
