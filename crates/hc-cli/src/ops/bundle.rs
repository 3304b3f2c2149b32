//! `hybrid diag bundle`: logs, manifests, state and versions in one scrubbed archive (DIAG-1).

use std::path::{Path, PathBuf};

use hc_core::RunId;
use hc_logs::Redactor;
use hc_logs::bundle::{Bundle, BundleOptions};
use hc_logs::retention::{Class, Policy};

use super::doctor::{DoctorOptions, doctor};
use crate::command_error::Result;
use crate::report::bundle::BundleDoc;
use crate::session::Session;

/// Directories and files that a bundle is made of, relative to the project. No images, no overlays, no templates.
const PARTS: [&str; 6] =
    ["hybrid.toml", "logs", "state", "artifacts", ".hybrid/journal", "configs/provisioners.toml"];
/// Files with these endings are taken; images are not.
const ENDINGS: [&str; 5] = ["json", "jsonl", "log", "toml", "lock"];

/// Writes the bundle to `out`, by default `artifacts/diag-<run>.tar.zst`. With `run`, only logs and records of that run.
///
/// # Errors
/// `BadRunId`, and when the bundle cannot be written.
pub fn bundle(session: &Session, run: Option<&str>, out: Option<&Path>) -> Result<BundleDoc> {
    let run_id = run.map(str::parse::<RunId>).transpose()?;
    let name = format!("diag-{}", session.run_id);
    let options = BundleOptions {
        name: name.clone(),
        created_at: session.now(),
        created_with: concat!("hybrid ", env!("CARGO_PKG_VERSION")).into(),
        run_id: run_id.clone(),
        class: Class::Standard,
        policy: Policy { standard_days: session.settings.logs.keep_days, ..Policy::default() },
    };
    let mut bundle = Bundle::new(options, Redactor::tokens_only())?;
    let mut files = Vec::new();
    for part in PARTS {
        collect(&session.root, Path::new(part), &mut files);
    }
    files.sort();
    for file in files {
        let shown = file.display().to_string();
        // Files of another build say its run in their name.
        let of_a_build = ["logs/packer/", "logs/tests/", "artifacts/", ".hybrid/journal/"]
            .iter()
            .any(|dir| shown.starts_with(dir));
        let foreign = run_id
            .as_ref()
            .is_some_and(|run| of_a_build && !shown.contains(run.as_str()) && !shown.ends_with(".hash.json"));
        if !foreign {
            bundle.add_file(&shown.replace(".hybrid/", "hybrid/"), &session.root.join(&file))?;
        }
    }
    let machine = serde_json::to_vec_pretty(&doctor(session, &DoctorOptions::default())?).unwrap_or_default();
    bundle.add_bytes("doctor.json", machine)?;
    let path = out.map_or_else(
        || session.root.join("artifacts").join(format!("{name}.tar.zst")),
        |out| session.environment.cwd.join(out),
    );
    if let Some(dir) = path.parent() {
        hc_core::fs::create_dirs(dir)?;
    }
    let report = bundle.write_to(&path)?;
    Ok(BundleDoc {
        path: session.shown(&path),
        files: report.manifest.entries.len(),
        skipped: report
            .manifest
            .skipped
            .iter()
            .map(|skipped| format!("{}: {}", skipped.name, skipped.reason))
            .collect(),
        replaced: report.scrub.total,
        expires_at: report
            .manifest
            .expires_at
            .and_then(|at| at.format(&time::format_description::well_known::Rfc3339).ok()),
    })
}

fn collect(root: &Path, part: &Path, files: &mut Vec<PathBuf>) {
    let full = root.join(part);
    let Ok(meta) = full.symlink_metadata() else { return };
    if meta.is_dir() {
        // Images are large and not what a diagnosis needs.
        if part.ends_with("artifacts/images") {
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
