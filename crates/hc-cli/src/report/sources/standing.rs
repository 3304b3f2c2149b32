//! `hybrid sources status` and `verify`.

use hc_core::ExitClass;
use hc_engine::outcome::sources::{ScanStanding, SourceVerdict, SourcesStatus, Standing, Verified};
use hc_state::ScanStatus;
use serde::Serialize;

use super::{complaint, short, stamp};
use crate::command_error::CommandError;
use crate::report::diagnostics::visible;
use crate::report::{ErrorDoc, Report, Style, table};

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
    /// Whether builds may read it, and why not.
    pub verdict: SourceVerdict,
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
    /// What it said.
    pub result: ScanWord,
    /// When.
    pub at: Option<String>,
    /// How long ago.
    pub age_seconds: Option<i64>,
    /// Whether it is older than `max_age`, or absent.
    pub stale: bool,
}

/// What a scanner said, in the words of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ScanWord {
    /// Not scanned at this commit.
    NotScanned,
    /// Scanned, nothing found.
    Clean,
    /// Scanned, something found.
    Findings,
}

impl ScanWord {
    fn of(status: ScanStatus) -> Self {
        match status {
            ScanStatus::NotScanned => Self::NotScanned,
            ScanStatus::Clean => Self::Clean,
            ScanStatus::Findings => Self::Findings,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::NotScanned => "not-scanned",
            Self::Clean => "clean",
            Self::Findings => "findings",
        }
    }
}

impl StatusDoc {
    /// Of the engine's value.
    pub fn of(status: &SourcesStatus) -> Self {
        Self {
            sources: status.sources.iter().map(StandingDoc::of).collect(),
            strangers: status.strangers.clone(),
            interrupted: status.interrupted.clone(),
        }
    }
}

impl StandingDoc {
    fn of(standing: &Standing) -> Self {
        let Standing { spec, survey, record, scans } = standing;
        let force = survey.pin.as_ref().and_then(|pin| pin.force.as_ref());
        Self {
            name: spec.name.clone(),
            url: spec.origin.clone(),
            mirror: (spec.url != spec.origin).then(|| spec.url.clone()),
            reference: spec.reference.clone(),
            locked: survey.pin.as_ref().map(|pin| pin.sha.to_string()),
            present: survey.head.as_ref().map(ToString::to_string),
            verdict: standing.verdict(),
            problem: survey.problem.as_ref().map(|problem| CommandError::of_source(problem).doc()),
            pin_expires: force.map(|force| stamp(force.expires)),
            pin_approved_by: force.map(|force| force.approved_by.clone()),
            synced_at: record.as_ref().map(|record| stamp(record.at)),
            synced_by: record.as_ref().map(|record| record.operator.clone()),
            scans: scans.iter().map(ScanDoc::of).collect(),
        }
    }

    /// One row of the table.
    fn row(&self, style: &Style) -> Vec<String> {
        let verdict = match self.verdict {
            SourceVerdict::Ok => style.good(self.verdict.word()),
            _ => style.bad(self.verdict.word()),
        };
        let scans: Vec<String> = self.scans.iter().map(|scan| scan.text(style)).collect();
        let or_dash =
            |sha: &Option<String>| sha.as_deref().map_or("-".to_owned(), |sha| short(sha).to_owned());
        vec![
            verdict,
            self.name.clone(),
            self.reference.clone(),
            or_dash(&self.locked),
            or_dash(&self.present),
            if scans.is_empty() { "-".into() } else { scans.join(", ") },
        ]
    }

    /// What is said below the table.
    fn remarks(&self, style: &Style) -> String {
        let mut text = String::new();
        if let Some(problem) = &self.problem {
            text.push_str(&complaint(&self.name, problem, style));
        }
        if let (Some(expires), Some(who)) = (&self.pin_expires, &self.pin_approved_by) {
            let who = visible(who);
            text.push_str(&format!("{}: force pin until {expires}, approved by {who}\n", self.name));
        }
        if self.scans.iter().any(|scan| scan.stale) {
            let warning = style.warn("warning:");
            let name = &self.name;
            text.push_str(&format!("{name}: {warning} stale scans; run `hybrid sources scan {name}`\n"));
        }
        text
    }
}

impl ScanDoc {
    fn of(scan: &ScanStanding) -> Self {
        Self {
            scanner: scan.scanner.clone(),
            result: ScanWord::of(scan.status),
            at: scan.at.map(stamp),
            age_seconds: scan.age.map(time::Duration::whole_seconds),
            stale: scan.stale,
        }
    }

    fn text(&self, style: &Style) -> String {
        let age = self.age_seconds.and_then(|age| u64::try_from(age).ok());
        let age = age.map_or(String::new(), |age| format!(" {} ago", table::duration(age * 1000)));
        let text = format!("{} {}{age}", self.scanner, self.result.word());
        if self.stale || self.result == ScanWord::Findings { style.warn(&text) } else { text }
    }
}

impl Report for StatusDoc {
    const SCHEMA: &'static str = "cli-sources-status";

    fn human(&self, style: &Style) -> String {
        let rows = self.sources.iter().map(|source| source.row(style));
        let mut text = table::table(
            &["result", "source", "ref", "locked", "checked out", "scans"],
            rows.collect(),
            style,
        );
        if text.is_empty() {
            text.push_str("hybrid.toml has no sources\n");
        }
        text.extend(self.sources.iter().map(|source| source.remarks(style)));
        for name in &self.strangers {
            text.push_str(&format!("sources/{} is not in hybrid.toml\n", visible(name)));
        }
        if let Some(command) = &self.interrupted {
            let (warning, command) = (style.warn("warning:"), visible(command));
            text.push_str(&format!("{warning} `{command}` was cut off; run `hybrid sources resume`\n"));
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

impl VerifyDoc {
    /// Of the engine's values.
    pub fn of(verified: &[Verified]) -> Self {
        Self { sources: verified.iter().map(VerifiedDoc::of).collect() }
    }
}

impl VerifiedDoc {
    fn of(verified: &Verified) -> Self {
        let outcome = verified.outcome.as_ref();
        Self {
            name: verified.name.clone(),
            sha: outcome.ok().map(|pin| pin.sha.to_string()),
            problem: outcome.err().map(|problem| CommandError::of_source(problem).doc()),
        }
    }
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

    fn exit_code(&self) -> ExitClass {
        let broken = self.sources.iter().any(|source| source.problem.is_some());
        if broken { ExitClass::Invalid } else { ExitClass::Success }
    }
}
