//! The factory as a library: plans, validates and builds the message of the day of a project, prints its own progress,
//! and stops when a deadline has passed.
//!
//! `cargo run --package hc-engine --example motd -- PROJECT [SECONDS]`; the repository itself is such a project.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example is a program, and a program prints"
)]

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use hc_engine::event::Event;
use hc_engine::{BuildOptions, Cancel, EngineError, Host, Project, ProjectOptions, Selector, Trust, Values};

fn main() -> ExitCode {
    match run() {
        Ok(class) => ExitCode::from(class),
        Err(error) => {
            eprintln!("error: {error}");
            // The engine's errors know how a caller should end; other errors are this program's own.
            let class = error.downcast_ref::<EngineError>().map_or(1, |error| error.class().number());
            ExitCode::from(class)
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program reads its own arguments and environment; the engine gets values"
)]
fn run() -> Result<u8, Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1);
    let root = PathBuf::from(args.next().ok_or("usage: motd PROJECT [SECONDS]")?);
    let deadline: u64 = match args.next() {
        Some(seconds) => seconds.to_string_lossy().parse()?,
        None => 600,
    };
    let mut host = Host::new(std::env::current_dir()?, std::env::vars_os());
    // Whoever names the project on the command line trusts it.
    host.trust = Trust::Given;
    stop_after(Duration::from_secs(deadline), host.cancel.clone());
    let project = Project::open(&root, host, ProjectOptions::default())?;
    let selection = project.select(&Selector::parse("linux.file.motd")?)?;
    let (env, values) = (project.env(None)?, Values::default());

    let (validated, _warnings) = project.validate(&selection, &env, &values, &mut |_| {})?;
    println!("validated by packer {}", validated.packer_version);

    let plan = project.plan(&selection, &env, &values)?;
    for target in plan.report().targets {
        println!(
            "{}: trusted: {}, stale: {} {:?}",
            target.builder, target.trusted, target.stale, target.reasons
        );
    }

    let (report, _warnings) = project.build(plan, &BuildOptions::default(), &mut |event| match event {
        Event::Building { target, build } => println!("{target}: building {build}"),
        Event::Ended { target, took, result } => {
            println!("{target}: {} after {:.1} s", result.classification, took.as_secs_f64());
        }
        _ => {}
    })?;
    for artifact in report.builds.iter().filter_map(|build| build.artifact.as_ref()) {
        println!("built {}", artifact.names().join(", "));
    }
    Ok(report.class().number())
}

/// Asks the engine to stop when the time is over; packer then cleans up and the build ends as interrupted.
fn stop_after(limit: Duration, cancel: Cancel) {
    std::thread::spawn(move || {
        std::thread::sleep(limit);
        cancel.request();
    });
}
