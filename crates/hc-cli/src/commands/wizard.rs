//! `hybrid wizard`.

use std::path::PathBuf;

use clap::Args;
use hc_engine::setup::wizard::{self, WizardOptions};

use crate::args::{TargetArgs, VarArgs};
use crate::command_error::Result;
use crate::dialogue::Lines;
use crate::report::Outcome;
use crate::session::Session;

/// Ask for the values that a builder lacks and keep the answers in a file
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hybrid wizard --targets linux.vsphere.base --env prod\n  hybrid wizard --targets linux.qemu.base --from answers.json --all"
)]
pub(crate) struct WizardArgs {
    #[command(flatten)]
    targets: TargetArgs,
    #[command(flatten)]
    vars: VarArgs,
    /// File for the answers
    #[arg(long, value_name = "ANSWERS.json", default_value = "answers.json")]
    out: PathBuf,
    /// Ask for every variable, not only for those without a value
    #[arg(long)]
    all: bool,
}

impl WizardArgs {
    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        let options = WizardOptions { out: self.out.clone(), from: self.vars.from.clone(), all: self.all };
        let values = session.values(&self.vars)?;
        let env = session.env(&self.targets)?;
        let selection = session.select(&self.targets.selector())?;
        let report = wizard::wizard(&session.project, &selection, &env, values, &options, &mut Lines)?;
        session.answer(&report)
    }
}
