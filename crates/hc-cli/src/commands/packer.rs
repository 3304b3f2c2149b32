//! `hybrid packer`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hc_engine::run::upgrade::{self, UpgradeOptions};
use hc_engine::upkeep::packer;

use super::plugins::PluginsCommand;
use super::writes::Writes;
use crate::args::TargetArgs;
use crate::command_error::Result;
use crate::report::Outcome;
use crate::session::Session;

/// Show and pin packer, and say what its failures mean
#[derive(Debug, Subcommand)]
pub(crate) enum PackerCommand {
    /// Show the packer that commands use, and the pin
    #[command(after_help = "Example:\n  hybrid packer show")]
    Show,
    Classify(ClassifyArgs),
    UpgradeCheck(UpgradeCheckArgs),
    #[command(subcommand)]
    Plugins(PluginsCommand),
    Pin(PinArgs),
}

/// Say what a failed build's log means, by the rules that decide about retries
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hybrid packer classify logs/packer/linux.qemu.base-dev-….log\n  hybrid packer classify ci.log --platform vsphere"
)]
pub(crate) struct ClassifyArgs {
    /// The log: a raw log of hybrid, or what packer printed
    log: PathBuf,
    /// Platform whose rules apply (default: from the name of a raw log)
    #[arg(long)]
    platform: Option<String>,
}

/// Run fmt, validate and smoke builds under two packers and say what differs and who has to agree
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  hybrid packer upgrade-check --from /opt/packer-1.11.2/packer --to /opt/packer-1.16.0/packer --smoke linux.file.motd"
)]
pub(crate) struct UpgradeCheckArgs {
    #[command(flatten)]
    targets: TargetArgs,
    /// The packer that is used now
    #[arg(long, value_name = "BIN")]
    from: PathBuf,
    /// The packer that is to be used
    #[arg(long, value_name = "BIN")]
    to: PathBuf,
    /// Builders that are really built under both
    #[arg(long, value_name = "SELECTOR", default_value = "")]
    smoke: String,
}

/// Pin the project to a packer, by version and SHA-256: another one is refused
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hybrid packer pin                              the one that is found, for this kind of machine\n  hybrid packer pin 1.11.2\n  hybrid packer pin 1.16.0 --from /media/packer  for every kind of machine that has an archive there"
)]
pub(crate) struct PinArgs {
    /// The version; the one that is found when absent
    #[arg(value_name = "VERSION")]
    to: Option<String>,
    /// Directory of HashiCorp's archives `packer_….zip` of all kinds of machines with `…_SHA256SUMS` beside them
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
}

impl PackerCommand {
    pub(super) fn writes(&self) -> Writes {
        match self {
            Self::UpgradeCheck(_) | Self::Pin(_) => Writes::Project,
            Self::Plugins(command) => command.writes(),
            Self::Show | Self::Classify(_) => Writes::Nothing,
        }
    }

    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        let project = &session.project;
        match self {
            Self::Show => session.answer(&packer::show(project)?),
            Self::Classify(args) => {
                session.answer(&packer::classify(project, &args.log, args.platform.as_deref())?)
            }
            Self::UpgradeCheck(args) => args.run(session),
            Self::Plugins(command) => command.run(session),
            Self::Pin(args) => {
                session.answer(&packer::pin(project, args.to.as_deref(), args.from.as_deref())?)
            }
        }
    }
}

impl UpgradeCheckArgs {
    fn run(&self, session: &Session) -> Result<Outcome> {
        let env = session.env(&self.targets)?;
        let selection = session.select(&self.targets.selector())?;
        let smoke = match self.smoke.as_str() {
            "" => None,
            smoke => Some(session.select(smoke)?),
        };
        let options = UpgradeOptions { from: &self.from, to: &self.to, smoke: smoke.as_ref() };
        session.answer(&upgrade::check(&session.project, &selection, &env, &options)?)
    }
}
