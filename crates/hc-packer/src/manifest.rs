//! The file of packer's manifest post-processor.

use std::path::Path;

use hc_core::fs::{FsError, read_limited};
use serde::Deserialize;

/// Largest manifest that is read, in bytes.
const LIMIT: u64 = 32 << 20;

/// A manifest.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Manifest {
    /// Builds, oldest first.
    #[serde(default)]
    pub builds: Vec<Build>,
}

/// One build of a manifest.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Build {
    /// Source name without its type.
    pub name: String,
    /// Type of the builder.
    pub builder_type: String,
    /// Files; packer writes null for none.
    #[serde(default)]
    pub files: Option<Vec<File>>,
    /// Image id; comma separated for several regions.
    #[serde(default)]
    pub artifact_id: String,
}

/// One file of a manifest.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct File {
    /// Path as packer wrote it.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
}

/// Reads a manifest; `None` when there is none, or when it is no manifest.
///
/// # Errors
/// [`FsError`] when it cannot be read.
pub fn read(path: &Path) -> Result<Option<Manifest>, FsError> {
    Ok(read_limited(path, LIMIT)?.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}
