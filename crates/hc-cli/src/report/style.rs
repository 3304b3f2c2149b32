//! Colours and width, decided once.

use crate::args::Color;
use crate::environment::Environment;

/// How text for people may look.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Colours on stdout.
    pub stdout: bool,
    /// Colours on stderr.
    pub stderr: bool,
    /// Columns.
    pub width: usize,
}

impl Style {
    /// Decides from the option, `NO_COLOR`, `TERM=dumb` and the terminals.
    pub fn decide(color: Color, environment: &Environment) -> Self {
        let auto = environment.text("NO_COLOR").is_none() && environment.text("TERM") != Some("dumb");
        let decide = |terminal| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => auto && terminal,
        };
        Self {
            stdout: decide(environment.stdout_is_terminal),
            stderr: decide(environment.stderr_is_terminal),
            width: environment.width,
        }
    }

    /// Bold on stdout.
    pub fn bold(&self, text: &str) -> String {
        paint(self.stdout, "1", text)
    }

    /// Green on stdout: done, fresh.
    pub fn good(&self, text: &str) -> String {
        paint(self.stdout, "32", text)
    }

    /// Red on stdout: failed.
    pub fn bad(&self, text: &str) -> String {
        paint(self.stdout, "31", text)
    }

    /// Yellow on stdout: stale, warned.
    pub fn warn(&self, text: &str) -> String {
        paint(self.stdout, "33", text)
    }

    /// Dim on stdout: provenance, hints.
    pub fn dim(&self, text: &str) -> String {
        paint(self.stdout, "2", text)
    }
}

/// Wraps `text` in an SGR sequence when `on`.
pub fn paint(on: bool, sgr: &str, text: &str) -> String {
    if on { format!("\u{1b}[{sgr}m{text}\u{1b}[0m") } else { text.to_owned() }
}
