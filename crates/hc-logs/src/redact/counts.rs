//! How often what was replaced, by rule, never by value.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Replacements by rule: `secret.raw`, `secret.base64`, …, or the id of a token rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Counts(BTreeMap<String, u64>);

impl Counts {
    pub(crate) fn add(&mut self, rule: &str, count: u64) {
        match self.0.get_mut(rule) {
            Some(sum) => *sum += count,
            None => {
                self.0.insert(rule.to_owned(), count);
            }
        }
    }

    /// Adds the counts of another text.
    pub fn merge(&mut self, other: &Self) {
        for (rule, count) in &other.0 {
            self.add(rule, *count);
        }
    }

    /// Rules and counts, sorted by rule.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(rule, count)| (rule.as_str(), *count))
    }

    /// Matches of all rules together.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Whether nothing was replaced.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
