//! Repositories made with the `git` command line, in an environment of their own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hc_sources::Sha;

/// A repository with a work tree; `repo.git` below its directory is what servers serve.
pub(crate) struct Upstream {
    dir: tempfile::TempDir,
}

/// The `git` command line that sees nothing of this machine's configuration.
pub(crate) fn git_command(home: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_NAME", "t")
        .env("GIT_AUTHOR_EMAIL", "t@example.com")
        .env("GIT_COMMITTER_NAME", "t")
        .env("GIT_COMMITTER_EMAIL", "t@example.com")
        .env("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z")
        .env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")
        .stdin(Stdio::null());
    command
}

/// Runs git in `dir`; its stdout, trimmed.
pub(crate) fn git(dir: &Path, arguments: &[&str]) -> String {
    let output = git_command(dir).arg("-C").arg(dir).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "git {arguments:?} in {}: {}",
        dir.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

impl Upstream {
    /// One commit with `README`, on `main`.
    pub(crate) fn new() -> Self {
        let upstream = Self { dir: tempfile::tempdir().unwrap() };
        std::fs::create_dir(upstream.work()).unwrap();
        git(&upstream.work(), &["init", "-q", "-b", "main"]);
        upstream.commit(&[("README", "one\n"), ("scripts/run.sh", "#!/bin/sh\n")]);
        git(upstream.dir.path(), &["clone", "-q", "--bare", "work", "repo.git"]);
        upstream.publish();
        upstream
    }

    /// The directory with `work` and `repo.git`.
    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    /// Where commits are made.
    pub(crate) fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// What servers serve.
    pub(crate) fn bare(&self) -> PathBuf {
        self.dir.path().join("repo.git")
    }

    /// Runs git in the work tree.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.work(), arguments)
    }

    /// Writes files and commits everything.
    pub(crate) fn commit(&self, files: &[(&str, &str)]) -> Sha {
        for (path, text) in files {
            let path = self.work().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        git(&self.work(), &["add", "-A"]);
        git(&self.work(), &["commit", "-q", "--allow-empty", "-m", "change"]);
        self.head()
    }

    /// The commit of HEAD.
    pub(crate) fn head(&self) -> Sha {
        self.git(&["rev-parse", "HEAD"]).parse().unwrap()
    }

    /// Brings branches and tags to the served repository, by force.
    pub(crate) fn publish(&self) {
        let bare = self.bare();
        self.git(&["push", "-q", "--force", "--prune", bare.to_str().unwrap(), "+refs/*:refs/*"]);
        git(&bare, &["update-server-info"]);
    }

    /// Its url without a server.
    pub(crate) fn file_url(&self) -> String {
        format!("file://{}", self.bare().display())
    }
}
