//! A repository of 20,000 files and 5,000 commits: clone, and syncs that change nothing, beside the `git` program
//! (issue 6).

use std::cell::Cell;
use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::measure::{Bench, Row, compare};

const FILES: usize = 20_000;
const COMMITS: usize = 5_000;

pub(super) fn run(bench: &Bench) -> Result<Vec<Row>> {
    let dir = tempfile::tempdir()?;
    let upstream = dir.path().join("upstream.git");
    generate(&upstream)?;
    let url = format!("file://{}", upstream.display());
    let what = |verb: &str| format!("source, {FILES} files, {COMMITS} commits: {verb}");
    let number = Cell::new(0);
    let fresh = |kind: &str| -> PathBuf {
        number.set(number.get() + 1);
        dir.path().join(format!("{kind}-{}", number.get()))
    };
    let mut rows = Vec::new();
    rows.push(compare(
        what("clone"),
        "git clone",
        3,
        || {
            let project = fresh("project");
            declare(&project, &url, "main")?;
            hybrid(bench, &project, &["sources", "sync"])
        },
        || {
            let clone = fresh("clone");
            git(dir.path(), &["clone", "--quiet", &url, &clone.to_string_lossy()])
        },
    )?);
    let clone = dir.path().join("peer");
    git(dir.path(), &["clone", "--quiet", &url, &clone.to_string_lossy()])?;
    for (reference, verb, arguments) in [
        ("main", "sync, nothing new (branch)", &["sources", "sync"][..]),
        ("v1", "sync, nothing new (tag, asks the server)", &["sources", "sync"][..]),
        ("main", "sync --update, nothing new", &["sources", "sync", "--update"][..]),
    ] {
        let project = fresh("project");
        declare(&project, &url, reference)?;
        settle(bench, &project)?;
        rows.push(compare(
            what(verb),
            "git fetch and git status",
            15,
            || hybrid(bench, &project, arguments),
            || {
                git(&clone, &["fetch", "--quiet"])?;
                git(&clone, &["status", "--porcelain"])
            },
        )?);
    }
    let project = fresh("project");
    declare(&project, &url, "main")?;
    settle(bench, &project)?;
    rows.push(compare(
        what("status"),
        "git status",
        15,
        || hybrid(bench, &project, &["sources", "status"]),
        || git(&clone, &["status", "--porcelain"]),
    )?);
    Ok(rows)
}

/// Syncs, and again when the index is older than no file: files as young as the index are read again at each look,
/// by git as well.
fn settle(bench: &Bench, project: &Path) -> Result<()> {
    hybrid(bench, project, &["sources", "sync"])?;
    std::thread::sleep(std::time::Duration::from_millis(1100));
    hybrid(bench, project, &["sources", "sync"])
}

fn declare(project: &Path, url: &str, reference: &str) -> Result<()> {
    std::fs::create_dir(project)?;
    let text = format!(
        "[project]\nname = \"bench\"\n\n[[sources]]\nname = \"big\"\nurl = \"{url}\"\nref = \"{reference}\"\n"
    );
    Ok(std::fs::write(project.join("hybrid.toml"), text)?)
}

fn hybrid(bench: &Bench, project: &Path, arguments: &[&str]) -> Result<()> {
    let output =
        Command::new(&bench.hybrid).args(arguments).current_dir(project).env("HYBRID_TRUST", "1").output()?;
    if !output.status.success() {
        bail!("hybrid {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

fn git(dir: &Path, arguments: &[&str]) -> Result<()> {
    let output = clean_git().arg("-C").arg(dir).args(arguments).output().context("git")?;
    if !output.status.success() {
        bail!("git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// The `git` program without this machine's configuration.
fn clean_git() -> Command {
    let mut command = Command::new("git");
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").stdin(Stdio::null());
    command
}

/// Every commit adds some files and changes one; the tag `v1` is at the end.
fn generate(upstream: &Path) -> Result<()> {
    let dir = upstream.parent().context("the directory has a parent")?;
    git(dir, &["init", "--quiet", "--bare", "-b", "main", &upstream.to_string_lossy()])?;
    let mut child = clean_git()
        .arg("-C")
        .arg(upstream)
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .context("git fast-import")?;
    let mut input = std::io::BufWriter::new(child.stdin.take().context("fast-import has an input")?);
    let mut text = String::new();
    for commit in 0..COMMITS {
        text.clear();
        let at = 1_700_000_000 + commit * 60;
        let message = format!("change {commit}\n");
        writeln!(text, "commit refs/heads/main\ncommitter t <t@example.com> {at} +0000")?;
        write!(text, "data {}\n{message}", message.len())?;
        let per_commit = FILES / COMMITS;
        for file in commit * per_commit..(commit + 1) * per_commit {
            inline(&mut text, file, 0)?;
        }
        inline(&mut text, commit / 2, commit)?;
        input.write_all(text.as_bytes())?;
    }
    writeln!(input, "reset refs/tags/v1\nfrom refs/heads/main\n")?;
    drop(input);
    if !child.wait()?.success() {
        bail!("git fast-import failed");
    }
    git(upstream, &["gc", "--quiet"])
}

fn inline(text: &mut String, file: usize, version: usize) -> std::fmt::Result {
    let content = format!("file {file}, version {version}\n").repeat(30);
    let path = format!("d{:02}/e{:02}/file-{file}.txt", file % 50, file / 50 % 20);
    write!(text, "M 100644 inline {path}\ndata {}\n{content}\n", content.len())
}
