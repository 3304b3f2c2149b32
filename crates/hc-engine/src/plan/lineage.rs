//! Records of builds: which there are, what they were made from, whether that was revoked.
//!
//! Reads `artifacts/` and never writes. A record that is damaged is an error and not "no record": it may be the one that
//! was revoked.

use hc_core::{BuildId, BuilderId, Digest, Selector, Target};
use hc_records::{ArtifactRecord, ParentImage, artifact, layout};
use hc_state::{Revocation, State};

use super::last::last_build;
use crate::error::{EngineError, EvidenceError, RecordFault, Result};
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
    records.sort_by(|a, b| b.age().cmp(&a.age()).then_with(|| a.builder.cmp(&b.builder)));
    Ok(records)
}

/// The record of a build; `None` when it has none.
///
/// # Errors
/// `RecordDamaged`.
pub fn read(project: &Project, build: &BuildId) -> Result<Option<ArtifactRecord>> {
    Ok(ArtifactRecord::read(&project.root, build)?)
}

/// The record of a build as the state sealed it: not one byte of it was changed since.
///
/// # Errors
/// `RecordChanged`, `RecordDamaged`.
pub fn sealed(project: &Project, build: &BuildId, seal: Option<Digest>) -> Result<ArtifactRecord> {
    let fault = |fault| EvidenceError::RecordChanged { path: layout::artifact_record(build), fault }.into();
    let Some((record, digest)) = ArtifactRecord::read_with_digest(&project.root, build)? else {
        return Err(fault(RecordFault::Missing));
    };
    match seal {
        None => Err(fault(RecordFault::Unsealed)),
        Some(seal) if seal != digest => Err(fault(RecordFault::Changed)),
        Some(_) => Ok(record),
    }
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

/// The newest build of a target that succeeded: what the state names, sealed; where its last build failed or it knows none,
/// the newest record.
///
/// # Errors
/// `RecordChanged`, `RecordDamaged`; when `artifacts/` cannot be read.
pub fn newest(
    project: &Project,
    state: Option<&State>,
    target: &Target,
) -> Result<Option<(ArtifactRecord, Digest)>> {
    if let Some(last) = last_build(state, target).filter(|last| last.succeeded())
        && let Some(seal) = last.record
    {
        return Ok(Some((sealed(project, &last.build_id, Some(seal))?, seal)));
    }
    let records = records(project, &Selector::only(&target.builder))?;
    let Some(newest) = records.into_iter().find(|record| record.env == target.env) else { return Ok(None) };
    Ok(ArtifactRecord::read_with_digest(&project.root, &newest.build_id)?)
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

/// What stands against the images that a build was made from, nearest first: revoked ones, and records that are not what
/// the record of their child sealed. A child vouches for nothing that nobody can read any more.
///
/// # Errors
/// `RecordDamaged`.
pub fn against_ancestors(project: &Project, state: &State, record: &ArtifactRecord) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let mut next = record.provenance.parent.clone();
    for _ in 0..MAX_DEPTH {
        let Some(parent) = next else { return Ok(problems) };
        if let Some(revocation) = state.revoked.get(&parent.build_id) {
            let Revocation { operator, reason, .. } = revocation;
            problems.push(format!("its ancestor {} was revoked by {operator}: {reason}", parent.build_id));
        }
        next = match sealed(project, &parent.build_id, parent.record) {
            Ok(record) => record.provenance.parent,
            Err(EngineError::Evidence(error)) => {
                problems.push(format!("its ancestor cannot be proven: {error}"));
                return Ok(problems);
            }
            Err(error) => return Err(error),
        };
    }
    problems.push(format!("it has more than {MAX_DEPTH} ancestors"));
    Ok(problems)
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
