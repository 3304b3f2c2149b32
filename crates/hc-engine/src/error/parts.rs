//! What errors say beside their sentence, as data.

use std::fmt;

use hc_core::{BuilderId, EnvName, Target};

/// Who needs a program that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needs {
    /// A target, for the SSH key of its run.
    RunKey(Target),
    /// A test suite of a builder.
    Suite {
        /// Name of the suite.
        suite: String,
        /// The builder.
        builder: BuilderId,
    },
    /// A test suite of a builder, besides its own program.
    SuiteTool {
        /// Name of the suite.
        suite: String,
        /// The builder.
        builder: BuilderId,
        /// The environment.
        env: EnvName,
    },
    /// A publish hook.
    Hook,
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RunKey(target) => write!(f, "{target}"),
            Self::Suite { suite, builder } | Self::SuiteTool { suite, builder, .. } => {
                write!(f, "suite `{suite}` of {builder}")
            }
            Self::Hook => f.write_str("a publish hook"),
        }
    }
}

/// Why an environment cannot be worked in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnknownEnv {
    /// The name breaks the rules of names.
    NotAName,
    /// No overlay knows it; these are known.
    NoOverlay(Vec<EnvName>),
}

/// Which list of accepted secrets cannot be used, and why.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct AcceptedError {
    /// Which list.
    pub list: AcceptedList,
    /// What is wrong with it.
    pub source: hc_logs::LogError,
}

/// A list of plaintext secrets that are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptedList {
    /// `[[security.allow]]` of hybrid.toml.
    Allow,
    /// The baseline file.
    Baseline,
}
