//! `hybrid completions`.

use clap::Args;

use crate::command_error::Result;
use crate::report::shell::CompletionsReport;
use crate::report::{Outcome, Style};

/// Print a completion script
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  hybrid completions bash > /etc/bash_completion.d/hybrid")]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: clap_complete::Shell,
}

impl CompletionsArgs {
    /// Writes the script for `whole`, the program's command line.
    pub(crate) fn run(&self, mut whole: clap::Command, style: &Style) -> Result<Outcome> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut whole, "hybrid", &mut script);
        let script = String::from_utf8_lossy(&script).into_owned();
        Ok(Outcome::new(&CompletionsReport { script }, style))
    }
}
