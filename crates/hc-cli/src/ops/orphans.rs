//! `hybrid orphans`: what killed runs left behind, and the way to be rid of it.

use super::journal::{self, Abandoned};
use super::state;
use crate::command_error::{CommandError, Result};
use crate::report::orphans::{OrphanDoc, OrphansReport};
use crate::session::Session;

/// Lists what killed runs left; `stop` ends their processes and removes their files, `forget` closes the entry of
/// one build whose things on the platform were removed by hand.
///
/// # Errors
/// `ArtifactNotFound` for a build to forget that is not listed; `OrphanLives` when a process does not end.
pub fn orphans(session: &Session, stop: bool, forget: Option<&str>) -> Result<OrphansReport> {
    let store = state::open(session)?;
    let found = journal::abandoned(session, &store)?;
    if let Some(build) = forget {
        let Some(one) = found.iter().find(|one| one.entry.build_id.as_str() == build) else {
            return Err(CommandError::new("ArtifactNotFound", format!("no orphan is called `{build}`"))
                .hint("`hybrid orphans` lists them"));
        };
        if !one.processes.is_empty() {
            return Err(lives(one));
        }
        journal::settle(session, &store, one)?;
        hc_records::journal::remove(&session.root, &one.entry.build_id)?;
        return Ok(OrphansReport { orphans: vec![doc(session, one, true)] });
    }
    let mut report = OrphansReport { orphans: Vec::new() };
    for one in &found {
        let mut closed = false;
        if stop {
            let pids: Vec<u32> = one.processes.iter().map(|process| process.pid).collect();
            if !hc_packer::orphans::end(&pids, session.settings.packer.grace.get())? {
                return Err(lives(one));
            }
            closed = journal::settle(session, &store, one)?;
        }
        report.orphans.push(doc(session, one, closed));
    }
    Ok(report)
}

fn lives(one: &Abandoned) -> CommandError {
    let pids: Vec<String> = one.processes.iter().map(|process| process.pid.to_string()).collect();
    CommandError::new("OrphanLives", format!("processes of {} still run", one.entry.build_id))
        .hint(format!("end them: `hybrid orphans --stop`, or `kill -9 {}`", pids.join(" ")))
        .exit(hc_core::ExitClass::Infrastructure)
}

fn doc(session: &Session, one: &Abandoned, closed: bool) -> OrphanDoc {
    let entry = &one.entry;
    let there = |relative: &String| session.root.join(relative).exists().then(|| relative.clone());
    OrphanDoc {
        build_id: entry.build_id.to_string(),
        target: entry.target.to_string(),
        run_id: entry.run_id.to_string(),
        host: entry.host.clone(),
        started_at: entry
            .started_at
            .format(&time::format_description::well_known::Rfc3339)
            .unwrap_or_default(),
        processes: one.processes.iter().map(ToString::to_string).collect(),
        directories: [&entry.work, &entry.output].into_iter().filter_map(there).collect(),
        made: one.made.clone(),
        names: entry.names.clone(),
        closed,
    }
}
