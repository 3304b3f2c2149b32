//! Schema version 1: plugin versions, repository pins, manifest hashes and the last run, nothing else.
//!
//! It knew neither environments nor lineage nor serial. Its hashes name their algorithm; only BLAKE3 ones can
//! be carried over, because trust in a hash that nobody can compute again is worth nothing.

use std::collections::BTreeMap;

use hc_core::{BuilderId, Digest, EnvName, RunId, Target};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::context::Context;
use super::plan::Loss;
use crate::codec::Damage;
use crate::format::{
    PluginRecord, RunOutcome, RunRecord, ScanStatus, SchemaInfo, SourceRecord, State, Trust,
};

/// Prefix of the hashes that can be carried over.
const BLAKE3: &str = "blake3:";
/// Operator of pins whose operator nobody wrote down.
const UNKNOWN: &str = "unknown";

/// The state, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateV1 {
    /// Program and version that created it.
    pub created_with: String,
    /// The last run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<V1LastRun>,
    /// Per builder: the hash of its manifest, with metadata.
    pub manifests: BTreeMap<BuilderId, V1Manifest>,
    /// Plugin versions by source address.
    pub plugins: BTreeMap<String, String>,
    /// Always version 1.
    pub schema: SchemaInfo,
    /// Pinned repositories by name.
    pub sources: BTreeMap<String, V1Source>,
}

/// A builder in version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct V1Manifest {
    /// Commit of the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_sha: Option<String>,
    /// Combined hash of the inputs, `<algorithm>:<hex>`.
    pub hash: String,
    /// The template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
}

/// A pinned repository in version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct V1Source {
    /// Commit.
    pub sha: String,
    /// Where from.
    pub url: String,
}

/// The last run in version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct V1LastRun {
    /// What ran.
    pub command: String,
    /// Its id, in any form.
    pub command_id: String,
    /// Exit code.
    pub exit_code: i32,
    /// When it ended.
    #[serde(with = "time::serde::rfc3339")]
    pub finished_at: OffsetDateTime,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
}

pub(super) fn decode(bytes: &[u8]) -> Result<StateV1, Damage> {
    serde_json::from_slice(bytes).map_err(|source| Damage::Shape { version: 1, source })
}

pub(super) fn encode(state: &StateV1) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec_pretty(state)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Brings version 1 up to 2.
pub(super) fn up(old: &StateV1, context: &Context<'_>) -> (State, Vec<Loss>) {
    let mut state = context.empty_state();
    let mut lost = Vec::new();
    let last = old.last_run.as_ref().map(|run| {
        let run_id = run.command_id.parse().unwrap_or_else(|_| {
            lost.push(Loss::new(
                "last run",
                format!("its id `{}` is no run id, it gets a new one", run.command_id),
            ));
            RunId::new(run.started_at, 0)
        });
        RunRecord {
            command: run.command.clone(),
            exit_code: Some(run.exit_code),
            finished_at: Some(run.finished_at),
            outcome: if run.exit_code == 0 { RunOutcome::Succeeded } else { RunOutcome::Failed },
            run_id,
            started_at: run.started_at,
            targets: Vec::new(),
        }
    });
    let at = old.last_run.as_ref().map_or(context.now, |run| run.finished_at);
    let run_id = last.as_ref().map_or_else(|| context.run.clone(), |run| run.run_id.clone());
    for (builder, manifest) in &old.manifests {
        let target = Target { builder: builder.clone(), env: context.env.clone() };
        let inputs = manifest.hash.strip_prefix(BLAKE3).and_then(|hex| hex.parse::<Digest>().ok());
        if inputs.is_none() {
            lost.push(Loss::new(
                &target,
                "its hash is not BLAKE3 and cannot be compared: validate again".to_owned(),
            ));
        }
        let record = state.builder_mut(&target);
        record.template_id = manifest.template_id.clone();
        record.trusted = inputs.map(|inputs| Trust {
            at,
            git_sha: manifest.git_sha.clone(),
            inputs,
            manifest: None,
            run_id: run_id.clone(),
        });
    }
    for (name, version) in &old.plugins {
        state.plugins.insert(name.clone(), PluginRecord { checksum: None, version: version.clone() });
    }
    for (name, source) in &old.sources {
        state.sources.insert(
            name.clone(),
            SourceRecord {
                at,
                operator: UNKNOWN.to_owned(),
                reference: source.sha.clone(),
                run_id: run_id.clone(),
                scan_status: ScanStatus::NotScanned,
                scans: BTreeMap::new(),
                sha: source.sha.clone(),
                url: source.url.clone(),
            },
        );
    }
    state.runs.extend(last);
    lost.sort();
    (state, lost)
}

/// Brings version 2 down to 1, as far as version 1 goes.
pub(super) fn down(state: &State, env: &EnvName) -> (StateV1, Vec<Loss>) {
    let mut lost = vec![Loss::new("state", "lineage, serial and digest: corruption is no longer noticed")];
    let mut manifests = BTreeMap::new();
    for (target, record) in &state.builders {
        if target.env != *env {
            lost.push(Loss::new(
                target,
                format!("the whole record: version 1 holds one environment, here {env}"),
            ));
            continue;
        }
        if record.last_build.is_some() {
            lost.push(Loss::new(target, "the last build and its artifacts"));
        }
        if !record.provenance.is_empty() {
            lost.push(Loss::new(target, format!("{} test results", record.provenance.len())));
        }
        let Some(trusted) = &record.trusted else {
            if record.template_id.is_some() {
                lost.push(Loss::new(target, "the template id: version 1 keeps it beside a hash"));
            }
            continue;
        };
        let manifest = V1Manifest {
            git_sha: trusted.git_sha.clone(),
            hash: format!("{BLAKE3}{}", trusted.inputs),
            template_id: record.template_id.clone(),
        };
        manifests.insert(target.builder.clone(), manifest);
    }
    for (channel, published) in &state.channels {
        lost.push(Loss::new(channel, format!("{} published builds of this channel", published.len())));
    }
    for (name, plugin) in &state.plugins {
        if plugin.checksum.is_some() {
            lost.push(Loss::new(name, "the plugin's checksum"));
        }
    }
    for name in state.sources.keys() {
        lost.push(Loss::new(name, "the source's ref, time, operator, run and scan status"));
    }
    let last_run = state.runs.iter().rev().find_map(v1_run);
    let runs = state.runs.len() - usize::from(last_run.is_some());
    if runs > 0 {
        lost.push(Loss::new("runs", format!("{runs} runs: version 1 keeps the last finished one")));
    }
    lost.sort();
    let old = StateV1 {
        created_with: state.created_with.clone(),
        last_run,
        manifests,
        plugins: state.plugins.iter().map(|(name, plugin)| (name.clone(), plugin.version.clone())).collect(),
        schema: SchemaInfo { version: 1 },
        sources: state
            .sources
            .iter()
            .map(|(name, source)| {
                (name.clone(), V1Source { sha: source.sha.clone(), url: source.url.clone() })
            })
            .collect(),
    };
    (old, lost)
}

fn v1_run(run: &RunRecord) -> Option<V1LastRun> {
    Some(V1LastRun {
        command: run.command.clone(),
        command_id: run.run_id.to_string(),
        exit_code: run.exit_code?,
        finished_at: run.finished_at?,
        started_at: run.started_at,
    })
}
