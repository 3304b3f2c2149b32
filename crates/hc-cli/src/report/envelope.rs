//! The one JSON form of every command's answer: `{schema, run_id, exit_code, result, diagnostics, error}`.

use hc_config::Diagnostic;
use hc_records::SchemaTag;
use serde::{Deserialize, Serialize};

/// A command's answer.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Envelope<T> {
    /// Which schema this document follows.
    pub schema: SchemaTag,
    /// The run that answers; also in the logs and the state.
    pub run_id: String,
    /// Exit code of the process: 0, 1, 2, 3 or 130.
    pub exit_code: u8,
    /// The command's own result; null when it failed before it had one.
    pub result: Option<T>,
    /// Problems found in the project's files, errors and warnings.
    pub diagnostics: Vec<DiagnosticDoc>,
    /// Why the command failed.
    pub error: Option<ErrorDoc>,
}

/// A problem in a file of the project.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DiagnosticDoc {
    /// `error` or `warning`.
    pub severity: String,
    /// Code for `hybrid explain`.
    pub code: String,
    /// What happened to what.
    pub message: String,
    /// File, relative to the project.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: Option<usize>,
    /// Column in characters, from 1.
    pub column: Option<usize>,
    /// The cure.
    pub hint: Option<String>,
}

impl From<&Diagnostic> for DiagnosticDoc {
    fn from(diagnostic: &Diagnostic) -> Self {
        let place = diagnostic.location.as_ref();
        let message = match &diagnostic.label {
            Some(label) => format!("{}: {label}", diagnostic.message),
            None => diagnostic.message.clone(),
        };
        Self {
            severity: if diagnostic.is_error() { "error" } else { "warning" }.into(),
            code: diagnostic.code.into(),
            message,
            file: place.map(|place| place.path.to_string_lossy().into_owned()),
            line: place.map(|place| place.line),
            column: place.map(|place| place.column),
            hint: diagnostic.hint.clone(),
        }
    }
}

/// Why a command failed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ErrorDoc {
    /// Code for `hybrid explain`.
    pub code: String,
    /// What happened to what.
    pub message: String,
    /// What lies beneath, outermost first.
    pub causes: Vec<String>,
    /// The cure.
    pub hint: Option<String>,
}

/// Stands for the result of a command that failed before it had one; no value of it exists.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum NoResult {}
