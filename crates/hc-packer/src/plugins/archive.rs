//! Plugins out of their publisher's archives, for machines without a network.

use std::path::{Path, PathBuf};

use hc_core::fs::file_names;
use hc_core::{Constraints, Version};

use super::error::PluginError;
use crate::platform::Platform;
use crate::release::{Release, plugin_program};

/// The newest release of a plugin that meets the constraints in a directory of archives; with `platform`, of those that
/// have an archive for it.
///
/// # Errors
/// When the directory cannot be read, or has none.
pub fn newest_release(
    dir: &Path,
    source: &str,
    constraints: &[Constraints],
    platform: Option<&Platform>,
) -> Result<Version, PluginError> {
    let start = format!("{}_v", plugin_program(source));
    let ending = platform.map_or(".zip".to_owned(), |platform| format!("_{platform}.zip"));
    let names = file_names(dir)?;
    let versions = names.iter().filter_map(|file| {
        let version: Version =
            file.strip_prefix(&start)?.strip_suffix(&ending)?.split('_').next()?.parse().ok()?;
        constraints.iter().all(|one| one.allow(version)).then_some(version)
    });
    versions.max().ok_or_else(|| {
        let of = platform.map_or_else(String::new, |platform| format!(" for {platform}"));
        PluginError::broken(dir, format!("no archive of {source}{of} that fits"))
    })
}

/// Takes the newest release of a plugin for `platform` that meets the constraints out of a directory of archives.
/// Returns its version and the binary, which is written below `to`.
///
/// # Errors
/// [`PluginError`]: no such archive, no checksum for it, another checksum, or no such binary in it.
pub fn from_archive(
    dir: &Path,
    source: &str,
    constraints: &[Constraints],
    platform: &Platform,
    to: &Path,
) -> Result<(Version, PathBuf), PluginError> {
    let version = newest_release(dir, source, constraints, Some(platform))?;
    let release = Release::of_plugin(source, version);
    let archives = release.archives(dir)?;
    let file = archives.get(platform).ok_or_else(|| PluginError::broken(dir, "its archives changed"))?;
    Ok((version, release.extract(dir, file, to)?))
}
