//! `hybrid config`.

use clap::{Args, Subcommand};
use hc_engine::setup::config::{self, RenderMode};
use hc_engine::setup::schema;

use super::writes::Writes;
use crate::args::{BuilderArgs, TargetArgs, VarArgs};
use crate::command_error::Result;
use crate::report::Outcome;
use crate::session::Session;

/// Render, show and compare the variables of builders
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    Render(RenderArgs),
    Show(ShowArgs),
    Schema(SchemaArgs),
    Diff(DiffArgs),
}

/// Write `configs/<env>/<builder>.auto.pkrvars.hcl`, all files or none
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hybrid config render --env dev\n  hybrid config render --env dev --check"
)]
pub(crate) struct RenderArgs {
    #[command(flatten)]
    targets: TargetArgs,
    #[command(flatten)]
    vars: VarArgs,
    /// Write nothing; exit 1 with a diff when a rendered file is not up to date
    #[arg(long)]
    check: bool,
}

/// Show final values; with --explain, where they come from
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hybrid config show --targets linux.file.motd\n  hybrid config show --explain hostname"
)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    targets: TargetArgs,
    #[command(flatten)]
    vars: VarArgs,
    /// Print the chain of values of one key, lowest precedence first
    #[arg(long, value_name = "KEY")]
    explain: Option<String>,
}

/// Print the JSON Schema of one builder's variables, for editors and forms
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  hybrid config schema --targets linux.file.motd > answers.schema.json")]
pub(crate) struct SchemaArgs {
    /// The builder: its id
    #[arg(long, short = 't', default_value = "")]
    targets: String,
}

/// Compare the final values of two environments
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  hybrid config diff dev prod")]
pub(crate) struct DiffArgs {
    /// First environment
    left: String,
    /// Second environment
    right: String,
    #[command(flatten)]
    builders: BuilderArgs,
}

impl ConfigCommand {
    pub(super) fn writes(&self) -> Writes {
        match self {
            Self::Render(args) => Writes::when(!args.check),
            Self::Show(_) | Self::Schema(_) | Self::Diff(_) => Writes::Nothing,
        }
    }

    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        match self {
            Self::Render(args) => args.run(session),
            Self::Show(args) => args.run(session),
            Self::Schema(args) => session.answer_with(schema::schema(&session.select(&args.targets)?)?),
            Self::Diff(args) => args.run(session),
        }
    }
}

impl RenderArgs {
    fn run(&self, session: &Session) -> Result<Outcome> {
        let values = session.values(&self.vars)?;
        let env = session.env(&self.targets)?;
        let selection = session.select(&self.targets.selector())?;
        let mode = if self.check { RenderMode::Check } else { RenderMode::Write };
        session.answer_with(config::render(&session.project, &selection, &env, &values, mode)?)
    }
}

impl ShowArgs {
    fn run(&self, session: &Session) -> Result<Outcome> {
        let values = session.values(&self.vars)?;
        let env = session.env(&self.targets)?;
        let selection = session.select(&self.targets.selector())?;
        let project = &session.project;
        match &self.explain {
            Some(key) => session.answer_with(config::explain(project, &selection, &env, &values, key)?),
            None => session.answer_with(config::show(project, &selection, &env, &values)?),
        }
    }
}

impl DiffArgs {
    fn run(&self, session: &Session) -> Result<Outcome> {
        let project = &session.project;
        let (left, right) = (project.env(Some(&self.left))?, project.env(Some(&self.right))?);
        let selection = session.select(&self.builders.selector())?;
        session.answer(&config::diff(project, &selection, &left, &right)?)
    }
}
