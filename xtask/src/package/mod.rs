//! `cargo xtask package`: what people install, made from one commit: `.deb`, `.rpm`, a static tarball, and their sums.
//!
//! Everything lands in `target/dist` (cargo keeps `target/package` for itself). The same commit gives the same bytes:
//! dates are the commit's, paths of the machine are replaced, archives are sorted. Nothing is uploaded or installed,
//! except the cargo subcommands that are missing, into `target/tools`.

mod changelog;
mod compile;
mod deb;
mod licenses;
mod metadata;
mod reproducible;
mod rpm;
mod stage;
mod sums;
mod tarball;
mod tools;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use metadata::Metadata;

/// How `cargo xtask package` is called.
pub(crate) const USAGE: &str = "package [deb|rpm|tarball|all] [--profile NAME] [--check-reproducible]";

/// What can be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Format {
    Deb,
    Rpm,
    Tarball,
}

const ALL: &[Format] = &[Format::Deb, Format::Rpm, Format::Tarball];

/// What the words ask for.
#[derive(PartialEq, Eq, Debug)]
struct Options {
    formats: Vec<Format>,
    /// The profile that cargo builds with; anything but `release` is for trying the packaging itself.
    profile: String,
    task: Task,
}

#[derive(PartialEq, Eq, Debug)]
enum Task {
    Make,
    /// Make everything twice and compare the bytes.
    CheckReproducible,
}

impl Options {
    fn parse(words: &[&str]) -> Result<Self> {
        let mut options = Self { formats: Vec::new(), profile: "release".into(), task: Task::Make };
        let mut words = words.iter().copied();
        while let Some(word) = words.next() {
            match word {
                "deb" => options.formats.push(Format::Deb),
                "rpm" => options.formats.push(Format::Rpm),
                "tarball" => options.formats.push(Format::Tarball),
                "all" => options.formats.extend(ALL),
                "--profile" => options.profile = words.next().context("--profile needs a name")?.to_owned(),
                "--check-reproducible" => options.task = Task::CheckReproducible,
                _ => bail!("cannot package `{word}`; usage: cargo xtask {USAGE}"),
            }
        }
        if options.formats.is_empty() {
            options.formats.extend(ALL);
        }
        Ok(options)
    }
}

/// One checkout that is packaged.
struct Source {
    root: PathBuf,
    /// When the commit was made: the date of everything in the packages, in seconds since 1970.
    epoch: i64,
    profile: String,
    metadata: Metadata,
    tools: tools::Tools,
}

impl Source {
    fn open(root: &Path, profile: &str, tools: tools::Tools) -> Result<Self> {
        let epoch = git(root, &["log", "-1", "--format=%ct"])?;
        let epoch = epoch.parse().with_context(|| format!("git gave the date `{epoch}`"))?;
        let metadata = metadata::read(root)?;
        Ok(Self { root: root.to_owned(), epoch, profile: profile.to_owned(), metadata, tools })
    }

    /// Where packages are put.
    fn dist(&self) -> PathBuf {
        self.root.join("target/dist")
    }

    /// A directory of `target/dist` that holds what goes into packages.
    fn staged(&self, name: &str) -> PathBuf {
        self.dist().join("stage").join(name)
    }

    /// A command that runs in the checkout and knows the date of the commit.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).env("SOURCE_DATE_EPOCH", self.epoch.to_string());
        command
    }
}

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
    make(&source, &options.formats)?;
    for file in sums::packages(&source.dist())? {
        println!("{}", file.strip_prefix(root).unwrap_or(&file).display());
    }
    Ok(())
}

/// Makes the packages of one checkout, and nothing else is left in its `target/dist`.
fn make(source: &Source, formats: &[Format]) -> Result<()> {
    let dist = source.dist();
    if dist.exists() {
        std::fs::remove_dir_all(&dist).with_context(|| format!("cannot remove {}", dist.display()))?;
    }
    let native = [Format::Deb, Format::Rpm];
    if formats.iter().any(|format| native.contains(format)) {
        stage::fill(source, stage::NATIVE, &compile::glibc())?;
    }
    if formats.contains(&Format::Tarball) {
        stage::fill(source, stage::STATIC, &compile::musl())?;
    }
    for format in ALL.iter().filter(|format| formats.contains(format)) {
        match format {
            Format::Deb => deb::make(source)?,
            Format::Rpm => rpm::make(source)?,
            Format::Tarball => tarball::make(source)?,
        }
    }
    sums::write(&dist)
}

/// What git prints in a checkout, without the line end.
fn git(root: &Path, words: &[&str]) -> Result<String> {
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
fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("cannot run {program}"))?;
    if !status.success() {
        bail!("{program} ended with {status}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_means_everything() {
        let options = Options::parse(&[]).unwrap();
        assert_eq!(options.formats, ALL);
        assert_eq!((options.profile.as_str(), options.task), ("release", Task::Make));
    }

    #[test]
    fn words_choose() {
        let options = Options::parse(&["deb", "--check-reproducible", "--profile", "dev"]).unwrap();
        assert_eq!(options.formats, [Format::Deb]);
        assert_eq!((options.profile.as_str(), options.task), ("dev", Task::CheckReproducible));
        assert!(Options::parse(&["msi"]).unwrap_err().to_string().contains("msi"));
        assert!(Options::parse(&["--profile"]).is_err());
    }
}
