//! `hybrid packer upgrade-check`.

use std::collections::BTreeSet;

use serde::Serialize;

/// The same project under two packers.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpgradeReport {
    /// Version that is used now.
    pub from: String,
    /// Version that is to be used.
    pub to: String,
    /// Environment.
    pub env: String,
    /// One entry per builder.
    pub targets: Vec<UpgradeTarget>,
    /// Who has to agree, and to what.
    pub sign_offs: Vec<String>,
    /// Where this report was written, relative to the project.
    pub report: String,
}

/// One builder under both.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpgradeTarget {
    /// Builder id.
    pub builder: String,
    /// `fmt`, `plugins` where the builder needs some, `validate`, and `build` for smoke builds.
    pub steps: Vec<Step>,
}

/// One step under both.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Step {
    /// Its name.
    pub name: String,
    /// Outcome under the packer that is used now.
    pub from: String,
    /// Outcome under the other.
    pub to: String,
    /// Whether outcome and details are the same.
    pub same: bool,
    /// Details that only the packer of now gives: files, digests, messages.
    pub only_from: Vec<String>,
    /// Details that only the other gives.
    pub only_to: Vec<String>,
}

impl Step {
    /// Puts two outcomes of one step side by side.
    pub fn compare(
        (name, from, before): (&'static str, String, BTreeSet<String>),
        (_, to, after): (&'static str, String, BTreeSet<String>),
    ) -> Self {
        let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>();
        let (only_from, only_to) = (only(&before, &after), only(&after, &before));
        let same = from == to && only_from.is_empty() && only_to.is_empty();
        Self { name: name.into(), from, to, same, only_from, only_to }
    }

    /// Whether the new packer refuses what the old one accepts.
    pub fn is_worse(&self) -> bool {
        let good = |outcome: &str| matches!(outcome, "formatted" | "success") || outcome.starts_with("valid");
        good(&self.from) && !good(&self.to)
    }
}
