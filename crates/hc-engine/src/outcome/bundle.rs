//! `hybrid diag bundle`.

use serde::Serialize;

/// A written bundle.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BundleDoc {
    /// The archive.
    pub path: String,
    /// How many files are in it.
    pub files: usize,
    /// Files that could not be taken, and why.
    pub skipped: Vec<String>,
    /// How many secrets were replaced on the way.
    pub replaced: u64,
    /// When it may be removed, RFC 3339.
    pub expires_at: Option<String>,
}
