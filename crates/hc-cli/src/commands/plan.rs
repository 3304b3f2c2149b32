//! `hybrid plan`.

use clap::Args;

use crate::args::{TargetArgs, VarArgs};
use crate::command_error::Result;
use crate::report::Outcome;
use crate::session::Session;

/// Say what a build would do and why, without doing it
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  hybrid plan --env prod\n  hybrid plan --format json")]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    targets: TargetArgs,
    #[command(flatten)]
    vars: VarArgs,
}

impl PlanArgs {
    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        let values = session.values(&self.vars)?;
        let env = session.env(&self.targets)?;
        let selection = session.select(&self.targets.selector())?;
        let mut plan = session.project.plan_sound(&selection, &env, &values)?;
        let (report, diagnostics) = (plan.report(), std::mem::take(&mut plan.diagnostics));
        // The process ends next: giving a million small pieces back one by one takes longer than to print.
        std::mem::forget(plan);
        session.answer_with((report, diagnostics))
    }
}
