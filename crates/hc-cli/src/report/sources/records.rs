//! `hybrid sources pin`, `log`, `bundle` and `scan`.

use serde::Serialize;

use super::short;
use crate::report::diagnostics::visible;
use crate::report::{Report, Style, table};
use hc_core::ExitClass;

/// A force pin.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PinDoc {
    /// The source.
    pub name: String,
    /// Its commit from now on.
    pub sha: String,
    /// Its commit so far.
    pub former: Option<String>,
    /// Who approved it.
    pub approved_by: String,
    /// When it ends.
    pub expires: String,
}

impl Report for PinDoc {
    const SCHEMA: &'static str = "cli-sources-pin";

    fn human(&self, style: &Style) -> String {
        format!(
            "{} {} to {} until {}, approved by {}\nrun `hybrid sources sync {0}` to check it out\n",
            self.name,
            style.good("pinned"),
            short(&self.sha),
            self.expires,
            visible(&self.approved_by)
        )
    }
}

/// Force pins that were ever made.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LogDoc {
    /// Oldest first.
    pub entries: Vec<LogEntryDoc>,
    /// What is wrong with the audit log itself.
    pub problems: Vec<String>,
}

/// One force pin.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LogEntryDoc {
    /// Number in the audit log.
    pub number: u64,
    /// When.
    pub at: String,
    /// The source.
    pub name: String,
    /// The commit.
    pub sha: String,
    /// Why.
    pub reason: String,
    /// Who approved it.
    pub approved_by: String,
    /// Who did it.
    pub operator: String,
    /// How many days it was to hold.
    pub days: i64,
    /// The run that did it.
    pub run_id: String,
}

impl Report for LogDoc {
    const SCHEMA: &'static str = "cli-sources-log";

    fn human(&self, style: &Style) -> String {
        let rows = self.entries.iter().map(|entry| {
            vec![
                entry.at.clone(),
                entry.name.clone(),
                short(&entry.sha).to_owned(),
                format!("{} d", entry.days),
                entry.operator.clone(),
                visible(&entry.approved_by).to_string(),
                visible(&entry.reason).to_string(),
            ]
        });
        let mut text = table::table(
            &["when", "source", "commit", "for", "by", "approved by", "reason"],
            rows.collect(),
            style,
        );
        if text.is_empty() {
            text.push_str("nothing was ever pinned by force\n");
        }
        for problem in &self.problems {
            text.push_str(&format!("{} {problem}\n", style.bad("audit log:")));
        }
        text
    }

    fn exit_code(&self) -> ExitClass {
        if self.problems.is_empty() { ExitClass::Success } else { ExitClass::Security }
    }
}

/// A bundle that was written.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BundleDoc {
    /// The file.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// What is in it.
    pub sources: Vec<BundledDoc>,
}

/// One source of a bundle.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BundledDoc {
    /// Its name.
    pub name: String,
    /// Branch, tag or commit in hybrid.toml.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Its commit.
    pub sha: String,
    /// Bytes of its objects.
    pub bytes: u64,
}

impl Report for BundleDoc {
    const SCHEMA: &'static str = "cli-sources-bundle";

    fn human(&self, style: &Style) -> String {
        let rows = self.sources.iter().map(|source| {
            vec![
                source.name.clone(),
                source.reference.clone(),
                short(&source.sha).to_owned(),
                table::bytes(source.bytes),
            ]
        });
        let text = table::table(&["source", "ref", "commit", "objects"], rows.collect(), style);
        format!("{text}wrote {} ({})\n", self.path, table::bytes(self.bytes))
    }
}

/// What scanners said.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ScansDoc {
    /// Every scanner on every source that it belongs to.
    pub scans: Vec<ScannedDoc>,
}

/// What one scanner said about one source.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ScannedDoc {
    /// The source.
    pub source: String,
    /// The scanner.
    pub scanner: String,
    /// `clean`, `findings`, or why it did not work.
    pub result: String,
    /// Whether it did not work.
    pub failed: bool,
    /// Its first lines.
    pub lines: Vec<String>,
}

impl Report for ScansDoc {
    const SCHEMA: &'static str = "cli-sources-scan";

    fn human(&self, style: &Style) -> String {
        let mut text = String::new();
        for scan in &self.scans {
            let result = match scan.result.as_str() {
                "clean" => style.good("clean"),
                other => style.bad(other),
            };
            text.push_str(&format!("{} {}: {result}\n", scan.source, scan.scanner));
            if scan.result != "clean" {
                scan.lines.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
            }
        }
        if text.is_empty() {
            text.push_str("nothing to scan: hybrid.toml has no `[scanners]`, or no sources\n");
        }
        text
    }

    fn exit_code(&self) -> ExitClass {
        let found = self.scans.iter().any(|scan| scan.result == "findings");
        let failed = self.scans.iter().any(|scan| scan.failed);
        match (found, failed) {
            (true, _) => ExitClass::Security,
            (false, true) => ExitClass::from_number(2),
            (false, false) => ExitClass::Success,
        }
    }
}
