//! Many input files: `plan` when nothing changed and when nothing is remembered, beside git and digest programs.

use std::path::Path;

use anyhow::Result;

use super::hashing::fill;
use super::measure::{Bench, Row, compare, installed, memory, quiet};
use super::project;

/// Numbers of input files, so that the growth shows.
const SIZES: [(usize, usize); 3] = [(1_000, 9), (20_000, 7), (100_000, 5)];

pub(super) fn run(bench: &Bench) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (files, rounds) in SIZES {
        let dir = tempfile::tempdir()?;
        project::write(dir.path(), 1)?;
        std::fs::write(
            dir.path().join("templates/linux/file/b0000/builder.toml"),
            "inputs = [\"templates/files/**\"]\n",
        )?;
        fill(&dir.path().join("templates/files"), files)?;
        in_git(dir.path())?;
        quiet(&bench.hybrid, &["validate"], dir.path())?;
        let hybrid = |args: &'static [&'static str]| {
            let dir = dir.path();
            move || quiet(&bench.hybrid, args, dir)
        };
        let mut unchanged = compare(
            format!("plan, {files} input files, nothing changed"),
            "git status",
            rounds,
            hybrid(&["plan"]),
            || quiet(Path::new("git"), &["status", "--porcelain"], dir.path()),
        )?;
        unchanged.memory = Some((
            memory(&bench.hybrid, &["plan"], dir.path())?,
            memory(Path::new("git"), &["status", "--porcelain"], dir.path())?,
        ));
        rows.push(unchanged);
        for (peer, args) in [("b3sum", "b3sum"), ("sha256sum", "sha256sum")] {
            if !installed(peer) {
                continue;
            }
            let script = format!("find templates/files -type f -print0 | xargs -0 {args} > /dev/null");
            rows.push(compare(
                format!("plan, {files} input files, nothing remembered"),
                peer,
                rounds,
                hybrid(&["plan", "--no-stat-cache"]),
                || quiet(Path::new("sh"), &["-c", &script], dir.path()),
            )?);
        }
    }
    Ok(rows)
}

/// Commits a project, without what hybrid makes in it.
pub(super) fn in_git(dir: &Path) -> Result<()> {
    std::fs::write(dir.join(".gitignore"), "/.hybrid/\n/logs/\n/state/\n/configs/dev/\n/artifacts/\n")?;
    for args in [
        &["init", "--quiet"][..],
        &["add", "--all"],
        &["-c", "user.name=b", "-c", "user.email=b@b", "commit", "--quiet", "-m", "b"],
    ] {
        quiet(Path::new("git"), args, dir)?;
    }
    Ok(())
}
