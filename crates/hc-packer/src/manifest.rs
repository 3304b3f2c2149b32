//! The file of packer's manifest post-processor.

use std::collections::BTreeMap;
use std::path::Path;

use hc_core::fs::{FsError, read_limited, write_unsynced};
use serde::Deserialize;

use crate::redact::Redact;

/// Largest manifest that is read, in bytes.
const LIMIT: u64 = 32 << 20;

/// A manifest.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct PackerManifest {
    /// Builds, oldest first.
    #[serde(default)]
    pub builds: Vec<Build>,
}

/// One build of a manifest.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
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
    /// What the template adds; packer writes null for nothing.
    #[serde(default, deserialize_with = "texts")]
    pub custom_data: BTreeMap<String, String>,
}

impl Build {
    /// The source that it was built from, `amazon-ebs.base`.
    pub fn address(&self) -> String {
        format!("{}.{}", self.builder_type, self.name)
    }
}

/// The texts of a map, or null.
fn texts<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let all: Option<BTreeMap<String, serde_json::Value>> = Option::deserialize(deserializer)?;
    let text = |(name, value): (String, serde_json::Value)| Some((name, value.as_str()?.to_owned()));
    Ok(all.unwrap_or_default().into_iter().filter_map(text).collect())
}

/// One file of a manifest.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct File {
    /// Path as packer wrote it.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
}

/// Reads a manifest, and takes the secrets out of the file: `custom_data` may hold any variable (LOG-2). `None` for a
/// file that does not exist or is not a manifest.
///
/// # Errors
/// [`FsError`] when it cannot be read or cleaned.
pub fn take(path: &Path, redact: &dyn Redact) -> Result<Option<PackerManifest>, FsError> {
    let Some(bytes) = read_limited(path, LIMIT)? else { return Ok(None) };
    let clean = redact.probe(&bytes);
    if clean != bytes {
        write_unsynced(path, &clean)?;
    }
    Ok(serde_json::from_slice(&bytes).ok())
}
