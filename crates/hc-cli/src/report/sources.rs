//! `hybrid sources …`.

use hc_sources::sync::SourceResult;
use serde::Serialize;

use super::diagnostics::visible;
use super::{ErrorDoc, Report, Style, table};
use crate::command_error::CommandError;
use crate::exit_code::ExitCode;

/// What a sync, resume or unbundle did.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SyncDoc {
    /// `sync`, `resume` or `unbundle`.
    pub action: String,
    /// In the order of hybrid.toml.
    pub sources: Vec<SyncedDoc>,
    /// Pins that were dropped because hybrid.toml no longer has their source.
    pub dropped: Vec<String>,
    /// The interrupted command that was finished along the way.
    pub resumed: Option<String>,
}

/// What was done to one source.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SyncedDoc {
    /// Its name.
    pub name: String,
    /// Its url in hybrid.toml.
    pub url: String,
    /// Branch, tag or commit in hybrid.toml.
    #[serde(rename = "ref")]
    pub reference: String,
    /// `cloned`, `fetched`, `checked-out`, `unchanged` or `failed`.
    pub action: String,
    /// Commit that was checked out before.
    pub before: Option<String>,
    /// Commit that is checked out now; absent when it failed.
    pub sha: Option<String>,
    /// Bytes that were received.
    pub bytes: u64,
    /// How long it took.
    pub duration_ms: u64,
    /// What a person should know.
    pub notes: Vec<String>,
    /// Directories of submodules, which are empty.
    pub submodules: Vec<String>,
    /// Why it failed.
    pub error: Option<ErrorDoc>,
    /// The exit code that the failure stands for.
    #[serde(skip)]
    exit: u8,
}

impl SyncedDoc {
    pub(crate) fn of(result: &SourceResult) -> Self {
        let done = result.outcome.as_ref().ok();
        let failed = result.outcome.as_ref().err();
        Self {
            name: result.name.clone(),
            url: result.url.clone(),
            reference: result.reference.clone(),
            action: done.map_or("failed", |done| done.action.as_str()).into(),
            before: result.before.as_ref().map(ToString::to_string),
            sha: done.map(|done| done.pin.sha.to_string()),
            bytes: done.map_or(0, |done| done.bytes),
            duration_ms: u64::try_from(result.duration.as_millis()).unwrap_or(u64::MAX),
            notes: done.iter().flat_map(|done| &done.notes).map(ToString::to_string).collect(),
            submodules: done
                .iter()
                .flat_map(|done| &done.submodules)
                .map(|module| module.path.clone())
                .collect(),
            error: failed.map(|error| CommandError::from_source(error).doc()),
            exit: failed.map_or(0, |error| error.exit_code()),
        }
    }
}

fn short(sha: &str) -> &str {
    sha.get(..12).unwrap_or(sha)
}

/// `name: error[CODE]: message` and its hint, for a list of failures.
fn complaint(name: &str, error: &ErrorDoc, style: &Style) -> String {
    let hint = error.hint.as_ref().map_or(String::new(), |hint| format!("  hint: {}\n", visible(hint)));
    let code = style.bad(&format!("error[{}]:", error.code));
    format!("{name}: {code} {}\n{hint}", visible(&error.message))
}

/// The worst exit code: what needs a person before what needs patience, security before all.
fn worst(codes: impl Iterator<Item = u8>) -> ExitCode {
    let rank = |code: &u8| match code {
        3 => 4,
        130 => 3,
        1 => 2,
        0 => 0,
        _ => 1,
    };
    ExitCode::from_number(codes.max_by_key(rank).unwrap_or(0))
}

impl Report for SyncDoc {
    const SCHEMA: &'static str = "cli-sources-sync";

    fn human(&self, style: &Style) -> String {
        let rows = self.sources.iter().map(|source| {
            let action = match source.action.as_str() {
                "failed" => style.bad("failed"),
                "unchanged" => style.dim("unchanged"),
                other => style.good(other),
            };
            let commit = match (&source.before, &source.sha) {
                (Some(before), Some(sha)) if before != sha => format!("{} -> {}", short(before), short(sha)),
                (_, Some(sha)) => short(sha).to_owned(),
                (Some(before), None) => short(before).to_owned(),
                (None, None) => "-".into(),
            };
            let received = if source.bytes == 0 { "-".into() } else { table::bytes(source.bytes) };
            vec![
                action,
                source.name.clone(),
                source.reference.clone(),
                commit,
                received,
                table::duration(source.duration_ms),
            ]
        });
        let mut text =
            table::table(&["result", "source", "ref", "commit", "received", "time"], rows.collect(), style);
        if text.is_empty() {
            text.push_str("hybrid.toml has no sources\n");
        }
        for source in &self.sources {
            for note in &source.notes {
                text.push_str(&format!("{}: {} {}\n", source.name, style.warn("note:"), visible(note)));
            }
            for path in &source.submodules {
                text.push_str(&format!("{}:   submodule {}\n", source.name, visible(path)));
            }
        }
        for (source, error) in self.sources.iter().filter_map(|source| Some((source, source.error.as_ref()?)))
        {
            text.push_str(&complaint(&source.name, error, style));
        }
        for name in &self.dropped {
            text.push_str(&format!("{name}: no longer in hybrid.toml; its pin is dropped, its tree stays\n"));
        }
        if let Some(command) = &self.resumed {
            text.push_str(&format!("finished what `{}` left\n", visible(command)));
        }
        text
    }

    fn exit_code(&self) -> ExitCode {
        worst(self.sources.iter().map(|source| source.exit))
    }
}

/// How sources stand.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StatusDoc {
    /// In the order of hybrid.toml.
    pub sources: Vec<StandingDoc>,
    /// What stands in `sources/` without being in hybrid.toml.
    pub strangers: Vec<String>,
    /// The command that was cut off and waits for `sources resume`.
    pub interrupted: Option<String>,
}

/// How one source stands.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StandingDoc {
    /// Its name.
    pub name: String,
    /// Its url in hybrid.toml.
    pub url: String,
    /// Where it is fetched from instead.
    pub mirror: Option<String>,
    /// Branch, tag or commit in hybrid.toml.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Commit in sources.lock.
    pub locked: Option<String>,
    /// Commit that is checked out.
    pub present: Option<String>,
    /// `ok`, `dirty`, `diverged`, `missing`, `not-pinned`, `pin-expired` or `broken`.
    pub verdict: String,
    /// What is wrong.
    pub problem: Option<ErrorDoc>,
    /// Last day of a force pin.
    pub pin_expires: Option<String>,
    /// Who approved a force pin.
    pub pin_approved_by: Option<String>,
    /// When it was synced last.
    pub synced_at: Option<String>,
    /// Who synced it last.
    pub synced_by: Option<String>,
    /// What scanners said about this commit.
    pub scans: Vec<ScanDoc>,
}

/// What a scanner said about a source.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ScanDoc {
    /// Its name in hybrid.toml.
    pub scanner: String,
    /// `clean`, `findings` or `not-scanned`.
    pub result: String,
    /// When.
    pub at: Option<String>,
    /// How long ago.
    pub age_seconds: Option<i64>,
    /// Whether it is older than `max_age`, or absent.
    pub stale: bool,
}

impl Report for StatusDoc {
    const SCHEMA: &'static str = "cli-sources-status";

    fn human(&self, style: &Style) -> String {
        let rows = self.sources.iter().map(|source| {
            let verdict = match source.verdict.as_str() {
                "ok" => style.good("ok"),
                other => style.bad(other),
            };
            let scans: Vec<String> = source
                .scans
                .iter()
                .map(|scan| {
                    let age = scan.age_seconds.and_then(|age| u64::try_from(age).ok());
                    let age =
                        age.map_or(String::new(), |age| format!(" {} ago", table::duration(age * 1000)));
                    let text = format!("{} {}{age}", scan.scanner, scan.result);
                    if scan.stale || scan.result == "findings" { style.warn(&text) } else { text }
                })
                .collect();
            let or_dash =
                |sha: &Option<String>| sha.as_deref().map_or("-".to_owned(), |sha| short(sha).to_owned());
            vec![
                verdict,
                source.name.clone(),
                source.reference.clone(),
                or_dash(&source.locked),
                or_dash(&source.present),
                if scans.is_empty() { "-".into() } else { scans.join(", ") },
            ]
        });
        let mut text = table::table(
            &["result", "source", "ref", "locked", "checked out", "scans"],
            rows.collect(),
            style,
        );
        if text.is_empty() {
            text.push_str("hybrid.toml has no sources\n");
        }
        for source in &self.sources {
            if let Some(problem) = &source.problem {
                text.push_str(&complaint(&source.name, problem, style));
            }
            if let (Some(expires), Some(who)) = (&source.pin_expires, &source.pin_approved_by) {
                text.push_str(&format!(
                    "{}: force pin until {expires}, approved by {}\n",
                    source.name,
                    visible(who)
                ));
            }
            if source.scans.iter().any(|scan| scan.stale) {
                let warning = style.warn("warning:");
                text.push_str(&format!(
                    "{}: {warning} stale scans; run `hybrid sources scan {0}`\n",
                    source.name
                ));
            }
        }
        for name in &self.strangers {
            text.push_str(&format!("sources/{} is not in hybrid.toml\n", visible(name)));
        }
        if let Some(command) = &self.interrupted {
            let warning = style.warn("warning:");
            text.push_str(&format!(
                "{warning} `{}` was cut off; run `hybrid sources resume`\n",
                visible(command)
            ));
        }
        text
    }
}

/// Whether trees and objects are what the lock says.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VerifyDoc {
    /// In the order of hybrid.toml.
    pub sources: Vec<VerifiedDoc>,
}

/// Whether one source is what the lock says.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VerifiedDoc {
    /// Its name.
    pub name: String,
    /// Its commit, when all is well.
    pub sha: Option<String>,
    /// What is wrong.
    pub problem: Option<ErrorDoc>,
}

impl Report for VerifyDoc {
    const SCHEMA: &'static str = "cli-sources-verify";

    fn human(&self, style: &Style) -> String {
        let rows = self.sources.iter().map(|source| {
            let verdict = if source.problem.is_none() { style.good("intact") } else { style.bad("broken") };
            vec![verdict, source.name.clone(), source.sha.as_deref().map_or("-", short).to_owned()]
        });
        let mut text = table::table(&["result", "source", "commit"], rows.collect(), style);
        if text.is_empty() {
            text.push_str("hybrid.toml has no sources\n");
        }
        for source in &self.sources {
            if let Some(problem) = &source.problem {
                text.push_str(&complaint(&source.name, problem, style));
            }
        }
        text
    }

    fn exit_code(&self) -> ExitCode {
        let broken = self.sources.iter().any(|source| source.problem.is_some());
        if broken { ExitCode::Invalid } else { ExitCode::Success }
    }
}

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

    fn exit_code(&self) -> ExitCode {
        if self.problems.is_empty() { ExitCode::Success } else { ExitCode::Security }
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

    fn exit_code(&self) -> ExitCode {
        let found = self.scans.iter().any(|scan| scan.result == "findings");
        let failed = self.scans.iter().any(|scan| scan.failed);
        match (found, failed) {
            (true, _) => ExitCode::Security,
            (false, true) => ExitCode::from_number(2),
            (false, false) => ExitCode::Success,
        }
    }
}
