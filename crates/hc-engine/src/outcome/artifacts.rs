//! `hybrid artifacts …`.

use hc_records::{ArtifactRecord, ParentImage};
use serde::Serialize;

use crate::outcome::gate::InputChange;

/// Built images.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArtifactsReport {
    /// Records, newest first.
    pub artifacts: Vec<ArtifactRecord>,
}

/// One image.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArtifactReport {
    /// Its record.
    pub artifact: ArtifactRecord,
    /// What it was made from, nearest first; filled where it was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lineage: Vec<ParentImage>,
}

/// Whether image files still are what was recorded.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VerifyReport {
    /// One entry per image file, and one per record that is not what the state sealed.
    pub files: Vec<VerifiedFile>,
}

/// One image file or record.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VerifiedFile {
    /// Build id.
    pub build_id: String,
    /// Path.
    pub path: String,
    /// What it is now.
    pub status: FileStatus,
}

/// What an image file is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum FileStatus {
    /// What was recorded.
    Intact,
    /// Something else.
    Changed,
    /// Not there, or not readable.
    Gone,
}

impl FileStatus {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Intact => "intact",
            Self::Changed => "changed",
            Self::Gone => "gone",
        }
    }
}

/// A build that was revoked.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RevokedReport {
    /// The build.
    pub build_id: String,
    /// Why.
    pub reason: String,
    /// Channels that offered it and do not any more.
    pub channels: Vec<String>,
}

/// Which inputs differ between two builds.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArtifactDiffReport {
    /// First build.
    pub left: String,
    /// Second build.
    pub right: String,
    /// Inputs that differ.
    pub changes: Vec<InputChange>,
}
