//! `hybrid man`.

use std::path::PathBuf;

use clap::Args;
use hc_core::fs::io_error;
use hc_engine::Host;

use crate::command_error::Result;
use crate::report::shell::ManReport;
use crate::report::{Outcome, Style};

/// Write man pages, one per command
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  hybrid man /usr/local/share/man/man1")]
pub(crate) struct ManArgs {
    /// Directory, which has to exist
    dir: PathBuf,
}

impl ManArgs {
    /// Writes the pages of `whole`, the program's command line.
    pub(crate) fn run(&self, whole: clap::Command, host: &Host, style: &Style) -> Result<Outcome> {
        let dir = host.typed(&self.dir);
        clap_mangen::generate_to(whole, &dir).map_err(io_error("write", &dir))?;
        Ok(Outcome::new(&ManReport { directory: dir.display().to_string() }, style))
    }
}
