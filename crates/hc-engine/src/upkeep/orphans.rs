//! What killed runs left behind, and the way to be rid of it.

use std::collections::BTreeMap;

use hc_records::journal;
use hc_state::{BuildHolder, Store};
use time::format_description::well_known::Rfc3339;

use crate::error::{EngineError, Result};
use crate::outcome::orphans::{OrphanDoc, OrphansReport};
use crate::plan::abandoned::{self, Abandoned};
use crate::plan::last_build;
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
        Action::List => {
            let strays = abandoned::strays(project, &store)?;
            let strays =
                strays.iter().map(|one| stray(&store, one, Entry::Open)).collect::<Result<Vec<_>>>()?;
            found.iter().map(|one| described(project, one, Entry::Open)).chain(strays).collect()
        }
        Action::Stop => {
            let mut stopped: Vec<OrphanDoc> =
                found.iter().map(|one| stop(project, &store, one)).collect::<Result<_>>()?;
            for one in abandoned::strays(project, &store)? {
                stopped.push(stop_stray(project, &store, &one)?);
            }
            stopped
        }
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

/// A build that is closed, and of which a process still holds the lock.
fn stray(store: &Store, one: &BuildHolder, state: Entry) -> Result<OrphanDoc> {
    let read = store.read()?;
    let last = last_build(read.as_ref(), &one.target);
    let taker = one.holder.as_ref();
    Ok(OrphanDoc {
        build_id: last.map_or_else(|| one.target.to_string(), |build| build.build_id.to_string()),
        target: one.target.to_string(),
        run_id: last.map(|build| build.run_id.to_string()).unwrap_or_default(),
        host: taker.map(|taker| taker.host.clone()).unwrap_or_default(),
        started_at: taker.and_then(|taker| taker.since.format(&Rfc3339).ok()).unwrap_or_default(),
        processes: one.processes.iter().map(ToString::to_string).collect(),
        directories: Vec::new(),
        made: Vec::new(),
        names: BTreeMap::new(),
        closed: state == Entry::Closed,
    })
}

fn stop_stray(project: &Project, store: &Store, one: &BuildHolder) -> Result<OrphanDoc> {
    let pids: Vec<u32> = one.processes.iter().map(|process| process.pid).collect();
    let doc = stray(store, one, Entry::Closed)?;
    if !hc_packer::orphans::end(&pids, project.settings.packer.grace.get())? {
        return Err(EngineError::OrphanLives { build: doc.build_id, pids });
    }
    Ok(doc)
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
    EngineError::OrphanLives { build: one.entry.build_id.to_string(), pids: pids(one) }
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
