//! Prints the answer of a command: its result on stdout, everything else on stderr.

use std::io::{ErrorKind as ErrorOfIo, Write};
use std::path::Path;

use clap::error::ErrorKind;
use hc_config::Diagnostic;
use hc_core::fs::{FsError, io_error};
use hc_core::{ExitClass, RunId};
use hc_logs::Redactor;
use hc_records::SchemaTag;
use serde_json::Value;

use crate::args::{Color, Format};
use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::report::diagnostics::{self, visible};
use crate::report::style::{ascii_controls, paint, screen};
use crate::report::{DiagnosticDoc, Envelope, ErrorDoc, Outcome, Style};

/// Schema of a document of a command that failed before it had a result.
const ERROR_SCHEMA: &str = "cli-error";

/// How the first and the last line of a key begin.
const KEY_BEGINS: &str = "-----BEGIN ";
const KEY_ENDS: &str = "-----END ";

/// How an answer is printed.
pub(crate) struct Printer<'a> {
    /// Where files of diagnostics are.
    pub(crate) root: &'a Path,
    /// How text may look.
    pub(crate) style: Style,
    /// The form of the answer.
    pub(crate) format: Format,
    /// The run that answers.
    pub(crate) run_id: &'a RunId,
    /// How often `-q` was given.
    pub(crate) quiet: u8,
    /// What everything goes through that is printed (LOG-2); none where nothing of a project is.
    pub(crate) redactor: Option<Redactor>,
}

impl Printer<'_> {
    /// Prints what a command came to, and gives its exit class.
    pub(crate) fn print(&self, result: Result<Outcome, CommandError>) -> ExitClass {
        match result {
            Ok(outcome) => self.outcome(outcome),
            Err(error) => self.error(&error),
        }
    }

    fn outcome(&self, outcome: Outcome) -> ExitClass {
        self.diagnostics(&outcome.diagnostics);
        match self.format {
            Format::Human => self.stdout(&screen(&self.clean(&outcome.human))).max(outcome.exit),
            Format::Json if outcome.schema.is_empty() => outcome.exit,
            Format::Json => {
                let mut result = outcome.json;
                self.clean_value(&mut result);
                self.document(outcome.schema, outcome.exit, Some(result), &outcome.diagnostics, None)
            }
        }
    }

    fn error(&self, error: &CommandError) -> ExitClass {
        self.diagnostics(&error.diagnostics);
        let red = |text: &str| paint(self.style.stderr, "1;31", text);
        let mut text = String::new();
        // Diagnostics have their own codes; the last line only counts them.
        let code = if error.diagnostics.iter().any(Diagnostic::is_error) {
            String::new()
        } else {
            format!("[{}]", error.code)
        };
        text.push_str(&format!("{} {}\n", red(&format!("error{code}:")), visible(&error.message)));
        for cause in &error.causes {
            text.push_str(&format!("  caused by: {}\n", visible(cause)));
        }
        if let Some(hint) = &error.hint {
            text.push_str(&format!("\nhint: {}\n", visible(hint)));
        }
        self.stderr(&text);
        match self.format {
            Format::Json => self.document(ERROR_SCHEMA, error.exit, None, &error.diagnostics, Some(error)),
            Format::Human => error.exit,
        }
    }

    fn diagnostics(&self, found: &[Diagnostic]) {
        let wanted: Vec<Diagnostic> =
            found.iter().filter(|diagnostic| diagnostic.is_error() || self.quiet == 0).cloned().collect();
        self.stderr(&diagnostics::render(self.root, &wanted, self.style.stderr, self.style.width));
    }

    fn document(
        &self,
        schema: &str,
        exit: ExitClass,
        result: Option<serde_json::Value>,
        diagnostics: &[Diagnostic],
        error: Option<&CommandError>,
    ) -> ExitClass {
        let envelope = Envelope {
            schema: SchemaTag::v1(schema),
            run_id: self.run_id.to_string(),
            exit_code: exit.number(),
            result,
            diagnostics: diagnostics.iter().map(|one| self.clean_diagnostic(one)).collect(),
            error: error.map(|error| self.clean_error(error)),
        };
        let mut text = ascii_controls(serde_json::to_string_pretty(&envelope).unwrap_or_default());
        text.push('\n');
        self.stdout(&text).max(exit)
    }

    /// A text without secrets. One that only quotes the first line of a key must not lose what follows.
    fn clean(&self, text: &str) -> String {
        let Some(redactor) = &self.redactor else { return text.to_owned() };
        if !text.contains(KEY_BEGINS) || text.contains(KEY_ENDS) {
            return redactor.redact(text).into_owned();
        }
        text.split_inclusive('\n').map(|line| redactor.redact(line)).collect()
    }

    fn clean_value(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.clean(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.clean_value(item)),
            Value::Object(entries) => entries.values_mut().for_each(|value| self.clean_value(value)),
            _ => {}
        }
    }

    fn clean_diagnostic(&self, diagnostic: &Diagnostic) -> DiagnosticDoc {
        let mut doc = DiagnosticDoc::from(diagnostic);
        doc.message = self.clean(&doc.message);
        doc.hint = doc.hint.map(|hint| self.clean(&hint));
        doc
    }

    fn clean_error(&self, error: &CommandError) -> ErrorDoc {
        let mut doc = error.doc();
        doc.message = self.clean(&doc.message);
        doc.causes = doc.causes.iter().map(|cause| self.clean(cause)).collect();
        doc.hint = doc.hint.map(|hint| self.clean(&hint));
        doc
    }

    /// Writes the answer. A reader that went away (`hybrid status | head`) is not an error; an answer that nobody can have
    /// is one.
    fn stdout(&self, text: &str) -> ExitClass {
        match put(text) {
            Ok(()) => ExitClass::Success,
            Err(error) => {
                let error = CommandError::from(error);
                let mut text = format!("error[{}]: {}\n", error.code, visible(&self.clean(&error.message)));
                error.causes.iter().for_each(|cause| {
                    text.push_str(&format!("  caused by: {}\n", visible(&self.clean(cause))))
                });
                self.stderr(&text);
                error.exit
            }
        }
    }

    fn stderr(&self, text: &str) {
        let _ = std::io::stderr().lock().write_all(screen(&self.clean(text)).as_bytes());
    }
}

/// Writes to standard output, as far as anybody reads it.
fn put(text: &str) -> Result<(), FsError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorOfIo::BrokenPipe => Ok(()),
        written => written.map_err(io_error("write", Path::new("the standard output"))),
    }
}

fn printer<'a>(environment: &'a Environment, run_id: &'a RunId) -> Printer<'a> {
    let style = Style::decide(Color::Auto, environment);
    let redactor = Some(Redactor::tokens_only());
    Printer { root: &environment.host.cwd, style, format: Format::Json, run_id, quiet: 0, redactor }
}

/// Answers a command line that names no command to run: help and version are answers, everything else is a usage error
/// (PKR-4).
pub(crate) fn misunderstood(error: &clap::Error, environment: &Environment, run_id: &RunId) -> ExitClass {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let text = error.render();
        let text = if environment.terminal.stdout { text.ansi().to_string() } else { text.to_string() };
        return printer(environment, run_id).stdout(&text);
    }
    let printer = printer(environment, run_id);
    let style = printer.style;
    let plain = error.render().to_string();
    let text = if style.stderr { error.render().ansi().to_string() } else { plain.clone() };
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        printer.stderr(&text);
        return ExitClass::Invalid;
    }
    printer.stderr(&text.replacen("error:", "error[Usage]:", 1));
    if environment.asks_for_json {
        let message = plain.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let usage =
            CommandError::new("Usage", message).hint("`hybrid --help`, or `--help` after any command");
        return printer.document(ERROR_SCHEMA, usage.exit, None, &[], Some(&usage));
    }
    ExitClass::Invalid
}
