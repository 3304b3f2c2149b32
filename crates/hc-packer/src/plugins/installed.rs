//! Which plugins are installed beside packer, and which of them it would start.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use hc_core::{Constraints, Version};

use crate::platform::Platform;

/// A plugin binary as packer names it: `packer-plugin-NAME_vVERSION_API_OS_ARCH`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Installed {
    /// Source address: `github.com/hashicorp/qemu`.
    pub source: String,
    /// Its version.
    pub version: Version,
    /// The binary.
    pub path: PathBuf,
}

/// Where packer looks for plugins by default, given the caller's environment.
pub fn default_dir(caller: &[(OsString, OsString)]) -> Option<PathBuf> {
    let value =
        |name: &str| caller.iter().find(|(known, _)| known == name).map(|(_, value)| PathBuf::from(value));
    let home = value("HOME")?;
    let old = home.join(".packer.d");
    if old.is_dir() {
        return Some(old.join("plugins"));
    }
    Some(value("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")).join("packer/plugins"))
}

/// Plugins for `platform` below `dir`, sorted by source and version. A directory that is not there has none.
pub fn installed(dir: &Path, platform: &Platform) -> Vec<Installed> {
    let mut found = Vec::new();
    let ending = format!("_{platform}{}", platform.program_ending());
    for entry in walkdir::WalkDir::new(dir).max_depth(8).into_iter().flatten() {
        let name = entry.file_name().to_string_lossy();
        let parts = name.strip_suffix(&ending).and_then(|name| name.strip_prefix("packer-plugin-"));
        let Some(version) = parts.and_then(|parts| parts.split('_').nth(1)?.strip_prefix('v')?.parse().ok())
        else {
            continue;
        };
        let source = entry.path().parent().and_then(|parent| parent.strip_prefix(dir).ok());
        let Some(source) = source.and_then(Path::to_str).filter(|_| entry.file_type().is_file()) else {
            continue;
        };
        found.push(Installed { source: source.replace('\\', "/"), version, path: entry.path().to_owned() });
    }
    found.sort_by(|one, other| (&one.source, one.version).cmp(&(&other.source, other.version)));
    found
}

/// The plugin that packer would start: the newest that meets all constraints.
pub fn chosen<'a>(
    installed: &'a [Installed],
    source: &str,
    constraints: &[Constraints],
) -> Option<&'a Installed> {
    let fits = |plugin: &&Installed| {
        plugin.source == source && constraints.iter().all(|constraint| constraint.allow(plugin.version))
    };
    installed.iter().filter(fits).max_by_key(|plugin| plugin.version)
}
