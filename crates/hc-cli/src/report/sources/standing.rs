//! `hybrid sources status` and `verify`.

use serde::Serialize;

use super::{complaint, short};
use crate::report::diagnostics::visible;
use crate::report::{ErrorDoc, Report, Style, table};
use hc_core::ExitClass;

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

    fn exit_code(&self) -> ExitClass {
        let broken = self.sources.iter().any(|source| source.problem.is_some());
        if broken { ExitClass::Invalid } else { ExitClass::Success }
    }
}
