//! `hybrid doctor`.

use hc_core::ExitClass;
use hc_engine::outcome::doctor::{CheckStatus, DoctorReport};

use super::{Report, Style, table};
use crate::command_error::CommandError;

/// Adds the cure to every check that failed by an error.
pub fn with_cures(mut report: DoctorReport) -> DoctorReport {
    for check in &mut report.checks {
        if let Some(hint) = check.problem.take().and_then(|problem| CommandError::from(problem).hint) {
            check.detail.push_str(&format!(" ({hint})"));
        }
    }
    report
}

impl Report for DoctorReport {
    const SCHEMA: &'static str = "cli-doctor";

    fn human(&self, style: &Style) -> String {
        let rows = self.checks.iter().map(|check| {
            let word = check.status.word();
            let status = match check.status {
                CheckStatus::Ok => style.good(word),
                CheckStatus::Missing | CheckStatus::Bad if check.required => style.bad(word),
                CheckStatus::Missing | CheckStatus::Bad => style.warn(word),
            };
            vec![status, check.name.clone(), check.detail.clone()]
        });
        let mut out = table::table(&["status", "check", "detail"], rows.collect(), style);
        if !self.installed.is_empty() {
            out.push_str(&format!("\ninstalled: {}\n", self.installed.join(" ")));
        }
        if !self.missing.is_empty() {
            out.push_str(&format!("\nmissing: {}\n", self.missing.join(" ")));
        }
        match &self.install {
            Some(install) => out.push_str(&format!("install:  {}\n", install.command)),
            None if self.missing.is_empty() => {}
            None => out.push_str("install them with the package manager of this machine\n"),
        }
        out
    }

    fn exit_code(&self) -> ExitClass {
        let bad = self.checks.iter().any(|check| check.required && check.status != CheckStatus::Ok);
        if bad { ExitClass::Invalid } else { ExitClass::Success }
    }
}
