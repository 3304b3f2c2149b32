//! The `.deb`: cargo-deb packs the stage as crates/hc-cli/Cargo.toml says, lintian judges it.

use anyhow::{Context, Result};

use super::command::run;
use super::platform::{self, CRATE};
use super::source::Source;
use super::{changelog, sums, tools};

/// Packs and judges.
pub(super) fn make(source: &Source) -> Result<()> {
    let mut command = source.command(source.tools.program("cargo-deb")?);
    command.args(["deb", "--quiet", "--no-build", "--no-strip", "--locked", "--package", CRATE]);
    command.args(["--target", &platform::glibc().target, "--maintainer", changelog::MAINTAINER]);
    run(command.arg("--output").arg(source.dist()))?;
    let made = sums::packages(&source.dist())?;
    let made = made.iter().find(|path| path.extension().is_some_and(|ending| ending == "deb"));
    let made = made.context("cargo deb left no package")?;
    if tools::is_on_path("lintian") {
        let mut lintian = source.command("lintian");
        // Not an upload to Debian, where a bug would have asked for the package.
        lintian.args(["--fail-on", "error,warning", "--suppress-tags", "initial-upload-closes-no-bugs"]);
        run(lintian.arg("--allow-root").arg(made))
            .with_context(|| format!("lintian objects to {}", made.display()))?;
    } else {
        eprintln!("note: lintian is not installed, so nothing judged {}", made.display());
    }
    Ok(())
}
