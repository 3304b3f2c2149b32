//! Values as YAML, laid out as libyaml lays them out: text in double quotes, folded behind column 80, or as a block
//! where it has several lines.

use crate::value::Value;

/// Behind this column, text is folded at its next space.
const WIDTH: usize = 80;
/// Longer keys, in bytes, stand behind a `?`.
const LONGEST_KEY: usize = 128;

/// The value as a document; `None` when something in it is unknown.
pub(super) fn encode(value: &Value) -> Option<String> {
    let mut writer =
        Writer { out: String::new(), column: 0, blank: true, fresh: true, indent: -1, open: false };
    writer.node(value, Place { root: true, ..Place::default() })?;
    writer.line();
    if writer.open {
        writer.indicator("...", true, false, false);
        writer.line();
    }
    Some(writer.out)
}

/// Where a node stands.
#[derive(Clone, Copy, Default)]
struct Place {
    root: bool,
    /// Behind a key, or a key itself.
    mapping: bool,
    /// A key that stands on one line with its value.
    key: bool,
}

struct Writer {
    out: String,
    column: usize,
    /// Whether white space was written last.
    blank: bool,
    /// Whether nothing but indentation and indicators stands on this line.
    fresh: bool,
    /// Columns of indentation; -1 before the document.
    indent: i64,
    /// Whether the document needs an end of its own.
    open: bool,
}

impl Writer {
    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column = if c == '\n' { 0 } else { self.column + 1 };
    }

    fn text(&mut self, text: &str) {
        text.chars().for_each(|c| self.put(c));
    }

    /// Begins a line, unless it is begun already, and indents it.
    fn line(&mut self) {
        let indent = usize::try_from(self.indent).unwrap_or(0);
        if !self.fresh || self.column > indent || (self.column == indent && !self.blank) {
            self.put('\n');
        }
        while self.column < indent {
            self.put(' ');
        }
        self.blank = true;
        self.fresh = true;
    }

    fn indicator(&mut self, indicator: &str, space: bool, blank: bool, indents: bool) {
        if space && !self.blank {
            self.put(' ');
        }
        self.text(indicator);
        self.blank = blank;
        self.fresh = self.fresh && indents;
        self.open = false;
    }

    /// Does `inner` with more indentation.
    fn deeper(&mut self, first: i64, more: i64, inner: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        let before = self.indent;
        self.indent = if before < 0 { first } else { before + more };
        inner(self)?;
        self.indent = before;
        Some(())
    }

    fn node(&mut self, value: &Value, place: Place) -> Option<()> {
        match value {
            Value::Unknown => return None,
            Value::Null => self.plain("null", place),
            Value::Bool(flag) => self.plain(&flag.to_string(), place),
            Value::Number(number) => self.plain(&number.to_string(), place),
            Value::String(text) => self.string(text, place),
            Value::List(items) if items.is_empty() => self.empty("[", "]"),
            Value::List(items) => {
                // Below a key, a list stands as deep as the key itself.
                let more = if place.mapping && !self.fresh { 0 } else { 2 };
                self.deeper(0, more, |writer| {
                    items.iter().try_for_each(|item| {
                        writer.line();
                        writer.indicator("-", true, false, true);
                        writer.node(item, Place::default())
                    })
                })?;
            }
            Value::Map(entries) if entries.is_empty() => self.empty("{", "}"),
            Value::Map(entries) => {
                let mut entries: Vec<(&String, &Value)> = entries.iter().collect();
                entries.sort_by_key(|(key, _)| key.as_str());
                self.deeper(0, 2, |writer| {
                    entries.into_iter().try_for_each(|(key, value)| writer.entry(key, value))
                })?;
            }
        }
        Some(())
    }

    fn entry(&mut self, key: &str, value: &Value) -> Option<()> {
        let behind = Place { mapping: true, ..Place::default() };
        self.line();
        if key.len() <= LONGEST_KEY && !key.contains(is_break) {
            self.string(key, Place { key: true, ..behind });
            self.indicator(":", false, false, false);
        } else {
            self.indicator("?", true, false, true);
            self.string(key, behind);
            self.line();
            self.indicator(":", true, false, true);
        }
        self.node(value, behind)
    }

    fn empty(&mut self, open: &str, close: &str) {
        self.indicator(open, true, true, false);
        self.indicator(close, false, false, false);
    }

    fn plain(&mut self, text: &str, place: Place) {
        if !self.blank {
            self.put(' ');
        }
        self.text(text);
        self.blank = false;
        self.fresh = false;
        self.open = self.open || place.root;
    }

    fn string(&mut self, text: &str, place: Place) {
        let before = self.indent;
        self.indent = if before < 0 { 2 } else { before + 2 };
        if text.contains('\n') && !place.key && may_be_block(text) {
            self.block(text);
        } else {
            self.quoted(text, !place.key);
        }
        self.indent = before;
    }

    fn quoted(&mut self, text: &str, fold: bool) {
        self.indicator("\"", true, false, false);
        let chars: Vec<char> = text.chars().collect();
        let mut spaces = false;
        for (at, c) in chars.iter().copied().enumerate() {
            if !is_printable(c) || is_break(c) || matches!(c, '"' | '\\') {
                self.text(&escaped(c));
                spaces = false;
            } else if c == ' ' {
                let inside = at > 0 && at + 1 < chars.len();
                if fold && !spaces && self.column > WIDTH && inside {
                    self.line();
                    if chars.get(at + 1) == Some(&' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(c);
                }
                spaces = true;
            } else {
                self.put(c);
                spaces = false;
            }
        }
        self.indicator("\"", false, false, false);
    }

    /// Text line by line behind a `|`.
    fn block(&mut self, text: &str) {
        self.indicator("|", true, false, false);
        if text.starts_with(|c| c == ' ' || is_break(c)) {
            self.indicator("2", false, false, false);
        }
        let mut last = text.chars().rev();
        match (last.next().is_some_and(is_break), last.next().is_none_or(is_break)) {
            (false, _) => self.indicator("-", false, false, false),
            (true, true) => self.indicator("+", false, false, false),
            (true, false) => {}
        }
        self.put('\n');
        self.fresh = true;
        self.blank = true;
        let mut begins = true;
        for c in text.chars() {
            if is_break(c) {
                self.put(c);
                if c != '\n' {
                    self.column = 0;
                }
                self.fresh = true;
                begins = true;
            } else {
                if begins {
                    self.line();
                }
                self.put(c);
                self.fresh = false;
                begins = false;
            }
        }
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && c != '\u{feff}'
}

/// Whether a block would keep the text as it is.
fn may_be_block(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let space_before_break = chars.windows(2).any(|pair| pair[0] == ' ' && is_break(pair[1]));
    !text.ends_with(' ') && !space_before_break && chars.into_iter().all(is_printable)
}

fn escaped(c: char) -> String {
    let letter = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' | '\\' => c,
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        c => {
            return match u32::from(c) {
                code @ 0..=0xff => format!("\\x{code:02X}"),
                code @ 0x100..=0xffff => format!("\\u{code:04X}"),
                code => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{letter}")
}
