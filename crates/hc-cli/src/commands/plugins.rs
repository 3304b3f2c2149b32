//! `hybrid packer plugins`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hc_engine::upkeep::plugins;

use super::writes::Writes;
use crate::args::BuilderArgs;
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
    Lock(LockArgs),
    Install(InstallArgs),
}

/// Write version and SHA-256 of plugins to plugins.lock
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hybrid packer plugins lock                        the installed ones, for this kind of machine\n  hybrid packer plugins lock --from /media/plugins  for every kind of machine that has an archive there"
)]
pub(crate) struct LockArgs {
    #[command(flatten)]
    builders: BuilderArgs,
    /// Directory of archives `packer-plugin-….zip` of all kinds of machines with `…_SHA256SUMS` beside them
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
}

/// Install what is missing or differs from the lock, by packer itself
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hybrid packer plugins install                        what all builders ask for, from the publisher\n  hybrid packer plugins install --targets qemu         what these ask for\n  hybrid packer plugins install --from /media/plugins  archives with their SHA256SUMS, without a network\n  hybrid packer plugins install --from ./packer-plugin-qemu  a binary that was compiled here"
)]
pub(crate) struct InstallArgs {
    #[command(flatten)]
    builders: BuilderArgs,
    /// Directory of archives `packer-plugin-….zip` with `…_SHA256SUMS` beside them, or the binary of one plugin
    #[arg(long, value_name = "PATH")]
    from: Option<PathBuf>,
}

impl PluginsCommand {
    pub(super) fn writes(&self) -> Writes {
        match self {
            Self::Lock(_) | Self::Install(_) => Writes::Project,
            Self::Status => Writes::Nothing,
        }
    }

    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        let project = &session.project;
        session.answer(&match self {
            Self::Status => plugins::status(project)?,
            Self::Lock(args) => plugins::lock(project, &args.builders.parsed()?, args.from.as_deref())?,
            Self::Install(args) => plugins::install(project, &args.builders.parsed()?, args.from.as_deref())?,
        })
    }
}
