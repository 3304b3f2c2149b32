//! The one place that turns errors of the engine into messages, hints and exit codes.

mod causes;
mod engine;
mod fs;
mod install;
mod logs;
mod packer;
mod provisioners;
mod records;
mod secrets;
mod sources;
mod state;

use hc_config::Diagnostic;
use hc_core::ExitClass;
use hc_core::fs::FsError;
use hc_core::id::IdError;
use hc_engine::EngineError;
use hc_sources::SourceError;

use crate::report::ErrorDoc;

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct CommandError {
    /// What the process tells its caller.
    pub(crate) exit: ExitClass,
    /// Code for `hybrid explain`.
    pub(crate) code: &'static str,
    /// What happened to what.
    pub(crate) message: String,
    /// What lies beneath, outermost first.
    pub(crate) causes: Vec<String>,
    /// The cure.
    pub(crate) hint: Option<String>,
    /// Problems in files that led here.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Result of a command.
pub(crate) type Result<T, E = CommandError> = std::result::Result<T, E>;

impl CommandError {
    /// An error with exit code 1 and no hint.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            exit: ExitClass::Invalid,
            code,
            message: message.into(),
            causes: Vec::new(),
            hint: None,
            diagnostics: Vec::new(),
        }
    }

    /// The process got no threads from the system.
    pub(crate) fn without_threads(error: &std::io::Error) -> Self {
        let message = "no thread can be started";
        let this = Self::new("ThreadsUnavailable", message);
        let this =
            this.hint("end other programs of this user, or raise the limits: `ulimit -u`, `ulimit -v`");
        Self { exit: ExitClass::Infrastructure, causes: vec![error.to_string()], ..this }
    }

    /// Sets the cure.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The JSON form.
    pub(crate) fn doc(&self) -> ErrorDoc {
        ErrorDoc {
            code: self.code.into(),
            message: self.message.clone(),
            causes: self.causes.clone(),
            hint: self.hint.clone(),
        }
    }

    /// The form of an error that a report carries beside others.
    pub(crate) fn of(error: &EngineError) -> Self {
        Self {
            exit: error.class(),
            code: error.code(),
            message: error.to_string(),
            causes: engine::causes(error),
            hint: engine::hint(error),
            diagnostics: error.diagnostics().to_vec(),
        }
    }

    /// As [`Self::of`], for an error of one source among several.
    pub(crate) fn of_source(error: &SourceError) -> Self {
        Self {
            exit: error.class(),
            code: error.code(),
            message: error.to_string(),
            causes: causes::beneath(error),
            hint: Some(sources::hint(error)),
            diagnostics: Vec::new(),
        }
    }
}

impl From<EngineError> for CommandError {
    fn from(error: EngineError) -> Self {
        Self::of(&error)
    }
}

impl From<FsError> for CommandError {
    fn from(error: FsError) -> Self {
        Self::of(&EngineError::from(error))
    }
}

impl From<IdError> for CommandError {
    fn from(error: IdError) -> Self {
        Self::of(&EngineError::from(error))
    }
}
