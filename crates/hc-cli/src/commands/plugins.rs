//! `hybrid packer plugins`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hc_engine::upkeep::plugins;

use super::writes::Writes;
use crate::command_error::Result;
use crate::report::Outcome;
use crate::session::Session;

/// Plugins: which are needed, installed and locked
#[derive(Debug, Subcommand)]
pub(crate) enum PluginsCommand {
    /// Show what builders ask for, what is installed, and what plugins.lock says
    #[command(
        after_help = "Examples:\n  hybrid packer plugins status\n  hybrid packer plugins status --format json"
    )]
    Status,
    /// Write version and SHA-256 of the installed plugins to plugins.lock
    #[command(after_help = "Example:\n  hybrid packer plugins lock && git add plugins.lock")]
    Lock,
    Install(InstallArgs),
}

/// Install what is missing or differs from the lock, by packer itself
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hybrid packer plugins install                        from the publisher\n  hybrid packer plugins install --from /media/plugins  archives with their SHA256SUMS, without a network"
)]
pub(crate) struct InstallArgs {
    /// Directory of archives `packer-plugin-….zip` with `…_SHA256SUMS` beside them
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
}

impl PluginsCommand {
    pub(super) fn writes(&self) -> Writes {
        match self {
            Self::Lock | Self::Install(_) => Writes::Project,
            Self::Status => Writes::Nothing,
        }
    }

    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        let project = &session.project;
        session.answer(&match self {
            Self::Status => plugins::status(project)?,
            Self::Lock => plugins::lock(project)?,
            Self::Install(args) => plugins::install(project, args.from.as_deref())?,
        })
    }
}
