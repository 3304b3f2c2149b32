//! `plugins.lock`: which binary of a plugin a project is locked to (SRC-6).

use std::collections::BTreeMap;
use std::path::Path;

use hc_core::fs::{FsError, read_text, write_atomic};
use serde::{Deserialize, Serialize};

use super::error::PluginError;
use super::installed::Installed;
use crate::platform::Platform;

/// File name of the lock, below the project's root.
pub const LOCK_FILE: &str = "plugins.lock";
/// The format of the lock that is written, and the newest that is read.
pub const LOCK_SCHEMA: u32 = 1;
/// Largest lock, in bytes.
const LIMIT: u64 = 1 << 20;

/// What a plugin is locked to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LockedPlugin {
    /// Its version.
    pub version: String,
    /// SHA-256 of its binary in hex, by system and architecture: `linux_amd64`.
    pub sha256: BTreeMap<String, String>,
}

/// `plugins.lock`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PluginLock {
    /// Version of the format.
    pub schema: u32,
    /// By source address.
    #[serde(default)]
    pub plugins: BTreeMap<String, LockedPlugin>,
}

impl Default for PluginLock {
    fn default() -> Self {
        Self { schema: LOCK_SCHEMA, plugins: BTreeMap::new() }
    }
}

impl PluginLock {
    /// Reads the lock of a project; `None` when it has none.
    ///
    /// # Errors
    /// [`PluginError::Broken`] for a file that is not a lock.
    pub fn load(root: &Path) -> Result<Option<Self>, PluginError> {
        let path = root.join(LOCK_FILE);
        let Some(text) = read_text(&path, LIMIT)? else { return Ok(None) };
        let lock: Self =
            toml::from_str(&text).map_err(|error| PluginError::broken(&path, error.message().to_owned()))?;
        match lock.schema {
            LOCK_SCHEMA => Ok(Some(lock)),
            other => {
                Err(PluginError::broken(&path, format!("it has format {other}, only {LOCK_SCHEMA} is known")))
            }
        }
    }

    /// Writes it, below a line of comment that says who did and what is to become of it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, root: &Path, comment: &str) -> Result<(), PluginError> {
        let path = root.join(LOCK_FILE);
        let text = toml::to_string(self).map_err(|error| PluginError::broken(&path, error.to_string()))?;
        Ok(write_atomic(&path, format!("# {comment}\n{text}").as_bytes(), 0o644)?)
    }

    /// Locks a plugin to binaries of some kinds of machines; sums for others stay while the version does.
    pub fn lock(&mut self, source: &str, version: &str, sums: impl IntoIterator<Item = (String, String)>) {
        let version = version.to_owned();
        let entry = self.plugins.entry(source.to_owned());
        let entry =
            entry.or_insert_with(|| LockedPlugin { version: version.clone(), sha256: BTreeMap::new() });
        if entry.version != version {
            *entry = LockedPlugin { version, sha256: BTreeMap::new() };
        }
        entry.sha256.extend(sums);
    }

    /// Compares a binary for `platform`, whose SHA-256 `sum` computes, with the lock; gives that sum.
    ///
    /// # Errors
    /// [`PluginError::Differs`] when version or checksum are not the locked ones;
    /// [`PluginError::NotLocked`] when the lock does not know the plugin or has no sum for the platform.
    pub fn require(
        &self,
        plugin: &Installed,
        platform: &Platform,
        sum: impl FnOnce(&Path) -> Result<String, FsError>,
    ) -> Result<String, PluginError> {
        let not_locked = || PluginError::NotLocked {
            source_address: plugin.source.clone(),
            platform: platform.to_string(),
        };
        let locked = self.plugins.get(&plugin.source).ok_or_else(not_locked)?;
        let differs = |found: String, locked: String| PluginError::Differs {
            source_address: plugin.source.clone(),
            path: plugin.path.clone(),
            found,
            locked,
        };
        let label = plugin.label();
        if locked.version != label {
            return Err(differs(format!("version {label}"), format!("version {}", locked.version)));
        }
        let wanted = locked.sha256.get(platform.as_str()).ok_or_else(not_locked)?;
        let found = sum(&plugin.path)?;
        if found == *wanted {
            Ok(found)
        } else {
            Err(differs(format!("sha256:{found}"), format!("sha256:{wanted}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::installed::{chosen, installed, unasked};
    use super::*;
    use crate::checksum::sha256;

    fn here() -> Platform {
        Platform::named("linux_amd64").unwrap()
    }

    fn plugin(dir: &Path, source: &str, version: &str, content: &str) -> PathBuf {
        let name = source.rsplit('/').next().unwrap();
        let path = dir.join(source).join(format!("packer-plugin-{name}_v{version}_x5.0_{}", here()));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        let mut note = path.clone().into_os_string();
        note.push("_SHA256SUM");
        std::fs::write(note, sha256(&path).unwrap()).unwrap();
        path
    }

    #[test]
    fn the_newest_that_fits_is_chosen_and_compared_with_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let source = "github.com/hashicorp/qemu";
        plugin(dir.path(), source, "1.0.9", "old");
        let path = plugin(dir.path(), source, "1.10.0", "new");
        plugin(dir.path(), source, "2.0.0", "too new");
        std::fs::write(path.with_file_name("packer-plugin-qemu_v1.0.9_x5.0_plan9_mips"), "").unwrap();
        let found = installed(dir.path(), &here());
        assert_eq!(found.len(), 3);
        let fits = ["~> 1.0".parse().unwrap()];
        let chosen = chosen(&found, source, &fits).unwrap();
        assert_eq!((chosen.version.to_string().as_str(), &chosen.path), ("1.10.0", &path));

        let mut lock = PluginLock::default();
        assert!(matches!(lock.require(chosen, &here(), sha256), Err(PluginError::NotLocked { .. })));
        let sum = |platform: &str, sum: &str| (platform.to_owned(), sum.to_owned());
        lock.lock(source, &chosen.label(), [sum("darwin_arm64", "aa")]);
        assert!(matches!(lock.require(chosen, &here(), sha256), Err(PluginError::NotLocked { .. })));
        lock.lock(source, &chosen.label(), [sum("linux_amd64", &sha256(&chosen.path).unwrap())]);
        assert_eq!(lock.plugins[source].sha256.len(), 2, "other machines' sums stay");
        lock.save(dir.path(), "Commit it.").unwrap();
        let lock = PluginLock::load(dir.path()).unwrap().unwrap();
        lock.require(chosen, &here(), sha256).unwrap();
        std::fs::write(&path, "new?").unwrap();
        assert!(matches!(lock.require(chosen, &here(), sha256), Err(PluginError::Differs { .. })));
        assert!(matches!(lock.require(&found[0], &here(), sha256), Err(PluginError::Differs { .. })));
    }

    #[test]
    fn a_development_build_is_older_than_its_release_and_another_version() {
        let dir = tempfile::tempdir().unwrap();
        let source = "github.com/hashicorp/qemu";
        for version in ["1.1.4", "1.1.5-dev"] {
            plugin(dir.path(), source, version, version);
        }
        let fits = ["~> 1.1.4".parse().unwrap()];
        let found = installed(dir.path(), &here());
        let newest = chosen(&found, source, &fits).unwrap();
        assert_eq!(newest.label(), "1.1.5-dev");
        let mut lock = PluginLock::default();
        lock.lock(source, &newest.label(), [(here().to_string(), sha256(&newest.path).unwrap())]);
        lock.require(newest, &here(), sha256).unwrap();

        plugin(dir.path(), source, "1.1.5", "release");
        // Packer passes over these: without a checksum beside it, at the top, with a version that could be two.
        let unnoted = plugin(dir.path(), source, "1.1.9", "");
        std::fs::remove_file(format!("{}_SHA256SUM", unnoted.display())).unwrap();
        plugin(dir.path(), source, "1.2.0+x", "");
        std::fs::write(dir.path().join(format!("packer-plugin-qemu_v9.0.0_x5.0_{}", here())), "").unwrap();
        let found = installed(dir.path(), &here());
        let newest = chosen(&found, source, &fits).unwrap();
        assert_eq!(newest.label(), "1.1.5");
        let error = lock.require(newest, &here(), sha256).unwrap_err().to_string();
        assert!(error.contains("has version 1.1.5, plugins.lock has version 1.1.5-dev"), "{error}");
    }

    #[test]
    fn of_plugins_that_are_called_the_same_the_newest_gives_what_nobody_asks_for() {
        let dir = tempfile::tempdir().unwrap();
        plugin(dir.path(), "github.com/hashicorp/docker", "1.1.4", "");
        plugin(dir.path(), "git.example.com/team/docker", "1.2.0", "");
        let found = installed(dir.path(), &here());
        assert_eq!(unasked(&found, "docker").unwrap().source, "git.example.com/team/docker");
        assert!(unasked(&found, "dock").is_none());
    }
}
