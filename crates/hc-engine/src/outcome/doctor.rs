//! What this machine has for a project.

use serde::Serialize;

use crate::error::EngineError;

/// What this machine has.
#[derive(Debug, Serialize)]
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
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CheckDoc {
    /// What was looked at.
    pub name: String,
    /// What came of it.
    pub status: CheckStatus,
    /// What was found.
    pub detail: String,
    /// Whether a build cannot do without it.
    pub required: bool,
    /// Why packer cannot be used, for a program that knows the cure.
    #[serde(skip)]
    pub problem: Option<EngineError>,
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

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum CheckStatus {
    /// All is well.
    Ok,
    /// It is not here.
    Missing,
    /// It cannot be used.
    Bad,
}

impl CheckStatus {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Missing => "missing",
            Self::Bad => "bad",
        }
    }
}
