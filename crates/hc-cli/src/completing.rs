//! What a shell offers for builders and environments: those of the project that it stands in.
//!
//! Reads names only. What cannot be read is offered as nothing, without a word: a shell waits for the answer.

use std::ffi::OsStr;

use clap_complete::CompletionCandidate;
use hc_core::Selector;
use hc_engine::{Project, ProjectOptions, project};

use crate::environment::Environment;

/// The project around the working directory.
fn here() -> Option<Project> {
    let host = Environment::capture().ok()?.host;
    let root = project::find_root(None, &host.cwd).ok()?;
    Project::open(&root, host, ProjectOptions::default()).ok()
}

/// Builders, and the parts of their ids; behind a comma the next one.
pub(crate) fn builders(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some((typed, project)) = typed.to_str().zip(here()) else { return Vec::new() };
    let Ok(selection) = project.select(&Selector::all()) else { return Vec::new() };
    let (before, last) = typed.rsplit_once(',').map_or(("", typed), |(before, last)| (before, last));
    let before = if before.is_empty() { String::new() } else { format!("{before},") };
    let ids = selection.inventory.all_ids();
    let parts = ids.iter().flat_map(|id| [id.os(), id.platform(), id.variant()].map(str::to_owned));
    let mut words: Vec<String> = ids.iter().map(ToString::to_string).chain(parts).collect();
    words.sort();
    words.dedup();
    let offered = words.iter().filter(|word| word.starts_with(last));
    offered.map(|word| CompletionCandidate::new(format!("{before}{word}"))).collect()
}

/// Environments that have an overlay, and the project's own.
pub(crate) fn environments(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some((typed, project)) = typed.to_str().zip(here()) else { return Vec::new() };
    let mut names = project.environments().unwrap_or_default();
    names.push(project.settings.project.default_env.clone());
    names.sort();
    names.dedup();
    let offered = names.iter().map(ToString::to_string).filter(|name| name.starts_with(typed));
    offered.map(CompletionCandidate::new).collect()
}
