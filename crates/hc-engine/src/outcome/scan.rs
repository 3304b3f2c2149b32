//! `hybrid templates scan`.

use hc_logs::scan::{SecretFinding, SecretSeverity};
use serde::Serialize;

/// What looks like a secret in the inputs.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ScanReport {
    /// Whether the baseline was written; then nothing is listed.
    pub written: bool,
    /// The baseline, relative to the project.
    pub baseline: String,
    /// How many findings the baseline accepts.
    pub accepted: usize,
    /// How many entries of the baseline stand for nothing any more.
    pub gone: usize,
    /// Findings that are not accepted, by file and line.
    pub findings: Vec<FindingDoc>,
}

impl ScanReport {
    /// How many findings stop `validate`.
    pub fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.severity == SecretSeverity::Error).count()
    }
}

/// One finding, without the secret.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FindingDoc {
    /// File, relative to the project.
    pub path: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The rule.
    pub rule: String,
    /// What it is, in words.
    pub description: String,
    /// `error` stops `validate`; `info` is a guess.
    pub severity: SecretSeverity,
}

impl From<&SecretFinding> for FindingDoc {
    fn from(finding: &SecretFinding) -> Self {
        Self {
            path: finding.path.display().to_string(),
            line: finding.line,
            column: finding.column,
            rule: finding.rule.into(),
            description: finding.description.into(),
            severity: finding.severity,
        }
    }
}
