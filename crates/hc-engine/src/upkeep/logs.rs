//! What runs did, read back from the run log (LOG-1).
//!
//! The program that runs the engine writes that log. [`STARTED`], [`ENDED`] and [`FAILED`] are the words by which the
//! begin and the end of a run are known; the begin carries the fields `pid` and `host`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::Duration;

use hc_core::RunId;
use hc_core::fs::FsError;
use hc_logs::line::LogLine;
use hc_logs::read::{Filter, LogReader};
use hc_records::layout;

use crate::error::{EngineError, Result};
use crate::outcome::logs::{Followed, LogsReport};
use crate::project::Project;

/// First message of a run.
pub const STARTED: &str = "started";
/// Last message of a run that came to its end.
pub const ENDED: &str = "ended";
/// Beginning of the last message of a run that failed.
pub const FAILED: &str = "failed: ";
/// Name of the run log.
pub const RUN_LOG: &str = "hybrid";

/// Component of the program's own lines: what others say of their begins and ends does not count.
const PROGRAM: &str = "cli";
/// How long it waits for new lines.
const PAUSE: Duration = Duration::from_millis(200);

/// Whose lines are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runs {
    /// Those of all runs.
    All,
    /// Those of the newest run.
    Newest,
    /// Those of one run.
    One(RunId),
}

/// Lines of runs, and with `target` only those about it: a target, a builder, or an environment.
///
/// # Errors
/// `BadRunId` when the newest run is asked for and there is none; when the log cannot be read. No log yet is an empty one.
pub fn logs(project: &Project, runs: &Runs, target: Option<&str>) -> Result<LogsReport> {
    let mut reader = open(project, filter(run_id(project, runs)?, target))?;
    let lines = reader.by_ref().collect();
    Ok(LogsReport { lines, skipped: reader.skipped() })
}

/// Gives `sink` the lines of runs, and those that come, until the run ends, `sink` breaks, or a request to stop is heard.
/// Of all runs it goes on when one ends.
///
/// # Errors
/// As [`logs`].
pub fn follow(
    project: &Project,
    runs: &Runs,
    target: Option<&str>,
    sink: &mut dyn FnMut(&LogLine) -> ControlFlow<()>,
) -> Result<Followed> {
    let run = run_id(project, runs)?;
    let mut reader = open(project, filter(run.clone(), target))?;
    // The begin and the end of a run are lines about no target.
    let mut own = open(project, filter(run.clone(), None))?;
    let mut pid = None;
    loop {
        // Looked at before the lines are read: what a process wrote before it went is not missed.
        let gone = pid.filter(|pid| hc_state::processes::exists(*pid) == Some(false));
        let mut ended = false;
        if run.is_some() {
            for line in own.poll()? {
                ended |= is_end(&line);
                pid = pid.or_else(|| pid_of(project, &line));
            }
        }
        for line in reader.poll()? {
            if sink(&line).is_break() {
                return Ok(Followed::ToEnd);
            }
        }
        match gone {
            _ if ended => return Ok(Followed::ToEnd),
            _ if project.host.cancel.is_requested() => return Ok(Followed::Stopped),
            Some(pid) => return Ok(Followed::Killed { pid }),
            None => std::thread::sleep(PAUSE),
        }
    }
}

/// Runs that have begun on this host, did not say that they ended, and whose process is there; this one left out.
///
/// # Errors
/// When the log cannot be read.
pub fn live_runs(project: &Project) -> Result<BTreeSet<RunId>> {
    let mut begun: BTreeMap<RunId, u32> = BTreeMap::new();
    for line in open(project, Filter::default())? {
        if is_end(&line) {
            begun.remove(&line.run_id);
        } else if let Some(pid) = pid_of(project, &line) {
            begun.insert(line.run_id, pid);
        }
    }
    begun.remove(&project.run_id);
    begun.retain(|_, pid| hc_state::processes::exists(*pid) != Some(false));
    Ok(begun.into_keys().collect())
}

/// Whether a line is the last one of a run.
fn is_end(line: &LogLine) -> bool {
    line.component == PROGRAM && (line.message == ENDED || line.message.starts_with(FAILED))
}

/// The process of a run on this host, from its first line.
fn pid_of(project: &Project, line: &LogLine) -> Option<u32> {
    let first = line.component == PROGRAM && line.message == STARTED;
    let here = line.fields.get("host").is_some_and(|host| *host == project.host.name);
    if first && here { line.fields.get("pid")?.parse().ok() } else { None }
}

fn run_id(project: &Project, runs: &Runs) -> Result<Option<RunId>> {
    match runs {
        Runs::All => Ok(None),
        Runs::One(run) => Ok(Some(run.clone())),
        Runs::Newest => match LogReader::newest_run(&project.at(layout::LOGS), RUN_LOG)? {
            None => Err(EngineError::NoRunLogged),
            newest => Ok(newest),
        },
    }
}

fn filter(run: Option<RunId>, target: Option<&str>) -> Filter {
    Filter { run, target: target.map(str::to_owned), level: None }
}

fn open(project: &Project, filter: Filter) -> Result<LogReader, FsError> {
    LogReader::open(&project.at(layout::LOGS), RUN_LOG, filter)
}
