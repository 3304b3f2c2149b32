//! What the state knows of targets: trusted inputs, the last build, verdicts, what is offered and what was taken back.

use hc_core::{BuildId, Digest, RunId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// What is known about one target.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuilderRecord {
    /// The last build that ran, whatever its outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_build: Option<BuildSummary>,
    /// Test results, oldest first, at most 50 (STATE-4).
    pub provenance: Vec<SuiteResult>,
    /// The template that makes this image, as its path or id in the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    /// The inputs on which `validate` passed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted: Option<Trust>,
}

/// Inputs that were validated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Trust {
    /// When `validate` passed.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub at: OffsetDateTime,
    /// Commit of the project at that time; absent outside git.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_sha: Option<String>,
    /// Combined digest of all inputs.
    pub inputs: Digest,
    /// Digest of the bytes of the trusted manifest beside the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
    /// The run that validated.
    pub run_id: RunId,
}

/// The outcome of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuildSummary {
    /// What the build made.
    pub artifacts: Vec<ArtifactRef>,
    /// When it ended.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub at: OffsetDateTime,
    /// Id of the build, stem of its artifact record.
    pub build_id: BuildId,
    /// How the outcome was classified: `success`, `transient`, …
    pub classification: String,
    /// Whether the working tree had changes that no commit holds.
    pub dirty: bool,
    /// Duration in milliseconds.
    pub duration_ms: u64,
    /// Exit code of the result (0 success, 1 configuration, 2 transient, 3 security, 130 interrupted).
    pub exit_code: i32,
    /// Commit of the project; absent outside git.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_sha: Option<String>,
    /// Combined digest of the inputs that were built.
    pub inputs: Digest,
    /// Digest of the hash manifest `artifacts/<builder>.hash.json` of this build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
    /// Digest of the bytes of the build's record `artifacts/<build>.json`: the seal that every reader compares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Digest>,
    /// The run that built.
    pub run_id: RunId,
    /// Serial of the state that first held this build; orders builds whatever clocks said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<u64>,
}

impl BuildSummary {
    /// Whether the build made what it should.
    pub fn succeeded(&self) -> bool {
        self.exit_code == 0
    }
}

/// One thing that a build made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArtifactRef {
    /// BLAKE3 of the file, for artifacts that are files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Image id as the platform names it.
    pub id: String,
    /// Path relative to the project, for artifacts that are files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Size in bytes, for artifacts that are files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// The result of one test suite on one build (STATE-4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Provenance"))]
pub struct SuiteResult {
    /// When the suite ended.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub at: OffsetDateTime,
    /// The build that was tested.
    pub build_id: BuildId,
    /// Digest of the suite: its command, and the files of the project that it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Digest>,
    /// Where its artifacts and reports are: paths or urls.
    pub links: Vec<String>,
    /// Whether the suite passed.
    pub passed: bool,
    /// Digest of the record of the build that was tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Digest>,
    /// The run that tested.
    pub run_id: RunId,
    /// Name of the suite in builder.toml.
    pub suite: String,
}

/// A build in a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Publication {
    /// When it was published.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub at: OffsetDateTime,
    /// Which build.
    pub build_id: BuildId,
    /// Digest of the bytes of its record: the seal that a child compares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Digest>,
    /// The run that published.
    pub run_id: RunId,
}

/// A build that was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Revocation {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub at: OffsetDateTime,
    /// Who.
    pub operator: String,
    /// Why.
    pub reason: String,
    /// The run that did it.
    pub run_id: RunId,
}
