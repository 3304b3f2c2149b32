//! Chained images: the published image that a builder starts from (TPL-5).
//!
//! The parent is no file of the project, so it is not part of what `validate` trusts: a newly published parent makes
//! its children stale, not untrusted. What a build really started from is in its record, with the digest.

use std::path::PathBuf;

use hc_core::fs::io_error;
use hc_core::{Digest, EnvName, Target};
use hc_records::{ArtifactRecord, ParentImage};
use hc_state::State;
use hc_templates::Builder;

use super::last::last_build;
use super::lineage;
use crate::error::{EngineError, EvidenceError, Result};
use crate::project::Project;

/// The newest published image of a builder's parent.
#[derive(Debug, Clone)]
pub struct Parent {
    /// What the child's record says of it.
    pub image: ParentImage,
    /// The image file, absolute; the first image id where the platform has no files.
    pub location: String,
}

/// The published image that `builder` starts from; `None` when it has no parent, or none was published.
///
/// # Errors
/// When a record cannot be read.
pub fn published(
    project: &Project,
    state: Option<&State>,
    env: &EnvName,
    builder: &Builder,
) -> Result<Option<Parent>> {
    let (Some(parent), Some(state)) = (&builder.metadata.parent, state) else { return Ok(None) };
    let target = Target { builder: parent.clone(), env: env.clone() };
    let channel = &project.settings.publish.channel;
    let Some(publication) = state.published(channel, &target) else { return Ok(None) };
    let Some(record) = lineage::read(project, &publication.build_id)? else { return Ok(None) };
    Ok(Some(of(project, &record, publication.record)))
}

fn of(project: &Project, record: &ArtifactRecord, seal: Option<Digest>) -> Parent {
    let file = record.image();
    let location = match file {
        Some(file) => project.at(&file.path).display().to_string(),
        None => record.image_ids.first().cloned().unwrap_or_default(),
    };
    let blake3 = file.and_then(|file| file.blake3);
    let image = ParentImage { build_id: record.build_id.clone(), blake3, record: seal };
    Parent { image, location }
}

/// The parent for a build, read and compared: what a child starts from is what was published.
///
/// # Errors
/// `ParentUnpublished`, `RecordChanged`, `ParentRefused`, `ImageChanged`.
pub fn required(
    project: &Project,
    state: Option<&State>,
    env: &EnvName,
    builder: &Builder,
) -> Result<Option<Parent>> {
    let Some(id) = &builder.metadata.parent else { return Ok(None) };
    let Some(parent) = published(project, state, env, builder)? else {
        return Err(EngineError::ParentUnpublished {
            builder: builder.id.clone(),
            parent: id.clone(),
            channel: project.settings.publish.channel.clone(),
            env: env.clone(),
        });
    };
    // Built a moment ago, and not published: starting from the older one would surprise.
    let target = Target { builder: id.clone(), env: env.clone() };
    let last = last_build(state, &target);
    if let Some(last) =
        last.filter(|last| last.run_id == project.run_id && last.build_id != parent.image.build_id)
    {
        return Err(EngineError::ParentNotPublishedYet {
            builder: builder.id.clone(),
            parent: id.clone(),
            build: last.build_id.clone(),
        });
    }
    let record = lineage::sealed(project, &parent.image.build_id, parent.image.record)?;
    let problems = match state {
        Some(state) => lineage::against_ancestors(project, state, &record)?,
        None => Vec::new(),
    };
    if !problems.is_empty() {
        let (builder, parent) = (builder.id.clone(), parent.image.build_id);
        return Err(EvidenceError::ParentRefused { builder, parent, problems }.into());
    }
    // Read after the seal was compared, not before.
    let parent = of(project, &record, parent.image.record);
    if record.image().is_some() {
        let path = PathBuf::from(&parent.location);
        let (digest, _) = Digest::of_file(&path).map_err(io_error("read", &path))?;
        if Some(digest) != parent.image.blake3 {
            return Err(EvidenceError::ImageChanged {
                path: project.shown(&path),
                build: parent.image.build_id.clone(),
                parent: true,
            }
            .into());
        }
    }
    Ok(Some(parent))
}
