//! `hybrid build`.

use clap::Args;
use hc_engine::BuildOptions;
use hc_engine::project::packer;
use hc_engine::run::build::{Existing, OnFailure, Rebuild, WorkDir};

use crate::args::{TargetArgs, VarArgs};
use crate::command_error::Result;
use crate::report::Outcome;
use crate::session::Session;

/// Build images from trusted inputs
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hybrid build --targets linux.file.motd\n  hybrid build --env prod --stale --jobs 4\n  hybrid build --rebuild --retries 3\n  hybrid build --targets linux.qemu.web --with-parents"
)]
pub(crate) struct BuildArgs {
    #[command(flatten)]
    targets: TargetArgs,
    #[command(flatten)]
    vars: VarArgs,
    /// Build only what `hybrid plan` calls stale
    #[arg(long, conflicts_with = "rebuild")]
    stale: bool,
    /// Build everything selected, stale or not (the default; says it in scripts)
    #[arg(long)]
    rebuild: bool,
    /// How many targets build at once (default: `packer.jobs` of hybrid.toml)
    #[arg(long, short = 'j', value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// How often a transient failure is tried again (default: `packer.retries`)
    #[arg(long)]
    retries: Option<u32>,
    /// Start nothing more after the first failure
    #[arg(long)]
    fail_fast: bool,
    /// Pass `-force` to packer: replace what stands in the way
    #[arg(long)]
    force: bool,
    /// Also build what the selected builders start from, where it is stale; test and publish it on the way
    #[arg(long)]
    with_parents: bool,
    /// Let packer see nothing of the repository but the known inputs
    #[arg(long)]
    hermetic: bool,
    /// Keep the work directory of successful builds too
    #[arg(long)]
    keep_work: bool,
}

impl BuildArgs {
    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        let options = BuildOptions {
            rebuild: if self.stale { Rebuild::Stale } else { Rebuild::All },
            jobs: self.jobs.map(usize::from),
            retries: self.retries,
            on_failure: if self.fail_fast { OnFailure::Stop } else { OnFailure::GoOn },
            existing: if self.force { Existing::Replace } else { Existing::Refuse },
            work: if self.keep_work { WorkDir::Keep } else { WorkDir::Remove },
            offer_parents: self.with_parents,
        };
        let mut values = session.values(&self.vars)?;
        values.hermetic |= self.hermetic;
        let env = session.env(&self.targets)?;
        let selection = session.select(&self.targets.selector())?;
        let selection = if self.with_parents { selection.with_ancestors() } else { selection };
        // Sooner than after a plan: a person may be asked.
        session.project.demand_trust(packer::RUNS)?;
        let plan = session.project.plan_sound(&selection, &env, &values)?;
        let mut console = session.console();
        let built = session.project.build(plan, &options, &mut |event| console.event(&event))?;
        session.answer_with(built)
    }
}
