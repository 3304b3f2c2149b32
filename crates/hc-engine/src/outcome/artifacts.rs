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

/// Whether images still are what was recorded: files here, and images on platforms.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VerifyReport {
    /// One entry per image file, and one per record that is not what the state sealed.
    pub files: Vec<VerifiedFile>,
    /// One entry per image on a platform, and region.
    pub images: Vec<VerifiedImage>,
    /// Whether an image that nobody could be asked about counts as one that is not there.
    pub strict: bool,
}

/// One image on a platform.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VerifiedImage {
    /// Build id.
    pub build_id: String,
    /// Whose it is: `aws`, `vsphere`, …
    pub provider: String,
    /// What it is: `ami`, `template`, …
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Its region.
    pub region: Option<String>,
    /// What it is now.
    pub status: ImageStatus,
    /// What changed, or why it is not known.
    pub reason: Option<String>,
}

/// What an image on a platform is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ImageStatus {
    /// There, and the same as far as the platform tells.
    Present,
    /// There, and something else.
    Changed,
    /// Not there.
    Gone,
    /// Nobody could be asked.
    Unverified,
}

impl ImageStatus {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Changed => "changed",
            Self::Gone => "gone",
            Self::Unverified => "unverified",
        }
    }
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
