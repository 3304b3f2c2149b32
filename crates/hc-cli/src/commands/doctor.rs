//! `hybrid doctor`.

use clap::Args;
use hc_engine::upkeep::doctor;

use crate::command_error::Result;
use crate::report::Outcome;
use crate::report::explain::with_cures;
use crate::session::Session;

/// Check this machine: packer, tools, permissions
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  hybrid doctor")]
pub(crate) struct DoctorArgs {}

impl DoctorArgs {
    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        session.answer(&with_cures(doctor::doctor(&session.project)?))
    }
}
