//! Plugins out of their publisher's archives, for machines without a network.

use std::io::Read;
use std::path::{Path, PathBuf};

use hc_core::fs::read_text;
use hc_core::{Constraints, Version};

use super::checksum::sha256;
use super::error::PluginError;
use super::installed::platform;

/// Largest list of checksums, in bytes.
const LIMIT: u64 = 1 << 20;
/// Largest binary that is taken out of an archive, in bytes.
const BINARY_LIMIT: u64 = 1 << 30;

/// Takes the newest release of a plugin that meets the constraints out of a directory of archives, as its publisher
/// lays them out: `packer-plugin-NAME_vVERSION_API_OS_ARCH.zip` beside `…_SHA256SUMS`. Returns its version and the
/// binary, which is written below `to`.
///
/// # Errors
/// [`PluginError`]: no such archive, no checksum for it, another checksum, or no such binary in it.
pub fn from_archive(
    dir: &Path,
    source: &str,
    constraints: &[Constraints],
    to: &Path,
) -> Result<(Version, PathBuf), PluginError> {
    let name = source.rsplit('/').next().unwrap_or(source);
    let (start, ending) = (format!("packer-plugin-{name}_v"), format!("_{}.zip", platform()));
    let mut archives: Vec<(Version, String)> = Vec::new();
    for entry in
        std::fs::read_dir(dir).map_err(|error| PluginError::broken(dir, error.to_string()))?.flatten()
    {
        let file = entry.file_name().to_string_lossy().into_owned();
        let middle = file.strip_prefix(&start).and_then(|rest| rest.strip_suffix(&ending));
        let version = middle.and_then(|middle| middle.split('_').next()?.parse::<Version>().ok());
        if let Some(version) = version.filter(|version| constraints.iter().all(|one| one.allow(*version))) {
            archives.push((version, file));
        }
    }
    let newest = archives.into_iter().max();
    let (version, file) = newest.ok_or_else(|| {
        PluginError::broken(dir, format!("no archive of {source} for {} that fits", platform()))
    })?;
    let archive = dir.join(&file);
    let sums = dir.join(format!("packer-plugin-{name}_v{version}_SHA256SUMS"));
    let listed = read_text(&sums, LIMIT)?.unwrap_or_default();
    let wanted = listed.lines().find_map(|line| {
        let (sum, listed) = line.split_once(char::is_whitespace)?;
        (listed.trim_start_matches([' ', '*']) == file).then(|| sum.to_lowercase())
    });
    let wanted = wanted.ok_or_else(|| PluginError::broken(&sums, format!("it has no checksum of {file}")))?;
    let found = sha256(&archive)?;
    if found != wanted {
        return Err(PluginError::broken(
            &archive,
            format!("its checksum is {found}, {} has {wanted}", sums.display()),
        ));
    }
    Ok((version, extract(&archive, &format!("packer-plugin-{name}"), to)?))
}

/// Takes the one binary out of an archive whose checksum was right; no path of the archive is followed.
fn extract(archive: &Path, name: &str, to: &Path) -> Result<PathBuf, PluginError> {
    let bad = |what: String| PluginError::broken(archive, what);
    let file = std::fs::File::open(archive).map_err(|error| bad(error.to_string()))?;
    let mut zip = zip::ZipArchive::new(file).map_err(|error| bad(error.to_string()))?;
    let member =
        zip.file_names().find(|member| member.starts_with(name) && !member.contains('/')).map(str::to_owned);
    let member = member.ok_or_else(|| bad(format!("it has no {name}")))?;
    let mut binary = zip.by_name(&member).map_err(|error| bad(error.to_string()))?.take(BINARY_LIMIT);
    let path = to.join(&member);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o755);
    let mut out = options.open(&path).map_err(|error| PluginError::broken(&path, error.to_string()))?;
    std::io::copy(&mut binary, &mut out).map_err(|error| bad(error.to_string()))?;
    Ok(path)
}
