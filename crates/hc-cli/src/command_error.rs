//! The one place that turns library errors into messages, hints and exit codes.

use std::borrow::Cow;
use std::error::Error;

use hc_config::Diagnostic;
use hc_core::fs::FsError;
use hc_core::id::IdError;
use hc_logs::Redactor;

use crate::report::ErrorDoc;
use hc_core::ExitClass;

/// Why a command failed.
#[derive(Debug)]
pub struct CommandError {
    /// What the process tells its caller.
    pub exit: ExitClass,
    /// Code for `hybrid explain`.
    pub code: &'static str,
    /// What happened to what.
    pub message: String,
    /// What lies beneath, outermost first.
    pub causes: Vec<String>,
    /// The cure.
    pub hint: Option<String>,
    /// Problems in files that led here.
    pub diagnostics: Vec<Diagnostic>,
}

/// Result of an operation.
pub type Result<T, E = CommandError> = std::result::Result<T, E>;

impl CommandError {
    /// An error with exit code 1 and no hint.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            exit: ExitClass::Invalid,
            code,
            message: message.into(),
            causes: Vec::new(),
            hint: None,
            diagnostics: Vec::new(),
        }
    }

    /// Sets the cure.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Sets the exit code.
    #[must_use]
    pub fn exit(mut self, exit: ExitClass) -> Self {
        self.exit = exit;
        self
    }

    /// The error that stands for diagnostics of which at least one is an error.
    pub fn invalid(diagnostics: Vec<Diagnostic>) -> Self {
        let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
        let code =
            diagnostics.iter().find(|diagnostic| diagnostic.is_error()).map_or("Invalid", |first| first.code);
        let security = diagnostics
            .iter()
            .any(|diagnostic| diagnostic.is_error() && diagnostic.code == "PlaintextSecret");
        let noun = if errors == 1 { "problem" } else { "problems" };
        let mut error = Self::new(code, format!("{errors} {noun} found, nothing was changed"));
        if security {
            error.exit = ExitClass::Security;
        }
        error.diagnostics = diagnostics;
        error
    }

    fn from_error(error: &dyn Error, code: &'static str, class: ExitClass, hint: Option<String>) -> Self {
        let mut causes = Vec::new();
        let mut source = error.source();
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        Self { exit: class, code, message: error.to_string(), causes, hint, diagnostics: Vec::new() }
    }

    /// Without secrets: whatever an error quotes, it goes to the terminal (LOG-2).
    #[must_use]
    pub fn redacted(mut self, redactor: &Redactor) -> Self {
        let clean = |text: &mut String| {
            if let Cow::Owned(clean) = redactor.redact(text) {
                *text = clean;
            }
        };
        clean(&mut self.message);
        self.causes.iter_mut().chain(&mut self.hint).for_each(clean);
        for diagnostic in &mut self.diagnostics {
            clean(&mut diagnostic.message);
            diagnostic.label.iter_mut().chain(&mut diagnostic.hint).for_each(clean);
        }
        self
    }

    /// The JSON form.
    pub fn doc(&self) -> ErrorDoc {
        ErrorDoc {
            code: self.code.into(),
            message: self.message.clone(),
            causes: self.causes.clone(),
            hint: self.hint.clone(),
        }
    }
}

impl From<Box<Diagnostic>> for CommandError {
    fn from(diagnostic: Box<Diagnostic>) -> Self {
        Self::invalid(vec![*diagnostic])
    }
}

impl From<FsError> for CommandError {
    fn from(error: FsError) -> Self {
        Self::from_error(&error, error.code(), error.class(), Some(error.hint().into()))
    }
}

impl From<IdError> for CommandError {
    fn from(error: IdError) -> Self {
        let hint = match error {
            IdError::Run(_) => "copy it whole from `hybrid status` or `hybrid artifacts list`",
            _ => "see `hybrid templates list` for the names",
        };
        Self::from_error(&error, error.code(), ExitClass::Invalid, Some(hint.into()))
    }
}

impl From<hc_provisioners::ProvisionerError> for CommandError {
    fn from(error: hc_provisioners::ProvisionerError) -> Self {
        let diagnostics = error.diagnostics().to_vec();
        Self { diagnostics, ..Self::from_error(&error, error.code(), ExitClass::Invalid, error.hint()) }
    }
}

impl From<hc_state::StateError> for CommandError {
    fn from(error: hc_state::StateError) -> Self {
        Self::from_error(&error, error.code(), error.class(), error.hint())
    }
}

impl From<hc_records::RecordError> for CommandError {
    fn from(error: hc_records::RecordError) -> Self {
        match error {
            hc_records::RecordError::File(error) => error.into(),
            hc_records::RecordError::Damaged { ref why, .. } => {
                let hint =
                    "restore it from version control or a backup; without one, move it away and build again";
                let causes = vec![why.clone()];
                let class = error.class();
                Self { causes, ..Self::from_error(&error, error.code(), class, Some(hint.into())) }
            }
            other => Self::from_error(&other, other.code(), other.class(), None),
        }
    }
}

impl From<hc_logs::LogError> for CommandError {
    fn from(error: hc_logs::LogError) -> Self {
        Self::from_error(&error, error.code(), error.class(), error.hint())
    }
}

impl From<hc_packer::iso::IsoError> for CommandError {
    fn from(error: hc_packer::iso::IsoError) -> Self {
        Self::from_error(&error, error.code(), error.class(), error.hint())
    }
}

impl CommandError {
    /// The form of an error that a report carries beside others.
    pub fn from_source(error: &hc_sources::SourceError) -> Self {
        Self::from_error(error, error.code(), error.class(), Some(error.hint()))
    }
}

impl From<hc_sources::SourceError> for CommandError {
    fn from(error: hc_sources::SourceError) -> Self {
        Self::from_source(&error)
    }
}

impl From<hc_packer::PackerError> for CommandError {
    fn from(error: hc_packer::PackerError) -> Self {
        Self::from_error(&error, error.code(), error.class(), error.hint())
    }
}
