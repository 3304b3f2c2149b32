//! What runs were seen to use beyond the known inputs of a target, as inputs from then on (CLO-2).

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use hc_core::Target;
use hc_core::fs::{FsError, io_error, normalize, read_limited};
use hc_core::tree::Content;
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
    let text = |content: &str| Input::text(InputKind::Observed, path, content);
    if path == GIT {
        return Ok(Some(text(&git::state(project)?.unwrap_or_default())));
    }
    if let Some(dir) = path.strip_suffix('/') {
        let dir = if dir == "." { "" } else { dir };
        return Ok(names(project, &located(project, dir))?.map(|names| text(&names)));
    }
    let at = located(project, path);
    let full = project.at(&at);
    let Ok(meta) = full.symlink_metadata() else { return Ok(None) };
    if meta.is_symlink() {
        let target = std::fs::read_link(&full).map_err(io_error("read", &full))?;
        let Some(content) = beyond(project, &at, digests)? else {
            return Ok(Some(text(&target.to_string_lossy())));
        };
        return Ok(Some(text(&format!("{}\n{}", target.display(), content.digest))));
    }
    // A device or a socket has no content of its own.
    let found = tree::of(&project.root, &at, digests)?;
    Ok(Some(found.map_or(text(""), |content| Input::file(InputKind::Observed, path, &content))))
}

/// What a link leads to outside of the project. Inside of it, what was read there was noticed by itself.
fn beyond(project: &Project, link: &Path, digests: &mut Digests) -> Result<Option<Content>, FsError> {
    let root = project.root.canonicalize().unwrap_or_else(|_| project.root.clone());
    match project.at(link).canonicalize() {
        Ok(end) if !end.starts_with(root) => tree::of(&project.root, &end, digests),
        _ => Ok(None),
    }
}

/// Where a noticed path lies: a name that is not text was written down with replacements.
fn located(project: &Project, path: &str) -> PathBuf {
    if !path.contains(char::REPLACEMENT_CHARACTER) {
        return path.into();
    }
    Path::new(path).iter().fold(PathBuf::new(), |dir, part| {
        let entries = std::fs::read_dir(project.at(&dir)).into_iter().flatten().flatten();
        let mut names =
            entries.map(|entry| entry.file_name()).filter(|name| *name.to_string_lossy() == *part);
        let name = names.next().unwrap_or_else(|| part.to_owned());
        dir.join(name)
    })
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
    // A name that is not text is written with its bytes, so that no two are the same.
    let told = |name: PathBuf| name.to_str().map_or_else(|| format!("{name:?}"), str::to_owned);
    let mut names: Vec<String> = own.map(told).collect();
    names.sort();
    Ok(Some(names.join("\n")))
}
