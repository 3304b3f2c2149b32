//! `hybrid explain`.

use serde::Serialize;

use super::{Report, Style};

/// Cause and cure of an error code.
#[derive(Debug, Clone, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExplainCodeReport {
    /// The code; null when all are listed.
    pub code: Option<String>,
    /// Its section, in Markdown.
    pub text: Option<String>,
    /// Exit codes that come with it; 0 for a warning.
    pub exit_codes: Vec<u8>,
    /// Commands that end with this code, in a fresh project; lines that go on begin with `> `.
    pub example: Option<String>,
    /// All codes, when none was asked for.
    pub codes: Vec<String>,
}

impl Report for ExplainCodeReport {
    const SCHEMA: &'static str = "cli-explain";

    fn human(&self, style: &Style) -> String {
        match (&self.code, &self.text) {
            (Some(code), Some(text)) => format!("{}\n\n{}\n", style.bold(code), plain(text)),
            _ => self.codes.iter().map(|code| format!("{code}\n")).collect(),
        }
    }
}

/// A section without the marks of Markdown: no asterisks, code indented.
pub(super) fn plain(text: &str) -> String {
    let mut code = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            code = !code;
        } else if code {
            lines.push(format!("    {line}"));
        } else {
            lines.push(line.replace("**", ""));
        }
    }
    lines.join("\n")
}
