//! Which packer there is, and what it can do (PKR-1).

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub use hc_core::Version;

use crate::error::PackerError;
use crate::remember;

/// The oldest packer that works: Debian's.
pub const OLDEST: Version = Version { major: 1, minor: 6, patch: 6 };

/// A packer that was found, with its abilities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packer {
    /// Absolute path.
    pub path: PathBuf,
    /// Version.
    pub version: Version,
}

impl Packer {
    /// Finds `binary` (a path, or a name on `search_path`) and asks for its version. With a `memory` file, a
    /// compiled packer that did not change since it was asked last is not asked again.
    ///
    /// # Errors
    /// [`PackerError::NotFound`], [`PackerError::NotPacker`], [`PackerError::TooOld`].
    pub fn find(
        binary: &Path,
        base: &Path,
        search_path: Option<&OsStr>,
        memory: Option<&Path>,
    ) -> Result<Self, PackerError> {
        let path = locate(binary, base, search_path)
            .ok_or_else(|| PackerError::NotFound { looked_for: binary.to_owned() })?;
        let version = match memory.and_then(|memory| remember::recall(memory, &path)) {
            Some(version) => version,
            None => {
                let version = ask(&path)?;
                if let Some(memory) = memory {
                    remember::keep(memory, &path, version);
                }
                version
            }
        };
        if version < OLDEST {
            return Err(PackerError::TooOld { path, found: version, needed: OLDEST });
        }
        Ok(Self { path, version })
    }

    /// `init`, `required_plugins` and `packer plugins`: since 1.7.
    pub fn has_init(&self) -> bool {
        self.version >= Version { major: 1, minor: 7, patch: 0 }
    }

    /// Whether builders for clouds and hypervisors are part of the binary; plugins since 1.10.
    pub fn bundles_plugins(&self) -> bool {
        self.version < Version { major: 1, minor: 10, patch: 0 }
    }
}

fn locate(binary: &Path, base: &Path, search_path: Option<&OsStr>) -> Option<PathBuf> {
    if binary.components().count() > 1 {
        let path = base.join(binary);
        return path.is_file().then_some(path);
    }
    std::env::split_paths(search_path?)
        .filter(|dir| dir.is_absolute())
        .map(|dir| dir.join(binary))
        .find(|path| path.is_file())
}

fn ask(path: &Path) -> Result<Version, PackerError> {
    let output = Command::new(path)
        .arg("version")
        .env_clear()
        .env("CHECKPOINT_DISABLE", "1")
        // Packer 1.6 does not start without a home directory.
        .env("HOME", "/")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(|source| PackerError::Spawn { path: path.to_owned(), source })?;
    let text = String::from_utf8_lossy(&output.stdout);
    let not_packer = || PackerError::NotPacker { path: path.to_owned() };
    let word = text.lines().find_map(|line| line.strip_prefix("Packer v")).ok_or_else(not_packer)?;
    word.parse().map_err(|_| not_packer())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_read_and_order() {
        let version = |text: &str| text.parse::<Version>();
        assert_eq!(version("1.6.6").unwrap(), OLDEST);
        assert_eq!(version("v1.16.0-dev").unwrap().to_string(), "1.16.0");
        assert!(version("1.11.2").unwrap() > OLDEST);
        assert!(version("1.6").is_err() && version("x.y.z").is_err() && version("1.2.3.4").is_err());
    }
}
