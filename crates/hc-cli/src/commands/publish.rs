//! `hybrid publish`.

use clap::Args;

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
}

impl PublishArgs {
    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        let values = session.values(&self.vars)?;
        let env = session.env(&self.targets)?;
        let selection = session.select(&self.targets.selector())?;
        let plan = session.project.plan(&selection, &env, &values)?;
        let mut console = session.console();
        let channel = self.channel.as_deref();
        let published = session.project.publish(plan, channel, &mut |event| console.event(&event))?;
        session.answer_with(published)
    }
}
