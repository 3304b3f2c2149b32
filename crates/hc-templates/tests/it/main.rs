//! The HCL front end beside real packer: what it accepts, what it makes of variables.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on fails; packer is on PATH"
)]

mod closure;
mod syntax;
mod variables;

use std::path::{Path, PathBuf};
use std::process::Command;

use hc_core::Version;

/// Packers to compare with, with their versions: the one on `PATH`, and those that the environment names. A test
/// without any passes.
fn packers() -> Vec<(PathBuf, Version)> {
    let extra = std::env::var_os("HYBRID_TEST_PACKERS").unwrap_or_default();
    let mut paths: Vec<PathBuf> = std::env::split_paths(&extra).filter(|path| path.is_file()).collect();
    paths.push("packer".into());
    paths.into_iter().filter_map(|path| version(&path).map(|version| (path, version))).collect()
}

fn version(packer: &Path) -> Option<Version> {
    let output = Command::new(packer).arg("version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().next()?.split_once('v')?.1.parse().ok()
}
