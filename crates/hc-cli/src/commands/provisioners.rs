//! `hybrid provisioners`.

use clap::{Args, Subcommand};
use hc_core::BuilderId;
use hc_engine::setup::provisioners::{self, Switching, Turn};

use super::writes::Writes;
use crate::args::TargetArgs;
use crate::command_error::Result;
use crate::report::Outcome;
use crate::session::Session;

/// Switch provisioner stacks (Ansible, Puppet) on and off
#[derive(Debug, Subcommand)]
pub(crate) enum ProvisionersCommand {
    Status(StatusArgs),
    /// Switch a stack on after checking its assets; a failed check changes nothing
    #[command(
        after_help = "Examples:\n  hybrid provisioners enable puppet --builder linux.rootfs.minimal\n  hybrid provisioners enable ansible --env prod"
    )]
    Enable(ToggleArgs),
    /// Switch a stack off
    #[command(after_help = "Example:\n  hybrid provisioners disable ansible --builder linux.qemu.base")]
    Disable(ToggleArgs),
}

/// Show which stacks are on, and why
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  hybrid provisioners status --env prod --targets qemu")]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    targets: TargetArgs,
}

/// What a toggle applies to.
#[derive(Debug, Args)]
pub(crate) struct ToggleArgs {
    /// The stack: ansible or puppet
    stack: String,
    /// Only in this environment
    #[arg(long, short = 'e')]
    env: Option<String>,
    /// Only for this builder
    #[arg(long, short = 'b')]
    builder: Option<String>,
}

impl ProvisionersCommand {
    pub(super) fn writes(&self) -> Writes {
        match self {
            Self::Enable(_) | Self::Disable(_) => Writes::Project,
            Self::Status(_) => Writes::Nothing,
        }
    }

    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        match self {
            Self::Status(args) => args.run(session),
            Self::Enable(args) => args.run(session, Turn::On),
            Self::Disable(args) => args.run(session, Turn::Off),
        }
    }
}

impl StatusArgs {
    fn run(&self, session: &Session) -> Result<Outcome> {
        let env = session.env(&self.targets)?;
        let selection = session.select(&self.targets.selector())?;
        session.answer(&provisioners::status(&session.project, &selection, &env)?)
    }
}

impl ToggleArgs {
    fn run(&self, session: &Session, turn: Turn) -> Result<Outcome> {
        let env = self.env.as_deref().map(|env| session.project.env(Some(env))).transpose()?;
        let selection = session.select(self.builder.as_deref().unwrap_or_default())?;
        let builder = self.builder.as_deref().map(str::parse::<BuilderId>).transpose()?;
        let switching = Switching { stack: &self.stack, env: env.as_ref(), builder: builder.as_ref(), turn };
        session.answer(&provisioners::switch(&session.project, &selection, &switching)?)
    }
}
