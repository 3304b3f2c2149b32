//! `hybrid templates`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hc_engine::upkeep::scan::{self, BaselineUse};
use hc_engine::upkeep::templates;

use super::writes::Writes;
use crate::args::{BuilderArgs, TargetArgs, VarArgs};
use crate::command_error::Result;
use crate::report::Outcome;
use crate::session::Session;

/// List what can be built
#[derive(Debug, Subcommand)]
pub(crate) enum TemplatesCommand {
    List(ListArgs),
    Scan(ScanArgs),
    Compose(ComposeArgs),
}

/// List builders with their files, sources, provisioners and metadata
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hybrid templates list\n  hybrid templates list --targets 'linux.*.base' --format json"
)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    builders: BuilderArgs,
}

/// Look for plaintext secrets in the inputs, guesses too; exit 3 when one would stop validate
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hybrid templates scan\n  hybrid templates scan --format json\n  hybrid templates scan --write-baseline   # an old project: what is there is known, what comes is stopped"
)]
pub(crate) struct ScanArgs {
    #[command(flatten)]
    targets: TargetArgs,
    #[command(flatten)]
    vars: VarArgs,
    /// Accept what is there now, each until its line changes
    #[arg(long)]
    write_baseline: bool,
}

/// Write the composed stage of one builder into a directory, exactly as packer would get it
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  hybrid templates compose --targets linux.file.motd --out /tmp/stage")]
pub(crate) struct ComposeArgs {
    #[command(flatten)]
    targets: TargetArgs,
    #[command(flatten)]
    vars: VarArgs,
    /// Directory to create; must not exist
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl TemplatesCommand {
    pub(super) fn writes(&self) -> Writes {
        match self {
            Self::Scan(args) => Writes::when(args.write_baseline),
            Self::List(_) | Self::Compose(_) => Writes::Nothing,
        }
    }

    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        match self {
            Self::List(args) => {
                let selection = session.select(&args.builders.selector())?;
                session.answer_with((templates::list(&selection), selection.problems()))
            }
            Self::Scan(args) => args.run(session),
            Self::Compose(args) => args.run(session),
        }
    }
}

impl ScanArgs {
    fn run(&self, session: &Session) -> Result<Outcome> {
        let values = session.values(&self.vars)?;
        let env = session.env(&self.targets)?;
        let selection = session.select(&self.targets.selector())?;
        let baseline = if self.write_baseline { BaselineUse::Write } else { BaselineUse::Read };
        session.answer_with(scan::scan(&session.project, &selection, &env, &values, baseline)?)
    }
}

impl ComposeArgs {
    fn run(&self, session: &Session) -> Result<Outcome> {
        let values = session.values(&self.vars)?;
        let env = session.env(&self.targets)?;
        let selection = session.select(&self.targets.selector())?;
        session.answer_with(templates::compose(&session.project, &selection, &env, &values, &self.out)?)
    }
}
