//! What killed runs left behind, and the way to be rid of it.

use hc_records::journal;
use hc_state::Store;
use time::format_description::well_known::Rfc3339;

use crate::error::{EngineError, Result};
use crate::outcome::orphans::{OrphanDoc, OrphansReport};
use crate::plan::abandoned::{self, Abandoned};
use crate::project::{Project, store, temp};
use crate::record::journal::settle;

/// What is done about what killed runs left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It is listed.
    List,
    /// Processes are ended, and what lies on this machine is removed.
    Stop,
    /// The entry of this build is closed: what it made on a platform was removed by hand.
    Forget(String),
}

/// Lists what killed runs left, and does something about it.
///
/// # Errors
/// `ArtifactNotFound` for a build to forget that is not listed; `OrphanLives` when a process does not end.
pub fn orphans(project: &Project, action: &Action) -> Result<OrphansReport> {
    let store = store::open(project)?;
    let found = abandoned::abandoned(project, &store)?;
    let orphans = match action {
        Action::List => found.iter().map(|one| described(project, one, Entry::Open)).collect(),
        Action::Stop => found.iter().map(|one| stop(project, &store, one)).collect::<Result<_>>()?,
        Action::Forget(build) => {
            let is_it = |one: &&Abandoned| one.entry.build_id.as_str() == build;
            let of_target: Vec<&Abandoned> =
                found.iter().filter(|one| one.entry.target.to_string() == *build).collect();
            let only = of_target.first().copied().filter(|_| of_target.len() == 1);
            let one = found.iter().find(is_it).or(only);
            let one = one.ok_or_else(|| EngineError::OrphanNotFound { name: build.clone() })?;
            vec![forget(project, &store, one)?]
        }
    };
    if *action == Action::Stop {
        temp::sweep(project);
    }
    Ok(OrphansReport { orphans })
}

fn stop(project: &Project, store: &Store, one: &Abandoned) -> Result<OrphanDoc> {
    if !hc_packer::orphans::end(&pids(one), project.settings.packer.grace.get())? {
        return Err(lives(one));
    }
    let entry = if settle(project, store, one)? { Entry::Closed } else { Entry::Open };
    Ok(described(project, one, entry))
}

fn forget(project: &Project, store: &Store, one: &Abandoned) -> Result<OrphanDoc> {
    if !one.processes.is_empty() {
        return Err(lives(one));
    }
    settle(project, store, one)?;
    journal::remove(&project.root, &one.entry.build_id)?;
    Ok(described(project, one, Entry::Closed))
}

fn pids(one: &Abandoned) -> Vec<u32> {
    one.processes.iter().map(|process| process.pid).collect()
}

fn lives(one: &Abandoned) -> EngineError {
    EngineError::OrphanLives { build: one.entry.build_id.clone(), pids: pids(one) }
}

/// Whether the journal still has a build.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    Open,
    Closed,
}

fn described(project: &Project, one: &Abandoned, state: Entry) -> OrphanDoc {
    let entry = &one.entry;
    let there = |relative: &String| project.at(relative).exists().then(|| relative.clone());
    OrphanDoc {
        build_id: entry.build_id.to_string(),
        target: entry.target.to_string(),
        run_id: entry.run_id.to_string(),
        host: entry.host.clone(),
        started_at: entry.started_at.format(&Rfc3339).unwrap_or_default(),
        processes: one.processes.iter().map(ToString::to_string).collect(),
        directories: [&entry.work, &entry.output].into_iter().filter_map(there).collect(),
        made: one.made.clone(),
        names: entry.names.clone(),
        closed: state == Entry::Closed,
    }
}
