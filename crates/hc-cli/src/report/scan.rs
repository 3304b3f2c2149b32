//! `hybrid templates scan`.

use hc_core::ExitClass;
use hc_engine::outcome::scan::ScanReport;
use hc_logs::scan::SecretSeverity;

use super::{Report, Style, table};

impl Report for ScanReport {
    const SCHEMA: &'static str = "cli-secret-scan";

    fn human(&self, style: &Style) -> String {
        let rows = self.findings.iter().map(|finding| {
            let severity = match finding.severity {
                SecretSeverity::Error => style.bad("error"),
                SecretSeverity::Info => style.dim("info"),
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
