//! `hybrid sources sync`, `resume` and `unbundle`; the other commands in modules of their own.

mod records;
mod standing;

use hc_sources::sync::SourceResult;
use serde::Serialize;

use super::diagnostics::visible;
use super::{ErrorDoc, Report, Style, table};
use crate::command_error::CommandError;
use hc_core::ExitClass;

pub use records::{BundleDoc, BundledDoc, LogDoc, LogEntryDoc, PinDoc, ScannedDoc, ScansDoc};
pub use standing::{ScanDoc, StandingDoc, StatusDoc, VerifiedDoc, VerifyDoc};

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
            exit: failed.map_or(0, |error| error.class().number()),
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
fn worst(codes: impl Iterator<Item = u8>) -> ExitClass {
    let rank = |code: &u8| match code {
        3 => 4,
        130 => 3,
        1 => 2,
        0 => 0,
        _ => 1,
    };
    ExitClass::from_number(codes.max_by_key(rank).unwrap_or(0))
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

    fn exit_code(&self) -> ExitClass {
        worst(self.sources.iter().map(|source| source.exit))
    }
}
