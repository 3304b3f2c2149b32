//! `hybrid packer upgrade-check`.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Report, Style, table};
use hc_core::ExitClass;

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
    /// `fmt`, `validate`, and `build` for smoke builds.
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

impl Report for UpgradeReport {
    const SCHEMA: &'static str = "cli-packer-upgrade-check";

    fn human(&self, style: &Style) -> String {
        let mut rows = Vec::new();
        for target in &self.targets {
            for step in &target.steps {
                let verdict = match (step.same, step.is_worse()) {
                    (true, _) => style.good("same"),
                    (false, true) => style.bad("worse"),
                    (false, false) => style.warn("differs"),
                };
                rows.push(vec![
                    target.builder.clone(),
                    step.name.clone(),
                    verdict,
                    step.from.clone(),
                    step.to.clone(),
                ]);
            }
        }
        let header = ["builder", "step", "verdict", &self.from, &self.to];
        let mut text = table::table(&header, rows, style);
        for target in &self.targets {
            for step in target.steps.iter().filter(|step| !step.same) {
                for (sign, lines) in [("-", &step.only_from), ("+", &step.only_to)] {
                    for line in lines.iter().take(20) {
                        text.push_str(&format!("  {} {}: {sign} {line}\n", target.builder, step.name));
                    }
                }
            }
        }
        text.push_str("\nsign-offs needed:\n");
        for sign_off in &self.sign_offs {
            text.push_str(&format!("  [ ] {sign_off}\n"));
        }
        text.push_str(&format!("\nwritten to {}; pin with `hybrid packer pin {}`\n", self.report, self.to));
        text
    }

    fn exit_code(&self) -> ExitClass {
        let worse = self.targets.iter().flat_map(|target| &target.steps).any(Step::is_worse);
        if worse { ExitClass::Invalid } else { ExitClass::Success }
    }
}
