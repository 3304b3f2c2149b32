//! `hybrid cache`.

use clap::{Args, Subcommand};
use hc_config::settings::HumanDuration;
use hc_engine::upkeep::cache;

use super::writes::Writes;
use crate::command_error::Result;
use crate::report::Outcome;
use crate::session::Session;

/// List, verify and prune downloads
#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// List downloads and the builders that want them
    #[command(after_help = "Example:\n  hybrid cache list")]
    List,
    /// Read every download again and compare its checksum
    #[command(after_help = "Example:\n  hybrid cache verify")]
    Verify,
    Prune(PruneArgs),
}

/// Remove what no builder wants any more
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  hybrid cache prune\n  hybrid cache prune --older-than 30d")]
pub(crate) struct PruneArgs {
    /// Only what was not used for so long: 12h, 30d
    #[arg(long, value_name = "DURATION")]
    older_than: Option<HumanDuration>,
}

impl CacheCommand {
    pub(super) fn writes(&self) -> Writes {
        match self {
            Self::Prune(_) => Writes::Project,
            Self::List | Self::Verify => Writes::Nothing,
        }
    }

    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        let project = &session.project;
        session.answer(&match self {
            Self::List => cache::list(project)?,
            Self::Verify => cache::verify(project)?,
            Self::Prune(args) => cache::prune(project, args.older_than.map(|age| age.get()))?,
        })
    }
}
