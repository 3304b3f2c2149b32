//! The journal: what a build is about to make is written down before packer starts, so that a killed run can be
//! cleared away by the next one. One file per build below `.hybrid/journal/`.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use hc_core::fs::{FsError, create_dirs, file_names, io_error, read_limited, write_atomic};
use hc_core::{BuildId, RunId, Target};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::error::RecordError;
use crate::layout;
use crate::schema_tag::{SchemaTag, json};

/// Largest entry that is read, in bytes.
const LIMIT: u64 = 1 << 20;

/// One build that has begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct JournalEntry {
    /// Which schema this document follows.
    pub schema: SchemaTag,
    /// The build.
    pub build_id: BuildId,
    /// Builder and environment.
    pub target: Target,
    /// The run.
    pub run_id: RunId,
    /// Process that runs it.
    pub pid: u32,
    /// Its host.
    pub host: String,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub started_at: OffsetDateTime,
    /// Work directory, relative to the project.
    pub work: String,
    /// Directory of its image files, relative to the project.
    pub output: String,
    /// Raw log, relative to the project.
    pub log: String,
    /// Variables that name what is made on the platform: `vm_name`, `resource_group_name`, …
    pub names: BTreeMap<String, String>,
    /// What its sources call and place what they make, by `type.name`: `vm_name`, `region`, …
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<String, BTreeMap<String, String>>,
    /// The build that it starts from; `clean` leaves that alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<BuildId>,
}

impl JournalEntry {
    /// Writes the entry to its place.
    ///
    /// # Errors
    /// When it cannot be written: a build that could not be cleared away must not start.
    pub fn write(&self, root: &Path) -> Result<(), RecordError> {
        create_dirs(&root.join(layout::JOURNAL))?;
        let path = root.join(layout::journal_entry(self.build_id.as_str()));
        Ok(write_atomic(&path, json(self).as_bytes(), 0o644)?)
    }
}

/// Removes the entry of a build that ended by itself or was cleared away. One that is gone already is not an error.
///
/// # Errors
/// When it cannot be removed.
pub fn remove(root: &Path, build: &BuildId) -> Result<(), FsError> {
    let path = root.join(layout::journal_entry(build.as_str()));
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io_error("remove", &path)(error)),
        _ => Ok(()),
    }
}

/// Names of all builds that have an entry, readable or not.
///
/// # Errors
/// When the journal cannot be listed.
pub fn builds(root: &Path) -> Result<Vec<String>, FsError> {
    let names = file_names(&root.join(layout::JOURNAL))?;
    Ok(names.iter().filter_map(|name| name.strip_suffix(".json")).map(str::to_owned).collect())
}

/// Entries that can be read. The others are never acted on, and [`builds`] still names them.
pub fn entries(root: &Path) -> Vec<JournalEntry> {
    let names = builds(root).unwrap_or_default();
    names
        .iter()
        .filter_map(|build| read_limited(&root.join(layout::journal_entry(build)), LIMIT).ok().flatten())
        .filter_map(|bytes| serde_json::from_slice(&bytes).ok())
        .collect()
}
