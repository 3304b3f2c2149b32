//! `hybrid fmt`.

use clap::Args;
use hc_engine::run::fmt::{self, FmtMode};

use super::writes::Writes;
use crate::args::BuilderArgs;
use crate::command_error::Result;
use crate::report::Outcome;
use crate::session::Session;

/// Format templates with `packer fmt`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  hybrid fmt\n  hybrid fmt --check")]
pub(crate) struct FmtArgs {
    #[command(flatten)]
    builders: BuilderArgs,
    /// Change nothing; exit 1 when a file is not formatted
    #[arg(long)]
    check: bool,
}

impl FmtArgs {
    pub(super) fn writes(&self) -> Writes {
        Writes::when(!self.check)
    }

    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        let selection = session.select(&self.builders.selector())?;
        let mode = if self.check { FmtMode::Check } else { FmtMode::Write };
        let report = fmt::fmt(&session.project, &selection, mode)?;
        session.answer_with((report, selection.problems()))
    }
}
