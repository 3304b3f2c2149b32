//! `hybrid sources pin`, `log`, `bundle` and `scan`.

use hc_core::ExitClass;
use hc_engine::outcome::sources::{Bundled, PinEntry, PinLog, Pinned, ScanVerdict, Scanned};
use serde::Serialize;

use super::{short, stamp};
use crate::report::diagnostics::visible;
use crate::report::{Report, Style, table};

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

impl PinDoc {
    /// Of the engine's value.
    pub fn of(pinned: &Pinned) -> Self {
        Self {
            name: pinned.pin.name.clone(),
            sha: pinned.pin.sha.to_string(),
            former: pinned.former.as_ref().map(|pin| pin.sha.to_string()),
            approved_by: pinned.approved_by.clone(),
            expires: stamp(pinned.expires),
        }
    }
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

impl LogDoc {
    /// Of the engine's value.
    pub fn of(log: &PinLog) -> Self {
        Self {
            entries: log.entries.iter().map(LogEntryDoc::of).collect(),
            problems: log.problems.iter().map(ToString::to_string).collect(),
        }
    }
}

impl LogEntryDoc {
    fn of(entry: &PinEntry) -> Self {
        Self {
            number: entry.number,
            at: stamp(entry.at),
            name: entry.name.clone(),
            sha: entry.sha.clone(),
            reason: entry.reason.clone(),
            approved_by: entry.approved_by.clone(),
            operator: entry.operator.clone(),
            days: entry.days,
            run_id: entry.run_id.to_string(),
        }
    }
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
                visible(&entry.approved_by),
                visible(&entry.reason),
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

impl BundleDoc {
    /// Of the engine's value.
    pub fn of(bundled: &Bundled) -> Self {
        let sources = bundled.manifest.sources.iter().map(|source| BundledDoc {
            name: source.pin.name.clone(),
            reference: source.pin.reference.clone(),
            sha: source.pin.sha.to_string(),
            bytes: source.packs.iter().map(|pack| pack.size).sum(),
        });
        Self { path: bundled.path.clone(), bytes: bundled.bytes, sources: sources.collect() }
    }
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
    /// What `result` says, as a value.
    #[serde(skip)]
    verdict: ScanVerdict,
}

impl ScansDoc {
    /// Of the engine's values.
    pub fn of(scans: &[Scanned]) -> Self {
        Self { scans: scans.iter().map(ScannedDoc::of).collect() }
    }
}

impl ScannedDoc {
    fn of(scanned: &Scanned) -> Self {
        Self {
            source: scanned.source.clone(),
            scanner: scanned.scanner.clone(),
            result: match scanned.verdict {
                ScanVerdict::Clean => "clean".into(),
                ScanVerdict::Findings => "findings".into(),
                ScanVerdict::Exited(code) => format!("exit code {code}"),
                ScanVerdict::Interrupted => "interrupted".into(),
                ScanVerdict::TimedOut => "took too long".into(),
            },
            failed: scanned.verdict.status().is_none(),
            lines: scanned.lines.iter().map(|line| visible(line)).collect(),
            verdict: scanned.verdict,
        }
    }
}

impl Report for ScansDoc {
    const SCHEMA: &'static str = "cli-sources-scan";

    fn human(&self, style: &Style) -> String {
        let mut text = String::new();
        for scan in &self.scans {
            let is_clean = scan.verdict == ScanVerdict::Clean;
            let result = if is_clean { style.good(&scan.result) } else { style.bad(&scan.result) };
            text.push_str(&format!("{} {}: {result}\n", scan.source, scan.scanner));
            if !is_clean {
                scan.lines.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
            }
        }
        if text.is_empty() {
            text.push_str("nothing to scan: hybrid.toml has no `[scanners]`, or no sources\n");
        }
        text
    }

    fn exit_code(&self) -> ExitClass {
        let found = self.scans.iter().any(|scan| scan.verdict == ScanVerdict::Findings);
        let failed = self.scans.iter().any(|scan| scan.failed);
        match (found, failed) {
            (true, _) => ExitClass::Security,
            (false, true) => ExitClass::Infrastructure,
            (false, false) => ExitClass::Success,
        }
    }
}
