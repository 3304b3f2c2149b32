//! The last build of a target, and what it was made of.

use hc_core::{BuilderId, Target};
use hc_records::{HashManifest, InputManifest, RecordError};
use hc_state::{BuildSummary, State};

use crate::error::Result;
use crate::project::Project;

/// The last build of a target, as the state knows it.
pub fn last_build<'a>(state: Option<&'a State>, target: &Target) -> Option<&'a BuildSummary> {
    state?.builders.get(target)?.last_build.as_ref()
}

/// The hash manifest of a builder. One that is damaged counts as none: digests in the state say what of it holds.
///
/// # Errors
/// When it cannot be read.
pub fn hash_manifest(project: &Project, builder: &BuilderId) -> Result<Option<HashManifest>> {
    match HashManifest::read(&project.root, builder) {
        Err(RecordError::Damaged { .. }) => Ok(None),
        read => Ok(read?),
    }
}

/// The inputs of the last successful build of a target.
///
/// # Errors
/// As [`hash_manifest`].
pub fn last_inputs(project: &Project, target: &Target) -> Result<Option<InputManifest>> {
    Ok(hash_manifest(project, &target.builder)?.and_then(|manifest| manifest.inputs(&target.env)))
}
