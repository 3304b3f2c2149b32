//! What is known and accepted: allow-list with reasons, inline comments, baseline (SEC-1).
//!
//! Nothing here ever holds a value: a baseline entry is the digest of rule, path and line.

use std::collections::BTreeSet;
use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};
use hc_core::{Digest, digest::Combiner};
use serde::{Deserialize, Serialize};

use super::finding::SecretFinding;
use super::rules::rules;
use crate::error::LogError;

/// An accepted finding, by place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AllowEntry {
    /// Id of the rule.
    pub rule: String,
    /// Glob over paths relative to the project.
    pub path: String,
    /// Why this is no secret, or why it may stay; in words.
    pub reason: String,
}

/// Why an allow-list entry was refused.
#[derive(Debug, thiserror::Error)]
enum EntryError {
    #[error("entry {index} has no reason in words")]
    NoReason { index: usize },
    #[error("entry {index} names `{rule}`, which is not a rule")]
    NoRule { index: usize, rule: String },
    #[error("entry {index} has a path that is not a glob")]
    BadGlob { index: usize },
}

/// What is accepted.
#[derive(Debug, Clone, Default)]
pub struct Allow {
    entries: Vec<(String, GlobMatcher)>,
    baseline: BTreeSet<Digest>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowFile {
    #[serde(default)]
    allow: Vec<AllowEntry>,
}

impl Allow {
    /// Compiles entries that stand in the file at `path` (for messages).
    ///
    /// # Errors
    /// [`LogError::BadList`] for an entry without a reason, of an unknown rule, or with a bad glob.
    pub fn new(path: &Path, entries: &[AllowEntry]) -> Result<Self, LogError> {
        let known = rules();
        let compile = |(index, entry): (usize, &AllowEntry)| {
            let index = index + 1;
            if !is_reason(&entry.reason) {
                return Err(EntryError::NoReason { index });
            }
            if !known.iter().any(|rule| rule.id == entry.rule) {
                return Err(EntryError::NoRule { index, rule: entry.rule.clone() });
            }
            let glob = GlobBuilder::new(&entry.path).literal_separator(true).build();
            let glob = glob.map_err(|_| EntryError::BadGlob { index })?;
            Ok((entry.rule.clone(), glob.compile_matcher()))
        };
        let entries = entries.iter().enumerate().map(compile).collect::<Result<_, _>>();
        let bad = |source: EntryError| LogError::BadList {
            path: path.to_owned(),
            kind: "allow-list",
            source: source.into(),
        };
        Ok(Self { entries: entries.map_err(bad)?, baseline: BTreeSet::new() })
    }

    /// Reads an allow-list: `[[allow]]` tables in TOML.
    ///
    /// # Errors
    /// [`LogError::BadList`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, LogError> {
        let file: AllowFile = toml::from_str(text).map_err(|error| LogError::BadList {
            path: path.to_owned(),
            kind: "allow-list",
            source: error.message().to_owned().into(),
        })?;
        Self::new(path, &file.allow)
    }

    /// Accepts what a baseline lists, too.
    #[must_use]
    pub fn with_baseline(mut self, baseline: &Baseline) -> Self {
        self.baseline.extend(baseline.entries.iter().map(|entry| entry.digest));
        self
    }

    /// Whether a finding of `rule` in `path` is accepted; `digest` is [`SecretFinding::digest`].
    pub(super) fn accepts(&self, rule: &str, path: &Path, digest: &Digest) -> bool {
        self.baseline.contains(digest)
            || self.entries.iter().any(|(id, glob)| id == rule && glob.is_match(path))
    }
}

/// Findings that were there before scanning began: told once, then left alone until their line changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Which schema this document follows.
    pub schema: BaselineSchema,
    /// Sorted by path, rule and digest.
    pub entries: Vec<BaselineEntry>,
}

/// Which schema a baseline follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BaselineSchema {
    /// `secret-baseline`.
    pub name: String,
    /// Version of the format.
    pub version: u32,
}

/// One accepted finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BaselineEntry {
    /// Path relative to the project.
    pub path: String,
    /// Id of the rule.
    pub rule: String,
    /// BLAKE3 of rule, path and line; never the value.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub digest: Digest,
}

const NAME: &str = "secret-baseline";
const VERSION: u32 = 1;

impl Baseline {
    /// Accepts `findings`.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a SecretFinding>) -> Self {
        let mut entries: Vec<_> = findings
            .into_iter()
            .map(|finding| BaselineEntry {
                path: shown(&finding.path),
                rule: finding.rule.to_owned(),
                digest: finding.digest,
            })
            .collect();
        entries.sort();
        entries.dedup();
        Self { schema: BaselineSchema { name: NAME.into(), version: VERSION }, entries }
    }

    /// Reads a baseline file.
    ///
    /// # Errors
    /// [`LogError::BadList`], also for a newer version.
    pub fn parse(path: &Path, text: &str) -> Result<Self, LogError> {
        let bad = |source| LogError::BadList { path: path.to_owned(), kind: "baseline", source };
        let baseline: Self = serde_json::from_str(text).map_err(|error| bad(error.into()))?;
        if baseline.schema.name != NAME || baseline.schema.version != VERSION {
            return Err(bad(format!("it is not a {NAME} of version {VERSION}").into()));
        }
        Ok(baseline)
    }

    /// The file's text.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

pub(super) fn digest(rule: &str, path: &Path, line: &str) -> Digest {
    let mut combiner = Combiner::new("hybrid.secret-baseline.v1");
    combiner.field(rule.as_bytes());
    combiner.field(shown(path).as_bytes());
    combiner.field(line.trim().as_bytes());
    combiner.finish()
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// Fewest letters of a reason, and fewest that differ: `.`, `x` and `aaaa` say nothing.
const REASON: (usize, usize) = (3, 2);

/// Whether a text says why something is accepted.
pub(super) fn is_reason(text: &str) -> bool {
    let letters: Vec<char> = text.chars().filter(|c| c.is_alphabetic()).collect();
    let different: BTreeSet<char> = letters.iter().copied().collect();
    letters.len() >= REASON.0 && different.len() >= REASON.1
}

/// `hybrid:allow <rule> <reason>` in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inline<'a> {
    pub(super) at: usize,
    pub(super) rule: &'a str,
    pub(super) reason: &'a str,
}

/// What begins a marker.
pub(super) const MARK: &str = "hybrid:allow";

/// The marker of a line, if it has one; only behind a comment sign, so that data cannot allow itself.
pub(super) fn inline(line: &str) -> Option<Inline<'_>> {
    let at = line.find(MARK)?;
    let before = line[..at].trim_end();
    let comment =
        ["#", "//", ";", "--", "/*", "<!--", "REM", "rem", "*"].iter().any(|sign| before.ends_with(sign));
    if !comment {
        return None;
    }
    let rest = line[at + MARK.len()..].trim();
    let rest = rest.trim_end_matches("-->").trim_end_matches("*/").trim_end();
    let (rule, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    Some(Inline { at, rule, reason: reason.trim() })
}
