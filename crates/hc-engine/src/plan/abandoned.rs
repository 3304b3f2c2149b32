//! Builds whose run is gone: what the journal knows of them, and what still works on them.

use std::path::Path;

use hc_config::Diagnostic;
use hc_core::BuildId;
use hc_core::fs::read_limited;
use hc_packer::orphans::{self, Leftover};
use hc_records::{JournalEntry, journal};
use hc_state::{BuildHolder, Store};

use crate::error::Result;
use crate::project::Project;

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

/// The builds that running and killed builds started from.
pub fn parents(project: &Project) -> Vec<BuildId> {
    journal::entries(&project.root).into_iter().filter_map(|entry| entry.parent).collect()
}

/// Builds whose run is gone, oldest first. Entries that cannot be read are passed over.
///
/// # Errors
/// When the locks cannot be looked at.
pub fn abandoned(project: &Project, store: &Store) -> Result<Vec<Abandoned>> {
    let entries = journal::entries(&project.root);
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    Ok(whose_run_is_gone(project, entries, &store.build_holders()?))
}

fn whose_run_is_gone(
    project: &Project,
    mut entries: Vec<JournalEntry>,
    holders: &[BuildHolder],
) -> Vec<Abandoned> {
    entries.retain(|entry| !holders.iter().any(|holder| works_on(holder, entry)));
    entries.sort_by(|a, b| a.run_id.cmp(&b.run_id).then_with(|| a.build_id.cmp(&b.build_id)));
    entries
        .into_iter()
        .map(|entry| {
            let processes = holders
                .iter()
                .filter(|holder| holder.target == entry.target && holder.orphaned)
                .filter(|holder| holder.holder.as_ref().is_some_and(|holder| holder.pid == entry.pid))
                .flat_map(|holder| holder.processes.clone())
                .collect();
            let log = read_limited(&project.at(&entry.log), LOG_LIMIT).ok().flatten().unwrap_or_default();
            let log = String::from_utf8_lossy(&log);
            let made = orphans::made(entry.target.builder.platform(), &entry.sources, &log);
            let made = made.into_iter().filter(still_there).collect();
            Abandoned { entry, processes, made }
        })
        .collect()
}

/// Build locks that processes of an ended build still hold, although the build itself is closed: a provisioner that went on
/// in a session of its own.
///
/// # Errors
/// When the locks cannot be looked at.
pub fn strays(project: &Project, store: &Store) -> Result<Vec<BuildHolder>> {
    Ok(of_closed_builds(&journal::entries(&project.root), store.build_holders()?))
}

fn of_closed_builds(entries: &[JournalEntry], mut holders: Vec<BuildHolder>) -> Vec<BuildHolder> {
    let journaled = |holder: &BuildHolder| {
        let taker = holder.holder.as_ref().map(|holder| holder.pid);
        entries.iter().any(|entry| entry.target == holder.target && Some(entry.pid) == taker)
    };
    holders.retain(|holder| holder.orphaned && !journaled(holder));
    holders
}

/// What lies on this machine can be looked at; of everything else nobody knows.
fn still_there(leftover: &Leftover) -> bool {
    !leftover.here || Path::new(&leftover.name).exists()
}

fn works_on(holder: &BuildHolder, entry: &JournalEntry) -> bool {
    let same = |pid: u32, host: &str| pid == entry.pid && host == entry.host;
    holder.target == entry.target
        && !holder.orphaned
        && holder.holder.as_ref().is_none_or(|holder| same(holder.pid, &holder.host))
}

/// One warning per abandoned build, and per build of which a process still runs.
///
/// # Errors
/// As [`abandoned`].
pub fn warnings(project: &Project, store: &Store) -> Result<Vec<Diagnostic>> {
    let warn = |one: Abandoned| {
        let entry = &one.entry;
        let lives = if one.processes.is_empty() { "" } else { ", and its packer still runs" };
        Diagnostic::warning(
            "RunInterrupted",
            format!("run {} was interrupted while it built {}{lives}", entry.run_id, entry.target),
        )
        .hint("`hybrid orphans` shows what it left behind, `hybrid orphans --stop` clears it away")
    };
    let stray = |one: BuildHolder| {
        let processes: Vec<String> = one.processes.iter().map(ToString::to_string).collect();
        let text = format!("{} of an earlier build of {} still runs", processes.join(", "), one.target);
        Diagnostic::warning("OrphanLives", text)
            .hint("`hybrid orphans --stop` ends it; until then the target cannot be built")
    };
    // `plan` asks every time: one look serves both.
    let (entries, holders) = (journal::entries(&project.root), store.build_holders()?);
    let strays = of_closed_builds(&entries, holders.clone());
    let abandoned = whose_run_is_gone(project, entries, &holders);
    Ok(abandoned.into_iter().map(warn).chain(strays.into_iter().map(stray)).collect())
}
