//! What runs were seen to use beyond the known inputs of a target, as inputs from then on (CLO-2).

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use hc_core::Target;
use hc_core::fs::{FsError, io_error, normalize, read_limited};
use hc_records::{Input, InputKind, Observed};
use hc_templates::closure::{self, COMPILED};

use super::{Digests, tree};
use crate::error::Result;
use crate::project::{Project, git};

/// Largest list that is read, in bytes.
const LIMIT: u64 = 64 << 20;
/// What git keeps for itself.
pub const GIT: &str = ".git";

/// Whether a path belongs to hybrid or git, and so can never be an input: what hybrid writes would change it.
pub fn is_own(project: &Project, path: &Path) -> bool {
    let packer = &project.settings.packer;
    let inside = |dir: &Path| {
        let dir = normalize(&project.at(dir));
        dir.strip_prefix(&project.root).is_ok_and(|dir| *dir != *"" && path.starts_with(dir))
    };
    closure::is_own(path)
        || path.iter().any(|part| part == COMPILED)
        || inside(&packer.cache_dir)
        || packer.plugin_path.as_deref().is_some_and(inside)
}

/// What runs of a target were seen to use and to write.
///
/// # Errors
/// When the list cannot be read. One that is damaged counts as empty: what is missing from it is drift.
pub fn known(project: &Project, target: &Target) -> Result<Observed> {
    let bytes = read_limited(&hc_state::paths::observed(&project.root, target), LIMIT)?;
    let read = bytes.and_then(|bytes| Observed::from_json(&bytes)).filter(|read| read.target == *target);
    Ok(read.unwrap_or_else(|| Observed::nothing(target.clone())))
}

/// All of `paths` that are there, as they are now.
///
/// # Errors
/// When one cannot be read.
pub fn inputs(project: &Project, paths: &BTreeSet<String>, digests: &mut Digests) -> Result<Vec<Input>> {
    paths.iter().filter_map(|path| input(project, path, digests).transpose()).collect()
}

/// One of them as it is now; `None` when nothing is there.
///
/// # Errors
/// When it cannot be read.
fn input(project: &Project, path: &str, digests: &mut Digests) -> Result<Option<Input>> {
    if path == GIT {
        let head = git::head(project).unwrap_or_default();
        return Ok(Some(Input::text(InputKind::Observed, GIT, &head)));
    }
    if let Some(dir) = path.strip_suffix('/') {
        return Ok(
            names(project, Path::new(dir))?.map(|names| Input::text(InputKind::Observed, path, &names))
        );
    }
    if project.at(path).metadata().is_err() {
        return Ok(None);
    }
    // A device or a socket has no content of its own.
    let nothing = Input::text(InputKind::Observed, path, "");
    let found = tree::of(&project.root, Path::new(path), digests)?;
    Ok(Some(found.map_or(nothing, |content| Input::file(InputKind::Observed, path, &content))))
}

/// The names in a directory of the project, one per line; `None` when it is not there.
fn names(project: &Project, dir: &Path) -> Result<Option<String>, FsError> {
    let at = project.at(dir);
    let entries = match std::fs::read_dir(&at) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(io_error("read", &at)(error)),
    };
    let names = entries.flatten().map(|entry| PathBuf::from(entry.file_name()));
    let own = names.filter(|name| !is_own(project, &dir.join(name)));
    let mut names: Vec<String> = own.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(Some(names.join("\n")))
}
