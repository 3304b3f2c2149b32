//! Installation media of builders, and `hybrid cache …` (PKR-9).

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use hc_config::{Diagnostic, Location};
use hc_core::Cancel;
use hc_core::lock::Holder;
use hc_packer::iso::{Checksum, Entry, IsoError, IsoStore, Patience, Wanted, usable};
use hc_templates::{Builder, Inventory, builder_toml};
use time::OffsetDateTime;

use crate::command_error::{CommandError, Result};
use crate::report::cache::{CacheReport, CachedFile};
use crate::session::Session;

/// The store of a project.
fn store(session: &Session) -> IsoStore {
    IsoStore::new(session.root.join(".hybrid/cache/iso"))
}

fn me(session: &Session) -> Holder {
    let environment = &session.environment;
    Holder {
        pid: environment.pid,
        host: environment.host.clone(),
        command: environment.command.clone(),
        since: session.now(),
    }
}

/// The file behind `[iso]` of builder.toml, downloaded unless the store has it. `say` hears how far it is, about every
/// ten seconds.
///
/// # Errors
/// Those of the store: a wrong checksum or a missing file is exit 1, a busy network exit 2, a request to stop 130.
pub fn fetched(
    session: &Session,
    builder: &Builder,
    cancel: &Cancel,
    say: &dyn Fn(&str),
) -> Result<Option<PathBuf>> {
    let Some(iso) = &builder.metadata.iso else { return Ok(None) };
    let wanted = Wanted { url: iso.url.clone(), checksum: iso.checksum.parse::<Checksum>()? };
    let patience = Patience { cancel: cancel.clone(), ..Patience::default() };
    let mut said = OffsetDateTime::now_utc();
    let path = store(session).get(&wanted, &me(session), &patience, &mut |at, total| {
        if OffsetDateTime::now_utc() - said >= Duration::from_secs(10) {
            said = OffsetDateTime::now_utc();
            let of =
                total.map_or(String::new(), |total| format!(" of {}", crate::report::table::bytes(total)));
            say(&format!("downloading {}: {}{of}", iso.url, crate::report::table::bytes(at)));
        }
    })?;
    Ok(Some(path))
}

/// What is wrong with `[iso]` of builder.toml, so that `validate` says it and not a build hours later.
pub fn problems(session: &Session, builder: &Builder) -> Vec<Diagnostic> {
    let Some(iso) = &builder.metadata.iso else { return Vec::new() };
    let path = builder.dir.join(builder_toml::FILE_NAME);
    let text = std::fs::read_to_string(session.root.join(&path)).unwrap_or_default();
    let place = |value: &str| match text.find(value) {
        Some(at) => Location::new(&path, &text, at..at + value.len()),
        None => Location::whole_file(&path),
    };
    let url = usable(&iso.url).err().map(|error| (error, &iso.url));
    let checksum = iso.checksum.parse::<Checksum>().err().map(|error| (error, &iso.checksum));
    let problem = |(error, value): (IsoError, &String)| {
        let mut problem = Diagnostic::error(error.code(), error.to_string()).at(place(value));
        problem.hint = error.hint();
        problem
    };
    url.into_iter().chain(checksum).map(problem).collect()
}

/// Everything in the store, with the builders that want it.
///
/// # Errors
/// When the store cannot be read.
pub fn list(session: &Session) -> Result<CacheReport> {
    Ok(CacheReport { action: "list".into(), files: described(session, store(session).list()?, |_| "kept") })
}

/// Reads every file again.
///
/// # Errors
/// When a file cannot be read; one that changed is part of the report.
pub fn verify(session: &Session) -> Result<CacheReport> {
    let store = store(session);
    let entries = store.list()?;
    let mut intact = BTreeSet::new();
    for entry in &entries {
        if store.verify(entry)? {
            intact.insert(entry.path.clone());
        }
    }
    let verdict = |entry: &Entry| if intact.contains(&entry.path) { "intact" } else { "changed" };
    Ok(CacheReport { action: "verify".into(), files: described(session, entries, verdict) })
}

/// Removes what no builder wants, and with `older_than` only what was not used for so long.
///
/// # Errors
/// When something cannot be removed.
pub fn prune(session: &Session, older_than: Option<Duration>) -> Result<CacheReport> {
    let store = store(session);
    let (wanted, problems) = wanted(session);
    // A builder that cannot be read may want any of them.
    if problems.iter().any(Diagnostic::is_error) {
        return Err(CommandError::invalid(problems));
    }
    let mut removed = Vec::new();
    for entry in store.list()? {
        let recent = older_than.is_some_and(|age| entry.used.elapsed().is_ok_and(|unused| unused < age));
        if !wanted.iter().any(|(_, checksum)| *checksum == entry.checksum) && !recent {
            store.remove(&entry, &me(session))?;
            removed.push(entry);
        }
    }
    Ok(CacheReport { action: "prune".into(), files: described(session, removed, |_| "removed") })
}

/// Which builder wants which medium, and what could not be read.
fn wanted(session: &Session) -> (Vec<(String, Checksum)>, Vec<Diagnostic>) {
    let (inventory, problems) = Inventory::load(&session.root, &session.settings.builders);
    let of = |builder: &Builder| {
        Some((builder.id.to_string(), builder.metadata.iso.as_ref()?.checksum.parse().ok()?))
    };
    (inventory.builders.iter().filter_map(of).collect(), problems)
}

fn described(
    session: &Session,
    entries: Vec<Entry>,
    status: impl Fn(&Entry) -> &'static str,
) -> Vec<CachedFile> {
    let (wanted, _) = wanted(session);
    let file = |entry: Entry| CachedFile {
        path: session.shown(&entry.path),
        checksum: entry.checksum.to_string(),
        size: entry.size,
        status: status(&entry).into(),
        builders: wanted.iter().filter(|(_, one)| *one == entry.checksum).map(|(id, _)| id.clone()).collect(),
    };
    entries.into_iter().map(file).collect()
}
