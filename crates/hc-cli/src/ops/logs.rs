//! `hybrid logs`: what runs did, read back from the run log (LOG-1).

use hc_core::RunId;
use hc_logs::read::{Filter, LogReader};

use crate::command_error::{CommandError, Result};
use crate::report::logs::LogsReport;
use crate::session::Session;

/// Component whose log is read.
const COMPONENT: &str = "hybrid";

/// Lines of a run (`last` for the newest, all runs when absent), of a target.
///
/// # Errors
/// `BadRunId`; when the log cannot be read. No log yet is an empty one.
pub fn logs(session: &Session, run: Option<&str>, target: Option<&str>) -> Result<LogsReport> {
    let dir = session.root.join("logs");
    let run = match run {
        None => None,
        Some("last") => Some(LogReader::newest_run(&dir, COMPONENT)?.ok_or_else(|| {
            CommandError::new("BadRunId", "no run was logged yet")
                .hint("runs that change something are logged")
        })?),
        Some(run) => Some(run.parse::<RunId>()?),
    };
    let filter = Filter { run, target: target.map(str::to_owned), level: None };
    let mut reader = LogReader::open(&dir, COMPONENT, filter)?;
    let lines = reader.by_ref().collect();
    Ok(LogsReport { lines, skipped: reader.skipped() })
}
