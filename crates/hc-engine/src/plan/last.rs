//! The last build of a target, and what it was made of.

use hc_core::Target;
use hc_records::{HashManifest, InputManifest, RecordError};
use hc_state::{BuildSummary, State};

use crate::error::Result;
use crate::project::Project;

/// The last build of a target, as the state knows it.
pub fn last_build<'a>(state: Option<&'a State>, target: &Target) -> Option<&'a BuildSummary> {
    state?.builders.get(target)?.last_build.as_ref()
}

/// The inputs of the last successful build of a target. A hash manifest that is damaged counts as none.
///
/// # Errors
/// When it cannot be read.
pub fn last_inputs(project: &Project, target: &Target) -> Result<Option<InputManifest>> {
    match HashManifest::read(&project.root, &target.builder) {
        Err(RecordError::Damaged { .. }) => Ok(None),
        read => Ok(read?.and_then(|manifest| manifest.inputs(&target.env))),
    }
}
