//! Chained images: the published image that a builder starts from (TPL-5).
//!
//! The parent is no file of the project, so it is not part of what `validate` trusts: a newly published parent makes
//! its children stale, not untrusted. What a build really started from is in its record, with the digest; on a platform,
//! with the id of the image in its region.

use std::collections::BTreeMap;
use std::path::PathBuf;

use hc_core::fs::io_error;
use hc_core::{Digest, EnvName, Target};
use hc_packer::images;
use hc_records::{ArtifactRecord, ParentImage, RecordedImage};
use hc_state::State;
use hc_templates::Builder;

use super::last::last_build;
use super::lineage;
use crate::error::{EngineError, EvidenceError, Result};
use crate::prepare::{Prepared, configured};
use crate::project::Project;

/// Variables of the environment by which plugins know their region, where the template says none.
const REGIONS: &[(&str, &[&str])] =
    &[("amazon-", &["AWS_REGION", "AWS_DEFAULT_REGION"]), ("openstack", &["OS_REGION_NAME"])];

/// The newest published image of a builder's parent.
#[derive(Debug, Clone)]
pub struct Parent {
    /// What the child's record says of it.
    pub image: ParentImage,
    /// The image file, absolute; the image's name on its platform where there are no files.
    pub location: String,
}

impl Parent {
    /// The id of the image on its platform; empty where it is a file.
    pub fn image_id(&self) -> &str {
        self.image.image_id.as_deref().unwrap_or_default()
    }
}

/// What stands for an id that is not known yet, in the shape that a builder of this type takes.
pub fn placeholder(prepared: &Prepared) -> &'static str {
    images::placeholder(prepared.builder.sources.first().map_or("", |source| source.kind.as_str()))
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
    Ok(Some(of(project, &record, publication.record, None)))
}

/// The parent that a record tells of; `image` is the one on its platform.
fn of(
    project: &Project,
    record: &ArtifactRecord,
    seal: Option<Digest>,
    image: Option<&RecordedImage>,
) -> Parent {
    let file = record.image();
    let id = image.map(|image| image.reference().to_owned());
    let location = match file {
        Some(file) => project.at(&file.path).display().to_string(),
        None => id.clone().unwrap_or_default(),
    };
    let image = ParentImage {
        build_id: record.build_id.clone(),
        blake3: file.and_then(|file| file.blake3),
        record: seal,
        image_id: id,
        region: image.and_then(|image| image.region.clone()),
    };
    Parent { image, location }
}

/// The image of a parent that a builder starts from: the one of its region.
fn on_platform(
    project: &Project,
    prepared: &Prepared,
    record: &ArtifactRecord,
) -> Result<Option<RecordedImage>> {
    let known = record.images_on_platforms();
    // Only what one starts machines from, and of what a platform keeps several times, the most usual.
    let best = known.iter().filter_map(RecordedImage::rank).min();
    let candidates: Vec<&RecordedImage> =
        known.iter().filter(|image| best.is_some() && image.rank() == best).collect();
    let region = region(project, prepared);
    let same = |one: &RecordedImage| match (&one.region, &region) {
        (Some(one), Some(region)) => plain(one) == plain(region),
        _ => true,
    };
    let here: Vec<&RecordedImage> = candidates.iter().copied().filter(|image| same(image)).collect();
    match here.as_slice() {
        [] if candidates.is_empty() => Ok(None),
        [only] => Ok(Some((*only).clone())),
        // In several regions under the same id: any of them is it.
        [first, others @ ..] if region.is_none() && others.iter().all(|one| one.id == first.id) => {
            Ok(Some(RecordedImage { region: None, ..(*first).clone() }))
        }
        _ => {
            let shown = |image: &&RecordedImage| match &image.region {
                Some(region) => format!("{} in {region}", image.id),
                None => image.id.clone(),
            };
            Err(EvidenceError::ParentImageUnclear {
                builder: prepared.builder.id.clone(),
                parent: record.builder.clone(),
                region,
                known: candidates.iter().map(shown).collect(),
            }
            .into())
        }
    }
}

/// How a region is compared: Azure has `West Europe` and `westeurope`.
fn plain(region: &str) -> String {
    region.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// The region that a builder works in: its sources say it, or a variable with that name, or the environment.
fn region(project: &Project, prepared: &Prepared) -> Option<String> {
    const NAMES: [&str; 2] = ["region", "location"];
    let configured = configured::open(project, prepared);
    let of_source =
        |source: &BTreeMap<String, Option<String>>| NAMES.iter().find_map(|name| source.get(*name)).cloned();
    // What a source says and only packer knows is not guessed from elsewhere.
    if let Some(said) = configured.0.values().find_map(of_source) {
        return said.filter(|region| !region.is_empty());
    }
    let of_variables = NAMES.iter().find_map(|name| prepared.resolution.vars.get(*name)?.value.as_str());
    let of_environment = || {
        let kinds = || prepared.builder.sources.iter().map(|source| source.kind.as_str());
        let mine = REGIONS.iter().filter(|(kind, _)| kinds().any(|own| own.starts_with(kind)));
        mine.flat_map(|(_, names)| names.iter()).find_map(|name| project.host.text(name))
    };
    let found = of_variables.filter(|region| !region.is_empty()).or_else(of_environment);
    found.map(str::to_owned)
}

/// The parent for a build, read and compared: what a child starts from is what was published.
///
/// # Errors
/// `ParentUnpublished`, `RecordChanged`, `ParentRefused`, `ParentImageUnclear`, `ImageChanged`.
pub fn required(project: &Project, state: Option<&State>, prepared: &Prepared) -> Result<Option<Parent>> {
    let (env, builder) = (&prepared.target.env, &prepared.builder);
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
    let image = on_platform(project, prepared, &record)?;
    let parent = of(project, &record, parent.image.record, image.as_ref());
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
