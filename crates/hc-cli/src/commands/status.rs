//! `hybrid status`.

use clap::Args;
use clap_complete::ArgValueCompleter;
use hc_core::Selector;
use hc_engine::upkeep::status;

use crate::args::BuilderArgs;
use crate::command_error::Result;
use crate::completing;
use crate::report::Outcome;
use crate::session::Session;

/// Show what was built and whether it is stale
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  hybrid status\n  hybrid status --env prod --format json")]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    builders: BuilderArgs,
    /// Only this environment (default: every one that the state knows)
    #[arg(long, short = 'e', add = ArgValueCompleter::new(completing::environments))]
    env: Option<String>,
}

impl StatusArgs {
    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        let project = &session.project;
        let env = self.env.as_deref().map(|env| project.env(Some(env))).transpose()?;
        let selector = Selector::parse(&self.builders.selector())?;
        session.answer(&status::status(project, &selector, env.as_ref())?)
    }
}
