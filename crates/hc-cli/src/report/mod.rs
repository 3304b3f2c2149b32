//! Results as people and programs read them. Operations return values; this module alone gives them form.

pub mod adopt;
pub mod artifacts;
pub mod build;
pub mod bundle;
pub mod cache;
pub mod checks;
pub(crate) mod checks_file;
pub mod clean;
pub mod config;
pub mod diagnostics;
pub mod doctor;
pub mod envelope;
pub mod explain;
pub mod init;
pub mod logs;
pub mod orphans;
pub mod packer;
pub mod plan;
pub mod plugins;
pub mod provisioners;
pub mod publish;
pub mod scan;
pub mod shell;
pub mod sources;
pub mod state;
pub mod style;
pub mod suite;
pub mod table;
pub mod templates;
pub mod trust;
pub mod upgrade;
pub mod validate;
pub mod wizard;

use hc_config::Diagnostic;
use hc_core::ExitClass;
use serde::Serialize;

pub use envelope::{DiagnosticDoc, Envelope, ErrorDoc};
pub use style::Style;

/// A command's result: one JSON document, one text for people, one exit code.
pub trait Report: Serialize {
    /// Name of the schema in `schemas/` without its ending.
    const SCHEMA: &'static str;

    /// The text for stdout in human format.
    fn human(&self, style: &Style) -> String;

    /// What the process tells its caller.
    fn exit_code(&self) -> ExitClass {
        ExitClass::Success
    }
}

/// What a command hands to the printer.
#[derive(Debug)]
pub struct Outcome {
    /// Schema name.
    pub schema: &'static str,
    /// The report as JSON.
    pub json: serde_json::Value,
    /// The report for people.
    pub human: String,
    /// The exit code.
    pub exit: ExitClass,
    /// Warnings beside the result.
    pub diagnostics: Vec<Diagnostic>,
}

impl Outcome {
    /// Wraps a report.
    pub fn new<R: Report>(report: &R, style: &Style) -> Self {
        Self {
            schema: R::SCHEMA,
            json: serde_json::to_value(report).unwrap_or(serde_json::Value::Null),
            human: report.human(style),
            exit: report.exit_code(),
            diagnostics: Vec::new(),
        }
    }

    /// For a command that has printed its answer while it ran.
    pub fn printed(exit: ExitClass) -> Self {
        Self {
            schema: "",
            json: serde_json::Value::Null,
            human: String::new(),
            exit,
            diagnostics: Vec::new(),
        }
    }

    /// Adds what was found on the way. An answer that an error comes with is not a success.
    #[must_use]
    pub fn with_diagnostics(mut self, diagnostics: Vec<Diagnostic>) -> Self {
        if self.exit == ExitClass::Success && diagnostics.iter().any(Diagnostic::is_error) {
            self.exit = ExitClass::Invalid;
        }
        self.diagnostics = diagnostics;
        self
    }
}
