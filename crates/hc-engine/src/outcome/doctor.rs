//! What this machine has for a project.

use serde::Serialize;

use crate::error::EngineError;

/// What this machine has.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DoctorReport {
    /// One entry per check.
    pub checks: Vec<CheckDoc>,
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
