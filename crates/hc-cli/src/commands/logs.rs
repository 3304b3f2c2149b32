//! `hybrid logs`.

use std::io::{ErrorKind, Write};
use std::ops::ControlFlow;
use std::path::Path;

use clap::Args;
use hc_config::Diagnostic;
use hc_core::ExitClass;
use hc_core::fs::io_error;
use hc_engine::outcome::logs::Followed;
use hc_engine::upkeep::logs::{self, Runs};
use hc_logs::line::LogLine;

use crate::args::Format;
use crate::command_error::Result;
use crate::report::Outcome;
use crate::session::Session;

/// Show what runs did
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  hybrid logs last\n  hybrid logs --target linux.qemu.base@dev")]
pub(crate) struct LogsArgs {
    /// Run id, or `last`; all runs when absent
    run: Option<String>,
    /// Only lines about this target, builder or environment
    #[arg(long, short = 't')]
    target: Option<String>,
    /// Print lines as they come, until the run ends or Ctrl-C; with --format json one line of JSON each
    #[arg(long, short = 'f')]
    follow: bool,
}

impl LogsArgs {
    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        if self.follow {
            return self.follow(session);
        }
        session.answer(&logs::logs(&session.project, &self.runs()?, self.target.as_deref())?)
    }

    fn runs(&self) -> Result<Runs> {
        Ok(match self.run.as_deref() {
            None => Runs::All,
            Some("last") => Runs::Newest,
            Some(run) => Runs::One(run.parse()?),
        })
    }

    /// Prints lines while they come; a reader that is gone ends it.
    fn follow(&self, session: &Session) -> Result<Outcome> {
        let json = session.format == Format::Json;
        let mut failed = None;
        let mut print = |line: &LogLine| {
            let text = if json { line.to_json() } else { line.to_text() };
            let mut out = std::io::stdout().lock();
            match writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = (error.kind() != ErrorKind::BrokenPipe).then_some(error);
                    ControlFlow::Break(())
                }
            }
        };
        let followed = logs::follow(&session.project, &self.runs()?, self.target.as_deref(), &mut print)?;
        if let Some(error) = failed {
            return Err(io_error("write", Path::new("the standard output"))(error).into());
        }
        Ok(match followed {
            Followed::ToEnd => Outcome::printed(ExitClass::Success),
            Followed::Stopped => Outcome::printed(ExitClass::Interrupted),
            Followed::Killed { pid } => {
                let text = format!("the run ended without saying so: its process {pid} is gone");
                let warning = Diagnostic::warning("RunInterrupted", text)
                    .hint("`hybrid orphans` shows what it left behind; `hybrid status` what is built");
                Outcome::printed(ExitClass::Success).with_diagnostics(vec![warning])
            }
        })
    }
}
