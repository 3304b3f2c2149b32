//! Records of builds: which there are, what they were made from, whether that was revoked.
//!
//! Reads `artifacts/` and never writes. A record that is damaged is an error and not "no record": it may be the one that
//! was revoked.

use hc_core::{BuildId, BuilderId, Selector, Target};
use hc_records::{ArtifactRecord, ParentImage, artifact};
use hc_state::State;

use crate::error::{EngineError, Result};
use crate::project::Project;

/// Longest chain of images that is followed; records that name each other in a circle end there.
pub const MAX_DEPTH: usize = 64;

/// Records of selected builders, newest first. Files with other names than records have are ignored.
///
/// # Errors
/// `RecordDamaged`; when `artifacts/` cannot be read.
pub fn records(project: &Project, selector: &Selector) -> Result<Vec<ArtifactRecord>> {
    let mut records: Vec<ArtifactRecord> = Vec::new();
    for id in artifact::recorded(&project.root)? {
        if may_be_of(&id, selector) {
            records.extend(read(project, &id)?);
        }
    }
    records.retain(|record| selector.matches(&record.builder));
    records.sort_by(|a, b| {
        b.provenance.run_id.cmp(&a.provenance.run_id).then_with(|| a.builder.cmp(&b.builder))
    });
    Ok(records)
}

/// The record of a build; `None` when it has none.
///
/// # Errors
/// `RecordDamaged`.
pub fn read(project: &Project, build: &BuildId) -> Result<Option<ArtifactRecord>> {
    Ok(ArtifactRecord::read(&project.root, build)?)
}

/// Whether a build can be one of a selected builder: an environment follows the builder's id behind a hyphen, and both may
/// have more of them.
fn may_be_of(id: &BuildId, selector: &Selector) -> bool {
    let text = id.as_str();
    let is_selected =
        |(at, _)| text[..at].parse::<BuilderId>().is_ok_and(|builder| selector.matches(&builder));
    text.match_indices('-').any(is_selected)
}

/// The record that a build id names, or the newest one of a builder id; `records` are newest first.
///
/// # Errors
/// `ArtifactNotFound`.
pub fn named<'a>(records: &'a [ArtifactRecord], name: &str) -> Result<&'a ArtifactRecord> {
    let is_named =
        |record: &&ArtifactRecord| record.build_id.as_str() == name || record.builder.to_string() == name;
    records.iter().find(is_named).ok_or_else(|| EngineError::ArtifactNotFound {
        name: name.to_owned(),
        known: records.iter().map(|record| record.build_id.clone()).collect(),
    })
}

/// The newest record of a target.
///
/// # Errors
/// `RecordDamaged`; when `artifacts/` cannot be read.
pub fn newest(project: &Project, target: &Target) -> Result<Option<ArtifactRecord>> {
    let records = records(project, &Selector::only(&target.builder))?;
    Ok(records.into_iter().find(|record| record.env == target.env))
}

/// The images that a build was made from, nearest first.
///
/// # Errors
/// `RecordDamaged`.
pub fn ancestors(project: &Project, record: &ArtifactRecord) -> Result<Vec<ParentImage>> {
    let mut chain = Vec::new();
    let mut next = record.provenance.parent.clone();
    while let Some(parent) = next.filter(|_| chain.len() < MAX_DEPTH) {
        next = parent_of(project, &parent.build_id)?;
        chain.push(parent);
    }
    Ok(chain)
}

/// Why a build must not be used: it, or a build that it was made from, was revoked.
///
/// # Errors
/// `RecordDamaged`.
pub fn revoked(project: &Project, state: &State, record: &ArtifactRecord) -> Result<Option<String>> {
    let mut next = Some(record.build_id.clone());
    for _ in 0..MAX_DEPTH {
        let Some(id) = next else { break };
        if let Some(revocation) = state.revoked.get(&id) {
            let whose = if id == record.build_id { String::new() } else { format!("its ancestor {id} ") };
            return Ok(Some(format!("{whose}was revoked by {}: {}", revocation.operator, revocation.reason)));
        }
        next = parent_of(project, &id)?.map(|parent| parent.build_id);
    }
    Ok(None)
}

fn parent_of(project: &Project, build: &BuildId) -> Result<Option<ParentImage>> {
    Ok(read(project, build)?.and_then(|record| record.provenance.parent))
}
