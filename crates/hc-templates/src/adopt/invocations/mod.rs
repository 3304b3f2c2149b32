//! The runs of packer that a repository's own Makefiles, scripts and pipelines make: on which template, with which var
//! files in which order (issue 20).
//!
//! Nothing is executed, neither make nor a shell: `make` and `shell` follow their languages as far as people use them,
//! and what they cannot know stays unknown, with its reason.

mod invocation;
mod kept;
mod make;
mod packer;
mod pipelines;
mod reader;
mod shell;
#[cfg(test)]
mod tests;
mod world;

use std::path::Path;

pub(super) use self::invocation::{Invocation, Invocations};
use self::reader::Reader;
use self::world::World;

/// Directories that hold other people's files, or results.
const SKIPPED: [&str; 6] = ["node_modules", "vendor", "packer_cache", "target", "__pycache__", "artifacts"];
/// Hidden files and directories that hold pipelines.
const PIPELINES: [&str; 6] =
    [".github", ".gitlab", ".circleci", ".gitlab-ci.yml", ".travis.yml", ".cirrus.yml"];
/// Most files that are looked at.
const FILES: usize = 100_000;

/// Reads everything below `root`. What cannot be read is left out: this never fails.
pub(super) fn read(root: &Path) -> Invocations {
    let world = World::new(root);
    let mut reader = Reader::new(&world);
    let walk = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(|entry| {
        let name = entry.file_name().to_string_lossy();
        let hidden = name.starts_with('.') && !PIPELINES.contains(&&*name);
        entry.depth() == 0 || !(hidden || entry.file_type().is_dir() && SKIPPED.contains(&&*name))
    });
    for entry in walk.flatten().take(FILES).filter(|entry| entry.file_type().is_file()) {
        let path = entry.path().strip_prefix(root).unwrap_or(entry.path());
        if let Some(path) = path.to_str() {
            reader.file(path);
        }
    }
    reader.finish()
}
