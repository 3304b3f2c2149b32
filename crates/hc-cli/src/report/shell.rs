//! `hybrid completions` and `hybrid man`.

use serde::Serialize;

use super::{Report, Style};

/// A completion script.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CompletionsReport {
    /// The script.
    pub script: String,
}

impl Report for CompletionsReport {
    const SCHEMA: &'static str = "cli-completions";

    fn human(&self, _: &Style) -> String {
        self.script.clone()
    }
}

/// Where man pages were written.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ManReport {
    /// The directory.
    pub directory: String,
}

impl Report for ManReport {
    const SCHEMA: &'static str = "cli-man";

    fn human(&self, _: &Style) -> String {
        format!("man pages are in {}\n", self.directory)
    }
}
