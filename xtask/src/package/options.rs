//! What the words of `cargo xtask package` ask for.

use anyhow::{Context, Result, bail};

/// How `cargo xtask package` is called.
pub(crate) const USAGE: &str = "package [deb|rpm|tarball|all] [--profile NAME] [--check-reproducible]";

/// What can be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    Deb,
    Rpm,
    Tarball,
}

pub(super) const ALL: &[Format] = &[Format::Deb, Format::Rpm, Format::Tarball];

/// What the words ask for.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Options {
    pub(super) formats: Vec<Format>,
    /// The profile that cargo builds with; anything but `release` is for trying the packaging itself.
    pub(super) profile: String,
    pub(super) task: Task,
}

#[derive(PartialEq, Eq, Debug)]
pub(super) enum Task {
    Make,
    /// Make everything twice and compare the bytes.
    CheckReproducible,
}

impl Options {
    pub(super) fn parse(words: &[&str]) -> Result<Self> {
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
