//! The packer that is found, what its failures mean, which version the project is pinned to.

use std::path::Path;

use hc_config::settings;
use hc_core::Version;
use hc_core::fs::{read_limited, read_text, write_atomic};
use hc_packer::classify::classify_text;

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

/// Pins the project to a version of packer, the one found unless another is named; the rest of hybrid.toml stays as
/// it is, comments included.
///
/// # Errors
/// `BadVersion`; when hybrid.toml cannot be written.
pub fn pin(project: &Project, version: Option<&str>) -> Result<PinReport> {
    let version: Version = match version {
        Some(text) => text.parse().map_err(|_| EngineError::BadVersion { text: text.to_owned() })?,
        None => packer::unpinned(project)?.version,
    };
    let path = project.at(settings::FILE_NAME);
    let text = read_text(&path, SETTINGS_LIMIT)?.unwrap_or_default();
    let pinned = with_pin(&text, &version.to_string());
    let changed = pinned != text;
    if changed {
        // What is written must say what was meant.
        settings::parse(Path::new(settings::FILE_NAME), &pinned)?;
        write_atomic(&path, pinned.as_bytes(), 0o644)?;
    }
    let before = project.settings.packer.version.clone();
    Ok(PinReport { version: version.to_string(), before, changed })
}

/// Sets `version` in the table `[packer]`, which is added at the end when there is none.
fn with_pin(text: &str, version: &str) -> String {
    let line = format!("version = \"{version}\"");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let is_table = |line: &str| line.trim_start().starts_with('[');
    let Some(start) = lines.iter().position(|line| line.trim() == "[packer]") else {
        if lines.last().is_some_and(|last| !last.is_empty()) {
            lines.push(String::new());
        }
        lines.extend(["[packer]".to_owned(), line]);
        return lines.join("\n") + "\n";
    };
    let end =
        lines[start + 1..].iter().position(|line| is_table(line)).map_or(lines.len(), |at| start + 1 + at);
    let key = |line: &&mut String| {
        line.trim_start().strip_prefix("version").is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    match lines[start + 1..end].iter_mut().find(key) {
        Some(known) => *known = line,
        None => lines.insert(start + 1, line),
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::with_pin;

    #[test]
    fn a_pin_changes_one_line_only() {
        let text = "# mine\n[packer]\njobs = 2 # few\n\n[packer.platforms.vsphere]\nversion = 1\n";
        assert_eq!(with_pin(text, "1.11.2"), text.replace("[packer]\n", "[packer]\nversion = \"1.11.2\"\n"));
        let pinned = with_pin(text, "1.11.2");
        assert_eq!(with_pin(&pinned, "1.16.0"), pinned.replace("1.11.2", "1.16.0"));
        assert_eq!(
            with_pin("[project]\nname = \"x\"", "1.6.6"),
            "[project]\nname = \"x\"\n\n[packer]\nversion = \"1.6.6\"\n"
        );
        assert_eq!(with_pin("", "1.6.6"), "[packer]\nversion = \"1.6.6\"\n");
    }
}
