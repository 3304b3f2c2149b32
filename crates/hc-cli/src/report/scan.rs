//! `hybrid templates scan`.

use hc_logs::scan::{Finding, Severity};
use serde::Serialize;

use super::{Report, Style, table};
use hc_core::ExitClass;

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
    /// What nobody accepted, by file and line.
    pub findings: Vec<FindingDoc>,
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
    pub severity: String,
}

impl From<&Finding> for FindingDoc {
    fn from(finding: &Finding) -> Self {
        Self {
            path: finding.path.display().to_string(),
            line: finding.line,
            column: finding.column,
            rule: finding.rule.into(),
            description: finding.description.into(),
            severity: match finding.severity {
                Severity::Error => "error",
                Severity::Info => "info",
            }
            .into(),
        }
    }
}

impl ScanReport {
    fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.severity == "error").count()
    }
}

impl Report for ScanReport {
    const SCHEMA: &'static str = "cli-secret-scan";

    fn human(&self, style: &Style) -> String {
        let rows = self.findings.iter().map(|finding| {
            let severity = match finding.severity.as_str() {
                "error" => style.bad("error"),
                other => style.dim(other),
            };
            let place = format!("{}:{}:{}", finding.path, finding.line, finding.column);
            vec![severity, place, finding.rule.clone(), finding.description.clone()]
        });
        let mut text = table::table(&["severity", "place", "rule", "what"], rows.collect(), style);
        let (baseline, accepted) = (&self.baseline, self.accepted);
        text.push_str(&match (self.written, self.errors()) {
            (true, _) => format!("{baseline} now accepts {accepted}; each stays accepted until its line changes\n"),
            (false, 0) => format!("no plaintext secret ({accepted} accepted by {baseline})\n"),
            (false, errors) => format!(
                "{errors} would stop validate ({accepted} accepted by {baseline}); revoke them and refer to them by \
                 env(\"NAME\"), or accept what cannot be helped with --write-baseline\n"
            ),
        });
        if self.gone > 0 && !self.written {
            let gone = self.gone;
            text.push_str(&format!("{gone} of the baseline are gone; --write-baseline forgets them\n"));
        }
        text
    }

    fn exit_code(&self) -> ExitClass {
        if self.errors() > 0 { ExitClass::Security } else { ExitClass::Success }
    }
}
