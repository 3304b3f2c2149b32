//! The state, version 2: what is in `state/packer-hybrid.json`.
//!
//! Fields are declared in alphabetical order, because that is the order they are written in (a test holds
//! this). Unknown fields are refused: a writer that does not know a field would lose it. Every change of
//! these types is a new [`VERSION`] and a step in [`crate::migrate`].

mod builds;

use std::collections::BTreeMap;

use hc_core::{BuildId, Digest, RunId, Target};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

pub use builds::{ArtifactRef, BuildSummary, BuilderRecord, Publication, Revocation, SuiteResult, Trust};

use crate::lineage::{Lineage, Revision};

/// The schema version that this crate reads and writes.
pub const VERSION: u32 = 2;
/// How many runs are kept, newest last.
pub const MAX_RUNS: usize = 50;
/// How many test records are kept per builder, newest last.
pub const MAX_PROVENANCE: usize = 50;

/// The state of a project (STATE-1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct State {
    /// End of the audit log when this state was written; shows a log that was cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<AuditHead>,
    /// One record per target (builder in an environment).
    pub builders: BTreeMap<Target, BuilderRecord>,
    /// Published builds: channel name, then target.
    pub channels: BTreeMap<String, BTreeMap<Target, Publication>>,
    /// Program and version that created this state: `hybrid 0.1.0`.
    pub created_with: String,
    /// BLAKE3 of this very file with this field empty; empty only in memory.
    #[serde(with = "digest_or_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "Digest"))]
    pub digest: Option<Digest>,
    /// Names this history of states; random, kept for ever, so that two histories are never mixed up.
    pub lineage: Lineage,
    /// Packer plugins by source address (`github.com/hashicorp/qemu`).
    pub plugins: BTreeMap<String, PluginRecord>,
    /// Builds that must not be used any more, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub revoked: BTreeMap<BuildId, Revocation>,
    /// The last runs, oldest first, at most 50.
    pub runs: Vec<RunRecord>,
    /// Which schema this file follows.
    pub schema: SchemaInfo,
    /// Grows by one with every write.
    pub serial: u64,
    /// Pinned git sources by name.
    pub sources: BTreeMap<String, SourceRecord>,
    /// Which run wrote this serial, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_by: Option<WrittenBy>,
}

/// The `schema` field of the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SchemaInfo {
    /// Version of the state's schema; gates on the format, never on the program's version.
    pub version: u32,
}

/// Where the audit log ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuditHead {
    /// Digest of the last entry.
    pub digest: Digest,
    /// Number of entries.
    pub entries: u64,
}

/// Who wrote a serial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WrittenBy {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub at: OffsetDateTime,
    /// Which run.
    pub run_id: RunId,
}

/// A Packer plugin that was found (SRC-6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PluginRecord {
    /// Checksum of its binary, `sha256:…`; absent for bundled plugins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<String>,
    /// Its version.
    pub version: String,
}

/// A pinned git source (SRC-1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SourceRecord {
    /// When it was synced.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub at: OffsetDateTime,
    /// Who synced it.
    pub operator: String,
    /// Branch, tag or commit that was asked for.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The run that synced.
    pub run_id: RunId,
    /// The worst of `scans` at this commit.
    pub scan_status: ScanStatus,
    /// The newest result of each scanner, by its name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scans: BTreeMap<String, ScanRecord>,
    /// Commit that was checked out.
    pub sha: String,
    /// Where it came from.
    pub url: String,
}

/// What a scanner said about a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ScanRecord {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub at: OffsetDateTime,
    /// The commit that was scanned.
    pub sha: String,
    /// What it said.
    pub status: ScanStatus,
}

/// Whether a source was scanned for plaintext secrets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ScanStatus {
    /// Not scanned at this commit.
    #[default]
    NotScanned,
    /// Scanned, nothing found.
    Clean,
    /// Scanned, something found.
    Findings,
}

/// One run of the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunRecord {
    /// What ran: `build`, `validate`, …
    pub command: String,
    /// Exit code; absent while running.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// When it ended; absent while running.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub finished_at: Option<OffsetDateTime>,
    /// How it ended.
    pub outcome: RunOutcome,
    /// Its id.
    pub run_id: RunId,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub started_at: OffsetDateTime,
    /// What it worked on.
    pub targets: Vec<Target>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum RunOutcome {
    /// It has not, or was killed before it could say so.
    Running,
    /// Everything asked for was done.
    Succeeded,
    /// Something failed.
    Failed,
    /// A signal ended it.
    Interrupted,
}

impl State {
    /// An empty state with serial 0: nothing was ever written.
    pub fn new(lineage: Lineage, created_with: impl Into<String>) -> Self {
        Self {
            audit: None,
            builders: BTreeMap::new(),
            channels: BTreeMap::new(),
            created_with: created_with.into(),
            digest: None,
            lineage,
            plugins: BTreeMap::new(),
            revoked: BTreeMap::new(),
            runs: Vec::new(),
            schema: SchemaInfo { version: VERSION },
            serial: 0,
            sources: BTreeMap::new(),
            written_by: None,
        }
    }

    /// Which state this is.
    pub fn revision(&self) -> Revision {
        Revision { lineage: self.lineage.clone(), serial: self.serial }
    }

    /// The record of `target`, made when there is none.
    pub fn builder_mut(&mut self, target: &Target) -> &mut BuilderRecord {
        self.builders.entry(target.clone()).or_default()
    }

    /// The run with this id.
    pub fn run(&self, id: &RunId) -> Option<&RunRecord> {
        self.runs.iter().rev().find(|run| run.run_id == *id)
    }

    /// Records a run, or replaces the record with the same id.
    pub fn record_run(&mut self, run: RunRecord) {
        match self.runs.iter_mut().rev().find(|known| known.run_id == run.run_id) {
            Some(known) => *known = run,
            None => self.runs.push(run),
        }
    }

    /// The build of `target` that `channel` offers.
    pub fn published(&self, channel: &str, target: &Target) -> Option<&Publication> {
        self.channels.get(channel)?.get(target)
    }

    /// The builds whose records the state sealed, with the digest of the record: the last of every target and those in channels.
    pub fn seals(&self) -> impl Iterator<Item = (&BuildId, &Target, Digest)> {
        let last = self.builders.iter().filter_map(|(target, known)| {
            let last = known.last_build.as_ref()?;
            Some((&last.build_id, target, last.record?))
        });
        let published = self.channels.values().flatten();
        last.chain(published.filter_map(|(target, one)| Some((&one.build_id, target, one.record?))))
    }

    /// Cuts the lists that grow with every run to their limits, oldest entries first.
    pub(crate) fn trim(&mut self) {
        let cut = self.runs.len().saturating_sub(MAX_RUNS);
        self.runs.drain(..cut);
        for record in self.builders.values_mut() {
            let cut = record.provenance.len().saturating_sub(MAX_PROVENANCE);
            record.provenance.drain(..cut);
        }
    }
}

mod digest_or_empty {
    use hc_core::Digest;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(digest: &Option<Digest>, to: S) -> Result<S::Ok, S::Error> {
        match digest {
            Some(digest) => to.collect_str(digest),
            None => to.serialize_str(""),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Digest>, D::Error> {
        let text = String::deserialize(from)?;
        if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(D::Error::custom) }
    }
}
