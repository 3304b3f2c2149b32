//! Where the logs of a builder are and how long they are kept: `state/packer/logs/<builder>.json` (PKR-11).
//!
//! hc-state knows the path and writes the bytes; this is the format.

use std::collections::BTreeMap;

use hc_core::{BuildId, BuilderId, EnvName};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::schema_tag::{SchemaTag, json};

/// `state/packer/logs/<builder>.json`: where the logs of a builder are and how long they are kept (PKR-11).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LogSummary {
    /// Which schema this document follows.
    pub schema: SchemaTag,
    /// The builder.
    pub builder: BuilderId,
    /// The environment of the newest build.
    pub env: EnvName,
    /// The newest build.
    pub build_id: BuildId,
    /// Image ids, or paths of image files.
    pub artifacts: Vec<String>,
    /// Packer's manifest, relative to the project.
    pub manifest_path: Option<String>,
    /// Raw log, relative to the project.
    pub log_path: Option<String>,
    /// How many replacements the redactor made in the log, by rule; null when it was not counted.
    pub scrub_manifest: Option<BTreeMap<String, u64>>,
    /// `evidence`, `standard` or `ephemeral`.
    pub retention_class: String,
    /// When the log may be removed, RFC 3339; null: never.
    #[serde(with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub expires_at: Option<OffsetDateTime>,
    /// Logs of earlier builds, of any environment, that were still there when the newest one was recorded.
    #[serde(default)]
    pub earlier: Vec<RetainedLog>,
}

/// A raw log of an earlier build, and how long it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RetainedLog {
    /// The log, relative to the project.
    pub path: String,
    /// `evidence`, `standard` or `ephemeral`.
    pub retention_class: String,
    /// When it may be removed, RFC 3339; null: never.
    #[serde(with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub expires_at: Option<OffsetDateTime>,
}

impl LogSummary {
    /// Every log that it tells of, the newest build's first.
    pub fn logs(&self) -> Vec<RetainedLog> {
        let newest = self.log_path.as_ref().map(|path| RetainedLog {
            path: path.clone(),
            retention_class: self.retention_class.clone(),
            expires_at: self.expires_at,
        });
        newest.into_iter().chain(self.earlier.iter().cloned()).collect()
    }

    /// The bytes of the file.
    pub fn to_json(&self) -> String {
        json(self)
    }

    /// Reads what [`to_json`](Self::to_json) wrote; `None` for anything else.
    pub fn from_json(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}
