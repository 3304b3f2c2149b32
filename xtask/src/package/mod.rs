//! `cargo xtask package`: what people install, made from one commit: `.deb`, `.rpm`, a static tarball, and their sums.
//!
//! Everything lands in `target/dist` (cargo keeps `target/package` for itself). The same commit gives the same bytes:
//! dates are the commit's, paths of the machine are replaced, archives are sorted. Nothing is uploaded or installed,
//! except the cargo subcommands that are missing, into `target/tools`.

mod changelog;
mod command;
mod compile;
mod deb;
mod licenses;
mod make;
mod metadata;
mod options;
mod platform;
mod reproducible;
mod rpm;
mod source;
mod stage;
mod sums;
mod tarball;
mod tools;

use std::path::Path;

use anyhow::Result;

use command::git;
use options::{Options, Task};
use source::Source;

pub(crate) use options::USAGE;

/// Makes what `words` name, everything when they name nothing.
pub(crate) fn main(root: &Path, words: &[&str]) -> Result<()> {
    let options = Options::parse(words)?;
    if options.task == Task::CheckReproducible {
        return reproducible::check(root, &options);
    }
    if !git(root, &["status", "--porcelain"])?.is_empty() {
        eprintln!("note: changes that are not committed go into these packages");
    }
    let source = Source::open(root, &options.profile, tools::Tools::at(root))?;
    make::make(&source, &options.formats)?;
    for file in sums::packages(&source.dist())? {
        println!("{}", file.strip_prefix(root).unwrap_or(&file).display());
    }
    Ok(())
}
