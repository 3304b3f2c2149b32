//! Releases of packer and of plugins as their publishers lay them out in a directory: one archive per kind of machine, and
//! one list of checksums beside them. An archive that is not what the list says is not opened.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use hc_core::Version;
use hc_core::fs::{file_names, read_text};

use crate::checksum::{sha256, sha256_of};
use crate::platform::Platform;
use crate::plugins::PluginError;

/// Largest list of checksums, in bytes.
const LIST_LIMIT: u64 = 1 << 20;
/// Largest program that is taken out of an archive, in bytes.
const PROGRAM_LIMIT: u64 = 1 << 30;

/// One release, by the names of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// How the names of its archives begin, version included.
    start: String,
    /// Words between that and the platform.
    words: usize,
    /// How the name of the program in them begins.
    program: String,
}

impl Release {
    /// Packer: `packer_1.16.0_linux_amd64.zip` beside `packer_1.16.0_SHA256SUMS`.
    pub fn of_packer(version: Version) -> Self {
        Self { start: format!("packer_{version}_"), words: 0, program: "packer".into() }
    }

    /// A plugin by its source address: `packer-plugin-qemu_v1.1.0_x5.0_linux_amd64.zip` beside
    /// `packer-plugin-qemu_v1.1.0_SHA256SUMS`.
    pub fn of_plugin(source: &str, version: Version) -> Self {
        let program = plugin_program(source);
        Self { start: format!("{program}_v{version}_"), words: 1, program }
    }

    /// Its archives in `dir`, by platform.
    ///
    /// # Errors
    /// When the directory cannot be read, or has two archives for one platform.
    pub fn archives(&self, dir: &Path) -> Result<BTreeMap<Platform, String>, PluginError> {
        let mut archives = BTreeMap::new();
        for file in file_names(dir)? {
            let rest = file.strip_prefix(&self.start).and_then(|rest| rest.strip_suffix(".zip"));
            let platform = rest.and_then(|rest| rest.splitn(self.words + 1, '_').nth(self.words));
            let Some(platform) = platform.and_then(Platform::named) else { continue };
            if let Some(other) = archives.insert(platform, file.clone()) {
                return Err(PluginError::broken(dir, format!("it has {other} and {file}")));
            }
        }
        Ok(archives)
    }

    /// SHA-256 of the program in each of its archives in `dir`, by platform.
    ///
    /// # Errors
    /// [`PluginError`]: no archive, no checksum for one, another checksum, or no such program in it.
    pub fn programs(&self, dir: &Path) -> Result<BTreeMap<String, String>, PluginError> {
        let archives = self.archives(dir)?;
        if archives.is_empty() {
            return Err(PluginError::broken(dir, format!("no archive {}….zip", self.start)));
        }
        let sum = |(platform, file): (Platform, String)| {
            let archive = self.verified(dir, &file)?;
            let sum = self.program(&archive, |program, _| sha256_of(program))?;
            Ok((platform.to_string(), sum))
        };
        archives.into_iter().map(sum).collect()
    }

    /// The program for a platform, written below `to`.
    ///
    /// # Errors
    /// As [`Release::programs`].
    pub fn extract(&self, dir: &Path, file: &str, to: &Path) -> Result<PathBuf, PluginError> {
        let archive = self.verified(dir, file)?;
        self.program(&archive, |program, name| {
            let path = to.join(name);
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o755);
            std::io::copy(program, &mut options.open(&path)?)?;
            Ok(path)
        })
    }

    /// An archive whose checksum is the one in the publisher's list.
    fn verified(&self, dir: &Path, file: &str) -> Result<PathBuf, PluginError> {
        let list = dir.join(format!("{}SHA256SUMS", self.start));
        let listed = read_text(&list, LIST_LIMIT)?.unwrap_or_default();
        let wanted = listed.lines().find_map(|line| {
            let (sum, listed) = line.split_once(char::is_whitespace)?;
            (listed.trim_start_matches([' ', '*']) == file).then(|| sum.to_lowercase())
        });
        let wanted =
            wanted.ok_or_else(|| PluginError::broken(&list, format!("it has no checksum of {file}")))?;
        let archive = dir.join(file);
        let found = sha256(&archive)?;
        if found == wanted {
            return Ok(archive);
        }
        let what = format!("its checksum is {found}, {} has {wanted}", list.display());
        Err(PluginError::broken(&archive, what))
    }

    /// Hands over the one program of an archive, with its name; no path of the archive is followed.
    fn program<T>(
        &self,
        archive: &Path,
        then: impl FnOnce(&mut dyn Read, &str) -> std::io::Result<T>,
    ) -> Result<T, PluginError> {
        let bad = |what: String| PluginError::broken(archive, what);
        let file = std::fs::File::open(archive).map_err(|error| bad(error.to_string()))?;
        let mut zip = zip::ZipArchive::new(file).map_err(|error| bad(error.to_string()))?;
        let is_program = |member: &&str| member.starts_with(&self.program) && !member.contains(['/', '\\']);
        let name = zip.file_names().find(is_program).map(str::to_owned);
        let name = name.ok_or_else(|| bad(format!("it has no {}", self.program)))?;
        let program = zip.by_name(&name).map_err(|error| bad(error.to_string()))?;
        then(&mut program.take(PROGRAM_LIMIT), &name).map_err(|error| bad(error.to_string()))
    }
}

/// How the names of a plugin's programs and archives begin.
pub(crate) fn plugin_program(source: &str) -> String {
    format!("packer-plugin-{}", source.rsplit('/').next().unwrap_or(source))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// An archive with one program, and its line in the list.
    fn publish(dir: &Path, file: &str, list: &str, program: &str, content: &str) {
        let mut zip = zip::ZipWriter::new(std::fs::File::create(dir.join(file)).unwrap());
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file("LICENSE.txt", options).unwrap();
        zip.start_file(program, options).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
        zip.finish().unwrap();
        let mut list = std::fs::File::options().create(true).append(true).open(dir.join(list)).unwrap();
        writeln!(list, "{}  {file}", sha256(&dir.join(file)).unwrap()).unwrap();
    }

    #[test]
    fn programs_of_all_platforms_are_known_by_looking_into_their_archives() {
        let dir = tempfile::tempdir().unwrap();
        let release = Release::of_packer(Version { major: 1, minor: 16, patch: 0 });
        assert!(release.programs(dir.path()).is_err());
        for (platform, program) in [("linux_amd64", "packer"), ("windows_amd64", "packer.exe")] {
            let file = format!("packer_1.16.0_{platform}.zip");
            publish(dir.path(), &file, "packer_1.16.0_SHA256SUMS", program, platform);
        }
        publish(dir.path(), "packer_1.15.0_linux_arm64.zip", "packer_1.15.0_SHA256SUMS", "packer", "old");
        let found = release.programs(dir.path()).unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["linux_amd64", "windows_amd64"]);
        assert_eq!(found["linux_amd64"], sha256_of(&b"linux_amd64"[..]).unwrap());
        std::fs::write(dir.path().join("packer_1.16.0_darwin_arm64.zip"), "not listed").unwrap();
        let error = release.programs(dir.path()).unwrap_err();
        assert!(error.to_string().contains("no checksum of packer_1.16.0_darwin_arm64.zip"), "{error}");
    }

    #[test]
    fn a_platform_has_one_archive() {
        let dir = tempfile::tempdir().unwrap();
        let release = Release::of_plugin("github.com/acme/demo", Version { major: 1, minor: 0, patch: 4 });
        for api in ["x5.0", "x5.1"] {
            let file = format!("packer-plugin-demo_v1.0.4_{api}_linux_amd64.zip");
            publish(dir.path(), &file, "packer-plugin-demo_v1.0.4_SHA256SUMS", "packer-plugin-demo_x", api);
        }
        assert!(release.programs(dir.path()).unwrap_err().to_string().contains("it has packer-plugin-demo"));
    }
}
