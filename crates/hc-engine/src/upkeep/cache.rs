//! The store of installation media: what is in it, whether it is intact, what no builder wants (PKR-9).

use std::time::Duration;

use hc_config::Diagnostic;
use hc_packer::iso::{Checksum, Entry};
use hc_templates::{Builder, Inventory};

use crate::error::{EngineError, Result};
use crate::outcome::cache::{CacheAction, CacheReport, CacheStatus, CachedFile};
use crate::project::Project;
use crate::stage::media;

/// Everything in the store, with the builders that want it.
///
/// # Errors
/// When the store cannot be read.
pub fn list(project: &Project) -> Result<CacheReport> {
    let entries = media::store(project).list()?;
    let kept = entries.into_iter().map(|entry| (entry, CacheStatus::Kept)).collect();
    Ok(CacheReport { action: CacheAction::List, files: described(project, kept) })
}

/// Reads every file again.
///
/// # Errors
/// When a file cannot be read; one that changed is part of the report.
pub fn verify(project: &Project) -> Result<CacheReport> {
    let store = media::store(project);
    let mut read = Vec::new();
    for entry in store.list()? {
        let status = if store.verify(&entry)? { CacheStatus::Intact } else { CacheStatus::Changed };
        read.push((entry, status));
    }
    Ok(CacheReport { action: CacheAction::Verify, files: described(project, read) })
}

/// Removes what no builder wants, and with `older_than` only what was not used for so long.
///
/// # Errors
/// The problems of builders that cannot be read; when something cannot be removed.
pub fn prune(project: &Project, older_than: Option<Duration>) -> Result<CacheReport> {
    let store = media::store(project);
    let (wanted, problems) = wanted(project);
    // A builder that cannot be read may want any of them.
    if problems.iter().any(Diagnostic::is_error) {
        return Err(EngineError::Invalid(problems));
    }
    let holder = project.host.holder(project.now());
    let mut removed = Vec::new();
    for entry in store.list()? {
        let recent = older_than.is_some_and(|age| is_younger(project, &entry, age));
        if !wanted.iter().any(|(_, checksum)| *checksum == entry.checksum) && !recent {
            store.remove(&entry, &holder)?;
            removed.push((entry, CacheStatus::Removed));
        }
    }
    Ok(CacheReport { action: CacheAction::Prune, files: described(project, removed) })
}

/// Whether a file was used within `age`; one that was used in the future counts as old.
fn is_younger(project: &Project, entry: &Entry, age: Duration) -> bool {
    let unused = project.now() - time::OffsetDateTime::from(entry.used);
    !unused.is_negative() && unused < age
}

/// Which builder wants which medium, and what could not be read.
fn wanted(project: &Project) -> (Vec<(String, Checksum)>, Vec<Diagnostic>) {
    let (inventory, mut problems) = Inventory::load(&project.root, &project.settings.builders);
    problems.extend(inventory.errors().cloned());
    let of = |builder: &Builder| {
        Some((builder.id.to_string(), builder.metadata.iso.as_ref()?.checksum.parse().ok()?))
    };
    (inventory.builders.iter().filter_map(of).collect(), problems)
}

fn described(project: &Project, entries: Vec<(Entry, CacheStatus)>) -> Vec<CachedFile> {
    let (wanted, _) = wanted(project);
    let by = |entry: &Entry| {
        wanted.iter().filter(|(_, one)| *one == entry.checksum).map(|(id, _)| id.clone()).collect()
    };
    let file = |(entry, status): (Entry, CacheStatus)| CachedFile {
        path: project.shown(&entry.path),
        checksum: entry.checksum.to_string(),
        size: entry.size,
        status,
        builders: by(&entry),
    };
    entries.into_iter().map(file).collect()
}
