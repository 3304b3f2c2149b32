//! Live output of builds on stderr: one line at a time, prefixed by its target.

use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use hc_packer::event::{Event, Level};

use crate::report::Style;
use crate::report::diagnostics::visible;
use crate::report::style::paint;
use crate::report::table;

/// Colours that targets get in turn.
const COLORS: [&str; 6] = ["36", "35", "34", "32", "33", "96"];

/// Writes to stderr, whole lines, from any thread.
#[derive(Debug)]
pub(crate) struct Console {
    out: Mutex<std::io::Stderr>,
    color: bool,
    /// `-q` hides what packer says, `-qq` everything but errors.
    verbosity: i8,
    width: usize,
}

impl Console {
    /// For a run; `names` decides how wide prefixes are.
    pub(crate) fn new<'a>(style: &Style, verbosity: i8, names: impl Iterator<Item = &'a str>) -> Self {
        let width = names.map(str::len).max().unwrap_or(0);
        Self { out: Mutex::new(std::io::stderr()), color: style.stderr, verbosity, width }
    }

    /// One line about a target.
    pub(crate) fn line(&self, at: usize, name: &str, text: &str) {
        if self.verbosity < -1 {
            return;
        }
        let prefix =
            paint(self.color, COLORS[at % COLORS.len()], &format!("{name:<width$}", width = self.width));
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        // A closed stderr must not end a build.
        let _ = writeln!(out, "{prefix} | {text}");
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
                if self.verbosity < 0 && *level != Level::Error {
                    return;
                }
                let text = visible(text);
                if is_epilogue(&text) {
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
    use super::is_epilogue;

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
}
