//! `hybrid doctor`.

use serde::Serialize;

use super::{Report, Style, table};
use crate::exit_code::ExitCode;

/// What this machine has.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DoctorReport {
    /// One entry per check.
    pub checks: Vec<CheckDoc>,
    /// Every program that the targets, hybrid and the command line ask for, sorted.
    pub tools: Vec<ToolDoc>,
    /// Programs that are required and missing, sorted.
    pub missing: Vec<String>,
    /// How to get them, and the rest of an installation that broke off; null when that is nothing, or where no known
    /// package manager is.
    pub install: Option<InstallDoc>,
    /// Packages that this run installed, sorted.
    pub installed: Vec<String>,
}

/// One check.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CheckDoc {
    /// What was looked at.
    pub name: String,
    /// `ok`, `missing` or `bad`.
    pub status: String,
    /// What was found.
    pub detail: String,
    /// Whether a build cannot do without it.
    pub required: bool,
}

/// One program.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ToolDoc {
    /// The command.
    pub command: String,
    /// Where it is; null when it is missing.
    pub path: Option<String>,
    /// Whether something fails without it.
    pub required: bool,
    /// Builders, suites and parts of hybrid that need it.
    pub needed_by: Vec<String>,
    /// The system's packages that have it; empty where no known package manager is.
    pub packages: Vec<String>,
}

/// How to get what is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InstallDoc {
    /// The package manager: `apt-get`, `dnf`, `zypper`, `pacman`, `apk` or `brew`.
    pub manager: String,
    /// Packages, sorted.
    pub packages: Vec<String>,
    /// One line for a shell.
    pub command: String,
}

impl Report for DoctorReport {
    const SCHEMA: &'static str = "cli-doctor";

    fn human(&self, style: &Style) -> String {
        let rows = self.checks.iter().map(|check| {
            let status = match check.status.as_str() {
                "ok" => style.good("ok"),
                other if check.required => style.bad(other),
                other => style.warn(other),
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

    fn exit_code(&self) -> ExitCode {
        let bad = self.checks.iter().any(|check| check.required && check.status != "ok");
        if bad { ExitCode::Invalid } else { ExitCode::Success }
    }
}
