//! The `hybrid` command line: arguments in, operations of the engine, reports out.
//!
//! The only crate that prints, reads the process environment, or turns exit classes into exit codes. Also a library, so
//! that the generator of `schemas/` and the tests can use its types.

mod args;
mod command_error;
mod commands;
mod completing;
mod console;
mod dialogue;
mod environment;
pub mod error_page;
mod logging;
mod printer;
pub mod report;
mod session;
mod signals;
mod trust;

use std::io::Write;
use std::path::PathBuf;

use clap::{CommandFactory, Parser};
use hc_core::{ExitClass, RunId};
use hc_engine::project::credentials;
use hc_logs::Redactor;

use crate::args::GlobalArgs;
use crate::command_error::{CommandError, Result};
use crate::commands::{Command, CommandLine, InProject, TrustArgs, Writes};
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
    // A shell that asks what could come next; answers and ends the process then.
    clap_complete::CompleteEnv::with_factory(CommandLine::command).complete();
    let run_id = hc_engine::project::run_id(&environment.host);
    let CommandLine { globals, command } = match CommandLine::try_parse() {
        Ok(understood) => understood,
        Err(error) => return printer::misunderstood(&error, &environment, &run_id),
    };
    let style = Style::decide(globals.color, &environment);
    let cwd = environment.host.cwd.clone();
    // Until a project knows more. What is known of hybrid itself holds no secrets, but examples of them.
    let mut redactor = None;
    let (root, result) = match command {
        Command::InProject(command) => {
            let (root, known, result) = in_project(&globals, environment, &run_id, &command);
            redactor = Some(known);
            (root, result)
        }
        Command::Trust(args) => trusting(&globals, environment, &run_id, &args),
        Command::Init(args) => (cwd, args.run(&environment.host, environment.terminal, &style)),
        Command::Explain(args) => (cwd, args.run(&style)),
        Command::Completions(args) => (cwd, args.run(&style)),
        Command::Man(args) => (cwd, args.run(CommandLine::command(), &environment.host, &style)),
    };
    let (format, quiet) = (globals.format, globals.quiet);
    let printer = Printer { root: &root, style, format, run_id: &run_id, quiet, redactor };
    printer.print(result)
}

/// Runs `hybrid trust`, which works on a project that need not be there any more.
fn trusting(
    globals: &GlobalArgs,
    environment: Environment,
    run_id: &RunId,
    args: &TrustArgs,
) -> (PathBuf, Result<Outcome, CommandError>) {
    (environment.host.cwd.clone(), args.run(globals, environment, run_id))
}

/// Runs a command, and says which directory its diagnostics are relative to, and what its answer must not show.
fn in_project(
    globals: &GlobalArgs,
    environment: Environment,
    run_id: &RunId,
    command: &InProject,
) -> (PathBuf, Redactor, Result<Outcome, CommandError>) {
    let cwd = environment.host.cwd.clone();
    let known = credentials::of_environment(&environment.host);
    let session = match Session::open(globals, environment, run_id.clone()) {
        Ok(session) => session,
        Err(error) => {
            // Places in hybrid.toml are relative to the project, wherever it was looked for.
            let root = globals.project.as_ref().map_or(cwd.clone(), |dir| cwd.join(dir));
            let redactor = Redactor::builder().token_shapes(true).secrets(&known).build();
            return (root, redactor, Err(error));
        }
    };
    let _log = logging::start(&session, command.writes(), globals.log_keep);
    if command.writes() == Writes::Project {
        session.project.sweep();
    }
    let ready = signals::watch(&session.project.host.cancel).and_then(|()| hc_core::threads::start());
    let ready = ready.map_err(|error| CommandError::without_threads(&error));
    let result = ready.and_then(|()| command.run(&session));
    logging::end(&result);
    (session.project.root, session.project.redactor, result)
}
