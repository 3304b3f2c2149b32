//! The checkout that is packaged.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::command::git;
use super::metadata::{self, Metadata};
use super::tools::Tools;

/// One checkout that is packaged.
pub(super) struct Source {
    pub(super) root: PathBuf,
    /// When the commit was made: the date of everything in the packages, in seconds since 1970.
    pub(super) epoch: i64,
    pub(super) profile: String,
    pub(super) metadata: Metadata,
    pub(super) tools: Tools,
}

impl Source {
    pub(super) fn open(root: &Path, profile: &str, tools: Tools) -> Result<Self> {
        let epoch = git(root, &["log", "-1", "--format=%ct"])?;
        let epoch = epoch.parse().with_context(|| format!("git gave the date `{epoch}`"))?;
        let metadata = metadata::read(root)?;
        Ok(Self { root: root.to_owned(), epoch, profile: profile.to_owned(), metadata, tools })
    }

    /// Where packages are put.
    pub(super) fn dist(&self) -> PathBuf {
        self.root.join("target/dist")
    }

    /// A directory of `target/dist` that holds what goes into packages.
    pub(super) fn staged(&self, name: &str) -> PathBuf {
        self.dist().join("stage").join(name)
    }

    /// A command that runs in the checkout and knows the date of the commit.
    pub(super) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).env("SOURCE_DATE_EPOCH", self.epoch.to_string());
        command
    }
}
