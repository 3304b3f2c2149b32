//! What happens while an operation runs, on stderr: one line at a time, prefixed by its target; on a terminal, a status
//! line per running target below them.

mod paths;
mod transfers;

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use hc_core::{BuilderId, Target};
use hc_engine::Event;
use hc_logs::Redactor;
use hc_packer::event::{Event as PackerEvent, Level};
use hc_packer::result::PackerResult;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::report::Style;
use crate::report::diagnostics::visible;
use crate::report::style::paint;
use crate::report::table;
use paths::in_project;
use transfers::Transfers;

/// Colours that targets get in turn.
const COLORS: [&str; 6] = ["36", "35", "34", "32", "33", "96"];
/// How often a status line is drawn anew.
const TICK: Duration = Duration::from_millis(250);
/// From so many targets on, a validation says how far it is.
const MANY: usize = 20;
/// How often.
const PAUSE: Duration = Duration::from_secs(3);

/// Writes to stderr, whole lines.
#[derive(Debug)]
pub(crate) struct Console {
    /// Builders by the order of their colours.
    builders: Vec<String>,
    /// The longest of them, in bytes.
    width: usize,
    /// Status lines; absent until there is one, and where stderr is not a terminal.
    status: Option<MultiProgress>,
    running: BTreeMap<usize, ProgressBar>,
    transfers: Transfers,
    color: bool,
    terminal: bool,
    /// When it was last said how far a validation is.
    said_at: Instant,
    /// `-q` hides what packer says, `-qq` everything but errors.
    verbosity: i8,
    /// What every line goes through.
    redactor: Redactor,
}

impl Console {
    /// For one operation; `terminal` says whether there are status lines, `sources` which sources there may be.
    pub(crate) fn new<'a>(
        style: &Style,
        verbosity: i8,
        terminal: bool,
        sources: impl Iterator<Item = &'a str>,
    ) -> Self {
        let width = sources.map(str::len).max().unwrap_or(0);
        Self {
            builders: Vec::new(),
            width: 0,
            status: None,
            running: BTreeMap::new(),
            transfers: Transfers::new(verbosity, terminal, width),
            color: style.stderr,
            terminal,
            said_at: Instant::now(),
            verbosity,
            redactor: Redactor::tokens_only(),
        }
    }

    /// Hides what this redactor knows, and what it learns.
    pub(crate) fn redacted(mut self, redactor: &Redactor) -> Self {
        self.redactor = redactor.clone();
        self.transfers.redactor = redactor.clone();
        self
    }

    /// Shows one event.
    pub(crate) fn event(&mut self, event: &Event) {
        match event {
            Event::Selected(builders) => self.select(builders),
            Event::Started { target, expected_ms } => self.begin(target, *expected_ms),
            Event::Building { target, build } => self.line(target, &format!("building {build}")),
            Event::Packer { target, event } => self.packer(target, event),
            Event::Fetching { target, url, done, total } => {
                let of = total.map_or(String::new(), |total| format!(" of {}", table::bytes(total)));
                self.line(target, &format!("downloading {url}: {}{of}", table::bytes(*done)));
            }
            Event::Ended { target, took, result } => self.ended(target, *took, result),
            // The only one of a run is the error of the command, and said there.
            Event::Failed { target, code, message } if self.builders.len() > 1 => {
                self.line(target, &format!("error[{code}]: {message}"));
            }
            Event::Finished(target) => self.end(target),
            Event::Validated { done, of } => self.validated(*done, *of),
            Event::SuiteStarted { target, suite, build } => {
                self.line(target, &format!("suite {suite} on {build}"));
            }
            Event::SuiteLine { target, text } => self.said(target, Level::Message, text),
            Event::SuiteEnded { target, suite, passed, took } => {
                let verdict = if *passed { "passed" } else { "failed" };
                self.line(target, &format!("suite {suite} {verdict} in {}", span(*took)));
            }
            Event::Source(event) => self.transfers.event(event),
            // What was settled and what was published is in the report.
            _ => {}
        }
    }

    fn select(&mut self, builders: &[BuilderId]) {
        for id in builders {
            self.place(id);
        }
    }

    /// The number of a builder among those of this operation.
    fn place(&mut self, id: &BuilderId) -> usize {
        let name = id.to_string();
        if let Some(at) = self.builders.iter().position(|known| *known == name) {
            return at;
        }
        self.width = self.width.max(name.len());
        self.builders.push(name);
        self.builders.len() - 1
    }

    /// Shows a status line for a target until [`Self::end`]; `expected_ms` is how long it took last time.
    fn begin(&mut self, target: &Target, expected_ms: Option<u64>) {
        if !self.terminal || self.verbosity < -1 {
            return;
        }
        let at = self.place(&target.builder);
        let expected = expected_ms.map_or(String::new(), |ms| format!(" of about {}", table::duration(ms)));
        let template = format!("{{spinner}} {{prefix}} {{elapsed}}{expected}  {{wide_msg}}");
        let style =
            ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_spinner());
        let status = self
            .status
            .get_or_insert_with(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10)));
        let bar = status.add(ProgressBar::new_spinner().with_style(style));
        bar.set_prefix(self.prefix(at));
        bar.enable_steady_tick(TICK);
        self.running.insert(at, bar);
    }

    /// Says now and then how far a long validation is.
    fn validated(&mut self, done: usize, of: usize) {
        if self.verbosity < 0 || of < MANY || (done < of && self.said_at.elapsed() < PAUSE) {
            return;
        }
        self.said_at = Instant::now();
        let line = format!("validated {done} of {of} targets");
        match &self.status {
            Some(status) => drop(status.println(line)),
            None => drop(writeln!(std::io::stderr(), "{line}")),
        }
    }

    /// Takes the status line of a target away.
    fn end(&mut self, target: &Target) {
        let at = self.place(&target.builder);
        if let (Some(status), Some(bar)) = (&self.status, self.running.remove(&at)) {
            bar.finish_and_clear();
            status.remove(&bar);
        }
    }

    fn prefix(&self, at: usize) -> String {
        let (name, width) = (&self.builders[at], self.width);
        paint(self.color, COLORS[at % COLORS.len()], &format!("{name:<width$}"))
    }

    /// One line about a target.
    fn line(&mut self, target: &Target, text: &str) {
        if self.verbosity < -1 {
            return;
        }
        let at = self.place(&target.builder);
        let line = format!("{} | {}", self.prefix(at), self.redactor.redact(text));
        match &self.status {
            // A closed stderr must not end a build.
            Some(status) => drop(status.println(line)),
            None => drop(writeln!(std::io::stderr(), "{line}")),
        }
    }

    fn packer(&mut self, target: &Target, event: &PackerEvent) {
        match event {
            PackerEvent::Attempt(1) => {}
            PackerEvent::Attempt(attempt) => self.line(target, &format!("attempt {attempt}")),
            PackerEvent::Retrying { after_ms, why } => {
                let text = format!("retrying in {}: {}", table::duration(*after_ms), visible(why));
                self.line(target, &paint(self.color, "33", &text));
            }
            PackerEvent::Line { level, text, .. } => self.said(target, *level, text),
            // Others have read it among packer's lines.
            PackerEvent::FailureIgnored { why, .. } if self.verbosity < 0 => {
                let text = format!("a provisioner failed and the build goes on: {}", visible(why));
                self.line(target, &paint(self.color, "33", &text));
            }
            // What else happens is said in lines too.
            _ => {}
        }
    }

    /// A line of packer, or of a test suite.
    fn said(&mut self, target: &Target, level: Level, text: &str) {
        let text = visible(&in_project(text));
        if is_epilogue(&text) {
            return;
        }
        if level == Level::Say {
            let at = self.place(&target.builder);
            if let Some(bar) = self.running.get(&at) {
                bar.set_message(phase(&text).to_owned());
            }
        }
        if self.verbosity < 0 && level != Level::Error {
            return;
        }
        let text = match level {
            Level::Say => paint(self.color, "1", &text),
            Level::Message => text,
            Level::Error => paint(self.color, "31", &text),
        };
        self.line(target, &text);
    }

    fn ended(&mut self, target: &Target, took: Duration, result: &PackerResult) {
        let took = span(took);
        if result.exit_code == 0 {
            self.line(target, &format!("built in {took}"));
            return;
        }
        self.line(target, &format!("failed after {took}: {}", result.classification));
        if let Some(evidence) = &result.evidence {
            self.line(target, &format!("  {}", visible(&in_project(evidence))));
        }
        for hint in &result.hints {
            self.line(target, &format!("  hint: {hint}"));
        }
        if let Some(log) = &result.log_path {
            self.line(target, &format!("  log: {log}"));
        }
    }
}

/// How long something took, for people.
fn span(took: Duration) -> String {
    table::duration(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
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

/// A line that belongs to no target; hidden by `-q`.
pub(crate) fn plain(verbosity: i8, text: &str) {
    if verbosity >= 0 {
        drop(writeln!(std::io::stderr().lock(), "{}", visible(text)));
    }
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
