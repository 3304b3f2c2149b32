//! The rules of the scanner: token shapes and assignments, both data.

use std::sync::OnceLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::token;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Severity"))]
#[serde(rename_all = "lowercase")]
pub enum SecretSeverity {
    /// Told, never fails: entropy alone proves nothing.
    Info,
    /// Stops `validate`, `build` and `publish` with exit 3.
    Error,
}

/// A rule, as shown to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Stable name.
    pub id: &'static str,
    /// What was found.
    pub description: &'static str,
    /// How much it weighs.
    pub severity: SecretSeverity,
}

/// An assignment rule, compiled.
pub(super) struct LineRule {
    pub(super) rule: Rule,
    pub(super) files: Vec<String>,
    pub(super) not_files: Vec<String>,
    pub(super) words: Vec<String>,
    pub(super) pattern: Regex,
    pub(super) min: usize,
    pub(super) mixed: bool,
    pub(super) entropy: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rule: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    description: String,
    severity: SecretSeverity,
    files: Vec<String>,
    not_files: Vec<String>,
    #[serde(default)]
    words: Vec<String>,
    pattern: String,
    min: usize,
    #[serde(default)]
    mixed: bool,
    #[serde(default)]
    entropy: Option<f64>,
}

/// The assignment rules, compiled once per process.
pub(super) fn line_rules() -> &'static [LineRule] {
    static RULES: OnceLock<Vec<LineRule>> = OnceLock::new();
    // The table is part of the program: a test proves that it parses.
    RULES.get_or_init(|| parse(include_str!("rules.toml")).expect("the embedded scan rules parse"))
}

fn parse(text: &str) -> Result<Vec<LineRule>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let compile = |entry: Entry| {
        let pattern = Regex::new(&entry.pattern).map_err(|error| format!("{}: {error}", entry.id))?;
        let rule =
            Rule { id: entry.id.leak(), description: entry.description.leak(), severity: entry.severity };
        let (files, not_files) = (entry.files, entry.not_files);
        Ok(LineRule {
            rule,
            files,
            not_files,
            words: entry.words,
            pattern,
            min: entry.min,
            mixed: entry.mixed,
            entropy: entry.entropy,
        })
    };
    file.rule.into_iter().map(compile).collect()
}

/// The marker without a reason, see [`super::SecretFinding`].
pub(super) const BARE_ALLOW: Rule = Rule {
    id: "allow-without-reason",
    description: "`hybrid:allow` needs a rule and a reason in words",
    severity: SecretSeverity::Error,
};

/// What is said of a file that nobody could search.
pub(super) const TOO_LARGE: Rule = Rule {
    id: "too-large-to-scan",
    description: "text that is too large to be searched for secrets",
    severity: SecretSeverity::Error,
};

/// All rules, sorted by id.
pub fn rules() -> Vec<Rule> {
    let tokens = token::rules().iter().filter(|rule| rule.scan);
    let tokens = tokens.map(|rule| Rule {
        id: rule.id,
        description: rule.description,
        severity: SecretSeverity::Error,
    });
    let mut all: Vec<_> =
        tokens.chain(line_rules().iter().map(|rule| rule.rule)).chain([BARE_ALLOW, TOO_LARGE]).collect();
    all.sort_by_key(|rule| rule.id);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_rules_parse_and_all_ids_differ() {
        assert!(parse(include_str!("rules.toml")).unwrap().len() > 5);
        let all = rules();
        assert!(all.windows(2).all(|pair| pair[0].id < pair[1].id));
    }
}
