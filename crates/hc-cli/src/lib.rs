//! The `hybrid` command line: arguments in, operations of the crates, reports out.
//!
//! The only crate that prints, reads the process environment, or picks exit codes. Also a library, so that the
//! generator of `schemas/` and the tests can use its types.

pub mod args;
pub mod command_error;
pub mod commands;
mod confinement;
mod console;
mod dialogue;
pub mod environment;
mod logging;
pub mod ops;
mod redaction;
pub mod report;
pub mod session;
mod signals;

use std::io::Write;
use std::path::Path;

use clap::Parser;
use clap::error::ErrorKind;
use hc_config::Diagnostic;
use hc_core::RunId;

use crate::args::{Args, Color, Format};
use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::report::diagnostics::visible;
use crate::report::{DiagnosticDoc, Envelope, Outcome, Style};
use crate::session::Session;
use hc_core::ExitClass;
use hc_records::SchemaTag;

/// Schema of a document of a command that failed before it had a result.
const ERROR_SCHEMA: &str = "cli-error";

/// Runs the program on the process's arguments.
pub fn main() -> std::process::ExitCode {
    let code = match Environment::capture() {
        Ok(environment) => run(environment),
        Err(error) => {
            let _ =
                writeln!(std::io::stderr(), "error[FileUnavailable]: the working directory is gone: {error}");
            ExitClass::Invalid
        }
    };
    std::process::ExitCode::from(code.number())
}

fn run(environment: Environment) -> ExitClass {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return misunderstood(&error, &environment),
    };
    let run_id = RunId::new(environment.started, entropy(&environment));
    let style = Style::decide(args.globals.color, &environment);
    let quiet = args.globals.quiet;
    let format = args.globals.format;
    let (root, result) = match commands::without_project(&args.command, &environment, &style) {
        Some(result) => (environment.cwd.clone(), result),
        None => in_project(&args, environment, &run_id),
    };
    Printer { root: &root, style, format, run_id: &run_id, quiet }.print(result)
}

/// Help and version are answers; everything else is a usage error (PKR-4).
fn misunderstood(error: &clap::Error, environment: &Environment) -> ExitClass {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = error.print();
        return ExitClass::Success;
    }
    let (style, run_id) =
        (Style::decide(Color::Auto, environment), RunId::new(environment.started, entropy(environment)));
    let printer = Printer { root: &environment.cwd, style, format: Format::Json, run_id: &run_id, quiet: 0 };
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
        printer.document(ERROR_SCHEMA, usage.exit, None, &[], Some(&usage));
    }
    ExitClass::Invalid
}

fn in_project(
    args: &Args,
    environment: Environment,
    run_id: &RunId,
) -> (std::path::PathBuf, Result<Outcome, CommandError>) {
    let cwd = environment.cwd.clone();
    let session = match Session::open(&args.globals, environment, run_id.clone()) {
        Ok(session) => session,
        Err(error) => {
            // Places in hybrid.toml are relative to the project, wherever it was looked for.
            let root = args.globals.project.as_ref().map_or(cwd.clone(), |dir| cwd.join(dir));
            return (root, Err(error));
        }
    };
    let _log = logging::start(&session, &args.command, args.globals.log_keep);
    let cancel = signals::watch();
    let result =
        commands::run(&session, &args.command, &cancel).map_err(|error| error.redacted(&session.redactor));
    logging::end(&result);
    (session.root, result)
}

fn entropy(environment: &Environment) -> u32 {
    let seed =
        format!("{} {} {}", environment.pid, environment.host, environment.started.unix_timestamp_nanos());
    u32::from_le_bytes(
        hc_core::Digest::of(seed.as_bytes()).as_bytes()[..4].try_into().expect("32 bytes hold 4"),
    )
}

struct Printer<'a> {
    root: &'a Path,
    style: Style,
    format: Format,
    run_id: &'a RunId,
    quiet: u8,
}

impl Printer<'_> {
    fn print(&self, result: Result<Outcome, CommandError>) -> ExitClass {
        match result {
            Ok(outcome) => self.outcome(outcome),
            Err(error) => self.error(&error),
        }
    }

    fn outcome(&self, outcome: Outcome) -> ExitClass {
        self.diagnostics(&outcome.diagnostics);
        match self.format {
            Format::Human => self.stdout(&report::style::screen(&outcome.human)),
            Format::Json if outcome.schema.is_empty() => {}
            Format::Json => {
                self.document(outcome.schema, outcome.exit, Some(outcome.json), &outcome.diagnostics, None)
            }
        }
        outcome.exit
    }

    fn error(&self, error: &CommandError) -> ExitClass {
        self.diagnostics(&error.diagnostics);
        let red = |text: &str| report::style::paint(self.style.stderr, "1;31", text);
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
        if self.format == Format::Json {
            self.document(ERROR_SCHEMA, error.exit, None, &error.diagnostics, Some(error));
        }
        error.exit
    }

    fn diagnostics(&self, diagnostics: &[Diagnostic]) {
        let wanted: Vec<Diagnostic> = diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.is_error() || self.quiet == 0)
            .cloned()
            .collect();
        let text = report::diagnostics::render(self.root, &wanted, self.style.stderr, self.style.width);
        self.stderr(&text);
    }

    fn document(
        &self,
        schema: &str,
        exit: ExitClass,
        result: Option<serde_json::Value>,
        diagnostics: &[Diagnostic],
        error: Option<&CommandError>,
    ) {
        let envelope = Envelope {
            schema: SchemaTag::v1(schema),
            run_id: self.run_id.to_string(),
            exit_code: exit.number(),
            result,
            diagnostics: diagnostics.iter().map(DiagnosticDoc::from).collect(),
            error: error.map(CommandError::doc),
        };
        let mut text =
            report::style::ascii_controls(serde_json::to_string_pretty(&envelope).unwrap_or_default());
        text.push('\n');
        self.stdout(&text);
    }

    /// A reader that went away (`hybrid status | head`) is no error.
    fn stdout(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    fn stderr(&self, text: &str) {
        let _ = std::io::stderr().lock().write_all(report::style::screen(text).as_bytes());
    }
}
