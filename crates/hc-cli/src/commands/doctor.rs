//! `hybrid doctor`.

use clap::Args;
use hc_core::Selector;
use hc_engine::upkeep::doctor::{self, DoctorOptions, Optional};
use hc_engine::upkeep::install::{self, Sudo};

use super::writes::Writes;
use crate::args::TargetArgs;
use crate::command_error::Result;
use crate::console;
use crate::report::Outcome;
use crate::report::doctor::with_cures;
use crate::session::Session;

/// Check this machine: packer, the tools that targets need, permissions; exit 1 when something required is missing
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hybrid doctor\n  hybrid doctor --targets linux.qemu.web --with-parents --env prod\n  hybrid doctor --targets linux.rootfs.minimal --install"
)]
pub(crate) struct DoctorArgs {
    /// Which builders, which environment
    #[command(flatten)]
    targets: TargetArgs,
    /// Also what the selected builders start from
    #[arg(long)]
    with_parents: bool,
    /// Also this command; may be repeated
    #[arg(long, value_name = "COMMAND")]
    tool: Vec<String>,
    /// Count what is only useful as required: linters, git
    #[arg(long)]
    optional: bool,
    /// Let apt install what is missing, with sudo unless root
    #[arg(long)]
    install: bool,
}

impl DoctorArgs {
    pub(super) fn writes(&self) -> Writes {
        Writes::when(self.install)
    }

    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        let project = &session.project;
        let given = self.targets.env.as_deref();
        let targets = &self.targets.selector();
        let options = DoctorOptions {
            targets: (!targets.is_empty()).then(|| Selector::parse(targets)).transpose()?,
            env: given.map(|env| project.env(Some(env))).transpose()?,
            with_parents: self.with_parents,
            tools: self.tool.clone(),
            optional: if self.optional { Optional::Required } else { Optional::Useful },
        };
        if !self.install {
            return session.answer(&with_cures(doctor::doctor(project, &options)?));
        }
        let sudo = if session.terminal.stderr { Sudo::MayAsk } else { Sudo::Silent };
        let mut said = |line: &str| console::plain(session.verbosity, line);
        session.answer(&with_cures(install::install(project, &options, sudo, &mut said)?))
    }
}
