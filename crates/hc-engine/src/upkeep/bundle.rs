//! Logs, manifests, state and versions in one scrubbed archive (DIAG-1). No images, no overlays, no templates.

use std::path::{Path, PathBuf};

use hc_config::settings;
use hc_core::{RunId, Selector};
use hc_logs::bundle::{Bundle, BundleOptions, BundleReport};
use hc_logs::masked;
use hc_logs::names::is_credential;
use hc_records::layout;
use hc_records::retention::{Policy, Retention};
use hc_state::paths;
use time::format_description::well_known::Rfc3339;

use super::doctor::{DoctorOptions, doctor};
use crate::error::Result;
use crate::outcome::bundle::BundleDoc;
use crate::prepare::{Values, secrets};
use crate::project::Project;

/// Directories and files that a bundle is made of.
const PARTS: [&str; 6] = [
    settings::FILE_NAME,
    layout::LOGS,
    paths::STATE,
    layout::ARTIFACTS,
    layout::JOURNAL,
    layout::PROVISIONERS,
];
/// Directories whose files say in their name which run they are of.
const BY_RUN: [&str; 4] = [layout::PACKER_LOGS, layout::TEST_LOGS, layout::ARTIFACTS, layout::JOURNAL];
/// Files with these endings are taken; images are not.
const ENDINGS: [&str; 5] = ["json", "jsonl", "log", "toml", "lock"];
/// Largest hybrid.toml, in bytes.
const SETTINGS_LIMIT: u64 = 4 << 20;
/// What this machine has, in the archive.
const MACHINE: &str = "doctor.json";

/// Writes the bundle to `out`, by default to `artifacts/diag-<run>.tar.zst`. With `run`, only logs and records of that
/// run.
///
/// # Errors
/// When the bundle cannot be written.
pub fn bundle(project: &Project, run: Option<&RunId>, out: Option<&Path>) -> Result<BundleDoc> {
    let options = BundleOptions {
        name: format!("diag-{}", project.run_id),
        created_at: project.now(),
        created_with: concat!("hybrid ", env!("CARGO_PKG_VERSION")).into(),
        run_id: run.cloned(),
        class: Retention::Standard,
        policy: Policy { standard_days: project.settings.logs.keep_days, ..Policy::default() },
    };
    learn(project);
    let mut bundle = Bundle::new(options, project.redactor.clone())?;
    for file in files(project) {
        if file == Path::new(settings::FILE_NAME) {
            bundle.add_bytes(settings::FILE_NAME, without_credentials(project)?)?;
        } else if run.is_none_or(|run| concerns(&file, run)) {
            bundle.add_file(&name(&file), &project.at(&file))?;
        }
    }
    let machine = serde_json::to_vec_pretty(&doctor(project, &DoctorOptions::default())?)
        .expect("a report holds only text keys and plain values");
    bundle.add_bytes(MACHINE, machine)?;
    let path = match out {
        Some(out) => project.host.typed(out),
        None => project.at(layout::bundle(&project.run_id)),
    };
    if let Some(dir) = path.parent() {
        hc_core::fs::create_dirs(dir)?;
    }
    Ok(described(project, &path, bundle.write_to(&path)?))
}

/// Makes known what can be known of the project's secrets. Where templates or overlays are broken, that is less.
fn learn(project: &Project) {
    let env = &project.settings.project.default_env;
    let selection = project.select(&Selector::all());
    let prepared = selection.and_then(|selection| project.prepare(&selection, env, &Values::default()));
    // One that is too weak is not hidden, which keeps nobody from diagnosing.
    let _ = secrets::at_hand(project, prepared.iter().flat_map(|(prepared, _)| prepared));
}

/// The text of hybrid.toml without what was typed into it behind the name of a credential: `--password=…` of a hook.
fn without_credentials(project: &Project) -> Result<Vec<u8>> {
    let text = hc_core::fs::read_text(&project.at(settings::FILE_NAME), SETTINGS_LIMIT)?.unwrap_or_default();
    Ok(masked::lines(&text, is_credential).join("\n").into_bytes())
}

fn described(project: &Project, path: &Path, report: BundleReport) -> BundleDoc {
    let manifest = report.manifest;
    let skipped = manifest.skipped.iter();
    BundleDoc {
        path: project.shown(path),
        files: manifest.entries.len(),
        skipped: skipped.map(|skipped| format!("{}: {}", skipped.name, skipped.reason)).collect(),
        replaced: report.scrub.total,
        expires_at: manifest.expires_at.and_then(|at| at.format(&Rfc3339).ok()),
    }
}

/// Files of the project that go into a bundle, relative to it, sorted.
fn files(project: &Project) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for part in PARTS {
        collect(&project.root, Path::new(part), &mut files);
    }
    files.sort();
    files
}

fn collect(root: &Path, part: &Path, files: &mut Vec<PathBuf>) {
    let full = root.join(part);
    let Ok(meta) = full.symlink_metadata() else { return };
    if meta.is_dir() {
        // Images are large and not what a diagnosis needs.
        if part == Path::new(layout::IMAGES) {
            return;
        }
        for entry in std::fs::read_dir(&full).into_iter().flatten().flatten() {
            collect(root, &part.join(entry.file_name()), files);
        }
    } else if meta.is_file()
        && part.extension().and_then(|ending| ending.to_str()).is_some_and(|ending| ENDINGS.contains(&ending))
    {
        files.push(part.to_owned());
    }
}

/// Whether a file is of a run, or of none.
fn concerns(file: &Path, run: &RunId) -> bool {
    let name = file.to_string_lossy();
    !BY_RUN.iter().any(|dir| file.starts_with(dir))
        || name.contains(run.as_str())
        || name.ends_with(layout::HASH_MANIFEST_ENDING)
}

/// The name of a file in the archive: none begins with a dot, so that all of them are seen.
fn name(file: &Path) -> String {
    let name = file.display().to_string();
    name.strip_prefix('.').map(str::to_owned).unwrap_or(name)
}
