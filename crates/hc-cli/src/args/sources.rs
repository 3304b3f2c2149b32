//! Git repositories at their pins.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hc_config::settings::HumanDuration;

/// `hybrid sources`.
#[derive(Debug, Subcommand)]
pub enum SourcesCommand {
    /// Clone or fetch sources and check out what sources.lock pins
    #[command(
        after_help = "Examples:\n  hybrid sources sync                    follow sources.lock\n  hybrid sources sync --update           move the pins of branches\n  hybrid sources sync modules --offline\n  hybrid sources sync --locked           in CI: fail when sources.lock would change"
    )]
    Sync(SyncArgs),
    /// Show pins, trees and scans
    #[command(
        after_help = "Examples:\n  hybrid sources status\n  hybrid sources status hardening --format json"
    )]
    Status {
        /// Sources (default: all)
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
    /// Finish what an interrupted sync left
    #[command(after_help = "Example:\n  hybrid sources resume")]
    Resume(TransferArgs),
    /// Pin a source to a commit against its ref, with a reason and an approver, for a while
    #[command(
        after_help = "Example:\n  hybrid sources pin modules 4be1… --reason 'fix of CVE-2026-1, not merged yet' --approved-by ada --expires 14d"
    )]
    Pin(PinArgs),
    /// Read every file of every pin and compare tree, objects and lock
    #[command(after_help = "Example:\n  hybrid sources verify")]
    Verify {
        /// Sources (default: all)
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
    /// Write all pinned commits into one file, for a host without network
    #[command(after_help = "Example:\n  hybrid sources bundle sources.tar.zst")]
    Bundle {
        /// The file to write
        file: PathBuf,
    },
    /// Bring sources to their pins from a bundle, without network
    #[command(after_help = "Example:\n  hybrid sources unbundle sources.tar.zst")]
    Unbundle {
        /// The bundle
        file: PathBuf,
    },
    /// Run the scanners of hybrid.toml on the trees of sources
    #[command(after_help = "Example:\n  hybrid sources scan hardening")]
    Scan {
        /// Sources (default: all)
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
    /// Show who pinned what by force, and why
    #[command(after_help = "Example:\n  hybrid sources log")]
    Log,
}

/// How sources are transferred.
#[derive(Debug, Args)]
pub struct TransferArgs {
    /// How many sources at once (default: `git.jobs` of hybrid.toml)
    #[arg(long, value_name = "N")]
    pub jobs: Option<std::num::NonZeroUsize>,
    /// Use no network
    #[arg(long)]
    pub offline: bool,
}

/// `hybrid sources sync`.
#[derive(Debug, Args)]
pub struct SyncArgs {
    /// Sources (default: all)
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Move pins of branches to where the branches are now, and drop expired force pins
    #[arg(long)]
    pub update: bool,
    /// Fail when sources.lock would change
    #[arg(long, conflicts_with = "update")]
    pub locked: bool,
    /// How
    #[command(flatten)]
    pub transfer: TransferArgs,
}

/// `hybrid sources pin`.
#[derive(Debug, Args)]
pub struct PinArgs {
    /// The source
    pub name: String,
    /// The commit, all 40 digits
    pub sha: String,
    /// Why the ref is not good enough
    #[arg(long)]
    pub reason: String,
    /// Who approved it; not yourself
    #[arg(long, value_name = "PERSON")]
    pub approved_by: String,
    /// How long it holds
    #[arg(long, value_name = "DURATION", default_value = "30d")]
    pub expires: HumanDuration,
}
