//! `hybrid test`.

use serde::Serialize;

use super::{Report, Style, table};
use hc_core::ExitClass;

/// What the suites said.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SuitesReport {
    /// Environment.
    pub env: String,
    /// One entry per suite that ran.
    pub suites: Vec<SuiteDoc>,
    /// Selected builders on which nothing ran, and why.
    pub untested: Vec<String>,
}

/// One suite on one image.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SuiteDoc {
    /// Builder id.
    pub builder: String,
    /// The build that was tested.
    pub build_id: String,
    /// Suite.
    pub suite: String,
    /// Whether it passed.
    pub passed: bool,
    /// Why it failed; empty when it passed.
    pub detail: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Its log and the record of the image, relative to the project.
    pub links: Vec<String>,
}

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
