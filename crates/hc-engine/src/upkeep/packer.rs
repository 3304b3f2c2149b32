//! The packer that is found, what its failures mean, which version the project is pinned to.

use std::collections::BTreeMap;
use std::path::Path;

use hc_config::settings;
use hc_core::Version;
use hc_core::fs::{read_limited, read_text, write_atomic};
use hc_packer::checksum::sha256;
use hc_packer::classify::classify_text;
use hc_packer::release::Release;

use crate::error::{EngineError, Result};
use crate::outcome::packer::{ClassifyReport, PackerReport, PinReport};
use crate::project::{Project, packer};

/// Largest log that is classified, in bytes.
const LOG_LIMIT: u64 = 256 << 20;
/// Largest hybrid.toml that is read, in bytes.
const SETTINGS_LIMIT: u64 = 4 << 20;

/// The packer that operations use.
///
/// # Errors
/// As for any operation that needs packer.
pub fn show(project: &Project) -> Result<PackerReport> {
    let found = packer::find(project)?;
    Ok(PackerReport {
        path: found.path.display().to_string(),
        version: found.version.to_string(),
        pinned: project.settings.packer.version.clone(),
        platforms: project.settings.packer.sha256.keys().cloned().collect(),
        has_init: found.has_init(),
        bundles_plugins: found.bundles_plugins(),
    })
}

/// Says what a failed build's log means, by the very rules that decide about retries. `log` is a path as a person typed
/// it; the platform is that of a raw log's name where none is given.
///
/// # Errors
/// When the log cannot be read, or a rule of hybrid.toml cannot be used.
pub fn classify(project: &Project, log: &Path, platform: Option<&str>) -> Result<ClassifyReport> {
    let bytes = read_limited(&project.host.typed(log), LOG_LIMIT)?
        .ok_or_else(|| EngineError::NoSuchFile { path: log.to_owned() })?;
    let text = String::from_utf8_lossy(&bytes);
    // A log of ours says by its name which builder it is of: linux.qemu.base-….
    let named = log.file_name().and_then(|name| name.to_str()?.split('.').nth(1));
    let platform = platform.or(named).unwrap_or_default().to_owned();
    let found = classify_text(&packer::rules(project)?, &platform, &text);
    Ok(ClassifyReport {
        platform,
        class: found.class,
        exit_code: found.class.exit().number(),
        retryable: found.class.is_retryable(),
        rule: found.rule,
        evidence: found.evidence,
        hint: found.hint,
    })
}

/// Pins the project to a version of packer, the one found unless another is named, and to checksums: of the packer found,
/// if it is that version, and of those in HashiCorp's archives in `from`, for every kind of machine that has one there.
/// Checksums for other kinds of machines stay while the version does; so does the rest of hybrid.toml, comments included.
///
/// # Errors
/// `BadVersion`; `PluginInvalid` for an archive that is not what its checksum says; when hybrid.toml cannot be written.
pub fn pin(project: &Project, version: Option<&str>, from: Option<&Path>) -> Result<PinReport> {
    let found = match packer::unpinned(project) {
        Err(error @ EngineError::Trust(_)) => return Err(error),
        found => found,
    };
    let (version, found) = match version {
        Some(text) => {
            let version: Version =
                text.parse().map_err(|_| EngineError::BadVersion { text: text.to_owned() })?;
            (version, found.ok().filter(|found| found.version == version))
        }
        None => {
            let found = found?;
            (found.version, Some(found))
        }
    };
    let settings = &project.settings.packer;
    let (pinned, before) = (version.to_string(), settings.version.clone());
    let mut sums = match before.as_ref() == Some(&pinned) {
        true => settings.sha256.clone(),
        false => BTreeMap::new(),
    };
    if let Some(found) = found {
        sums.insert(project.host.platform.to_string(), sha256(&found.path)?);
    }
    if let Some(dir) = from {
        sums.extend(Release::of_packer(version).programs(&project.host.typed(dir))?);
    }
    let path = project.at(settings::FILE_NAME);
    let text = read_text(&path, SETTINGS_LIMIT)?.unwrap_or_default();
    let written = with_pin(&text, &pinned, &sums);
    let changed = written != text;
    if changed {
        // What is written must say what was meant.
        settings::parse(Path::new(settings::FILE_NAME), &written)?;
        write_atomic(&path, written.as_bytes(), 0o644)?;
    }
    Ok(PinReport { version: pinned, before, platforms: sums.into_keys().collect(), changed })
}

/// Sets `version` and `sha256` in the table `[packer]`, which is added at the end when there is none.
fn with_pin(text: &str, version: &str, sums: &BTreeMap<String, String>) -> String {
    let pin: Vec<String> = std::iter::once(format!("version = \"{version}\""))
        .chain(sums.iter().map(|(platform, sum)| format!("sha256.{platform} = \"{sum}\"")))
        .collect();
    let mut lines: Vec<String> = without_table(text, "[packer.sha256]");
    let Some(start) = lines.iter().position(|line| line.trim() == "[packer]") else {
        if lines.last().is_some_and(|last| !last.is_empty()) {
            lines.push(String::new());
        }
        lines.push("[packer]".to_owned());
        lines.extend(pin);
        return lines.join("\n") + "\n";
    };
    let end = lines[start + 1..].iter().position(|line| is_table(line));
    let end = end.map_or(lines.len(), |at| start + 1 + at);
    let is_pin = |line: &String| ["version", "sha256"].contains(&key(line));
    let at = lines[start + 1..end].iter().position(is_pin).map_or(start + 1, |at| start + 1 + at);
    let rest: Vec<String> = lines.drain(at..end).filter(|line| !is_pin(line)).collect();
    lines.splice(at..at, pin.into_iter().chain(rest));
    lines.join("\n") + "\n"
}

/// The lines without a table.
fn without_table(text: &str, header: &str) -> Vec<String> {
    let mut inside = false;
    let mut keep = |line: &&str| {
        if is_table(line) {
            inside = line.trim() == header;
        }
        !inside
    };
    text.lines().filter(|line| keep(line)).map(str::to_owned).collect()
}

fn is_table(line: &str) -> bool {
    line.trim_start().starts_with('[')
}

/// The first part of the key that a line sets.
fn key(line: &str) -> &str {
    let key = line.split_once('=').map_or("", |(key, _)| key);
    key.split('.').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::with_pin;

    fn pinned(text: &str, version: &str, sums: &[(&str, &str)]) -> String {
        let sums = sums.iter().map(|(platform, sum)| ((*platform).to_owned(), (*sum).to_owned()));
        with_pin(text, version, &sums.collect())
    }

    #[test]
    fn a_pin_changes_its_lines_only() {
        let text = "# mine\n[packer]\njobs = 2 # few\n\n[packer.platforms.vsphere]\nversion = 1\n";
        let once = pinned(text, "1.11.2", &[]);
        assert_eq!(once, text.replace("[packer]\n", "[packer]\nversion = \"1.11.2\"\n"));
        assert_eq!(pinned(&once, "1.16.0", &[]), once.replace("1.11.2", "1.16.0"));
        assert_eq!(
            pinned("[project]\nname = \"x\"", "1.6.6", &[]),
            "[project]\nname = \"x\"\n\n[packer]\nversion = \"1.6.6\"\n"
        );
        assert_eq!(pinned("", "1.6.6", &[]), "[packer]\nversion = \"1.6.6\"\n");
    }

    #[test]
    fn checksums_follow_the_version_however_they_were_written() {
        let sums = [("darwin_arm64", "aa"), ("linux_amd64", "bb")];
        let once = pinned("[packer]\njobs = 2\n\n[logs]\nkeep_days = 3\n", "1.16.0", &sums);
        assert_eq!(
            once,
            "[packer]\nversion = \"1.16.0\"\nsha256.darwin_arm64 = \"aa\"\nsha256.linux_amd64 = \"bb\"\njobs = 2\n\n\
             [logs]\nkeep_days = 3\n"
        );
        assert_eq!(pinned(&once, "1.16.0", &sums), once);
        let other = "[packer]\njobs = 2\nsha256 = { linux_amd64 = \"cc\" }\n\n[logs]\n";
        assert_eq!(pinned(other, "2.0.0", &[]), "[packer]\njobs = 2\nversion = \"2.0.0\"\n\n[logs]\n");
        let table = "[packer]\njobs = 2\n[packer.sha256]\nlinux_amd64 = \"cc\"\n[logs]\n";
        assert_eq!(pinned(table, "2.0.0", &[]), "[packer]\nversion = \"2.0.0\"\njobs = 2\n[logs]\n");
    }
}
