//! Many builders over many shared files: `plan` when nothing changed, beside `git status`, one bare walk, and the plan of one
//! builder; the first and the second `validate`, beside `b3sum`.

use std::path::Path;

use anyhow::Result;

use super::hashing::fill;
use super::inputs::in_git;
use super::measure::{Bench, Row, compare, installed, memory, quiet};
use super::project;

/// Builders, shared files, rounds.
const SIZES: [(usize, usize, usize); 9] = [
    (1, 1_000, 9),
    (1, 10_000, 7),
    (1, 100_000, 5),
    (100, 1_000, 5),
    (100, 10_000, 5),
    (100, 100_000, 3),
    (1_000, 1_000, 3),
    (1_000, 10_000, 3),
    (1_000, 100_000, 3),
];

pub(super) fn run(bench: &Bench) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (builders, files, rounds) in SIZES {
        let shared = project_of(builders, files)?;
        let first = std::time::Instant::now();
        quiet(&bench.hybrid, &["plan"], shared.path())?;
        eprintln!("  {builders} builders, {files} files: first plan {} ms", first.elapsed().as_millis());
        let plan = |dir: &Path| quiet(&bench.hybrid, &["plan"], dir);
        let mut row = compare(
            format!("plan, {builders} builders, {files} shared files"),
            "git status",
            rounds,
            || plan(shared.path()),
            || quiet(Path::new("git"), &["status", "--porcelain"], shared.path()),
        )?;
        row.memory = Some((
            memory(&bench.hybrid, &["plan"], shared.path())?,
            memory(Path::new("git"), &["status", "--porcelain"], shared.path())?,
        ));
        rows.push(row);
        let find = ["templates/files", "-type", "f", "-size", "-1G", "-fprintf", "/dev/null", "%s"];
        rows.push(compare(
            format!("plan, {builders} builders, {files} shared files"),
            "find that looks at each",
            rounds,
            || plan(shared.path()),
            || quiet(Path::new("find"), &find, shared.path()),
        )?);
        if builders > 1 {
            let one = project_of(1, files)?;
            plan(one.path())?;
            rows.push(compare(
                format!("plan, {builders} builders, {files} shared files"),
                "the plan of one",
                rounds,
                || plan(shared.path()),
                || plan(one.path()),
            )?);
        } else {
            rows.extend(validations(bench, shared.path(), files, rounds)?);
        }
    }
    Ok(rows)
}

/// A project in git in which all builders have the same files as inputs.
pub(super) fn project_of(builders: usize, files: usize) -> Result<tempfile::TempDir> {
    let dir = tempfile::tempdir()?;
    project::write(dir.path(), builders)?;
    for entry in std::fs::read_dir(dir.path().join("templates/linux/file"))? {
        std::fs::write(entry?.path().join("builder.toml"), "inputs = [\"templates/files/**\"]\n")?;
    }
    fill(&dir.path().join("templates/files"), files)?;
    in_git(dir.path())?;
    Ok(dir)
}

fn validations(bench: &Bench, dir: &Path, files: usize, rounds: usize) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let packer = "packer validate templates/linux/file/b0000 > /dev/null 2>&1 || true";
    if installed("b3sum") {
        let script = format!("find templates/files -type f -print0 | xargs -0 b3sum > /dev/null; {packer}");
        rows.push(compare(
            format!("first validate, {files} files"),
            "b3sum and packer",
            rounds,
            || {
                for left in [".hybrid", "state"] {
                    let _ = std::fs::remove_dir_all(dir.join(left));
                }
                quiet(&bench.hybrid, &["validate"], dir)
            },
            || quiet(Path::new("sh"), &["-c", &script], dir),
        )?);
    }
    let script = format!("{} plan > /dev/null; {packer}", bench.hybrid.display());
    rows.push(compare(
        format!("validate after one edit, {files} files"),
        "the plan and packer",
        rounds,
        || {
            let edited = dir.join("templates/files/edited.txt");
            let text = std::fs::read_to_string(&edited).unwrap_or_default();
            std::fs::write(&edited, text + "more\n")?;
            quiet(&bench.hybrid, &["validate"], dir)
        },
        || quiet(Path::new("sh"), &["-c", &script], dir),
    )?);
    Ok(rows)
}
