//! Chained images: the published image that a builder starts from (TPL-5).
//!
//! The parent is no file of the project, so it is not part of what `validate` trusts: a newly published parent makes
//! its children stale, not untrusted. What a build really started from is in its record, with the digest.

use std::path::PathBuf;

use hc_core::fs::io_error;
use hc_core::{BuilderId, Digest, EnvName, Target};
use hc_records::{ArtifactRecord, ParentImage};
use hc_state::State;
use hc_templates::{Builder, Inventory};

use super::artifacts;
use super::select::select;
use crate::command_error::{CommandError, Result};
use crate::session::Session;

/// The newest published image of a builder's parent.
#[derive(Debug, Clone)]
pub struct Parent {
    /// What the child's record says of it.
    pub image: ParentImage,
    /// The image file, absolute; the first image id where the platform has no files.
    pub location: String,
}

/// Builders that `ids` descend from and that are not among them, parents before children.
fn ancestors(inventory: &Inventory, ids: &[BuilderId]) -> Vec<BuilderId> {
    let mut found: Vec<BuilderId> = Vec::new();
    for id in ids {
        let mut next = inventory.get(id).and_then(|builder| builder.metadata.parent.clone());
        // Cycles were refused when the selection was ordered.
        while let Some(parent) = next.filter(|parent| !found.contains(parent)) {
            next = inventory.get(&parent).and_then(|builder| builder.metadata.parent.clone());
            found.push(parent);
        }
    }
    found.retain(|id| !ids.contains(id));
    found
}

/// What `--with-parents` adds to a selection.
#[derive(Debug, Clone, Default)]
pub struct Family {
    /// Selector of everything: the selected builders and what they start from.
    pub targets: String,
    /// Builders that were not selected themselves: built only where stale.
    pub ancestors: Vec<BuilderId>,
    /// Builders that another one of the family starts from: tested and published on the way.
    pub parents: Vec<BuilderId>,
}

/// The selection with everything that it starts from.
///
/// # Errors
/// As for any selection.
pub fn family(session: &Session, targets: &str) -> Result<Family> {
    let selection = select(session, targets)?;
    let ancestors = ancestors(&selection.inventory, &selection.ids);
    let all: Vec<&BuilderId> = selection.ids.iter().chain(&ancestors).collect();
    let parents = all.iter().filter_map(|id| selection.inventory.get(id)?.metadata.parent.clone()).collect();
    let targets = all.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    Ok(Family { targets, ancestors, parents })
}

/// The published image that `builder` starts from; `None` when it has no parent, or none was published.
///
/// # Errors
/// When a record cannot be read.
pub fn published(
    session: &Session,
    state: Option<&State>,
    env: &EnvName,
    builder: &Builder,
) -> Result<Option<Parent>> {
    let (Some(parent), Some(state)) = (&builder.metadata.parent, state) else { return Ok(None) };
    let target = Target { builder: parent.clone(), env: env.clone() };
    let channel = &session.settings.publish.channel;
    let Some(publication) = state.published(channel, &target) else { return Ok(None) };
    let Some(record) = artifacts::read(session, &publication.build_id)? else { return Ok(None) };
    Ok(Some(of(session, &record)))
}

fn of(session: &Session, record: &ArtifactRecord) -> Parent {
    let file = record.image();
    let location = match file {
        Some(file) => session.root.join(&file.path).display().to_string(),
        None => record.image_ids.first().cloned().unwrap_or_default(),
    };
    let image = ParentImage { build_id: record.build_id.clone(), blake3: file.and_then(|file| file.blake3) };
    Parent { image, location }
}

/// The parent for a build, read and compared: what a child starts from is what was published.
///
/// # Errors
/// `ParentUnpublished`, `ImageChanged`.
pub fn required(
    session: &Session,
    state: Option<&State>,
    env: &EnvName,
    builder: &Builder,
) -> Result<Option<Parent>> {
    let Some(id) = &builder.metadata.parent else { return Ok(None) };
    let Some(parent) = published(session, state, env, builder)? else {
        let channel = &session.settings.publish.channel;
        return Err(CommandError::new(
            "ParentUnpublished",
            format!("{} starts from {id}, of which channel `{channel}` has no image for {env}", builder.id),
        )
        .hint(format!(
            "`hybrid build --with-parents --targets {}` builds, tests and publishes it first",
            builder.id
        )));
    };
    // Built a moment ago, and not published: starting from the older one would surprise.
    let target = Target { builder: id.clone(), env: env.clone() };
    let last = state.and_then(|state| state.builders.get(&target)?.last_build.as_ref());
    if let Some(last) =
        last.filter(|last| last.run_id == session.run_id && last.build_id != parent.image.build_id)
    {
        return Err(CommandError::new(
            "ParentUnpublished",
            format!("{} starts from {id}, whose new build {} is not published", builder.id, last.build_id),
        )
        .hint("run `hybrid test` and `hybrid publish` on it, or build with --with-parents"));
    }
    if let Some(recorded) = parent.image.blake3 {
        let path = PathBuf::from(&parent.location);
        let (digest, _) = Digest::of_file(&path).map_err(io_error("read", &path))?;
        if digest != recorded {
            return Err(CommandError::new(
                "ImageChanged",
                format!("{} is not what {} recorded", session.shown(&path), parent.image.build_id),
            )
            .hint("build and publish the parent again; `hybrid artifacts verify` looks at all images"));
        }
    }
    Ok(Some(parent))
}
