//! `hybrid state …` and `hybrid diag state`.

use hc_state::State;
use serde::Serialize;

use super::diagnostics::{one_line, visible};
use super::{Report, Style, table};
use hc_core::ExitClass;

/// The state as it is.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StateReport {
    /// The state; null before the first write.
    pub state: Option<State>,
}

impl Report for StateReport {
    const SCHEMA: &'static str = "cli-state";

    fn human(&self, _: &Style) -> String {
        match &self.state {
            Some(state) => format!("{}\n", serde_json::to_string_pretty(state).unwrap_or_default()),
            None => "no state was written yet\n".into(),
        }
    }
}

/// What is wrong with the state.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FindingsReport {
    /// Findings, the gravest first.
    pub findings: Vec<FindingDoc>,
}

/// One finding.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FindingDoc {
    /// `error` or `warning`.
    pub severity: String,
    /// Code.
    pub code: String,
    /// What it is about: a target, a file.
    pub subject: String,
    /// What is wrong.
    pub message: String,
    /// The cure.
    pub hint: String,
    /// Where the remediation is described.
    pub link: String,
}

impl Report for FindingsReport {
    const SCHEMA: &'static str = "cli-state-check";

    fn human(&self, style: &Style) -> String {
        let mut text = String::new();
        for finding in &self.findings {
            let word = if finding.severity == "error" { style.bad("error") } else { style.warn("warning") };
            text.push_str(&format!(
                "{word}[{}] {}: {}\n",
                finding.code,
                one_line(&finding.subject),
                visible(&finding.message)
            ));
            text.push_str(&format!("  {}\n", style.dim(&format!("{} ({})", finding.hint, finding.link))));
        }
        if text.is_empty() { "nothing to report\n".into() } else { text }
    }

    fn exit_code(&self) -> ExitClass {
        let bad = self.findings.iter().any(|finding| finding.severity == "error");
        if bad { ExitClass::Invalid } else { ExitClass::Success }
    }
}

/// Backups of the state.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BackupsReport {
    /// Newest first.
    pub backups: Vec<BackupDoc>,
}

/// One backup.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BackupDoc {
    /// Serial of the state in it.
    pub serial: u64,
    /// File, relative to the project.
    pub path: String,
    /// `good`, or what is wrong with it.
    pub validity: String,
}

impl Report for BackupsReport {
    const SCHEMA: &'static str = "cli-state-backups";

    fn human(&self, style: &Style) -> String {
        let rows = self
            .backups
            .iter()
            .map(|backup| vec![backup.serial.to_string(), backup.validity.clone(), backup.path.clone()]);
        let text = table::table(&["serial", "validity", "file"], rows.collect(), style);
        if text.is_empty() { "no backups yet\n".into() } else { text }
    }
}

/// What a change of the state came to, in words.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StateChangeReport {
    /// What was, or would be, done.
    pub lines: Vec<String>,
    /// Whether anything was changed.
    pub changed: bool,
}

impl Report for StateChangeReport {
    const SCHEMA: &'static str = "cli-state-change";

    fn human(&self, _: &Style) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }
}
