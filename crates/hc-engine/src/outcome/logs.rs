//! `hybrid logs`.

use hc_logs::line::LogLine;
use serde::Serialize;

/// Lines of the run log, oldest first.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LogsReport {
    /// The lines.
    pub lines: Vec<LogLine>,
    /// Lines that could not be read.
    pub skipped: u64,
}

/// Why following a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// The run said that it ended, or the reader wants no more.
    ToEnd,
    /// A request to stop was heard.
    Stopped,
    /// The process of the run is gone, and it did not say how it ended.
    Killed {
        /// Its id.
        pid: u32,
    },
}
