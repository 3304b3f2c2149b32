//! `hybrid sources sync`, `resume` and `unbundle`; the other commands in modules of their own.
//!
//! The documents of `hybrid sources` are made here from the engine's values.

mod records;
mod standing;

use hc_core::ExitClass;
use hc_sources::sync::{Action, SourceResult, SyncReport};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::diagnostics::visible;
use super::{ErrorDoc, Report, Style, table};
use crate::command_error::CommandError;

pub use records::{BundleDoc, BundledDoc, LogDoc, LogEntryDoc, PinDoc, ScannedDoc, ScansDoc};
pub use standing::{ScanDoc, ScanWord, StandingDoc, StatusDoc, VerifiedDoc, VerifyDoc};

/// What a sync, resume or unbundle did.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SyncDoc {
    /// Which of them.
    pub action: SyncAction,
    /// In the order of hybrid.toml.
    pub sources: Vec<SyncedDoc>,
    /// Pins that were dropped because hybrid.toml no longer has their source.
    pub dropped: Vec<String>,
    /// The interrupted command that was finished along the way.
    pub resumed: Option<String>,
}

/// How sources were brought to their pins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SyncAction {
    /// From their servers.
    Sync,
    /// As an interrupted sync was about to.
    Resume,
    /// From a bundle.
    Unbundle,
}

impl SyncDoc {
    /// Of the engine's report.
    pub fn of(action: SyncAction, report: &SyncReport) -> Self {
        Self {
            action,
            sources: report.results.iter().map(SyncedDoc::of).collect(),
            dropped: report.dropped.clone(),
            resumed: report.resumed.as_ref().map(|journal| journal.command.clone()),
        }
    }
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
    /// What was done.
    pub action: SyncedAction,
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
    /// What the failure stands for.
    #[serde(skip)]
    exit: ExitClass,
}

/// What was done to a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SyncedAction {
    /// It was not there and is now.
    Cloned,
    /// Objects came over the network, and the tree moved.
    Fetched,
    /// The tree moved; the objects were here.
    CheckedOut,
    /// Nothing had to be done.
    Unchanged,
    /// It is as it was before.
    Failed,
}

impl SyncedAction {
    fn of(result: &SourceResult) -> Self {
        match result.outcome.as_ref().map(|done| done.action) {
            Ok(Action::Cloned) => Self::Cloned,
            Ok(Action::Fetched) => Self::Fetched,
            Ok(Action::CheckedOut) => Self::CheckedOut,
            Ok(Action::Unchanged) => Self::Unchanged,
            Err(_) => Self::Failed,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Cloned => "cloned",
            Self::Fetched => "fetched",
            Self::CheckedOut => "checked-out",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
        }
    }
}

impl SyncedDoc {
    fn of(result: &SourceResult) -> Self {
        let done = result.outcome.as_ref().ok();
        let failed = result.outcome.as_ref().err();
        Self {
            name: result.name.clone(),
            url: result.url.clone(),
            reference: result.reference.clone(),
            action: SyncedAction::of(result),
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
            error: failed.map(|error| CommandError::of_source(error).doc()),
            exit: failed.map_or(ExitClass::Success, |error| error.class()),
        }
    }
}

/// A time in whole seconds.
fn stamp(at: OffsetDateTime) -> String {
    at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).unwrap_or_default()
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

/// The worst end: what needs a person before what needs patience, security before all.
fn worst(ends: impl Iterator<Item = ExitClass>) -> ExitClass {
    let rank = |end: &ExitClass| match end {
        ExitClass::Success => 0,
        ExitClass::Infrastructure => 1,
        ExitClass::Invalid => 2,
        ExitClass::Interrupted => 3,
        ExitClass::Security => 4,
    };
    ends.max_by_key(rank).unwrap_or(ExitClass::Success)
}

impl Report for SyncDoc {
    const SCHEMA: &'static str = "cli-sources-sync";

    fn human(&self, style: &Style) -> String {
        let rows = self.sources.iter().map(|source| {
            let word = source.action.word();
            let action = match source.action {
                SyncedAction::Failed => style.bad(word),
                SyncedAction::Unchanged => style.dim(word),
                SyncedAction::Cloned | SyncedAction::Fetched | SyncedAction::CheckedOut => style.good(word),
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
        text + &self.remarks(style)
    }

    fn exit_code(&self) -> ExitClass {
        worst(self.sources.iter().map(|source| source.exit))
    }
}

impl SyncDoc {
    /// What is said below the table.
    fn remarks(&self, style: &Style) -> String {
        let mut text = String::new();
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
}
