//! `cargo xtask flames`: sampled flame graphs of the slowest three of `bench scale`, as SVG below `docs/flames`.
//!
//! Needs the programs `perf` and `inferno` (`cargo install inferno`); docs/performance.md says what the graphs show.

use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::measure::{installed, quiet};
use super::scale::project_of;

/// File, command, builders, shared files: the first validate, and plans when nothing changed.
const SLOWEST: [(&str, &str, usize, usize); 3] = [
    ("first-validate-of-100000-files", "validate", 1, 100_000),
    ("plan-of-100000-files", "plan", 1, 100_000),
    ("plan-of-1000-builders", "plan", 1_000, 100_000),
];
/// Samples per second.
const RATE: &str = "1500";
/// Narrower frames are left out, in percent of the whole.
const NARROWEST: &str = "1";

/// Samples each and writes its graph.
pub(crate) fn main(root: &Path) -> Result<()> {
    for (program, package) in
        [("perf", "Debian: linux-perf"), ("inferno-flamegraph", "cargo install inferno")]
    {
        if !installed(program) {
            bail!("{program} is not on PATH ({package})");
        }
    }
    let hybrid = built(root)?;
    let dir = root.join("docs/flames");
    std::fs::create_dir_all(&dir)?;
    // The last one's is used again.
    let mut made = None;
    for (name, command, builders, files) in SLOWEST {
        let project = match made.take() {
            Some((was, project)) if was == (builders, files) => project,
            _ => project_of(builders, files)?,
        };
        if command != "validate" {
            quiet(&hybrid, &[command], project.path())?;
        }
        let title = format!("hybrid {command}: {builders} builder(s), {files} shared files");
        let svg = graph(&hybrid, command, project.path(), &title).context(title)?;
        let path = dir.join(name).with_extension("svg");
        std::fs::write(&path, svg)?;
        println!("{}", path.display());
        made = Some(((builders, files), project));
    }
    Ok(())
}

/// The binary with the symbols that a release leaves out.
fn built(root: &Path) -> Result<PathBuf> {
    let target = root.join("target/flames");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--profile", "flames", "--package", "hc-cli", "--target-dir"])
        .arg(&target)
        .env("RUSTFLAGS", "-C force-frame-pointers=yes")
        .current_dir(root)
        .status()?;
    if !status.success() {
        bail!("hybrid does not build");
    }
    Ok(target.join("flames/hybrid"))
}

fn graph(hybrid: &Path, command: &str, project: &Path, title: &str) -> Result<Vec<u8>> {
    let samples = tempfile::NamedTempFile::new()?;
    let path = samples.path().display().to_string();
    let hybrid = hybrid.display().to_string();
    let record = ["record", "-q", "-F", RATE, "--call-graph", "fp", "-o", &path, "--", &hybrid, command];
    quiet(Path::new("perf"), &record, project)?;
    let script = through("perf", &["script", "-i", &path], b"")?;
    let folded = through("inferno-collapse-perf", &[], &script)?;
    // Packer and git are not ours, and how work is shared between threads hides what the work is.
    let ours: String = String::from_utf8_lossy(&folded)
        .lines()
        .filter(|line| line.starts_with("hybrid"))
        .map(|line| {
            line.split(';').filter(|frame| !frame.contains("rayon")).collect::<Vec<_>>().join(";") + "\n"
        })
        .collect();
    through("inferno-flamegraph", &["--title", title, "--minwidth", NARROWEST], ours.as_bytes())
}

/// What a program makes of `input`.
fn through(program: &str, args: &[&str], input: &[u8]) -> Result<Vec<u8>> {
    let mut file = tempfile::tempfile()?;
    file.write_all(input)?;
    file.rewind()?;
    let output = Command::new(program).args(args).stdin(file).stderr(Stdio::null()).output()?;
    if !output.status.success() {
        bail!("{program} ended with {}", output.status);
    }
    Ok(output.stdout)
}
