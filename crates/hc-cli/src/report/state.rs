//! `hybrid state …` and `hybrid diag state`.

use hc_core::ExitClass;
use hc_engine::outcome::state::{BackupsReport, FindingsReport, StateChangeReport, StateReport};
use hc_state::StateSeverity;

use super::diagnostics::{one_line, visible};
use super::{Report, Style, table};
use crate::command_error::CommandError;

impl Report for StateReport {
    const SCHEMA: &'static str = "cli-state";

    fn human(&self, _: &Style) -> String {
        match &self.state {
            Some(state) => format!("{}\n", serde_json::to_string_pretty(state).unwrap_or_default()),
            None => "no state was written yet\n".into(),
        }
    }
}

/// Puts the cure of the error into a finding that stands for one.
pub fn with_cures(mut report: FindingsReport) -> FindingsReport {
    for finding in &mut report.findings {
        if let Some(hint) = finding.problem.take().and_then(|problem| CommandError::from(problem).hint) {
            finding.hint = hint;
        }
    }
    report
}

impl Report for FindingsReport {
    const SCHEMA: &'static str = "cli-state-check";

    fn human(&self, style: &Style) -> String {
        let mut text = String::new();
        for finding in &self.findings {
            let word = match finding.severity {
                StateSeverity::Error => style.bad("error"),
                StateSeverity::Warning | StateSeverity::Info => style.warn("warning"),
            };
            text.push_str(&format!(
                "{word}[{}] {}: {}\n",
                finding.code,
                one_line(&finding.subject),
                visible(&finding.message)
            ));
            text.push_str(&format!("  {}\n", style.dim(&format!("{} ({})", finding.hint, finding.link))));
        }
        if text.is_empty() {
            text = "nothing to report\n".into();
        }
        for tested in &self.provenance {
            let word = if tested.passed { style.good("passed") } else { style.bad("failed") };
            let at = tested.at.get(..19).unwrap_or(&tested.at).replace('T', " ");
            let links = one_line(&tested.links.join(", "));
            text.push_str(&format!(
                "{word} {} on {} at {at}: {links}\n",
                one_line(&tested.suite),
                tested.build_id
            ));
        }
        text
    }

    fn exit_code(&self) -> ExitClass {
        let bad = self.findings.iter().any(|finding| finding.severity == StateSeverity::Error);
        if bad { ExitClass::Invalid } else { ExitClass::Success }
    }
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

impl Report for StateChangeReport {
    const SCHEMA: &'static str = "cli-state-change";

    fn human(&self, _: &Style) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }
}
