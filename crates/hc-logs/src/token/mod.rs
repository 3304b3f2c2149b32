//! Shapes of well-known tokens: rules as data, shared by the redactor and the scanner.
//!
//! Owns `rules.toml` and the deterministic byte patterns it is written in. Never sees a known secret.

mod find;
mod pattern;
mod tail;

use std::sync::OnceLock;

use serde::Deserialize;

pub(crate) use find::find;
pub(crate) use pattern::{ByteSet, Pattern, Verdict};
pub(crate) use tail::{Runs, Tail};

/// One rule of the embedded table.
#[derive(Debug)]
pub(crate) struct TokenRule {
    /// Stable name.
    pub(crate) id: &'static str,
    /// What was found, for people.
    pub(crate) description: &'static str,
    /// Whether a match opens a block that ends with `-----END …-----`.
    pub(crate) block: bool,
    /// Whether the scanner uses it.
    pub(crate) scan: bool,
    not_after: Option<ByteSet>,
    /// Any of these.
    pub(crate) patterns: Vec<Pattern>,
}

impl TokenRule {
    /// Whether a match may begin at `at`.
    pub(crate) fn may_begin(&self, text: &[u8], at: usize) -> bool {
        match (&self.not_after, at.checked_sub(1).and_then(|before| text.get(before))) {
            (Some(set), Some(byte)) => !set.contains(*byte),
            _ => true,
        }
    }
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
    #[serde(default)]
    not_after: Option<String>,
    #[serde(default)]
    not_before: Option<String>,
    #[serde(default)]
    block: bool,
    #[serde(default = "yes")]
    scan: bool,
    patterns: Vec<String>,
}

fn yes() -> bool {
    true
}

/// All rules, compiled once per process.
pub(crate) fn rules() -> &'static [TokenRule] {
    static RULES: OnceLock<Vec<TokenRule>> = OnceLock::new();
    // The table is part of the program: a test proves that it parses.
    RULES.get_or_init(|| parse(include_str!("rules.toml")).expect("the embedded token rules parse"))
}

fn parse(text: &str) -> Result<Vec<TokenRule>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let compile = |entry: Entry| -> Result<TokenRule, String> {
        let name = |error: &dyn std::fmt::Display, text: &str| format!("{}: {text}: {error}", entry.id);
        let not_after = match &entry.not_after {
            Some(class) => Some(pattern::class(class).map_err(|error| name(&error, class))?),
            None => None,
        };
        let patterns: Result<Vec<_>, _> = entry
            .patterns
            .iter()
            .map(|text| {
                let pattern = Pattern::parse(text);
                let pattern = match &entry.not_before {
                    Some(literal) => pattern.and_then(|pattern| pattern.not_before(literal)),
                    None => pattern,
                };
                pattern.map_err(|error| name(&error, text))
            })
            .collect();
        let patterns = patterns?;
        // Ids live as long as the program; leaking a table of a few dozen names once is how they get there.
        Ok(TokenRule {
            patterns,
            not_after,
            id: entry.id.leak(),
            description: entry.description.leak(),
            block: entry.block,
            scan: entry.scan,
        })
    };
    file.rule.into_iter().map(compile).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_rules_parse_and_are_distinct() {
        let parsed = parse(include_str!("rules.toml")).unwrap();
        let mut ids: Vec<_> = parsed.iter().map(|rule| rule.id).collect();
        assert!(ids.len() > 20);
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), parsed.len());
        // What a stream may have to hold back for a shape.
        assert!(parsed.iter().flat_map(|rule| &rule.patterns).all(|pattern| pattern.window() <= 4200));
    }
}
