//! Files outside of the project that a template names: their digests count like those of any other input (CLO-3). They
//! mean something on this machine alone, which is told as a warning.

use hc_records::{Input, InputKind};

use super::{Digests, files, tree};
use crate::error::Result;
use crate::prepare::Prepared;
use crate::project::Project;

/// Everything outside of the project that the target names, and that is there.
///
/// # Errors
/// When one cannot be read.
pub(super) fn inputs(project: &Project, prepared: &Prepared, digests: &mut Digests) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for (path, name) in files::outside_as_named(project, prepared) {
        let Some(content) = tree::of(&project.root, &path, digests)? else { continue };
        inputs.push(Input::file(InputKind::Asset, name, &content));
    }
    Ok(inputs)
}
