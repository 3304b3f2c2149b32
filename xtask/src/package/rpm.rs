//! The `.rpm`: cargo-generate-rpm packs the stage as crates/hc-cli/Cargo.toml says.

use anyhow::Result;

use super::command::run;
use super::source::Source;

/// Packs.
pub(super) fn make(source: &Source) -> Result<()> {
    let mut command = source.command(source.tools.program("cargo-generate-rpm")?);
    // Not by the scripts of the rpm that may be installed here: which one it is would decide the bytes.
    command.args(["generate-rpm", "--package", "crates/hc-cli", "--auto-req", "builtin", "--output"]);
    run(command.arg(source.dist()))
}
