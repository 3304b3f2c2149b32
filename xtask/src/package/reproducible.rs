//! `--check-reproducible`: two clones of one commit, in directories of other names and depths, one after the other and
//! under another umask, have to give the same bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use rustix::fs::Mode;

use super::command::{git, run};
use super::make::make;
use super::options::Options;
use super::source::Source;
use super::{sums, tools};

/// Makes everything twice from HEAD, compares, and leaves the packages of the first clone in `target/dist`.
pub(super) fn check(root: &Path, options: &Options) -> Result<()> {
    let commit = git(root, &["rev-parse", "HEAD"])?;
    let tools = tools::Tools::at(root);
    let room = root.join("target/reproducible");
    let mut sums = Vec::new();
    for (place, umask) in [("one", 0o022), ("elsewhere/and/deeper/two", 0o077)] {
        let clone = room.join(place);
        eprintln!("packaging {commit} in {}", clone.display());
        rustix::process::umask(Mode::from_raw_mode(umask));
        cloned(root, &clone, &commit)?;
        let source = Source::open(&clone, &options.profile, tools.clone())?;
        make(&source, &options.formats)?;
        sums.push(of_directory(&source.dist())?);
    }
    let differing = differing(&sums[0], &sums[1]);
    if !differing.is_empty() {
        bail!("two builds of {commit} differ in {}; both are in {}", differing.join(", "), room.display());
    }
    for (name, sum) in &sums[0] {
        println!("{sum}  {name}");
    }
    println!("two builds of {commit} are the same");
    let dist = root.join("target/dist");
    if dist.exists() {
        std::fs::remove_dir_all(&dist)?;
    }
    std::fs::rename(room.join("one/target/dist"), &dist)?;
    std::fs::remove_dir_all(&room).with_context(|| format!("cannot remove {}", room.display()))
}

/// A clone that has the commit checked out. One that a check of the same commit left when it was interrupted stays, with
/// what was compiled in it.
fn cloned(root: &Path, clone: &Path, commit: &str) -> Result<()> {
    if clone.join(".git").exists() {
        if git(clone, &["rev-parse", "HEAD"]).is_ok_and(|head| head == commit) {
            return Ok(());
        }
        std::fs::remove_dir_all(clone).with_context(|| format!("cannot remove {}", clone.display()))?;
    }
    let growing = clone.with_extension("growing");
    if growing.exists() {
        std::fs::remove_dir_all(&growing)?;
    }
    std::fs::create_dir_all(&growing)?;
    run(Command::new("git").args(["clone", "--quiet", "--no-checkout"]).arg(root).arg(&growing))?;
    git(&growing, &["checkout", "--quiet", "--detach", commit])?;
    Ok(std::fs::rename(&growing, clone)?)
}

fn of_directory(dist: &Path) -> Result<BTreeMap<String, String>> {
    let named = |path: &PathBuf| {
        Ok((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), sums::of(path)?))
    };
    sums::packages(dist)?.iter().map(named).collect()
}

/// The names that only one side has, or that have other sums.
fn differing<'a>(one: &'a BTreeMap<String, String>, two: &'a BTreeMap<String, String>) -> Vec<&'a str> {
    let mut names: Vec<&str> = one
        .keys()
        .chain(two.keys())
        .filter(|name| one.get(*name) != two.get(*name))
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_difference_is_named_once() {
        let sums = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(name, sum)| ((*name).to_owned(), (*sum).to_owned()))
                .collect::<BTreeMap<_, _>>()
        };
        let one = sums(&[("a.deb", "1"), ("b.rpm", "2"), ("c.tar.gz", "3")]);
        let two = sums(&[("a.deb", "1"), ("b.rpm", "4")]);
        assert_eq!(differing(&one, &two), ["b.rpm", "c.tar.gz"]);
        assert!(differing(&one, &one).is_empty());
    }
}
