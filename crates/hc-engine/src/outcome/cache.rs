//! `hybrid cache …`.

use serde::Serialize;

/// Downloads in the store.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CacheReport {
    /// What was done.
    pub action: CacheAction,
    /// What is in the store; after `prune`, what was removed.
    pub files: Vec<CachedFile>,
}

/// What was done with the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum CacheAction {
    /// It was listed.
    List,
    /// Every file was read again.
    Verify,
    /// What no builder wants was removed.
    Prune,
}

/// One download.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CachedFile {
    /// Path, relative to the project.
    pub path: String,
    /// Its checksum.
    pub checksum: String,
    /// Size in bytes.
    pub size: u64,
    /// How it stands.
    pub status: CacheStatus,
    /// Builders that want it.
    pub builders: Vec<String>,
}

/// How a download stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum CacheStatus {
    /// It is in the store.
    Kept,
    /// Its content is what its checksum says.
    Intact,
    /// Its content is not what its checksum says.
    Changed,
    /// It was removed.
    Removed,
}

impl CacheStatus {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Intact => "intact",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}
