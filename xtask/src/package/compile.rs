//! Compiles the program for packages: the same bytes wherever and whenever it is done.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::command::run;
use super::platform::{CRATE, PROGRAM, Platform};
use super::source::Source;
use super::tools;

/// Compiles the program, and says where it is. It names its dependencies, so that `cargo audit bin` can judge it.
pub(super) fn program(source: &Source, platform: &Platform) -> Result<PathBuf> {
    c_compiler(platform)?;
    add_target(source, platform)?;
    eprintln!("compiling {PROGRAM} for {} ({})", platform.target, source.profile);
    let mut command = source.command(source.tools.program("cargo-auditable")?);
    command
        .args(["auditable", "build", "--locked", "--package", CRATE, "--bin", PROGRAM])
        .args(["--profile", &source.profile, "--target", &platform.target])
        .args(["--config", &format!("profile.{}.strip=\"symbols\"", source.profile)])
        .args(["--message-format", "json-render-diagnostics"])
        .arg("--target-dir")
        .arg(source.root.join("target"))
        .env("CARGO_ENCODED_RUSTFLAGS", remapped(source, "--remap-path-prefix=").join("\u{1f}"))
        // What is C in the dependencies names its files too.
        .env("CFLAGS", remapped(source, "-ffile-prefix-map=").join(" "))
        .stdout(Stdio::piped());
    let mut child = command.spawn().context("cannot run cargo auditable")?;
    let mut found = None;
    for line in BufReader::new(child.stdout.take().context("cargo has no output")?).lines() {
        found = executable(&line?).or(found);
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("{PROGRAM} does not build for {}: cargo ended with {status}", platform.target);
    }
    found.context("cargo built no program")
}

/// The options that replace the paths of this machine by ones that are the same everywhere.
fn remapped(source: &Source, option: &str) -> Vec<String> {
    let foreign = source.metadata.source_roots();
    let foreign = foreign.iter().map(|path| format!("{option}{}=/cargo", path.display()));
    let own = format!("{option}{}=/{PROGRAM}", source.root.display());
    foreign.chain([own]).collect()
}

/// The program that a message of cargo says was built.
fn executable(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let ours = message["reason"] == "compiler-artifact" && message["target"]["name"] == PROGRAM;
    ours.then(|| message["executable"].as_str().map(PathBuf::from)).flatten()
}

/// Says what to install before a long compilation fails for want of it.
fn c_compiler(platform: &Platform) -> Result<()> {
    let target = platform.target.replace("-unknown", "");
    let known = ["musl-gcc".to_owned(), format!("{target}-gcc")];
    if target.ends_with("musl") && !known.iter().any(|name| tools::is_on_path(name)) {
        bail!("a static {PROGRAM} needs `musl-gcc`; install it (Debian and Ubuntu: musl-tools)");
    }
    Ok(())
}

/// Gets the standard library of a platform when this toolchain does not have it.
fn add_target(source: &Source, platform: &Platform) -> Result<()> {
    let output = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", &platform.target])
        .current_dir(&source.root)
        .output()
        .context("cannot run rustc")?;
    if Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir() {
        return Ok(());
    }
    run(source.command("rustup").args(["target", "add", &platform.target])).with_context(|| {
        format!("this toolchain has no standard library for {}, and rustup could not add it", platform.target)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_among_the_messages() {
        let library = r#"{"reason":"compiler-artifact","target":{"name":"hc_cli"},"executable":null}"#;
        let program = r#"{"reason":"compiler-artifact","target":{"name":"hybrid"},"executable":"/t/hybrid"}"#;
        assert_eq!(executable(library), None);
        assert_eq!(executable(program), Some(PathBuf::from("/t/hybrid")));
        assert_eq!(executable("not json"), None);
    }
}
