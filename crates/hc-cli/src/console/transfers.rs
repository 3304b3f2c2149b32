//! Transfers of sources as they are shown on stderr: a bar per source on a terminal, single lines elsewhere.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use hc_logs::Redactor;
use hc_sources::sync::Event;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::report::diagnostics::visible;
use crate::report::table;

/// Shows the events of a sync.
#[derive(Debug)]
pub(super) struct Transfers {
    bars: Option<MultiProgress>,
    running: BTreeMap<String, ProgressBar>,
    width: usize,
    quiet: bool,
    /// What every line goes through.
    pub(super) redactor: Redactor,
}

impl Transfers {
    /// For sources whose names have at most `width` bytes.
    pub(super) fn new(verbosity: i8, terminal: bool, width: usize) -> Self {
        let quiet = verbosity < 0;
        let bars = (terminal && !quiet)
            .then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10)));
        Self { bars, running: BTreeMap::new(), width, quiet, redactor: Redactor::tokens_only() }
    }

    /// Shows one event.
    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::Started { name } => self.begin(name),
            Event::Progress { name, progress } => {
                let Some(bar) = self.running.get(name) else { return };
                let received = table::bytes(progress.bytes);
                match progress.total.filter(|total| *total > 0) {
                    Some(total) => {
                        bar.set_length(total);
                        bar.set_position(progress.done);
                        bar.set_message(format!("{received}, {} of {total} objects", progress.done));
                    }
                    None => bar.set_message(received),
                }
            }
            Event::CheckingOut { name, files } => {
                if let Some(bar) = self.running.get(name) {
                    bar.set_message(format!("writing {files} files"));
                }
            }
            Event::Retry { name, attempt, pause, reason } => {
                let pause = table::duration(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX));
                self.line(&format!(
                    "{name}: attempt {attempt} failed, trying again in {pause}: {}",
                    visible(reason)
                ));
            }
            Event::Ended { name } => {
                if let (Some(bars), Some(bar)) = (&self.bars, self.running.remove(name)) {
                    bar.finish_and_clear();
                    bars.remove(&bar);
                }
            }
        }
    }

    fn begin(&mut self, name: &str) {
        let Some(bars) = &self.bars else { return };
        let style = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = bars.add(ProgressBar::new_spinner().with_style(style));
        bar.set_prefix(format!("{name:<width$}", width = self.width));
        bar.enable_steady_tick(Duration::from_millis(250));
        self.running.insert(name.to_owned(), bar);
    }

    fn line(&self, text: &str) {
        if self.quiet {
            return;
        }
        let text = self.redactor.redact(text);
        match &self.bars {
            // A closed stderr must not end a sync.
            Some(bars) => drop(bars.println(&*text)),
            None => drop(writeln!(std::io::stderr(), "{text}")),
        }
    }
}
