//! Lays out what goes into packages: the program, and what it says of itself.
//!
//! `target/dist/stage/native` is what the asset lists in crates/hc-cli/Cargo.toml name; the tarball is
//! `target/dist/stage/static` as it is.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::platform::{PROGRAM, Platform};
use super::source::Source;
use super::{changelog, compile, licenses};

/// For `.deb` and `.rpm`.
pub(super) const NATIVE: &str = "native";
/// For the tarball.
pub(super) const STATIC: &str = "static";

/// Where each shell looks for a completion, by the file's name.
const COMPLETIONS: &[(&str, &str)] = &[("bash", "hybrid"), ("zsh", "_hybrid"), ("fish", "hybrid.fish")];
/// Files that are taken as they are: source, place in the stage.
const COPIED: &[(&str, &str)] = &[
    ("README.md", "README.md"),
    ("CHANGELOG.md", "CHANGELOG.md"),
    ("LICENSE-MIT", "LICENSE-MIT"),
    ("LICENSE-APACHE", "LICENSE-APACHE"),
    ("hybrid.toml", "examples/hybrid.toml"),
    ("configs/overlays/dev.pkrvars.hcl", "examples/dev.pkrvars.hcl"),
    ("schemas/hybrid-toml.json", "schemas/hybrid-toml.json"),
    ("schemas/builder-toml.json", "schemas/builder-toml.json"),
];

/// Compiles the program and fills the stage called `name`.
pub(super) fn fill(source: &Source, name: &str, platform: &Platform) -> Result<()> {
    let program = compile::program(source, platform)?;
    let stage = source.staged(name);
    for directory in ["man", "completions", "examples", "schemas"] {
        let path = stage.join(directory);
        std::fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
    }
    let staged = stage.join(PROGRAM);
    copy(&program, &staged)?;
    for (from, to) in COPIED {
        copy(&source.root.join(from), &stage.join(to))?;
    }
    said(Command::new(&staged).arg("man").arg(stage.join("man")))?;
    for (shell, file) in COMPLETIONS {
        let script = said(Command::new(&staged).args(["completions", shell]))?;
        std::fs::write(stage.join("completions").join(file), script)?;
    }
    std::fs::write(stage.join("THIRD-PARTY-LICENSES"), licenses::third_party(&source.metadata)?)?;
    if name == NATIVE {
        for_distributions(source, &stage)?;
    }
    Ok(())
}

/// What only distributions ask for: Debian's changelog, and long texts compressed.
fn for_distributions(source: &Source, stage: &Path) -> Result<()> {
    let markdown = std::fs::read_to_string(stage.join("CHANGELOG.md"))?;
    std::fs::write(stage.join("changelog.Debian"), changelog::debian(&markdown, source.epoch)?)?;
    for (plain, packed) in
        [("CHANGELOG.md", "changelog.gz"), ("THIRD-PARTY-LICENSES", "third-party-licenses.gz")]
    {
        std::fs::write(stage.join(packed), gzipped(&std::fs::read(stage.join(plain))?)?)?;
    }
    Ok(())
}

/// The bytes compressed as `gzip -9n` does it, without a name and a date.
pub(super) fn gzipped(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::copy(from, to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

/// What the program prints.
fn said(command: &mut Command) -> Result<Vec<u8>> {
    let output =
        command.output().with_context(|| format!("cannot run {}", command.get_program().display()))?;
    if !output.status.success() {
        bail!("{PROGRAM} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}
