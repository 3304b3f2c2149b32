//! Colours and width, decided once.

use std::borrow::Cow;

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
    /// Columns of a table; `None` where a program or a file reads it.
    pub columns: Option<usize>,
}

impl Style {
    /// Decides from the option, `NO_COLOR`, `TERM=dumb` and the terminals.
    pub(crate) fn decide(color: Color, environment: &Environment) -> Self {
        let host = &environment.host;
        let auto = host.text("NO_COLOR").is_none() && host.text("TERM") != Some("dumb");
        let decide = |terminal| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => auto && terminal,
        };
        Self {
            stdout: decide(environment.terminal.stdout),
            stderr: decide(environment.terminal.stderr),
            width: environment.terminal.width,
            columns: environment.terminal.stdout.then_some(environment.terminal.width),
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

/// Text as it may go to a terminal: line ends, tabs and the colours of [`paint`] and of the diagnostics, nothing else
/// that steers, hides or reorders. The last guard, whatever a name or a message held.
pub fn screen(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| steers(c) && c != '\n') {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = match colour(rest) {
            Some(length) => {
                safe.push_str(&rest[..length]);
                length
            }
            None => {
                show(c, &mut safe);
                c.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    Cow::Owned(safe)
}

/// A JSON document in which everything that steers a terminal is written as an escape; JSON itself does so below U+0020
/// only. Such characters stand in strings alone.
pub fn ascii_controls(json: String) -> String {
    let hidden = |c: char| steers(c) && c != '\n';
    if !json.chars().any(hidden) {
        return json;
    }
    json.chars().fold(String::with_capacity(json.len()), |mut safe, c| {
        if hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(c);
        }
        safe
    })
}

/// Length of the colour sequence that `text` begins with. Concealed, blinking and background are not among them.
fn colour(text: &str) -> Option<usize> {
    let body = text.strip_prefix("\u{1b}[")?;
    let end = body.find('m').filter(|end| *end <= 12)?;
    let known = |sgr: &str| matches!(sgr.parse(), Ok(0 | 1 | 2 | 4 | 22 | 24 | 30..=37 | 39 | 90..=97));
    body[..end].split(';').all(known).then_some(end + 3)
}

/// Whether a character does more than to stand where it is: controls (but no tab), and marks that nobody sees.
pub fn steers(c: char) -> bool {
    (c.is_control() && c != '\t') || is_mark(c)
}

/// Whether a character takes no room, turns the direction of text around, or ends lines for some readers: two names that
/// differ by it look the same. The selectors of emoji are not among them.
fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Writes a character as a terminal may have it: a mark by its number, so that names that look alike can be told apart.
pub fn show(c: char, into: &mut String) {
    if is_mark(c) {
        into.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
    } else {
        into.push(if steers(c) && c != '\n' { '\u{fffd}' } else { c });
    }
}

/// Wraps `text` in an SGR sequence when `on`; nothing needs no colour.
pub fn paint(on: bool, sgr: &str, text: &str) -> String {
    if on && !text.is_empty() { format!("\u{1b}[{sgr}m{text}\u{1b}[0m") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{paint, screen};

    #[test]
    fn only_colours_reach_the_screen() {
        let painted = format!("{}\n\tplain\n", paint(true, "1;31", "red"));
        assert_eq!(screen(&painted), painted);
        for (hostile, safe) in [
            ("a\u{1b}[2Jb", "a\u{fffd}[2Jb"),
            ("a\u{1b}[8mb", "a\u{fffd}[8mb"),
            ("a\u{1b}]0;title\u{7}b", "a\u{fffd}]0;title\u{fffd}b"),
            ("a\rb\u{9b}1mc\u{8}", "a\u{fffd}b\u{fffd}1mc\u{fffd}"),
            ("x\u{202e}txt.exe", "x\\u{202e}txt.exe"),
            ("mo\u{200b}td", "mo\\u{200b}td"),
            ("a\u{e0041}b", "a\\u{e0041}b"),
            ("\u{1b}[", "\u{fffd}["),
            ("\u{1b}[38;5;1m", "\u{fffd}[38;5;1m"),
        ] {
            assert_eq!(screen(hostile), safe);
        }
    }
}
