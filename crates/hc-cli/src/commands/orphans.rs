//! `hybrid orphans`.

use clap::Args;
use hc_engine::upkeep::orphans::{self, Action};

use super::writes::Writes;
use crate::command_error::Result;
use crate::report::Outcome;
use crate::session::Session;

/// Show what killed runs left behind, and clear it away
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hybrid orphans             what is left: processes, directories, things on the platform\n  hybrid orphans --stop      end the processes, remove the directories\n  hybrid orphans --forget linux.azure.base-dev-20261120T101500.123Z-1a2b3c4d"
)]
pub(crate) struct OrphansArgs {
    /// End what still runs and remove what lies on this machine
    #[arg(long, conflicts_with = "forget")]
    stop: bool,
    /// Close a build whose things on the platform were removed by hand: its id, or its target where only one is left
    #[arg(long, value_name = "BUILD")]
    forget: Option<String>,
}

impl OrphansArgs {
    pub(super) fn writes(&self) -> Writes {
        Writes::when(self.stop || self.forget.is_some())
    }

    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        let action = match &self.forget {
            Some(build) => Action::Forget(build.clone()),
            None if self.stop => Action::Stop,
            None => Action::List,
        };
        session.answer(&orphans::orphans(&session.project, &action)?)
    }
}
