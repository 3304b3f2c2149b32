//! The journal: what a build is about to make is written down before packer starts, so that a killed run can be
//! cleared away by the next one (issue 4). One file per build below `.hybrid/journal/`; a build that ends by
//! itself removes its own.

use std::collections::BTreeMap;
use std::path::Path;

use hc_config::{Diagnostic, Value};
use hc_core::BuildId;
use hc_core::fs::{FsError, confine, io_error, read_limited};
use hc_packer::orphans::{self, Leftover};
use hc_records::{JournalEntry, SchemaTag, journal};
use hc_state::{BuildHolder, RunOutcome, Store};

use super::packer::Place;
use super::prepare::Prepared;
use crate::command_error::Result;
use crate::session::Session;

/// Largest raw log that is searched for what a build made, in bytes.
const LOG_LIMIT: u64 = 64 << 20;

/// A build whose run is gone.
#[derive(Debug, Clone)]
pub struct Abandoned {
    /// What was written down.
    pub entry: JournalEntry,
    /// Processes that still work on it.
    pub processes: Vec<hc_state::Process>,
    /// What its log says it made.
    pub made: Vec<Leftover>,
}

/// Writes a build down. Called under its build lock.
///
/// # Errors
/// When it cannot be written: a build that nobody could clear away must not start.
pub fn begin(
    session: &Session,
    prepared: &Prepared,
    build_id: &BuildId,
    place: &Place,
    output: &Path,
    log: &Path,
    parent: Option<&BuildId>,
) -> Result<()> {
    let entry = JournalEntry {
        schema: SchemaTag::v1("journal"),
        build_id: build_id.clone(),
        target: prepared.target.clone(),
        run_id: session.run_id.clone(),
        pid: session.environment.pid,
        host: session.environment.host.clone(),
        started_at: session.now(),
        work: session.shown(&place.work),
        output: session.shown(output),
        log: session.shown(log),
        names: names(prepared),
        parent: parent.cloned(),
    };
    Ok(entry.write(&session.root)?)
}

/// Values that name things on a platform; secrets are never among them.
fn names(prepared: &Prepared) -> BTreeMap<String, String> {
    let telling = |name: &str| {
        ["name", "vmid", "vm_id", "group", "folder", "datastore", "bucket", "region", "node", "cluster"]
            .iter()
            .any(|ending| name == *ending || name.ends_with(&format!("_{ending}")))
    };
    let resolved =
        prepared.resolution.vars.iter().filter(|(name, var)| telling(name) && var.secret.is_none());
    resolved
        .filter(|(name, _)| !prepared.declared.get(*name).is_some_and(|declared| declared.sensitive))
        .filter_map(|(name, var)| match &var.value {
            Value::String(value) if !value.is_empty() => Some((name.clone(), value.clone())),
            _ => None,
        })
        .collect()
}

/// The builds that running and killed builds started from.
pub fn parents(session: &Session) -> Vec<BuildId> {
    journal::entries(&session.root).into_iter().filter_map(|entry| entry.parent).collect()
}

/// Builds whose run is gone, oldest first. Entries that cannot be read are passed over.
///
/// # Errors
/// When the locks cannot be looked at.
pub fn abandoned(session: &Session, store: &Store) -> Result<Vec<Abandoned>> {
    let mut entries = journal::entries(&session.root);
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let holders = store.build_holders()?;
    entries.retain(|entry| !holders.iter().any(|holder| works_on(holder, entry)));
    entries.sort_by(|a, b| a.run_id.cmp(&b.run_id).then_with(|| a.build_id.cmp(&b.build_id)));
    Ok(entries
        .into_iter()
        .map(|entry| {
            let processes = holders
                .iter()
                .filter(|holder| holder.target == entry.target && holder.orphaned)
                .filter(|holder| holder.holder.as_ref().is_some_and(|holder| holder.pid == entry.pid))
                .flat_map(|holder| holder.processes.clone())
                .collect();
            let log =
                read_limited(&session.root.join(&entry.log), LOG_LIMIT).ok().flatten().unwrap_or_default();
            let made = orphans::made(entry.target.builder.platform(), &String::from_utf8_lossy(&log));
            let made = made.into_iter().filter(still_there).collect();
            Abandoned { entry, processes, made }
        })
        .collect())
}

/// What lies on this machine can be looked at; of everything else nobody knows.
fn still_there(leftover: &Leftover) -> bool {
    !leftover.name.starts_with('/') || Path::new(&leftover.name).exists()
}

fn works_on(holder: &BuildHolder, entry: &JournalEntry) -> bool {
    let same = |pid: u32, host: &str| pid == entry.pid && host == entry.host;
    holder.target == entry.target
        && !holder.orphaned
        && holder.holder.as_ref().is_none_or(|holder| same(holder.pid, &holder.host))
}

/// One warning per abandoned build.
///
/// # Errors
/// As [`abandoned`].
pub fn warnings(session: &Session, store: &Store) -> Result<Vec<Diagnostic>> {
    let warn = |one: Abandoned| {
        let entry = &one.entry;
        let lives = if one.processes.is_empty() { "" } else { ", and its packer still runs" };
        Diagnostic::warning(
            "RunInterrupted",
            format!("run {} was interrupted while it built {}{lives}", entry.run_id, entry.target),
        )
        .hint("`hybrid orphans` shows what it left behind, `hybrid orphans --stop` clears it away")
    };
    Ok(abandoned(session, store)?.into_iter().map(warn).collect())
}

/// Clears away what an abandoned build left on this machine, and closes it when nothing else is left. Its processes
/// must be gone. Returns whether it is closed.
///
/// # Errors
/// When something cannot be removed, or the state cannot be written.
pub fn settle(session: &Session, store: &Store, one: &Abandoned) -> Result<bool> {
    let entry = &one.entry;
    // Both are looked at before one is removed: an edited entry must remove nothing.
    let work = confine(&session.root, Path::new(&entry.work))?;
    let output = confine(&session.root, Path::new(&entry.output))?;
    let of_run = session.root.join(".hybrid/work").join(entry.run_id.as_str());
    let of_build = session.root.join("artifacts/images").join(entry.build_id.as_str());
    if !work.starts_with(&of_run) {
        return Err(FsError::Outside { path: of_run, target: work }.into());
    }
    if output != of_build {
        return Err(FsError::Outside { path: of_build, target: output }.into());
    }
    // Killed after the record was written: then the build is one, and its image is not what was left behind.
    let recorded = hc_records::artifact::recorded(&session.root)?.contains(&entry.build_id);
    for path in [Some(work), (!recorded).then_some(output)].into_iter().flatten() {
        if path.is_dir() {
            std::fs::remove_dir_all(&path).map_err(io_error("remove", &path))?;
        }
    }
    store.with_exclusive(&session.run_id, |locked| -> Result<()> {
        let unfinished =
            locked.state().run(&one.entry.run_id).filter(|run| run.outcome == RunOutcome::Running);
        if let Some(mut run) = unfinished.cloned() {
            run.outcome = RunOutcome::Interrupted;
            run.exit_code = Some(130);
            run.finished_at = Some(session.now());
            locked.state_mut().record_run(run);
        }
        Ok(())
    })?;
    if one.made.is_empty() {
        journal::remove(&session.root, &one.entry.build_id)?;
    }
    Ok(one.made.is_empty())
}
