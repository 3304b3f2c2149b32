//! The cargo subcommands that packaging needs: those on `PATH`, else installed into `target/tools`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::command::run;

/// Name and version of each; another version that is on `PATH` is taken as it is.
const TOOLS: &[(&str, &str)] =
    &[("cargo-auditable", "0.7.7"), ("cargo-deb", "3.8.0"), ("cargo-generate-rpm", "0.21.1")];

/// Where the tools of a checkout are.
#[derive(Clone)]
pub(super) struct Tools {
    directory: PathBuf,
}

impl Tools {
    /// The tools of the checkout at `root`.
    pub(super) fn at(root: &Path) -> Self {
        Self { directory: root.join("target/tools") }
    }

    /// The program to run for a tool, installed first when it is missing.
    pub(super) fn program(&self, name: &str) -> Result<PathBuf> {
        if is_on_path(name) {
            return Ok(name.into());
        }
        let installed = self.directory.join("bin").join(name);
        if !installed.exists() {
            let (_, version) = TOOLS
                .iter()
                .find(|(tool, _)| *tool == name)
                .with_context(|| format!("no tool is called {name}"))?;
            eprintln!("installing {name} {version} into {}", self.directory.display());
            let mut install = Command::new(env!("CARGO"));
            install.args(["install", "--quiet", "--locked", "--root"]).arg(&self.directory);
            run(install.arg(format!("{name}@{version}")))
                .with_context(|| format!("cannot install {name}"))?;
        }
        Ok(installed)
    }
}

/// Whether a program can be started by its name.
pub(super) fn is_on_path(name: &str) -> bool {
    let quiet = || Stdio::null();
    Command::new(name).arg("--version").stdin(quiet()).stdout(quiet()).stderr(quiet()).status().is_ok()
}
