//! `sources.lock`: which commit every source is at. Committed, sorted, written atomically (SRC-1).

use std::collections::BTreeMap;
use std::path::Path;

use hc_core::fs::{read_text, write_atomic};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::error::SourceError;
use crate::sha::Sha;
use crate::spec::SourceSpec;

/// File name, below the project's root.
pub const LOCK_FILE: &str = "sources.lock";
/// The format that is written, and the newest that is read.
pub const LOCK_SCHEMA: u32 = 1;
/// Largest lock that is read, in bytes.
const LIMIT: u64 = 4 << 20;
const HEADER: &str =
    "# Written by `hybrid sources`; commit it, and change it with `hybrid sources sync --update`.\n";

/// What a source's ref was when it was pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum PinKind {
    /// Moves by design; `sync --update` follows it.
    Branch,
    /// Must not move.
    Tag,
    /// Cannot move.
    Commit,
}

/// A commit that somebody chose against the ref, and answers for (SRC-5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ForcePin {
    /// Why.
    pub reason: String,
    /// Who approved it.
    pub approved_by: String,
    /// Who did it.
    pub pinned_by: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub pinned_at: OffsetDateTime,
    /// From when on it no longer holds.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub expires: OffsetDateTime,
}

/// One pinned source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LockedSource {
    /// Its name in hybrid.toml.
    pub name: String,
    /// Its url as hybrid.toml has it, before mirrors.
    pub url: String,
    /// Branch, tag or commit as hybrid.toml has it.
    #[serde(rename = "ref")]
    pub reference: String,
    /// What the ref was.
    pub kind: PinKind,
    /// The commit.
    pub sha: Sha,
    /// Set when a person chose the commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub force: Option<ForcePin>,
}

impl LockedSource {
    /// Whether it pins what `spec` asks for.
    pub fn answers(&self, spec: &SourceSpec) -> bool {
        self.url == spec.origin && self.reference == spec.reference
    }

    /// # Errors
    /// [`SourceError::PinExpired`] when a force pin is past its day.
    pub fn require_valid(&self, now: OffsetDateTime) -> Result<(), SourceError> {
        match &self.force {
            Some(force) if force.expires <= now => Err(SourceError::PinExpired {
                name: self.name.clone(),
                sha: self.sha.clone(),
                approved_by: force.approved_by.clone(),
                expired: force.expires,
            }),
            _ => Ok(()),
        }
    }
}

/// All pins of a project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockFile {
    /// By name.
    pub sources: BTreeMap<String, LockedSource>,
}

/// The lock as it stands in the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LockDocument {
    /// Version of the format.
    pub schema: u32,
    /// Pins, sorted by name.
    #[serde(default, rename = "source", skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<LockedSource>,
}

#[derive(Deserialize)]
struct Version {
    schema: u32,
}

impl LockFile {
    /// Reads the lock; an absent one pins nothing.
    ///
    /// # Errors
    /// [`SourceError::LockInvalid`], [`SourceError::LockTooNew`], [`SourceError::File`].
    pub fn load(path: &Path) -> Result<Self, SourceError> {
        match read_text(path, LIMIT)? {
            Some(text) => Self::parse(path, &text),
            None => Ok(Self::default()),
        }
    }

    /// Parses a lock; `path` is for messages.
    ///
    /// # Errors
    /// [`SourceError::LockInvalid`], [`SourceError::LockTooNew`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, SourceError> {
        let invalid = |reason: String| SourceError::LockInvalid { path: path.to_owned(), reason };
        let version: Version = toml::from_str(text).map_err(|error| invalid(one_line(&error)))?;
        if version.schema > LOCK_SCHEMA {
            let (found, known) = (version.schema, LOCK_SCHEMA);
            return Err(SourceError::LockTooNew { path: path.to_owned(), found, known });
        }
        let document: LockDocument = toml::from_str(text).map_err(|error| invalid(one_line(&error)))?;
        let mut sources = BTreeMap::new();
        for source in document.sources {
            let name = source.name.clone();
            if !hc_core::id::is_kebab(&name) {
                return Err(invalid(format!("the name `{name}` is not kebab-case")));
            }
            if sources.insert(name.clone(), source).is_some() {
                return Err(invalid(format!("`{name}` is there twice")));
            }
        }
        Ok(Self { sources })
    }

    /// The text of the file.
    ///
    /// # Errors
    /// [`SourceError::LockInvalid`]; a lock that was read or made by `sync` can always be written.
    pub fn render(&self, path: &Path) -> Result<String, SourceError> {
        let document =
            LockDocument { schema: LOCK_SCHEMA, sources: self.sources.values().cloned().collect() };
        let body = toml::to_string(&document)
            .map_err(|error| SourceError::LockInvalid { path: path.to_owned(), reason: error.to_string() })?;
        Ok(format!("{HEADER}{body}"))
    }

    /// Writes the lock if it differs from what is there; whether it did.
    ///
    /// # Errors
    /// [`SourceError::File`].
    pub fn save(&self, path: &Path) -> Result<bool, SourceError> {
        let text = self.render(path)?;
        let old = read_text(path, LIMIT)?;
        if old.as_deref() == Some(text.as_str()) || (old.is_none() && self.sources.is_empty()) {
            return Ok(false);
        }
        write_atomic(path, text.as_bytes(), 0o644)?;
        Ok(true)
    }

    /// The pin that answers `spec`.
    pub fn pin(&self, spec: &SourceSpec) -> Option<&LockedSource> {
        self.sources.get(&spec.name).filter(|locked| locked.answers(spec))
    }
}

fn one_line(error: &toml::de::Error) -> String {
    error.message().lines().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sha(digit: char) -> Sha {
        digit.to_string().repeat(40).parse().unwrap()
    }

    fn locked(name: &str, digit: char) -> LockedSource {
        LockedSource {
            name: name.into(),
            url: "https://h/a".into(),
            reference: "main".into(),
            kind: PinKind::Branch,
            sha: sha(digit),
            force: None,
        }
    }

    #[test]
    fn the_file_is_sorted_and_comes_back() {
        let mut lock = LockFile::default();
        for name in ["b", "a"] {
            lock.sources.insert(name.into(), locked(name, 'c'));
        }
        let text = lock.render(Path::new("x")).unwrap();
        assert!(text.starts_with("# Written by"), "{text}");
        assert!(text.find("name = \"a\"") < text.find("name = \"b\""));
        assert!(text.contains("schema = 1\n") && text.ends_with('\n'));
        assert_eq!(LockFile::parse(Path::new("x"), &text).unwrap(), lock);
    }

    #[test]
    fn bad_locks_are_told_apart() {
        let parse = |text: &str| LockFile::parse(Path::new("x"), text).unwrap_err().code();
        assert_eq!(parse("schema = 2\nnew = true\n"), "SourceLockTooNew");
        assert_eq!(parse("schema = 1\nnew = true\n"), "SourceLockInvalid");
        assert_eq!(parse("<<<<<<< HEAD\n"), "SourceLockInvalid");
        let twice = LockFile { sources: [("a".into(), locked("a", '1'))].into() };
        let text = twice.render(Path::new("x")).unwrap();
        let (_, entry) = text.split_once("[[source]]").unwrap();
        assert_eq!(parse(&format!("{text}[[source]]{entry}")), "SourceLockInvalid");
        assert_eq!(parse(&text.replace("name = \"a\"", "name = \"../a\"")), "SourceLockInvalid");
        assert_eq!(parse(&text.replace("11", "1g")), "SourceLockInvalid");
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in "\\PC{0,200}") {
            let _ = LockFile::parse(Path::new("x"), &text);
        }
    }
}
