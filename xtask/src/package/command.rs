//! Programs that packaging runs.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// What git prints in a checkout, without the line end.
pub(super) fn git(root: &Path, words: &[&str]) -> Result<String> {
    let output = Command::new("git").args(words).current_dir(root).output().context("cannot run git")?;
    if !output.status.success() {
        bail!(
            "git {} in {}: {}",
            words.join(" "),
            root.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

/// Runs a command whose output is for the person who waits, and fails when it does.
pub(super) fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("cannot run {program}"))?;
    if !status.success() {
        bail!("{program} ended with {status}");
    }
    Ok(())
}
