//! Sources as inputs of builders: whoever reads below `sources/<name>/` depends on the commit.

use std::collections::BTreeSet;
use std::path::Path;

use hc_records::layout;
use hc_sources::{LockFile, LockedSource, Sources, survey};

use crate::error::Result;
use crate::project::Project;
use crate::project::sources::{find, git_options, specs};

/// Pins of the sources that `paths` lie in, each proven to be checked out and clean.
///
/// # Errors
/// `SourceMissing`, `SourceDirty`, `SourceDiverged`, `SourceLockOutdated`, `SourcePinExpired`, `UnknownSource`.
pub(super) fn referred<'a>(
    project: &Project,
    paths: impl Iterator<Item = &'a Path>,
) -> Result<Vec<LockedSource>> {
    let names: BTreeSet<&str> = paths.filter_map(layout::source_of).collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let specs = specs(&project.settings)?;
    let sources = Sources::of(&project.root);
    let lock = LockFile::load(sources.lock_file())?;
    let git = git_options(project, 1);
    let mut pins = Vec::new();
    for name in names {
        let found = survey::survey(&sources, &lock, find(&specs, name)?, &git, project.now());
        if let Some(problem) = found.problem {
            return Err(problem.into());
        }
        pins.extend(found.pin);
    }
    Ok(pins)
}
