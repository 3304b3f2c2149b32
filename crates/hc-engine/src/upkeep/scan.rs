//! Lists plaintext secrets in the inputs, and makes what is there the baseline (SEC-1).

use std::collections::BTreeSet;

use hc_config::Diagnostic;
use hc_core::EnvName;
use hc_core::fs::{confine, create_dirs, write_atomic};
use hc_logs::scan::{Baseline, SecretSeverity};

use crate::error::Result;
use crate::gate::scan::{allowed, baseline, each_finding};
use crate::outcome::scan::{FindingDoc, ScanReport};
use crate::prepare::{Sound, Values};
use crate::project::Project;
use crate::select::Selection;

/// What happens to the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaselineUse {
    /// What it holds is accepted.
    Read,
    /// It becomes what is found now.
    Write,
}

/// Everything that the rules find in the inputs of the selected builders, guesses too. When it is written, it becomes the
/// baseline: known, and no error any more until its line changes.
///
/// # Errors
/// When a file, the allow-list or the baseline cannot be read; when the baseline cannot be written.
pub fn scan(
    project: &Project,
    selection: &Selection,
    env: &EnvName,
    values: &Values,
    baseline_use: BaselineUse,
) -> Result<(ScanReport, Vec<Diagnostic>)> {
    let Sound { prepared, diagnostics, .. } = project.prepare_sound(selection, env, values)?;
    let allow = allowed(project)?;
    let known = baseline(project)?.unwrap_or(Baseline::of([]));
    let all = each_finding(project, &prepared, &allow);
    let (is_known, is_found): (BTreeSet<_>, BTreeSet<_>) = (
        known.entries.iter().map(|entry| entry.digest).collect(),
        all.iter().map(|finding| finding.digest).collect(),
    );
    let open: Vec<FindingDoc> =
        all.iter().filter(|finding| !is_known.contains(&finding.digest)).map(FindingDoc::from).collect();
    let path = project.settings.security.baseline.clone();
    let write = baseline_use == BaselineUse::Write;
    if write {
        // Guesses never stop anything, so they need no acceptance.
        let errors = all.iter().filter(|found| found.severity == SecretSeverity::Error);
        let full = confine(&project.root, &path)?;
        if let Some(parent) = full.parent() {
            create_dirs(parent)?;
        }
        write_atomic(&full, Baseline::of(errors).to_text().as_bytes(), 0o644)?;
    }
    if write {
        tracing::info!(baseline = %path.display(), accepted = all.len(), "baseline written");
    }
    let report = ScanReport {
        written: write,
        baseline: path.display().to_string(),
        accepted: all.len() - if write { 0 } else { open.len() },
        gone: is_known.difference(&is_found).count(),
        findings: if write { Vec::new() } else { open },
    };
    Ok((report, diagnostics))
}
