//! `hybrid test`.

use hc_core::ExitClass;
use hc_engine::outcome::suite::SuitesReport;

use super::{Report, Style, table};

impl Report for SuitesReport {
    const SCHEMA: &'static str = "cli-test";

    fn human(&self, style: &Style) -> String {
        let rows = self.suites.iter().map(|suite| {
            let verdict = if suite.passed { style.good("passed") } else { style.bad("failed") };
            let log = suite.links.first().cloned().unwrap_or_default();
            vec![
                suite.builder.clone(),
                suite.suite.clone(),
                verdict,
                table::duration(suite.duration_ms),
                if suite.passed { log } else { format!("{}; {log}", suite.detail) },
            ]
        });
        let mut text = table::table(&["builder", "suite", "verdict", "took", "log"], rows.collect(), style);
        for line in &self.untested {
            text.push_str(&style.dim(&format!("not tested: {line}\n")));
        }
        text
    }

    fn exit_code(&self) -> ExitClass {
        if self.suites.iter().all(|suite| suite.passed) { ExitClass::Success } else { ExitClass::Invalid }
    }
}
