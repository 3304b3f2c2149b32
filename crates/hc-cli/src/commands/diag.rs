//! `hybrid diag`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hc_core::RunId;
use hc_engine::upkeep::bundle;
use hc_engine::upkeep::state::{self, Depth};

use super::writes::Writes;
use crate::command_error::Result;
use crate::report::Outcome;
use crate::report::state::with_cures;
use crate::session::Session;

/// Diagnose a project
#[derive(Debug, Subcommand)]
pub(crate) enum DiagCommand {
    /// Report missing or stale hashes, drift and provenance, with what explains each; exit 1 when something is an error
    #[command(after_help = "Example:\n  hybrid diag state --format json")]
    State,
    Bundle(BundleArgs),
}

/// Write logs, manifests, state and versions into one scrubbed archive
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hybrid diag bundle\n  hybrid diag bundle --run 20261120T101500.000Z-1a2b3c4d --out bundle.tar.zst"
)]
pub(crate) struct BundleArgs {
    /// Only logs and records of this run
    #[arg(long)]
    run: Option<String>,
    /// Where to (default: `artifacts/diag-RUN.tar.zst`)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl DiagCommand {
    pub(super) fn writes(&self) -> Writes {
        match self {
            // The run log says what was found.
            Self::State => Writes::Project,
            Self::Bundle(args) => Writes::when(args.out.is_none()),
        }
    }

    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        let project = &session.project;
        match self {
            Self::State => session.answer(&with_cures(state::check(project, Depth::Drift)?)),
            Self::Bundle(args) => {
                let run = args.run.as_deref().map(str::parse::<RunId>).transpose()?;
                session.answer(&bundle::bundle(project, run.as_ref(), args.out.as_deref())?)
            }
        }
    }
}
