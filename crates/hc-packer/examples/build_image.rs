//! Builds an image with the library alone, and prints events as they come.
//!
//! ```console
//! $ cargo run --package hc-packer --example build_image -- TEMPLATE-DIR [PACKER]
//! ```
//!
//! The directory holds `*.pkr.hcl` files of any platform. Exit codes are those of `PackerResult`.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program: it reads its environment and prints, which the library never does"
)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use hc_packer::{Cancel, Event, Packer, PackerError, Retry};

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1).map(PathBuf::from);
    let Some(template) = words.next() else {
        println!("usage: build_image TEMPLATE-DIR [PACKER]");
        return ExitCode::from(1);
    };
    match build(&template, words.next().unwrap_or("packer".into())) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            println!("error[{}]: {error}", error.code());
            ExitCode::from(error.class().number())
        }
    }
}

fn build(template: &Path, packer: PathBuf) -> Result<u8, PackerError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let packer = Packer::locate(packer).path(path).env(std::env::vars_os()).find()?;
    println!("packer {} at {}", packer.version, packer.path.display());

    // A place of its own: two builds never share a manifest or a log.
    let work = std::env::temp_dir().join(format!("build-image-{}", std::process::id()));
    // Hand a clone to a signal handler; `request` once asks packer to clean up, twice kills it.
    let cancel = Cancel::new();
    let built = packer
        .build(template)
        .env(std::env::vars_os())
        .work(work)
        .force()
        .timeout(Duration::from_secs(3600))
        .grace(Duration::from_secs(60))
        .retry(Retry::transient(1).seed(u64::from(std::process::id())))
        .on_event(show)
        .run(&cancel)?;

    let result = built.result;
    println!(
        "-- {} after {} attempt(s), exit code {}",
        result.classification, result.attempts, result.exit_code
    );
    for artifact in &result.artifacts {
        println!("-- made {artifact}");
    }
    for hint in &result.hints {
        println!("-- hint: {hint}");
    }
    println!("-- log: {}", result.log_path.unwrap_or_default());
    Ok(result.exit_code)
}

fn show(event: Event) {
    match event {
        Event::Attempt(attempt) => println!("-- attempt {attempt}"),
        Event::Started { pid } => println!("-- packer runs as {pid}"),
        Event::SourceStarted { source } => println!("-- {source} begins"),
        Event::SourceFinished { source, error: None } => println!("-- {source} is built"),
        Event::SourceFinished { source, error: Some(error) } => println!("-- {source} failed: {error}"),
        Event::Line { source, level, text } => println!("{level:?} [{source}] {text}"),
        Event::Retrying { after_ms, why } => println!("-- again in {after_ms} ms: {why}"),
        other => println!("-- {other:?}"),
    }
}
