//! Which plugins are installed beside packer, and which of them it would start.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use hc_core::fs::read_text;
use hc_core::{Constraints, Version};

use super::error::PluginError;
use crate::platform::Platform;

/// Largest note of a checksum, in bytes.
const NOTE_LIMIT: u64 = 1 << 10;

/// A plugin binary as packer names it: `packer-plugin-NAME_vVERSION_API_OS_ARCH`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Installed {
    /// Source address: `github.com/hashicorp/qemu`.
    pub source: String,
    /// Its version, without what marks a development build.
    pub version: Version,
    /// `dev` of `1.1.5-dev`: older than the release of that version, and met by the same constraints.
    pub prerelease: Option<String>,
    /// The binary.
    pub path: PathBuf,
}

impl Installed {
    /// The version as packer and the lock write it: `1.1.5`, `1.1.5-dev`.
    pub fn label(&self) -> String {
        match &self.prerelease {
            Some(prerelease) => format!("{}-{prerelease}", self.version),
            None => self.version.to_string(),
        }
    }

    /// The plugin's name, which begins the names of its parts: `qemu`.
    pub fn name(&self) -> &str {
        self.source.rsplit('/').next().unwrap_or(&self.source)
    }

    /// Packer passes over a plugin whose SHA-256 (`found`, in hex) is not the one that stands in the file beside it, and
    /// starts another one, or none.
    ///
    /// # Errors
    /// [`PluginError::PassedOver`] for such a plugin.
    pub fn require_noted(&self, found: &str) -> Result<(), PluginError> {
        let note = checksum_file(&self.path);
        let noted = read_text(&note, NOTE_LIMIT)?.unwrap_or_default();
        match noted.trim().eq_ignore_ascii_case(found) {
            true => Ok(()),
            false => {
                let (path, found) = (self.path.clone(), found.to_owned());
                Err(PluginError::PassedOver { path, found, noted: noted.trim().to_owned() })
            }
        }
    }

    /// Orders versions of one plugin as packer does: a development build before its release.
    fn age(&self) -> (Version, bool, Option<&str>) {
        (self.version, self.prerelease.is_none(), self.prerelease.as_deref())
    }
}

/// Where packer keeps the checksum of a plugin's binary.
fn checksum_file(binary: &Path) -> PathBuf {
    let mut name = binary.as_os_str().to_owned();
    name.push("_SHA256SUM");
    name.into()
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

/// Plugins for `platform` below `dir` that packer would look at, sorted by source and version: those with a checksum beside
/// them. A directory that is not there has none.
pub fn installed(dir: &Path, platform: &Platform) -> Vec<Installed> {
    let mut found = Vec::new();
    let ending = format!("_{platform}{}", platform.program_ending());
    for entry in walkdir::WalkDir::new(dir).max_depth(8).into_iter().flatten() {
        let name = entry.file_name().to_string_lossy();
        let parts = name.strip_suffix(&ending).and_then(|name| name.strip_prefix("packer-plugin-"));
        let label = parts.and_then(|parts| parts.split('_').nth(1)?.strip_prefix('v'));
        let Some((version, prerelease)) = label.and_then(version) else { continue };
        let source = entry.path().parent().and_then(|parent| parent.strip_prefix(dir).ok());
        // Packer passes over what lies at the top, and over what has no checksum beside it.
        let is_plugin = |source: &&str| {
            !source.is_empty() && entry.file_type().is_file() && checksum_file(entry.path()).is_file()
        };
        let Some(source) = source.and_then(Path::to_str).filter(is_plugin) else { continue };
        let source = source.replace('\\', "/");
        found.push(Installed { source, version, prerelease, path: entry.path().to_owned() });
    }
    found.sort_by(|one, other| (&one.source, one.age()).cmp(&(&other.source, other.age())));
    found
}

/// The version that a file name has, with what marks a development build; `None` for one that packer passes over.
fn version(label: &str) -> Option<(Version, Option<String>)> {
    let (core, prerelease) = match label.split_once('-') {
        Some((core, prerelease)) => (core, Some(prerelease.to_owned())),
        None => (label, None),
    };
    let version: Version = core.parse().ok()?;
    // `v1.02.3` and `v1.2.3+x` could be taken for another one.
    (version.to_string() == core).then_some((version, prerelease))
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
    installed.iter().filter(fits).max_by_key(|plugin| plugin.age())
}

/// The plugin that packer would start for parts called after `name` that nothing asks for by its source: the newest of all
/// that are called so.
pub fn unasked<'a>(installed: &'a [Installed], name: &str) -> Option<&'a Installed> {
    installed.iter().filter(|plugin| plugin.name() == name).max_by_key(|plugin| plugin.age())
}
