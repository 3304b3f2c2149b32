//! `hybrid test`.

use clap::Args;
use hc_engine::SuiteOptions;

use crate::args::TargetArgs;
use crate::command_error::Result;
use crate::report::Outcome;
use crate::session::Session;

/// Run the test suites of builder.toml against the newest images, and record what they said
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hybrid test --targets linux.rootfs.minimal\n  hybrid test --suite smoke --env prod"
)]
pub(crate) struct TestArgs {
    #[command(flatten)]
    targets: TargetArgs,
    /// Only these suites (repeatable); all of a builder without it
    #[arg(long, value_name = "NAME")]
    suite: Vec<String>,
    /// A build other than the newest
    #[arg(long, value_name = "BUILD")]
    build: Option<String>,
}

impl TestArgs {
    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        let options = SuiteOptions { suites: self.suite.clone(), build: self.build.clone() };
        let env = session.env(&self.targets)?;
        let selection = session.select(&self.targets.selector())?;
        let mut console = session.console();
        let report = session.project.test(&selection, &env, &options, &mut |event| console.event(&event))?;
        session.answer(&report)
    }
}
