//! `hybrid state`.

use clap::{Args, Subcommand};
use hc_engine::upkeep::state::{self, Depth, Migration};
use hc_state::RestorePoint;

use super::writes::Writes;
use crate::command_error::Result;
use crate::report::Outcome;
use crate::report::state::with_cures;
use crate::session::Session;

/// Inspect, check, back up and repair the state
#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// Print the state
    #[command(after_help = "Example:\n  hybrid state show")]
    Show,
    Check(CheckArgs),
    /// List backups, newest first
    #[command(after_help = "Example:\n  hybrid state backups")]
    Backups,
    Restore(RestoreArgs),
    Migrate(MigrateArgs),
    /// Say who holds the locks, and what to do about it
    #[command(after_help = "Example:\n  hybrid state unlock")]
    Unlock,
}

/// Check the state: integrity, schema, missing or stale hashes, provenance
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  hybrid state check\n  hybrid state check --deep")]
pub(crate) struct CheckArgs {
    /// Also hash every input anew and compare it with what was trusted and with the stat cache; read every kept text
    #[arg(long)]
    deep: bool,
}

/// Bring a backup back; the replaced file is kept beside it
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  hybrid state restore\n  hybrid state restore 41")]
pub(crate) struct RestoreArgs {
    /// Serial of the backup; the newest good one when absent
    serial: Option<u64>,
}

/// Bring the state to this version's schema, or back
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  hybrid state migrate --dry-run\n  hybrid state migrate")]
pub(crate) struct MigrateArgs {
    /// Say what would change, change nothing
    #[arg(long)]
    dry_run: bool,
    /// Target schema version (default: the newest)
    #[arg(long)]
    to: Option<u32>,
}

impl StateCommand {
    pub(super) fn writes(&self) -> Writes {
        match self {
            Self::Restore(_) => Writes::Project,
            Self::Migrate(args) => Writes::when(!args.dry_run),
            Self::Show | Self::Check(_) | Self::Backups | Self::Unlock => Writes::Nothing,
        }
    }

    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        let project = &session.project;
        match self {
            Self::Show => session.answer(&state::show(project)?),
            Self::Check(args) => {
                let depth = if args.deep { Depth::Inputs } else { Depth::Records };
                session.answer(&with_cures(state::check(project, depth)?))
            }
            Self::Backups => session.answer(&state::backups(project)?),
            Self::Restore(args) => {
                let point = args.serial.map_or(RestorePoint::NewestGood, RestorePoint::Serial);
                session.answer(&state::restore(project, point)?)
            }
            Self::Migrate(args) => {
                let migration = if args.dry_run { Migration::Planned } else { Migration::Made };
                session.answer(&state::migrate(project, migration, args.to)?)
            }
            Self::Unlock => session.answer(&state::unlock(project)?),
        }
    }
}
