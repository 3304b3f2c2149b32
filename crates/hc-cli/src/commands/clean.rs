//! `hybrid clean`.

use clap::{Args, ValueEnum};
use hc_config::settings::HumanDuration;
use hc_engine::outcome::clean::Scope;
use hc_engine::upkeep::clean::{self, Mode, What};

use super::writes::Writes;
use crate::command_error::Result;
use crate::report::Outcome;
use crate::session::Session;

/// Show what may be removed, and with --yes remove it; evidence stays
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hybrid clean --scope work\n  hybrid clean --scope artifacts --older-than 90d --yes"
)]
pub(crate) struct CleanArgs {
    /// What is cleaned
    #[arg(long, value_enum, required_unless_present = "build")]
    scope: Option<ScopeArg>,
    /// Only what is older: 12h, 30d
    #[arg(long, value_name = "DURATION", default_value = "30d")]
    older_than: HumanDuration,
    /// One build, whatever its age; evidence is refused with exit code 3
    #[arg(long, value_name = "BUILD", conflicts_with = "scope")]
    build: Option<String>,
    /// Remove; without it only the plan is shown
    #[arg(long)]
    yes: bool,
}

/// What is cleaned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScopeArg {
    /// Superseded builds: images, records, kept inputs; texts of inputs that nothing refers to
    Artifacts,
    /// Raw logs of builds and tests
    Logs,
    /// Packer's own downloads
    Cache,
    /// Work directories of failed and killed runs
    Work,
    /// All of these
    All,
}

impl ScopeArg {
    fn scopes(self) -> Vec<Scope> {
        match self {
            Self::Artifacts => vec![Scope::Artifacts],
            Self::Logs => vec![Scope::Logs],
            Self::Cache => vec![Scope::Cache],
            Self::Work => vec![Scope::Work],
            Self::All => Scope::ALL.to_vec(),
        }
    }
}

impl CleanArgs {
    pub(super) fn writes(&self) -> Writes {
        Writes::when(self.yes)
    }

    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        let scope = self.scope.unwrap_or(ScopeArg::All);
        let what = match &self.build {
            Some(build) => What::Build(build.clone()),
            None => What::Older { scopes: scope.scopes(), than: self.older_than.get() },
        };
        let mode = if self.yes { Mode::Remove } else { Mode::Plan };
        session.answer(&clean::clean(&session.project, &what, mode)?)
    }
}
