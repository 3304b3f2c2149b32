//! Plaintext secrets in tracked inputs stop `validate`, `build` and `publish` with exit 3 (SEC-1).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hc_config::{Diagnostic, Location};
use hc_core::fs::{confine, read_text};
use hc_logs::scan::{self, Allow, AllowEntry, Baseline, SecretSeverity};
use hc_templates::builder_toml;
use hc_templates::inventory::EXAMPLE_ENDINGS;

use super::scanned;
use crate::error::{AcceptedError, AcceptedList, EngineError, Result};
use crate::prepare::Prepared;
use crate::project::{Project, git};

/// Most bytes of a baseline.
const BASELINE_LIMIT: u64 = 16 << 20;

/// Scans every text input of the prepared targets, each file once. What an inline `hybrid:allow` comment, the
/// allow-list or the baseline accepts passes.
///
/// # Errors
/// When a file, the allow-list or the baseline cannot be read.
pub fn plaintext_secrets<'a>(
    project: &Project,
    prepared: impl IntoIterator<Item = &'a Prepared>,
) -> Result<Vec<Diagnostic>> {
    let prepared: Vec<&Prepared> = prepared.into_iter().collect();
    let mut files = BTreeSet::new();
    prepared.iter().for_each(|one| own_files(one, &mut files));
    let trees = prepared.iter().flat_map(|one| &one.closure.trees);
    let trees = trees.filter_map(|tree| Some((tree.base(), tree.node.as_deref()?)));
    files.extend(scanned::suspects(project, trees));
    in_files(project, files)
}

/// The same for the files that values and templates stand in, before values are written anywhere.
///
/// # Errors
/// When a file, the allow-list or the baseline cannot be read.
pub fn plaintext_values(project: &Project, prepared: &[Prepared]) -> Result<Vec<Diagnostic>> {
    let mut files = BTreeSet::new();
    prepared.iter().for_each(|one| value_files(one, &mut files));
    in_files(project, files)
}

fn in_files(project: &Project, files: BTreeSet<PathBuf>) -> Result<Vec<Diagnostic>> {
    let allow = accepted(project)?;
    let mut found: BTreeMap<PathBuf, Vec<Diagnostic>> = BTreeMap::new();
    each_text(project, files, |file, text| {
        let errors = scan::scan(file, text, &allow)
            .into_iter()
            .filter(|found| found.severity == SecretSeverity::Error);
        let told = errors.map(|finding| {
            Diagnostic::error("PlaintextSecret", format!("{} in clear text", finding.description))
                .at(Location::new(file, text, finding.span))
                .label(format!("rule `{}`", finding.rule))
                .hint("refer to it by env(\"NAME\") in an overlay and revoke the value; a false alarm gets a comment `hybrid:allow RULE reason`, or an entry in [[security.allow]] of hybrid.toml")
        });
        found.entry(file.to_owned()).or_default().extend(told);
    });
    found.retain(|_, told| !told.is_empty());
    // Git is asked only where there is something to ask about: what it ignores is tracked by nobody.
    if !found.is_empty() {
        for ignored in git::ignored(project, &found.keys().cloned().collect()) {
            found.remove(&ignored);
        }
    }
    Ok(found.into_values().flatten().collect())
}

/// Gives `look` every text input of the prepared targets that git would track, by path.
///
/// # Errors
/// When a file cannot be read.
pub fn each_file<'a>(
    project: &Project,
    prepared: impl IntoIterator<Item = &'a Prepared>,
    look: impl FnMut(&Path, &str),
) {
    let mut files = BTreeSet::new();
    for one in prepared {
        own_files(one, &mut files);
        files.extend(one.closure.paths());
    }
    each_of(project, files, look);
}

/// The files in which values of a target stand.
fn value_files(one: &Prepared, files: &mut BTreeSet<PathBuf>) {
    let builder = &one.builder;
    files.extend(builder.layers.iter().chain(&builder.files).cloned());
    files.extend(one.layer_files.iter().map(|(path, _)| path.clone()));
    files.extend(one.user_data.files.iter().cloned());
}

/// The inputs of a target, but those in directories of many files.
fn own_files(one: &Prepared, files: &mut BTreeSet<PathBuf>) {
    let builder = &one.builder;
    value_files(one, files);
    files.extend(one.closure.files.iter().map(|(path, _)| path.clone()));
    if builder.has_metadata {
        files.insert(builder.dir.join(builder_toml::FILE_NAME));
    }
}

/// Those of the files that git would track, as far as they are text.
fn each_of(project: &Project, mut files: BTreeSet<PathBuf>, look: impl FnMut(&Path, &str)) {
    for ignored in git::ignored(project, &files) {
        files.remove(&ignored);
    }
    each_text(project, files, look);
}

/// Those of the files that are text, and no examples, which show a form.
fn each_text(project: &Project, mut files: BTreeSet<PathBuf>, mut look: impl FnMut(&Path, &str)) {
    files.retain(|file| !EXAMPLE_ENDINGS.iter().any(|ending| file.to_string_lossy().ends_with(ending)));
    for file in files {
        if let Some(text) = scanned::text(project, &file) {
            look(&file, &text);
        }
    }
}

/// Allow-list and baseline together.
fn accepted(project: &Project) -> Result<Allow> {
    let allow = allowed(project)?;
    Ok(match baseline(project)? {
        Some(baseline) => allow.with_baseline(&baseline),
        None => allow,
    })
}

/// What was accepted when searching began, where it was written down.
///
/// # Errors
/// When the baseline cannot be read.
pub fn baseline(project: &Project) -> Result<Option<Baseline>> {
    let path = &project.settings.security.baseline;
    let Some(text) = read_text(&confine(&project.root, path)?, BASELINE_LIMIT)? else { return Ok(None) };
    let refuse = |source| EngineError::Accepted(AcceptedError { list: AcceptedList::Baseline, source });
    Baseline::parse(path, &text).map(Some).map_err(refuse)
}

/// What `[[security.allow]]` of hybrid.toml accepts.
///
/// # Errors
/// When an entry cannot be used.
pub fn allowed(project: &Project) -> Result<Allow> {
    let entries: Vec<AllowEntry> = project
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
    let refuse = |source| EngineError::Accepted(AcceptedError { list: AcceptedList::Allow, source });
    Allow::new(Path::new(hc_config::settings::FILE_NAME), &entries).map_err(refuse)
}
