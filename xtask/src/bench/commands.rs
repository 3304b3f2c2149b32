//! The binary beside git and bare packer: start, plan, wrapper cost.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::measure::{Bench, Row, compare, installed, memory, quiet};
use super::project;

/// How long it takes to say something at all.
pub(super) fn start(bench: &Bench) -> Result<Vec<Row>> {
    let git = Path::new("git");
    let mut rows = Vec::new();
    for (name, args) in [
        ("hybrid --version", &["--version"][..]),
        ("hybrid status, example project", &["status"]),
        ("hybrid templates list, example project", &["templates", "list"]),
    ] {
        rows.push(compare(
            name,
            "git --version",
            40,
            || quiet(&bench.hybrid, args, &bench.root),
            || quiet(git, &["--version"], &bench.root),
        )?);
    }
    Ok(rows)
}

/// `plan` and `config render` of many builders, beside `packer validate` of one of them.
pub(super) fn plan(bench: &Bench) -> Result<Vec<Row>> {
    if !installed("packer") {
        bail!("packer is not on PATH");
    }
    let mut rows = Vec::new();
    for (builders, rounds) in [(10, 9), (100, 5), (500, 5), (1_000, 3)] {
        let dir = tempfile::tempdir()?;
        project::write(dir.path(), builders)?;
        let one = compose_one(bench, dir.path())?;
        let bare = || quiet(Path::new("packer"), &["validate", &one.display().to_string()], dir.path());
        for args in [&["templates", "list"][..], &["config", "render"], &["plan"]] {
            rows.push(compare(
                format!("hybrid {}, {builders} builders", args.join(" ")),
                "packer validate of one of them",
                rounds,
                || quiet(&bench.hybrid, args, dir.path()),
                bare,
            )?);
        }
    }
    Ok(rows)
}

/// What hybrid adds to one target's validate and build.
pub(super) fn wrapper(bench: &Bench) -> Result<Vec<Row>> {
    let dir = tempfile::tempdir()?;
    project::write(dir.path(), 1)?;
    let one = compose_one(bench, dir.path())?.display().to_string();
    let output = dir.path().join("bare");
    let variable = format!("hybrid_output_dir={}", output.display());
    let packer = Path::new("packer");
    let validate = compare(
        "hybrid validate, one builder",
        "packer validate",
        11,
        || quiet(&bench.hybrid, &["validate"], dir.path()),
        || quiet(packer, &["validate", &one], dir.path()),
    )?;
    let build = compare(
        "hybrid build, one builder",
        "packer build",
        11,
        || quiet(&bench.hybrid, &["build", "--rebuild"], dir.path()),
        || quiet(packer, &["build", "-force", "-var", &variable, &one], dir.path()),
    )?;
    Ok(vec![validate, build])
}

/// Eight targets at once, beside one packer with eight sources.
pub(super) fn scheduling(bench: &Bench) -> Result<Vec<Row>> {
    let dir = tempfile::tempdir()?;
    project::write(dir.path(), 8)?;
    quiet(&bench.hybrid, &["validate"], dir.path())?;
    let bare = dir.path().join("bare");
    std::fs::create_dir(&bare)?;
    let mut text = String::new();
    let mut names = Vec::new();
    for at in 0..8 {
        text.push_str(&format!(
            "source \"file\" \"b{at}\" {{\n  content = \"hello\"\n  target  = \"${{path.root}}/out-{at}\"\n}}\n"
        ));
        names.push(format!("\"source.file.b{at}\""));
    }
    text.push_str(&format!(
        "build {{\n  sources = [{}]\n  provisioner \"shell-local\" {{\n    inline = [\"echo hello\"]\n  }}\n}}\n",
        names.join(", ")
    ));
    std::fs::write(bare.join("all.pkr.hcl"), text)?;
    let path = bare.display().to_string();
    let (ours, theirs) = (["build", "--rebuild", "--jobs", "8"], ["build", "-force", &path]);
    let mut row = compare(
        "hybrid build of 8 targets, --jobs 8",
        "packer build, 8 sources",
        7,
        || quiet(&bench.hybrid, &ours, dir.path()),
        || quiet(Path::new("packer"), &theirs, dir.path()),
    )?;
    row.memory =
        Some((memory(&bench.hybrid, &ours, dir.path())?, memory(Path::new("packer"), &theirs, dir.path())?));
    Ok(vec![row])
}

/// The stage of the first builder, for bare packer.
fn compose_one(bench: &Bench, dir: &Path) -> Result<PathBuf> {
    let stage = dir.join("stage");
    let out = stage.display().to_string();
    quiet(&bench.hybrid, &["templates", "compose", "--targets", "b0000", "--out", &out], dir)?;
    let mut found = None;
    for entry in walkdir::WalkDir::new(&stage) {
        let path = entry?.into_path();
        if path.file_name().is_some_and(|name| name == "b0000.pkr.hcl") {
            found = path.parent().map(Path::to_owned);
        }
    }
    found.ok_or_else(|| anyhow::anyhow!("the stage of b0000 is empty"))
}
