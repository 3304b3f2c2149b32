//! `hybrid logs`: what runs did, read back from the run log (LOG-1).

use hc_core::RunId;
use hc_logs::line::LogLine;
use hc_logs::read::{Filter, LogReader};
use hc_packer::process::Cancel;

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

/// Gives `sink` the lines of a run, and those that come, until the run says that it ended, `sink` wants no more, or
/// somebody asks to stop. Without a run it goes on for all runs. Returns whether it was asked to stop.
///
/// # Errors
/// As [`logs`].
pub fn follow(
    session: &Session,
    run: Option<&str>,
    target: Option<&str>,
    cancel: &Cancel,
    sink: &mut dyn FnMut(&LogLine) -> bool,
) -> Result<bool> {
    let (mut reader, run) = open(session, run, target)?;
    // The end of a run is a line about no target.
    let mut ends = LogReader::open(
        &session.root.join("logs"),
        COMPONENT,
        Filter { run: run.clone(), ..Filter::default() },
    )?;
    loop {
        let ended = run.is_some() && ends.poll()?.iter().any(is_end);
        for line in reader.poll()? {
            if !sink(&line) {
                return Ok(false);
            }
        }
        if ended || cancel.requests() > 0 {
            return Ok(!ended);
        }
        std::thread::sleep(PAUSE);
    }
}

fn is_end(line: &LogLine) -> bool {
    line.message == "ended" || line.message.starts_with("failed: ")
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
