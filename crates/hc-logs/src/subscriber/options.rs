//! How to log: where to, how much, and through which redactor.

use std::io::Write;
use std::path::PathBuf;

use hc_core::RunId;
use time::OffsetDateTime;

use super::system::SystemOptions;
use crate::redact::Redactor;
use crate::rotate::Rotation;

/// What the console shows.
pub struct ConsoleOptions {
    /// `-v` minus `-q`: -2 errors, -1 warnings, 0 information, 1 debugging, 2 everything.
    pub verbosity: i8,
    /// JSON lines instead of text.
    pub json: bool,
    /// Colours the level; only for text.
    pub color: bool,
    /// Where to: usually stderr.
    pub writer: Box<dyn Write + Send>,
}

/// How to log.
pub struct LogOptions {
    /// Directory of the log files; `None`: console only.
    pub dir: Option<PathBuf>,
    /// Stem of the log files, kebab-case.
    pub component: String,
    /// The run that every line names.
    pub run_id: RunId,
    /// The console.
    pub console: ConsoleOptions,
    /// What every line goes through.
    pub redactor: Redactor,
    /// Rotation of the files.
    pub rotation: Rotation,
    /// The log of the system, beside the others; `None`: not wanted.
    pub system: Option<SystemOptions>,
    /// The clock; [`OffsetDateTime::now_utc`] outside tests.
    pub now: fn() -> OffsetDateTime,
}
