//! `hybrid publish`.

use clap::Args;
use hc_engine::run::publish::PublishOptions;

use crate::args::{TargetArgs, VarArgs};
use crate::command_error::Result;
use crate::report::Outcome;
use crate::session::Session;

/// Move tested images into a channel, when state, manifests, images and inputs agree
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hybrid publish --targets linux.rootfs.minimal\n  hybrid publish --env prod --channel stable"
)]
pub(crate) struct PublishArgs {
    #[command(flatten)]
    targets: TargetArgs,
    #[command(flatten)]
    vars: VarArgs,
    /// The channel; `publish.channel` of hybrid.toml without it
    #[arg(long)]
    channel: Option<String>,
    /// Ask platforms first whether their images are still what was recorded, as `artifacts verify` does
    #[arg(long)]
    verify: bool,
}

impl PublishArgs {
    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        let values = session.values(&self.vars)?;
        let env = session.env(&self.targets)?;
        let selection = session.select(&self.targets.selector())?;
        let plan = session.project.plan(&selection, &env, &values)?;
        let mut console = session.console();
        let options = PublishOptions { channel: self.channel.as_deref(), verify: self.verify };
        let published = session.project.publish(plan, options, &mut |event| console.event(&event))?;
        session.answer_with(published)
    }
}
