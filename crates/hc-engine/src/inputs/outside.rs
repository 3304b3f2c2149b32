//! Files outside of the project that a template names: their digests count like those of any other input (CLO-3). They
//! mean something on this machine alone, which is told as a warning.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hc_core::fs::normalize;
use hc_records::{Input, InputKind};
use hc_templates::closure::OutsideKind;

use super::{Digests, tree};
use crate::error::Result;
use crate::prepare::Prepared;
use crate::project::Project;

/// Everything outside of the project that the target names, and that is there.
pub(super) fn paths(project: &Project, prepared: &Prepared) -> BTreeSet<PathBuf> {
    let named = prepared.closure.problems.outside.iter().filter(|one| match one.what {
        OutsideKind::Asset | OutsideKind::Medium | OutsideKind::Link(_) => true,
        // A command may write what it names; a key decides how a machine is reached; a file of the project is an input
        // as one.
        OutsideKind::Command | OutsideKind::Credential | OutsideKind::Absolute(_) => false,
    });
    named.filter_map(|one| located(project, &one.path)).filter(|path| path.exists()).collect()
}

fn located(project: &Project, path: &Path) -> Option<PathBuf> {
    let path = match path.strip_prefix("~") {
        Ok(below) => Path::new(project.host.var("HOME")?).join(below),
        Err(_) => path.to_owned(),
    };
    path.is_absolute().then(|| normalize(&path))
}

/// The same as inputs.
///
/// # Errors
/// When one cannot be read.
pub(super) fn inputs(project: &Project, prepared: &Prepared, digests: &mut Digests) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for path in paths(project, prepared) {
        let (blake3, size) = match path.is_dir() {
            true => (tree::digest(&path)?, 0),
            false if path.is_file() => digests.of(&project.root, &path)?,
            false => continue,
        };
        let name = path.to_string_lossy().into_owned();
        inputs.push(Input { name, kind: InputKind::Asset, blake3, size });
    }
    Ok(inputs)
}
