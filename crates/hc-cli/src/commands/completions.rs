//! `hybrid completions`.

use clap::Args;
use clap_complete::env::Shells;

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
    /// Writes the script, which asks the program itself for builders and environments.
    pub(crate) fn run(&self, style: &Style) -> Result<Outcome> {
        let mut script = Vec::new();
        let shells = Shells::builtins();
        let shell = shells.completer(&self.shell.to_string());
        let shell = shell.expect("every shell of the enumeration is a built-in one, as a test shows");
        shell
            .write_registration("COMPLETE", "hybrid", "hybrid", "hybrid", &mut script)
            .expect("a vector takes everything");
        let script = String::from_utf8_lossy(&script).into_owned();
        Ok(Outcome::new(&CompletionsReport { script }, style))
    }
}
