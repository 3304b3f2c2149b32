//! The `hybrid` command line: arguments in, operations of the engine, reports out.
//!
//! The only crate that prints, reads the process environment, or turns exit classes into exit codes. Also a library, so
//! that the generator of `schemas/` and the tests can use its types.

mod args;
mod command_error;
mod commands;
mod console;
mod dialogue;
mod environment;
pub mod error_page;
mod logging;
mod printer;
pub mod report;
mod session;
mod signals;

use std::io::Write;
use std::path::PathBuf;

use clap::{CommandFactory, Parser};
use hc_core::{ExitClass, RunId};

use crate::args::GlobalArgs;
use crate::command_error::{CommandError, Result};
use crate::commands::{Command, CommandLine, InProject, Writes};
use crate::environment::Environment;
use crate::printer::Printer;
use crate::report::{Outcome, Style};
use crate::session::Session;

/// Runs the program on the process's arguments.
pub fn main() -> std::process::ExitCode {
    signals::outlive();
    let exit = match Environment::capture() {
        Ok(environment) => run(environment),
        Err(error) => {
            let _ =
                writeln!(std::io::stderr(), "error[FileUnavailable]: the working directory is gone: {error}");
            ExitClass::Invalid
        }
    };
    std::process::ExitCode::from(exit.number())
}

fn run(environment: Environment) -> ExitClass {
    let run_id = hc_engine::project::run_id(&environment.host);
    let CommandLine { globals, command } = match CommandLine::try_parse() {
        Ok(understood) => understood,
        Err(error) => return printer::misunderstood(&error, &environment, &run_id),
    };
    let style = Style::decide(globals.color, &environment);
    let cwd = environment.host.cwd.clone();
    let (root, result) = match command {
        Command::InProject(command) => in_project(&globals, environment, &run_id, &command),
        Command::Init(args) => (cwd, args.run(&environment.host, &style)),
        Command::Explain(args) => (cwd, args.run(&style)),
        Command::Completions(args) => (cwd, args.run(CommandLine::command(), &style)),
        Command::Man(args) => (cwd, args.run(CommandLine::command(), &environment.host, &style)),
    };
    let printer =
        Printer { root: &root, style, format: globals.format, run_id: &run_id, quiet: globals.quiet };
    printer.print(result)
}

/// Runs a command, and says which directory its diagnostics are relative to.
fn in_project(
    globals: &GlobalArgs,
    environment: Environment,
    run_id: &RunId,
    command: &InProject,
) -> (PathBuf, Result<Outcome, CommandError>) {
    let cwd = environment.host.cwd.clone();
    let session = match Session::open(globals, environment, run_id.clone()) {
        Ok(session) => session,
        Err(error) => {
            // Places in hybrid.toml are relative to the project, wherever it was looked for.
            let root = globals.project.as_ref().map_or(cwd.clone(), |dir| cwd.join(dir));
            return (root, Err(error));
        }
    };
    let _log = logging::start(&session, command.writes(), globals.log_keep);
    if command.writes() == Writes::Project {
        session.project.sweep();
    }
    let ready = signals::watch(&session.project.host.cancel).and_then(|()| hc_core::threads::start());
    let ready = ready.map_err(|error| CommandError::without_threads(&error));
    let result =
        ready.and_then(|()| command.run(&session)).map_err(|error| error.redacted(&session.project.redactor));
    logging::end(&result);
    (session.project.root, result)
}
