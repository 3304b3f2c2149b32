//! Plaintext secrets in tracked inputs stop `validate`, `build` and `publish` with exit 3 (SEC-1).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hc_config::{Diagnostic, Location, Severity};
use hc_core::fs::{confine, read_text};
use hc_logs::scan::{Allow, AllowEntry, Baseline, SecretFinding, SecretSeverity};
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
    let (mut files, mut values) = (BTreeSet::new(), BTreeSet::new());
    for one in &prepared {
        value_files(one, &mut values);
        own_files(one, &mut files);
    }
    let trees = prepared.iter().flat_map(|one| &one.closure.trees);
    let trees = trees.filter_map(|tree| Some((tree.base(), tree.node.as_deref()?)));
    files.extend(scanned::suspects(project, trees));
    in_files(project, &files, &values)
}

/// The same for the files that values and templates stand in, before values are written anywhere.
///
/// # Errors
/// When a file, the allow-list or the baseline cannot be read.
pub fn plaintext_values(project: &Project, prepared: &[Prepared]) -> Result<Vec<Diagnostic>> {
    let mut files = BTreeSet::new();
    prepared.iter().for_each(|one| value_files(one, &mut files));
    in_files(project, &files, &files)
}

fn in_files(
    project: &Project,
    files: &BTreeSet<PathBuf>,
    values: &BTreeSet<PathBuf>,
) -> Result<Vec<Diagnostic>> {
    let allow = accepted(project)?;
    let mut found: BTreeMap<PathBuf, Vec<Diagnostic>> = BTreeMap::new();
    for file in files {
        let told = scanned::findings(project, file, &allow, SecretSeverity::Error);
        if !told.is_empty() {
            found.insert(file.clone(), told.iter().map(refused).collect());
        }
    }
    // Git is asked only where there is something to ask about.
    if !found.is_empty() {
        for ignored in git::ignored(project, &found.keys().cloned().collect()) {
            // What nobody tracks leaks to nobody, unless its values go on into builds.
            match found.get_mut(&ignored).filter(|_| values.contains(&ignored)) {
                Some(told) => told.iter_mut().for_each(|one| one.severity = Severity::Warning),
                None => drop(found.remove(&ignored)),
            }
        }
    }
    for (_, told) in found.iter_mut().filter(|(file, _)| is_example(file)) {
        told.iter_mut().for_each(|one| one.severity = Severity::Warning);
    }
    Ok(found.into_values().flatten().collect())
}

fn refused(finding: &SecretFinding) -> Diagnostic {
    let SecretFinding { rule, description, line, column, .. } = *finding;
    let (path, span) = (finding.path.clone(), finding.span.clone());
    let (message, hint) = match finding.span.is_empty() {
        true => (description.to_owned(), format!("divide it, or accept it by an entry of the rule `{rule}` in [[security.allow]] of hybrid.toml")),
        false => (format!("{description} in clear text"), "refer to it by env(\"NAME\") in an overlay and revoke the value; a false alarm gets a comment `hybrid:allow RULE reason`, or an entry in [[security.allow]] of hybrid.toml".to_owned()),
    };
    Diagnostic::error("PlaintextSecret", message)
        .at(Location { path, line, column, span })
        .label(format!("rule `{rule}`"))
        .hint(hint)
}

/// Everything that the rules find in the inputs of the prepared targets, guesses too, by path. What git ignores, and examples,
/// which show a form, weigh no more than guesses.
pub fn each_finding<'a>(
    project: &Project,
    prepared: impl IntoIterator<Item = &'a Prepared>,
    allow: &Allow,
) -> Vec<SecretFinding> {
    let (mut files, mut values) = (BTreeSet::new(), BTreeSet::new());
    for one in prepared {
        value_files(one, &mut values);
        own_files(one, &mut files);
        files.extend(one.closure.paths());
    }
    let ignored: BTreeSet<PathBuf> = git::ignored(project, &files).into_iter().collect();
    let mut all = Vec::new();
    for file in files.iter().filter(|file| !ignored.contains(*file) || values.contains(*file)) {
        let mut found = scanned::findings(project, file, allow, SecretSeverity::Info);
        if ignored.contains(file) || is_example(file) {
            found.iter_mut().for_each(|one| one.severity = SecretSeverity::Info);
        }
        all.extend(found);
    }
    all
}

/// Whether a file shows a form: what stands in it is used only where nothing better is there.
fn is_example(file: &Path) -> bool {
    EXAMPLE_ENDINGS.iter().any(|ending| file.to_string_lossy().ends_with(ending))
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
