//! `hybrid trust`.

use std::path::{Path, PathBuf};

use clap::Args;
use hc_core::RunId;
use hc_engine::setup::trust;

use crate::args::GlobalArgs;
use crate::command_error::Result;
use crate::environment::Environment;
use crate::report::{Outcome, Style};
use crate::session::Session;

/// Trust a project on this machine: let the programs run that it names
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hybrid trust --show     what the project names, and whether it is trusted\n  hybrid trust            trust it; another clone at the same place is asked about again\n  hybrid trust --revoke   trust it no longer\n\nIn CI: HYBRID_TRUST=1, or a list of directories. For one run: --trust."
)]
pub(crate) struct TrustArgs {
    /// Directory of the project (default: that of --project, or the nearest parent with a hybrid.toml)
    #[arg(value_name = "PATH")]
    path: Option<PathBuf>,
    /// Change nothing
    #[arg(long, conflicts_with = "revoke")]
    show: bool,
    /// Trust it no longer; it need not be there any more
    #[arg(long)]
    revoke: bool,
}

impl TrustArgs {
    /// Looks, trusts or revokes.
    pub(crate) fn run(
        &self,
        globals: &GlobalArgs,
        environment: Environment,
        run_id: &RunId,
    ) -> Result<Outcome> {
        let globals =
            GlobalArgs { project: self.path.clone().or_else(|| globals.project.clone()), ..globals.clone() };
        let style = Style::decide(globals.color, &environment);
        if self.revoke {
            let host = &environment.host;
            let root = hc_engine::project::find_root(globals.project.as_deref(), &host.cwd);
            let named = || host.typed(globals.project.as_deref().unwrap_or(Path::new(".")));
            let root = root.unwrap_or_else(|_| {
                let named = hc_core::fs::normalize(&named());
                named.canonicalize().unwrap_or(named)
            });
            return Ok(Outcome::new(&trust::revoke(host, &root)?, &style));
        }
        let project = Session::open(&globals, environment, run_id.clone())?.project;
        let report = if self.show { trust::show(&project) } else { trust::trust(&project)? };
        Ok(Outcome::new(&report, &style))
    }
}
