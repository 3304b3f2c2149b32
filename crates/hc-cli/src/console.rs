//! Live output of builds on stderr: one line at a time, prefixed by its target; on a terminal, a status line per
//! running target below them.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hc_packer::event::{Event, Level};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::report::Style;
use crate::report::diagnostics::visible;
use crate::report::style::paint;
use crate::report::table;

/// Colours that targets get in turn.
const COLORS: [&str; 6] = ["36", "35", "34", "32", "33", "96"];
/// How often a status line is drawn anew.
const TICK: Duration = Duration::from_millis(250);

/// Writes to stderr, whole lines, from any thread.
#[derive(Debug)]
pub(crate) struct Console {
    out: Mutex<std::io::Stderr>,
    /// Status lines; absent when stderr is no terminal.
    status: Option<MultiProgress>,
    running: Mutex<BTreeMap<usize, ProgressBar>>,
    color: bool,
    /// `-q` hides what packer says, `-qq` everything but errors.
    verbosity: i8,
    width: usize,
}

impl Console {
    /// For a run; `names` decides how wide prefixes are, `terminal` whether there are status lines.
    pub(crate) fn new<'a>(
        style: &Style,
        verbosity: i8,
        terminal: bool,
        names: impl Iterator<Item = &'a str>,
    ) -> Self {
        let width = names.map(str::len).max().unwrap_or(0);
        let status = (terminal && verbosity > -2)
            .then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10)));
        Self {
            out: Mutex::new(std::io::stderr()),
            status,
            running: Mutex::new(BTreeMap::new()),
            color: style.stderr,
            verbosity,
            width,
        }
    }

    /// Shows a status line for a target until [`Self::end`]; `expected` is how long it took last time.
    pub(crate) fn begin(&self, at: usize, name: &str, expected_ms: Option<u64>) {
        let Some(status) = &self.status else { return };
        let expected = expected_ms.map_or(String::new(), |ms| format!(" of about {}", table::duration(ms)));
        let template = format!("{{spinner}} {{prefix}} {{elapsed}}{expected}  {{wide_msg}}");
        let style =
            ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = status.add(ProgressBar::new_spinner().with_style(style));
        bar.set_prefix(self.prefix(at, name));
        bar.enable_steady_tick(TICK);
        lock(&self.running).insert(at, bar);
    }

    /// Takes the status line of a target away.
    pub(crate) fn end(&self, at: usize) {
        if let (Some(status), Some(bar)) = (&self.status, lock(&self.running).remove(&at)) {
            bar.finish_and_clear();
            status.remove(&bar);
        }
    }

    fn prefix(&self, at: usize, name: &str) -> String {
        paint(self.color, COLORS[at % COLORS.len()], &format!("{name:<width$}", width = self.width))
    }

    /// One line about a target.
    pub(crate) fn line(&self, at: usize, name: &str, text: &str) {
        if self.verbosity < -1 {
            return;
        }
        let line = format!("{} | {text}", self.prefix(at, name));
        match &self.status {
            // A closed stderr must not end a build.
            Some(status) => drop(status.println(line)),
            None => drop(writeln!(lock(&self.out), "{line}")),
        }
    }

    /// An event of a target's build.
    pub(crate) fn event(&self, at: usize, name: &str, event: &Event) {
        match event {
            Event::Attempt(1) => {}
            Event::Attempt(attempt) => self.line(at, name, &format!("attempt {attempt}")),
            Event::Retrying { after_ms, why } => {
                let text = format!("retrying in {}: {}", table::duration(*after_ms), visible(why));
                self.line(at, name, &paint(self.color, "33", &text));
            }
            Event::Line { level, text, .. } => {
                let text = visible(text);
                if is_epilogue(&text) {
                    return;
                }
                if *level == Level::Say
                    && let Some(bar) = lock(&self.running).get(&at)
                {
                    bar.set_message(phase(&text).to_owned());
                }
                if self.verbosity < 0 && *level != Level::Error {
                    return;
                }
                let text = match level {
                    Level::Say => paint(self.color, "1", &text),
                    Level::Message => text,
                    Level::Error => paint(self.color, "31", &text),
                };
                self.line(at, name, &text);
            }
        }
    }

    /// How long something took, for a last line.
    pub(crate) fn took(since: Instant) -> String {
        table::duration(u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

/// A line that belongs to no target; hidden by `-q`.
pub(crate) fn plain(verbosity: i8, text: &str) {
    if verbosity >= 0 {
        drop(writeln!(std::io::stderr().lock(), "{}", visible(text)));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a status line says of a message: without packer's arrows and the source's name.
fn phase(text: &str) -> &str {
    let text = text.trim_start_matches("==> ");
    text.split_once(": ").filter(|(name, _)| !name.contains(' ')).map_or(text, |(_, rest)| rest)
}

/// Packer ends by repeating errors and artifacts; hybrid's own summary says them once. The raw log has it all.
fn is_epilogue(text: &str) -> bool {
    let text = text.trim();
    text.is_empty()
        || text.starts_with("--> ")
        || ["==> Wait completed after ", "==> Builds finished", "==> Some builds didn't complete"]
            .iter()
            .any(|start| text.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::{is_epilogue, phase};

    #[test]
    fn only_the_epilogue_is_left_out() {
        for text in ["", "  ", "--> file.motd: Stored file: /x", "==> Wait completed after 1 ms"] {
            assert!(is_epilogue(text), "{text}");
        }
        for text in
            ["==> file.motd: Running local shell script", "Build 'x' errored after 1 s: y", "-> not it"]
        {
            assert!(!is_epilogue(text), "{text}");
        }
    }

    #[test]
    fn phases_are_short() {
        assert_eq!(
            phase("==> qemu.base: Waiting for SSH to become available..."),
            "Waiting for SSH to become available..."
        );
        assert_eq!(
            phase("Running post-processor:  (type checksum)"),
            "Running post-processor:  (type checksum)"
        );
    }
}
