//! `cargo xtask platforms FILE…`: what the tests of real platforms said they had shown, kept as docs/platforms.jsonl, and the
//! table that docs/platforms.md has of it. Nobody writes the table: `cargo xtask docs --check` makes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

pub const USAGE: &str = "platforms FILE…";
/// What was shown, one result a line, sorted.
const KEPT: &str = "docs/platforms.jsonl";

/// One test's word, as `HYBRID_TEST_RESULTS` gets it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    platform: String,
    packer: String,
    how: How,
    plugin: String,
    plugin_version: Option<String>,
    what: String,
    test: String,
    /// The day, `2026-11-22`.
    date: String,
}

/// What stood at the other end; the most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum How {
    Built,
    Simulator,
    Recorded,
    Syntax,
}

impl How {
    fn words(self) -> &'static str {
        match self {
            Self::Built => "built for real",
            Self::Simulator => "against a simulator",
            Self::Recorded => "recorded answers",
            Self::Syntax => "syntax only",
        }
    }
}

/// Keeps the results of `files` instead of all older ones.
pub fn keep(root: &Path, files: &[&str]) -> Result<()> {
    if files.is_empty() {
        bail!("usage: cargo xtask {USAGE}; run the tests with HYBRID_TEST_RESULTS=FILE");
    }
    let mut all = BTreeSet::new();
    for file in files {
        all.extend(read(Path::new(file))?);
    }
    if all.is_empty() {
        bail!("nothing was shown");
    }
    let lines: Vec<String> = latest(all).iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    Ok(std::fs::write(root.join(KEPT), lines.join("\n") + "\n")?)
}

/// Of what was shown more than once, the last time.
fn latest(all: BTreeSet<Shown>) -> Vec<Shown> {
    let mut latest: BTreeMap<Shown, String> = BTreeMap::new();
    for mut shown in all {
        let date = std::mem::take(&mut shown.date);
        // In order of their dates, which are compared last.
        latest.insert(shown, date);
    }
    latest.into_iter().map(|(shown, date)| Shown { date, ..shown }).collect()
}

fn read(path: &Path) -> Result<Vec<Shown>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let parsed = text.lines().enumerate().map(|(at, line)| {
        serde_json::from_str(line).with_context(|| format!("{}:{}: no result", path.display(), at + 1))
    });
    parsed.collect()
}

/// The table of docs/platforms.md.
pub fn table(root: &Path) -> Result<String> {
    Ok(written(&read(&root.join(KEPT))?))
}

fn written(all: &[Shown]) -> String {
    let mut packers: Vec<&str> = all.iter().map(|shown| shown.packer.as_str()).collect();
    packers.sort_by_key(|version| numbers(version));
    packers.dedup();
    let mut rows: BTreeMap<(&str, &str), Vec<&Shown>> = BTreeMap::new();
    for shown in all {
        rows.entry((&shown.platform, &shown.plugin)).or_default().push(shown);
    }
    let (first, last) =
        (all.iter().map(|shown| &shown.date).min(), all.iter().map(|shown| &shown.date).max());
    let days = match (first, last) {
        (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
        (Some(day), _) => day.clone(),
        (None, _) => "no day".to_owned(),
    };
    let mut text =
        format!("Run on {days}.\n\n| platform | plugin | packer {} |\n", packers.join(" | packer "));
    text.push_str(&format!("|---|---|{}\n", "---|".repeat(packers.len())));
    for ((platform, plugin), shown) in &rows {
        let versions: BTreeSet<&str> = shown.iter().filter_map(|one| one.plugin_version.as_deref()).collect();
        let versions = versions.into_iter().collect::<Vec<_>>().join(", ");
        let cells = packers.iter().map(|packer| {
            let best = shown.iter().filter(|one| one.packer == *packer).map(|one| one.how).min();
            best.map_or("–", How::words)
        });
        let plugin = format!("{plugin} {versions}");
        text.push_str(&format!(
            "| {platform} | {} | {} |\n",
            plugin.trim_end(),
            cells.collect::<Vec<_>>().join(" | ")
        ));
    }
    for ((platform, _), shown) in &rows {
        let mut said: BTreeMap<(How, &str), Vec<&str>> = BTreeMap::new();
        for one in shown {
            said.entry((one.how, &one.what)).or_default().push(&one.packer);
        }
        text.push_str(&format!("\n**{platform}**\n\n"));
        for ((how, what), mut packers) in said {
            packers.sort_by_key(|version| numbers(version));
            packers.dedup();
            text.push_str(&format!("- {what} ({}; packer {})\n", how.words(), packers.join(", ")));
        }
    }
    text.trim_end().to_owned()
}

/// The parts of a version, so that 1.9 comes before 1.11.
fn numbers(version: &str) -> Vec<u64> {
    version.split(['.', '-']).map(|part| part.parse().unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(platform: &str, packer: &str, how: How, what: &str, date: &str) -> Shown {
        Shown {
            platform: platform.into(),
            packer: packer.into(),
            how,
            plugin: platform.to_lowercase(),
            plugin_version: Some("1.2.3".into()),
            what: what.into(),
            test: "a_test".into(),
            date: date.into(),
        }
    }

    #[test]
    fn the_most_telling_result_stands_in_the_table_and_all_below_it() {
        let all = [
            shown("QEMU", "1.11.2", How::Syntax, "the builder", "2026-11-21"),
            shown("QEMU", "1.9.4", How::Built, "a chain", "2026-11-20"),
            shown("QEMU", "1.9.4", How::Syntax, "the builder", "2026-11-21"),
            shown("AWS", "1.11.2", How::Simulator, "an AMI", "2026-11-21"),
        ];
        let text = written(&all);
        assert!(
            text.starts_with(
                "Run on 2026-11-20 to 2026-11-21.\n\n| platform | plugin | packer 1.9.4 | packer 1.11.2 |\n"
            ),
            "{text}"
        );
        assert!(text.contains("| AWS | aws 1.2.3 | – | against a simulator |\n"), "{text}");
        assert!(text.contains("| QEMU | qemu 1.2.3 | built for real | syntax only |\n"), "{text}");
        assert!(
            text.contains(
                "- a chain (built for real; packer 1.9.4)\n- the builder (syntax only; packer 1.9.4, 1.11.2)"
            ),
            "{text}"
        );
    }

    #[test]
    fn what_was_shown_again_counts_once_with_its_last_day() {
        let again =
            ["2026-11-21", "2026-11-22"].map(|day| shown("AWS", "1.16.0", How::Simulator, "an AMI", day));
        let latest = latest(again.into());
        assert_eq!(latest.len(), 1);
        assert_eq!(latest[0].date, "2026-11-22");
    }
}
