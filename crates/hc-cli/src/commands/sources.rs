//! `hybrid sources`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use hc_config::settings::HumanDuration;
use hc_engine::upkeep::sources::{self, Network, PinOptions, Pins, SourceOptions};

use super::writes::Writes;
use crate::command_error::Result;
use crate::report::Outcome;
use crate::report::sources::{
    BundleDoc, LogDoc, PinDoc, ScansDoc, StatusDoc, SyncAction, SyncDoc, VerifyDoc,
};
use crate::session::Session;

/// Keep git repositories at their pins: sync, status, verify, bundle
#[derive(Debug, Subcommand)]
pub(crate) enum SourcesCommand {
    Sync(SyncArgs),
    /// Show pins, trees and scans
    #[command(
        after_help = "Examples:\n  hybrid sources status\n  hybrid sources status hardening --format json"
    )]
    Status(NameArgs),
    /// Finish what an interrupted sync left
    #[command(after_help = "Example:\n  hybrid sources resume")]
    Resume(TransferArgs),
    Pin(PinArgs),
    /// Read every file of every pin and compare tree, objects and lock
    #[command(after_help = "Example:\n  hybrid sources verify")]
    Verify(NameArgs),
    Bundle(BundleArgs),
    Unbundle(UnbundleArgs),
    /// Run the scanners of hybrid.toml on the trees of sources
    #[command(after_help = "Example:\n  hybrid sources scan hardening")]
    Scan(NameArgs),
    /// Show who pinned what by force, and why
    #[command(after_help = "Example:\n  hybrid sources log")]
    Log,
}

/// Which sources.
#[derive(Debug, Args)]
pub(crate) struct NameArgs {
    /// Sources (default: all)
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

/// How sources are transferred.
#[derive(Debug, Args)]
pub(crate) struct TransferArgs {
    /// How many sources at once (default: `git.jobs` of hybrid.toml)
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Use no network
    #[arg(long)]
    offline: bool,
}

/// Clone or fetch sources and check out what sources.lock pins
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hybrid sources sync                    follow sources.lock\n  hybrid sources sync --update           move the pins of branches\n  hybrid sources sync modules --offline\n  hybrid sources sync --locked           in CI: fail when sources.lock would change"
)]
pub(crate) struct SyncArgs {
    #[command(flatten)]
    sources: NameArgs,
    /// Move pins of branches to where the branches are now, and drop expired force pins
    #[arg(long)]
    update: bool,
    /// Fail when sources.lock would change
    #[arg(long, conflicts_with = "update")]
    locked: bool,
    #[command(flatten)]
    transfer: TransferArgs,
}

/// Pin a source to a commit against its ref, with a reason and an approver, for a while
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  hybrid sources pin modules 4be1… --reason 'fix of CVE-2026-1, not merged yet' --approved-by ada --expires 14d"
)]
pub(crate) struct PinArgs {
    /// The source
    name: String,
    /// The commit, all 40 digits
    sha: String,
    /// Why the ref is not good enough
    #[arg(long)]
    reason: String,
    /// Who approved it; not yourself
    #[arg(long, value_name = "PERSON")]
    approved_by: String,
    /// How long it holds
    #[arg(long, value_name = "DURATION", default_value = "30d")]
    expires: HumanDuration,
}

/// Write all pinned commits into one file, for a host without network
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  hybrid sources bundle sources.tar.zst")]
pub(crate) struct BundleArgs {
    /// The file to write
    file: PathBuf,
}

/// Bring sources to their pins from a bundle, without network
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  hybrid sources unbundle sources.tar.zst")]
pub(crate) struct UnbundleArgs {
    /// The bundle
    file: PathBuf,
}

impl SourcesCommand {
    pub(super) fn writes(&self) -> Writes {
        match self {
            Self::Sync(_) | Self::Resume(_) | Self::Pin(_) | Self::Unbundle(_) | Self::Scan(_) => {
                Writes::Project
            }
            Self::Status(_) | Self::Verify(_) | Self::Bundle(_) | Self::Log => Writes::Nothing,
        }
    }

    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        let project = &session.project;
        match self {
            Self::Sync(args) => {
                let mut console = session.console();
                let (names, options) = (&args.sources.names, args.options());
                let report = sources::sync(project, names, &options, &mut |event| console.event(&event))?;
                session.answer(&SyncDoc::of(SyncAction::Sync, &report))
            }
            Self::Resume(args) => {
                let mut console = session.console();
                let report = sources::resume(project, &args.options(), &mut |event| console.event(&event))?;
                session.answer(&SyncDoc::of(SyncAction::Resume, &report))
            }
            Self::Unbundle(args) => {
                let mut console = session.console();
                let report = sources::unbundle(project, &args.file, &mut |event| console.event(&event))?;
                session.answer(&SyncDoc::of(SyncAction::Unbundle, &report))
            }
            Self::Status(args) => session.answer(&StatusDoc::of(&sources::status(project, &args.names)?)),
            Self::Verify(args) => session.answer(&VerifyDoc::of(&sources::verify(project, &args.names)?)),
            Self::Pin(args) => {
                let pinned = sources::pin(project, &args.name, &args.sha, &args.options())?;
                session.answer(&PinDoc::of(&pinned))
            }
            Self::Bundle(args) => session.answer(&BundleDoc::of(&sources::bundle(project, &args.file)?)),
            Self::Scan(args) => session.answer(&ScansDoc::of(&sources::scan(project, &args.names)?)),
            Self::Log => session.answer(&LogDoc::of(&sources::log(project)?)),
        }
    }
}

impl TransferArgs {
    fn options(&self) -> SourceOptions {
        let network = if self.offline { Network::Offline } else { Network::Online };
        SourceOptions { jobs: self.jobs.map(usize::from), network, ..SourceOptions::default() }
    }
}

impl SyncArgs {
    fn options(&self) -> SourceOptions {
        let pins = match (self.update, self.locked) {
            (true, _) => Pins::Move,
            (false, true) => Pins::Frozen,
            (false, false) => Pins::Follow,
        };
        SourceOptions { pins, ..self.transfer.options() }
    }
}

impl PinArgs {
    fn options(&self) -> PinOptions {
        PinOptions {
            reason: self.reason.clone(),
            approved_by: self.approved_by.clone(),
            lasts: self.expires.get(),
        }
    }
}
