//! `hybrid build` and `hybrid artifacts …`.

use hc_config::Diagnostic;
use hc_core::ExitClass;
use hc_packer::result::PackerResult;
use hc_records::ArtifactRecord;
use serde::{Serialize, Serializer};

/// What was built.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuildReport {
    /// Environment.
    pub env: String,
    /// One entry per target, in the order in which they ended.
    pub builds: Vec<BuildDoc>,
    /// Targets that `--stale` left out because they are up to date.
    pub up_to_date: Vec<String>,
    /// Targets that never started, and why.
    pub skipped: Vec<SkippedDoc>,
}

/// One build.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuildDoc {
    /// Builder id.
    pub builder: String,
    /// Unique id of this build.
    pub build_id: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// What packer's run came to.
    pub result: PackerResult,
    /// The record in `artifacts/`; null when the build failed.
    pub artifact: Option<ArtifactRecord>,
    /// Files of the project that the run was seen to use and that were no inputs until then. The names in a directory
    /// end with a slash.
    pub observed: Vec<String>,
    /// What people are told of it.
    #[serde(skip)]
    pub warnings: Vec<Diagnostic>,
}

/// A target that never started.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SkippedDoc {
    /// Builder id.
    pub builder: String,
    /// Why.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub reason: Skip,
}

/// Why a target never started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skip {
    /// The run was asked to stop.
    Interrupted,
    /// Another target violated a security rule: nothing more may start.
    Violated,
    /// Another target failed, and nothing more was to start.
    FailFast,
    /// Its parent was not built.
    ParentNotBuilt,
    /// It is its own ancestor.
    WaitsForItself,
    /// Its files cannot be used.
    Broken,
}

impl Skip {
    /// The words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Interrupted => "the run was interrupted",
            Self::Violated => "another target violated a security rule",
            Self::FailFast => "another target failed (--fail-fast)",
            Self::ParentNotBuilt => "its parent was not built",
            Self::WaitsForItself => "it waits for itself",
            Self::Broken => "its files have errors",
        }
    }
}

impl Serialize for Skip {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.words())
    }
}

/// How a run of these builds ends for its caller.
pub fn class(builds: &[BuildDoc], skipped: &[SkippedDoc]) -> ExitClass {
    let stopped = skipped.iter().map(|skipped| match skipped.reason {
        Skip::Interrupted => ExitClass::Interrupted,
        Skip::Broken => ExitClass::Invalid,
        Skip::FailFast | Skip::Violated | Skip::ParentNotBuilt | Skip::WaitsForItself => ExitClass::Success,
    });
    let stopped = stopped.max().unwrap_or(ExitClass::Success);
    let builds = builds.iter().map(|build| ExitClass::from_number(build.result.exit_code));
    builds.fold(stopped, worse)
}

/// The one of two that a caller of several builds has to know. A security violation stops the other builds, so it tells
/// more than that they were stopped.
pub fn worse(one: ExitClass, other: ExitClass) -> ExitClass {
    if one == ExitClass::Security || other == ExitClass::Security {
        ExitClass::Security
    } else {
        one.max(other)
    }
}

impl BuildReport {
    /// How the run ends for its caller.
    pub fn class(&self) -> ExitClass {
        class(&self.builds, &self.skipped)
    }

    /// What people are told: the warnings of all builds, and one error per build that failed or was stopped.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let failed = self.builds.iter().filter(|build| build.result.exit_code != 0);
        let warnings = self.builds.iter().flat_map(|build| build.warnings.iter().cloned());
        let violated = self.class() == ExitClass::Security;
        let failures = failed.map(|build| {
            let (builder, result) = (&build.builder, &build.result);
            let mut failure = match ExitClass::from_number(result.exit_code) {
                ExitClass::Interrupted => {
                    let why = if violated { Skip::Violated.words() } else { "by request" };
                    let comma = if violated { ":" } else { "" };
                    Diagnostic::error("Interrupted", format!("{builder} was stopped{comma} {why}"))
                }
                _ => Diagnostic::error(
                    "BuildFailed",
                    format!("{builder} was not built ({})", result.classification),
                ),
            };
            failure.hint = result.log_path.as_ref().map(|log| format!("packer's words are in {log}"));
            failure
        });
        warnings.chain(failures).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_was_stopped_between_two_builds_is_interrupted() {
        let skipped = |reason: Skip| {
            let skipped = vec![SkippedDoc { builder: "linux.file.motd".into(), reason }];
            BuildReport { env: "dev".into(), builds: Vec::new(), up_to_date: Vec::new(), skipped }
        };
        assert_eq!(skipped(Skip::Interrupted).class(), ExitClass::Interrupted);
        assert_eq!(skipped(Skip::ParentNotBuilt).class(), ExitClass::Success);
    }
}
