//! The commit of the project, for provenance and for `git_sha` in overlays.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::session::Session;

/// Commit that is checked out; `None` outside git.
pub fn head(session: &Session) -> Option<String> {
    let sha = git(session, &["rev-parse", "--verify", "HEAD"])?;
    let sha = sha.trim();
    (sha.len() >= 40 && sha.bytes().all(|b| b.is_ascii_hexdigit())).then(|| sha.to_owned())
}

/// Whether the working tree has changes that no commit holds; `false` outside git.
pub fn is_dirty(session: &Session) -> bool {
    git(session, &["status", "--porcelain", "--untracked-files=normal"])
        .is_some_and(|status| !status.is_empty())
}

/// Those of `files` that git ignores; none outside git.
pub fn ignored(session: &Session, files: &BTreeSet<PathBuf>) -> Vec<PathBuf> {
    let names: Vec<&str> = files.iter().filter_map(|file| file.to_str()).collect();
    let mut ignored = Vec::new();
    // In portions: a command line has an end.
    for portion in names.chunks(500) {
        let args = [&["-c", "core.quotePath=false", "check-ignore", "--"], portion].concat();
        ignored.extend(git(session, &args).unwrap_or_default().lines().map(PathBuf::from));
    }
    ignored
}

fn git(session: &Session, args: &[&str]) -> Option<String> {
    let path = session.environment.var("PATH")?;
    let program = std::env::split_paths(path).map(|dir| dir.join("git")).find(|program| program.is_file())?;
    let output = Command::new(program)
        .arg("-C")
        .arg(Path::new(&session.root))
        .args(args)
        .env_clear()
        .env("PATH", path)
        .env("LC_ALL", "C")
        // A hostile repository must not run programs through its configuration.
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
