//! The compatibility matrix as Markdown, for the guides: generated from the registry, so never out of date.

use std::fmt::Write as _;

use crate::registry::{STACKS, Verdict};

/// The matrix of all stacks as one Markdown table.
pub fn matrix_markdown() -> String {
    let mut text =
        String::from("| stack | default | builders | works | how, or why not |\n|---|---|---|---|---|\n");
    for stack in STACKS {
        let default = if stack.default_on { "on" } else { "off" };
        for rule in stack.matrix {
            let builders = match (rule.os, rule.platform) {
                ("*", "*") => "all others".to_owned(),
                (os, platform) => format!("`{os}.{platform}.*`"),
            };
            let (works, words) = match rule.verdict {
                Verdict::Works(how) => ("yes", how),
                Verdict::Cannot(reason) => ("no", reason),
            };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "| {} | {default} | {builders} | {works} | {words} |", stack.name);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_a_row_and_no_cell_breaks_the_table() {
        let text = matrix_markdown();
        let rules: usize = STACKS.iter().map(|stack| stack.matrix.len()).sum();
        assert_eq!(text.lines().count(), rules + 2);
        assert!(text.lines().all(|line| line.matches('|').count() == 6), "{text}");
        assert!(text.contains("| puppet | off | `windows.*.*` | no |"));
    }
}
