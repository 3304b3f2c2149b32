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

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use hc_core::Cancel;
use hc_packer::args::Subject;
use hc_packer::classify::Rules;
use hc_packer::event::{Event, NoSecrets};
use hc_packer::run::{self, Build, Context};
use hc_packer::{Packer, PackerError};

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let Some(template) = words.next().map(PathBuf::from) else {
        println!("usage: build_image TEMPLATE-DIR [PACKER]");
        return ExitCode::from(1);
    };
    match build(&template, words.next()) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            println!("error[{}]: {error}", error.code());
            println!("hint: {}", error.hint().unwrap_or_default());
            ExitCode::from(error.class().number())
        }
    }
}

fn build(template: &Path, packer: Option<OsString>) -> Result<u8, PackerError> {
    let caller_env: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    let search_path = std::env::var_os("PATH");
    let binary = packer.map_or("packer".into(), PathBuf::from);
    // Which packer there is, and what it can do.
    let packer = Packer::find(&binary, Path::new("."), search_path.as_deref(), None)?;
    println!("packer {} at {}", packer.version, packer.path.display());

    // A place of its own: two builds never share a manifest or a log.
    let work = std::env::temp_dir().join(format!("build-image-{}", std::process::id()));
    let env = "dev".parse().expect("`dev` is kebab-case");
    // Hand a clone to a signal handler; `request` once asks packer to clean up, twice kills it.
    let cancel = Cancel::new();
    let context = Context {
        packer: &packer,
        env: &env,
        cwd: Path::new("."),
        work: &work,
        caller_env: &caller_env,
        pass_env: &[],
        secrets: &[],
        cache_dir: None,
        plugin_path: None,
        timeout: Duration::from_secs(3600),
        grace: Duration::from_secs(60),
        cancel: &cancel,
    };
    let rules = Rules::new(&[])?;
    let build = Build {
        subject: Subject { path: template.to_owned(), ..Subject::default() },
        platform: "",
        manifest_variable: None,
        output_dir: None,
        force: true,
        retries: 1,
        before_retry: &[],
        rules: &rules,
        entropy: u64::from(std::process::id()),
        log: &work.join("raw.log"),
        build_lock: None,
    };
    let built = run::build(&context, &build, &NoSecrets, &mut |event| match event {
        Event::Attempt(attempt) => println!("-- attempt {attempt}"),
        Event::Line { source, level, text } => println!("{level:?} [{source}] {text}"),
        Event::Retrying { after_ms, why } => println!("-- again in {after_ms} ms: {why}"),
    })?;
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
    println!("-- log: {}", build.log.display());
    Ok(result.exit_code)
}
