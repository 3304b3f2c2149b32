//! Plaintext secrets in tracked inputs stop `validate`, `build` and `publish` with exit 3; `hybrid templates scan` lists
//! them (SEC-1).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hc_config::{Diagnostic, Location};
use hc_core::EnvName;
use hc_core::fs::{confine, create_dirs, read_limited, read_text, write_atomic};
use hc_logs::scan::{self, Allow, AllowEntry, Baseline, Severity};
use hc_templates::builder_toml;
use hc_templates::inventory::EXAMPLE_ENDINGS;

use super::prepare::{Prepared, Values, prepare};
use super::select::select;
use crate::command_error::{CommandError, Result};
use crate::report::scan::{FindingDoc, ScanReport};
use crate::session::Session;

/// Inputs larger than this are no configuration.
const LIMIT: u64 = 1 << 20;

/// Most bytes of a baseline.
const BASELINE_LIMIT: u64 = 16 << 20;

/// Scans every text input of the prepared targets, each file once. What an inline `hybrid:allow` comment, the
/// allow-list or the baseline accepts passes.
///
/// # Errors
/// When a file, the allow-list or the baseline cannot be read.
pub fn plaintext_secrets<'a>(
    session: &Session,
    prepared: impl IntoIterator<Item = &'a Prepared>,
) -> Result<Vec<Diagnostic>> {
    let allow = accepted(session)?;
    let mut diagnostics = Vec::new();
    each_file(session, prepared, |file, text| {
        let errors =
            scan::scan(file, text, &allow).into_iter().filter(|found| found.severity == Severity::Error);
        diagnostics.extend(errors.map(|finding| {
            Diagnostic::error("PlaintextSecret", format!("{} in clear text", finding.description))
                .at(Location::new(file, text, finding.span))
                .label(format!("rule `{}`", finding.rule))
                .hint("refer to it by env(\"NAME\") in an overlay and revoke the value; a false alarm gets a comment `hybrid:allow RULE reason`, or an entry in [[security.allow]] of hybrid.toml")
        }));
    })?;
    Ok(diagnostics)
}

/// Everything that the rules find in the inputs of the selected builders, guesses too. With `write`, it becomes the
/// baseline: known, and no error any more until its line changes.
///
/// # Errors
/// As [`plaintext_secrets`], and when the baseline cannot be written.
pub fn scan(
    session: &Session,
    targets: &str,
    env: &EnvName,
    values: &Values,
    write: bool,
) -> Result<(ScanReport, Vec<Diagnostic>)> {
    let selection = select(session, targets)?;
    let (prepared, diagnostics) = prepare(session, &selection, env, values)?;
    let allow = allowed(session)?;
    let known = baseline(session)?.unwrap_or(Baseline::of([]));
    let mut all = Vec::new();
    each_file(session, &prepared, |file, text| all.extend(scan::scan(file, text, &allow)))?;
    let (is_known, is_found): (BTreeSet<_>, BTreeSet<_>) = (
        known.entries.iter().map(|entry| entry.digest).collect(),
        all.iter().map(|finding| finding.digest).collect(),
    );
    let open: Vec<FindingDoc> =
        all.iter().filter(|finding| !is_known.contains(&finding.digest)).map(FindingDoc::from).collect();
    let path = session.settings.security.baseline.clone();
    if write {
        // Guesses never stop anything, so they need no acceptance.
        let errors = all.iter().filter(|found| found.severity == Severity::Error);
        let full = confine(&session.root, &path)?;
        if let Some(parent) = full.parent() {
            create_dirs(parent)?;
        }
        write_atomic(&full, Baseline::of(errors).to_text().as_bytes(), 0o644)?;
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

/// Gives `look` every text input of the prepared targets that git would track, by path.
fn each_file<'a>(
    session: &Session,
    prepared: impl IntoIterator<Item = &'a Prepared>,
    mut look: impl FnMut(&Path, &str),
) -> Result<()> {
    let mut files: BTreeSet<PathBuf> = BTreeSet::new();
    for one in prepared {
        let builder = &one.builder;
        files.extend(builder.layers.iter().chain(&builder.files).cloned());
        files.extend(one.layer_files.iter().map(|(path, _)| path.clone()));
        files.extend(one.user_data.files.iter().chain(one.assets.paths()).cloned());
        if builder.has_metadata {
            files.insert(builder.dir.join(builder_toml::FILE_NAME));
        }
    }
    // An example shows a form, and what git ignores is tracked by nobody.
    files.retain(|file| !EXAMPLE_ENDINGS.iter().any(|ending| file.to_string_lossy().ends_with(ending)));
    for ignored in super::git::ignored(session, &files) {
        files.remove(&ignored);
    }
    for file in files {
        let full = session.root.join(&file);
        let small = hc_core::fs::regular_metadata(&full)?.is_some_and(|meta| meta.len() <= LIMIT);
        let bytes = if small { read_limited(&full, LIMIT)? } else { None };
        if let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
            look(&file, &text);
        }
    }
    Ok(())
}

/// Allow-list and baseline together.
fn accepted(session: &Session) -> Result<Allow> {
    let allow = allowed(session)?;
    Ok(match baseline(session)? {
        Some(baseline) => allow.with_baseline(&baseline),
        None => allow,
    })
}

/// What was accepted when searching began, if somebody wrote it down.
fn baseline(session: &Session) -> Result<Option<Baseline>> {
    let path = &session.settings.security.baseline;
    let Some(text) = read_text(&confine(&session.root, path)?, BASELINE_LIMIT)? else { return Ok(None) };
    let refuse = |error: hc_logs::LogError| {
        refused(error, "`hybrid templates scan --write-baseline` writes it anew, with what is found now")
    };
    Baseline::parse(path, &text).map(Some).map_err(refuse)
}

fn refused(error: hc_logs::LogError, hint: &str) -> CommandError {
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    let mut wrapped = CommandError::new(error.code(), error.to_string()).hint(hint);
    wrapped.causes.extend(cause);
    wrapped
}

fn allowed(session: &Session) -> Result<Allow> {
    let entries: Vec<AllowEntry> = session
        .settings
        .security
        .allow
        .iter()
        .map(|entry| AllowEntry {
            rule: entry.rule.clone(),
            path: entry.path.clone(),
            reason: entry.reason.clone(),
        })
        .collect();
    let refuse = |error| {
        refused(error, "an entry of [[security.allow]] needs a rule, a glob over paths, and a reason")
    };
    Allow::new(Path::new(hc_config::settings::FILE_NAME), &entries).map_err(refuse)
}
