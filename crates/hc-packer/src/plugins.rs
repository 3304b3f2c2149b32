//! Plugins beside packer (SRC-6): which are installed, what they are locked to, archives of them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use hc_core::fs::{read_text, write_atomic};
use hc_core::{Constraints, Version};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::PackerError;

/// File name of the lock, below the project's root.
pub const LOCK_FILE: &str = "plugins.lock";
/// The format of the lock that is written, and the newest that is read.
pub const LOCK_SCHEMA: u32 = 1;
/// Largest lock, and largest list of checksums, in bytes.
const LIMIT: u64 = 1 << 20;
/// Largest binary that is taken out of an archive, in bytes.
const BINARY_LIMIT: u64 = 1 << 30;
const HEADER: &str = "# Written by `hybrid packer plugins lock`; commit it.\n";

/// A plugin binary as packer names it: `packer-plugin-NAME_vVERSION_API_OS_ARCH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Source address: `github.com/hashicorp/qemu`.
    pub source: String,
    /// Its version.
    pub version: Version,
    /// The binary.
    pub path: PathBuf,
}

/// `linux_amd64`: this machine as plugin names call it.
pub fn platform() -> String {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        os => os,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        arch => arch,
    };
    format!("{os}_{arch}")
}

/// Where packer looks for plugins when nobody says otherwise, given the caller's environment.
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

/// Plugins of this machine's kind below `dir`, sorted by source and version. A directory that is not there has none.
pub fn installed(dir: &Path) -> Vec<Installed> {
    let mut found = Vec::new();
    let ending = format!("_{}{}", platform(), std::env::consts::EXE_SUFFIX);
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

/// SHA-256 of a file in hex, read in pieces.
///
/// # Errors
/// [`PackerError::Plugin`] when it cannot be read.
pub fn sha256(path: &Path) -> Result<String, PackerError> {
    let unreadable = |error: std::io::Error| broken(path, error.to_string());
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    let (mut digest, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer).map_err(unreadable)? {
            0 => return Ok(hex(&digest.finalize())),
            read => digest.update(&buffer[..read]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn broken(path: &Path, what: impl Into<String>) -> PackerError {
    PackerError::Plugin { path: path.to_owned(), what: what.into() }
}

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
    /// [`PackerError::Plugin`] for a file that is none of ours.
    pub fn load(root: &Path) -> Result<Option<Self>, PackerError> {
        let path = root.join(LOCK_FILE);
        let Some(text) = read_text(&path, LIMIT)? else { return Ok(None) };
        let lock: Self = toml::from_str(&text).map_err(|error| broken(&path, error.message().to_owned()))?;
        match lock.schema {
            LOCK_SCHEMA => Ok(Some(lock)),
            other => Err(broken(&path, format!("it has format {other}, this hybrid knows {LOCK_SCHEMA}"))),
        }
    }

    /// Writes it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, root: &Path) -> Result<(), PackerError> {
        let path = root.join(LOCK_FILE);
        let text = toml::to_string(self).map_err(|error| broken(&path, error.to_string()))?;
        Ok(write_atomic(&path, format!("{HEADER}{text}").as_bytes(), 0o644)?)
    }

    /// Locks a plugin to a binary of this machine's kind; sums for other machines stay while the version does.
    pub fn lock(&mut self, plugin: &Installed, sha256: String) {
        let version = plugin.version.to_string();
        let entry = self
            .plugins
            .entry(plugin.source.clone())
            .or_insert_with(|| LockedPlugin { version: version.clone(), sha256: BTreeMap::new() });
        if entry.version != version {
            *entry = LockedPlugin { version, sha256: BTreeMap::new() };
        }
        entry.sha256.insert(platform(), sha256);
    }

    /// Compares a binary with the lock; gives its SHA-256.
    ///
    /// # Errors
    /// [`PackerError::PluginDiffers`] when version or checksum are not the locked ones;
    /// [`PackerError::PluginNotLocked`] when the lock does not know the plugin or has no sum for this machine.
    pub fn require(&self, plugin: &Installed) -> Result<String, PackerError> {
        let not_locked =
            || PackerError::PluginNotLocked { source_address: plugin.source.clone(), platform: platform() };
        let locked = self.plugins.get(&plugin.source).ok_or_else(not_locked)?;
        let differs = |found: String, locked: String| PackerError::PluginDiffers {
            source_address: plugin.source.clone(),
            path: plugin.path.clone(),
            found,
            locked,
        };
        if locked.version != plugin.version.to_string() {
            return Err(differs(
                format!("version {}", plugin.version),
                format!("version {}", locked.version),
            ));
        }
        let wanted = locked.sha256.get(&platform()).ok_or_else(not_locked)?;
        let found = sha256(&plugin.path)?;
        if found == *wanted {
            Ok(found)
        } else {
            Err(differs(format!("sha256:{found}"), format!("sha256:{wanted}")))
        }
    }
}

/// Takes the newest release of a plugin that meets the constraints out of a directory of archives, as its publisher
/// lays them out: `packer-plugin-NAME_vVERSION_API_OS_ARCH.zip` beside `…_SHA256SUMS`. Returns its version and the
/// binary, which is written below `to`.
///
/// # Errors
/// [`PackerError::Plugin`]: no such archive, no checksum for it, another checksum, or no such binary in it.
pub fn from_archive(
    dir: &Path,
    source: &str,
    constraints: &[Constraints],
    to: &Path,
) -> Result<(Version, PathBuf), PackerError> {
    let name = source.rsplit('/').next().unwrap_or(source);
    let (start, ending) = (format!("packer-plugin-{name}_v"), format!("_{}.zip", platform()));
    let mut archives: Vec<(Version, String)> = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(|error| broken(dir, error.to_string()))?.flatten() {
        let file = entry.file_name().to_string_lossy().into_owned();
        let middle = file.strip_prefix(&start).and_then(|rest| rest.strip_suffix(&ending));
        let version = middle.and_then(|middle| middle.split('_').next()?.parse::<Version>().ok());
        if let Some(version) = version.filter(|version| constraints.iter().all(|one| one.allow(*version))) {
            archives.push((version, file));
        }
    }
    let newest = archives.into_iter().max();
    let (version, file) =
        newest.ok_or_else(|| broken(dir, format!("no archive of {source} for {} that fits", platform())))?;
    let archive = dir.join(&file);
    let sums = dir.join(format!("packer-plugin-{name}_v{version}_SHA256SUMS"));
    let listed = read_text(&sums, LIMIT)?.unwrap_or_default();
    let wanted = listed.lines().find_map(|line| {
        let (sum, listed) = line.split_once(char::is_whitespace)?;
        (listed.trim_start_matches([' ', '*']) == file).then(|| sum.to_lowercase())
    });
    let wanted = wanted.ok_or_else(|| broken(&sums, format!("it has no checksum of {file}")))?;
    let found = sha256(&archive)?;
    if found != wanted {
        return Err(broken(&archive, format!("its checksum is {found}, {} has {wanted}", sums.display())));
    }
    Ok((version, extract(&archive, &format!("packer-plugin-{name}"), to)?))
}

/// Takes the one binary out of an archive whose checksum was right; no path of the archive is followed.
fn extract(archive: &Path, name: &str, to: &Path) -> Result<PathBuf, PackerError> {
    let bad = |what: String| broken(archive, what);
    let file = std::fs::File::open(archive).map_err(|error| bad(error.to_string()))?;
    let mut zip = zip::ZipArchive::new(file).map_err(|error| bad(error.to_string()))?;
    let member =
        zip.file_names().find(|member| member.starts_with(name) && !member.contains('/')).map(str::to_owned);
    let member = member.ok_or_else(|| bad(format!("there is no {name} in it")))?;
    let mut binary = zip.by_name(&member).map_err(|error| bad(error.to_string()))?.take(BINARY_LIMIT);
    let path = to.join(&member);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o755);
    let mut out = options.open(&path).map_err(|error| broken(&path, error.to_string()))?;
    std::io::copy(&mut binary, &mut out).map_err(|error| bad(error.to_string()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin(dir: &Path, source: &str, version: &str, content: &str) -> PathBuf {
        let name = source.rsplit('/').next().unwrap();
        let path = dir.join(source).join(format!("packer-plugin-{name}_v{version}_x5.0_{}", platform()));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
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
        let found = installed(dir.path());
        assert_eq!(found.len(), 3);
        let fits = ["~> 1.0".parse().unwrap()];
        let chosen = chosen(&found, source, &fits).unwrap();
        assert_eq!((chosen.version.to_string().as_str(), &chosen.path), ("1.10.0", &path));

        let mut lock = PluginLock::default();
        assert!(matches!(lock.require(chosen), Err(PackerError::PluginNotLocked { .. })));
        lock.lock(chosen, sha256(&chosen.path).unwrap());
        lock.save(dir.path()).unwrap();
        let lock = PluginLock::load(dir.path()).unwrap().unwrap();
        lock.require(chosen).unwrap();
        std::fs::write(&path, "new?").unwrap();
        assert!(matches!(lock.require(chosen), Err(PackerError::PluginDiffers { .. })));
        assert!(matches!(lock.require(&found[0]), Err(PackerError::PluginDiffers { .. })));
    }
}
