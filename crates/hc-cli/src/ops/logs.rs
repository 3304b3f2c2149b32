//! `hybrid logs`: what runs did, read back from the run log (LOG-1).

use std::collections::{BTreeMap, BTreeSet};

use hc_core::Cancel;
use hc_core::RunId;
use hc_logs::line::LogLine;
use hc_logs::read::{Filter, LogReader};

use crate::command_error::{CommandError, Result};
use crate::report::logs::LogsReport;
use crate::session::Session;

/// How long it waits for new lines.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(200);
/// Component whose log is read.
const COMPONENT: &str = "hybrid";

/// Lines of a run (`last` for the newest, all runs when absent), of a target.
///
/// # Errors
/// `BadRunId`; when the log cannot be read. No log yet is an empty one.
pub fn logs(session: &Session, run: Option<&str>, target: Option<&str>) -> Result<LogsReport> {
    let (mut reader, _) = open(session, run, target)?;
    let lines = reader.by_ref().collect();
    Ok(LogsReport { lines, skipped: reader.skipped() })
}

/// Why following ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// The run said that it ended, or nobody reads on.
    ToEnd,
    /// Somebody asked to stop.
    Stopped,
    /// The process of the run is gone, and it said nothing.
    Killed {
        /// Its id.
        pid: u32,
    },
}

/// Gives `sink` the lines of a run, and those that come, until the run ends, `sink` wants no more, or somebody asks to
/// stop. Without a run it goes on for all runs.
///
/// # Errors
/// As [`logs`].
pub fn follow(
    session: &Session,
    run: Option<&str>,
    target: Option<&str>,
    cancel: &Cancel,
    sink: &mut dyn FnMut(&LogLine) -> bool,
) -> Result<Followed> {
    let (mut reader, run) = open(session, run, target)?;
    // The begin and the end of a run are lines about no target.
    let filter = Filter { run: run.clone(), ..Filter::default() };
    let mut own = LogReader::open(&session.root.join("logs"), COMPONENT, filter)?;
    let mut pid = None;
    loop {
        // Looked at before the lines are read: what a process wrote before it went is not missed.
        let gone = pid.filter(|pid| hc_state::processes::exists(*pid) == Some(false));
        let mut ended = false;
        if run.is_some() {
            for line in own.poll()? {
                ended |= is_end(&line);
                pid = pid.or_else(|| pid_of(session, &line));
            }
        }
        for line in reader.poll()? {
            if !sink(&line) {
                return Ok(Followed::ToEnd);
            }
        }
        match gone {
            _ if ended => return Ok(Followed::ToEnd),
            _ if cancel.requests() > 0 => return Ok(Followed::Stopped),
            Some(pid) => return Ok(Followed::Killed { pid }),
            None => std::thread::sleep(PAUSE),
        }
    }
}

/// Runs that have begun on this host, did not say that they ended, and whose process is there; this one left out.
///
/// # Errors
/// When the log cannot be read.
pub fn live_runs(session: &Session) -> Result<BTreeSet<RunId>> {
    let mut begun: BTreeMap<RunId, u32> = BTreeMap::new();
    for line in LogReader::open(&session.root.join("logs"), COMPONENT, Filter::default())? {
        if is_end(&line) {
            begun.remove(&line.run_id);
        } else if let Some(pid) = pid_of(session, &line) {
            begun.insert(line.run_id, pid);
        }
    }
    begun.remove(&session.run_id);
    begun.retain(|_, pid| hc_state::processes::exists(*pid) != Some(false));
    Ok(begun.into_keys().collect())
}

/// The last line of a run, by the program itself: what others say of their ends is no end.
fn is_end(line: &LogLine) -> bool {
    line.component == "cli" && (line.message == "ended" || line.message.starts_with("failed: "))
}

/// The process of a run on this host, from its first line.
fn pid_of(session: &Session, line: &LogLine) -> Option<u32> {
    let first = line.component == "cli" && line.message == "started";
    let here = line.fields.get("host").is_some_and(|host| *host == session.environment.host);
    if first && here { line.fields.get("pid")?.parse().ok() } else { None }
}

fn open(session: &Session, run: Option<&str>, target: Option<&str>) -> Result<(LogReader, Option<RunId>)> {
    let dir = session.root.join("logs");
    let run = match run {
        None => None,
        Some("last") => Some(LogReader::newest_run(&dir, COMPONENT)?.ok_or_else(|| {
            CommandError::new("BadRunId", "no run was logged yet")
                .hint("runs that change something are logged")
        })?),
        Some(run) => Some(run.parse::<RunId>()?),
    };
    let filter = Filter { run: run.clone(), target: target.map(str::to_owned), level: None };
    Ok((LogReader::open(&dir, COMPONENT, filter)?, run))
}
