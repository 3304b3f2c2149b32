//! Values out of YAML. What a plain scalar means is decided by its form: `yes` is true, `1_000` is a number, a date is
//! a timestamp in the form of RFC 3339.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use saphyr_parser::{Event, Parser, ScalarStyle, StrInput, Tag};
use unicode_normalization::UnicodeNormalization as _;

use crate::hcl::convert::to_text;
use crate::hcl::functions::base64::from_base64;
use crate::hcl::functions::dates;
use crate::number::Number;
use crate::value::Value;

/// More nodes than any document of a template has; aliases multiply.
const MOST_NODES: usize = 20_000;
/// Deeper nesting is refused instead of exhausting the stack.
const MOST_DEPTH: usize = 100;

/// The one document of a text; `None` for anything else.
pub(super) fn decode(text: &str) -> Option<Value> {
    if text.contains(|c| !readable(c)) {
        return None;
    }
    // Line ends of YAML 1.1, which packer reads, and no more of 1.2.
    if text.contains(['\u{85}', '\u{2028}', '\u{2029}']) {
        return Some(Value::Unknown);
    }
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        anchors: BTreeMap::new(),
        nodes: 0,
        scalars: Vec::new(),
    };
    let found = document(&mut reader);
    // Where a tab may stand differs between YAML 1.1, which packer reads, and 1.2.
    if doubtful_tabs(text).any(|at| found.is_none() || !reader.is_text(at)) {
        return Some(Value::Unknown);
    }
    // A null without a type is left for later.
    if found == Some(Value::Null) { Some(Value::Unknown) } else { found }
}

/// Tabs, by their number among the characters, that stand at the beginning of a line or behind a sign of YAML, and all
/// in the first line of a block of text, whose indentation they would decide.
fn doubtful_tabs(text: &str) -> impl Iterator<Item = usize> {
    // The last character that is no space, in this line and at all.
    let (mut in_line, mut last) = (None, None);
    text.chars().enumerate().filter_map(move |(at, c)| match c {
        '\n' | '\r' => {
            in_line = None;
            None
        }
        ' ' => None,
        '\t' => match in_line {
            Some('-' | '?' | ':' | ',' | '[' | ']' | '{' | '}') => Some(at),
            Some(_) => None,
            // Never inside of a text.
            None if matches!(last, Some('|' | '>' | '+')) => Some(usize::MAX),
            None => Some(at),
        },
        c => {
            (in_line, last) = (Some(c), Some(c));
            None
        }
    })
}

fn document(reader: &mut Reader<'_>) -> Option<Value> {
    let mut found = None;
    while let Some(event) = reader.parser.next_event() {
        match event.ok()?.0 {
            Event::StreamStart
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::StreamEnd
            | Event::Nothing => {}
            event => {
                let node = reader.node(event, 0)?;
                if found.replace(node).is_some() {
                    return None;
                }
            }
        }
    }
    found
}

/// Whether YAML may hold the character as it is.
fn readable(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' | '\u{85}' | ' '..='~' => true,
        '\u{feff}' => false,
        c => ('\u{a0}'..='\u{fffd}').contains(&c) || c >= '\u{10000}',
    }
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    /// Nodes with an anchor, by the parser's number of it; nothing while the node is being read.
    anchors: BTreeMap<usize, Option<Value>>,
    nodes: usize,
    /// Where texts stand, in characters.
    scalars: Vec<std::ops::Range<usize>>,
}

impl<'a> Reader<'a> {
    /// Whether a character belongs to a text.
    fn is_text(&self, at: usize) -> bool {
        let before = self.scalars.partition_point(|scalar| scalar.start <= at);
        before
            .checked_sub(1)
            .and_then(|last| self.scalars.get(last))
            .is_some_and(|scalar| scalar.contains(&at))
    }

    fn next(&mut self) -> Option<Event<'a>> {
        let (event, span) = self.parser.next_event()?.ok()?;
        if let Event::Scalar(..) = event {
            self.scalars.push(span.start.index()..span.end.index());
        }
        Some(event)
    }

    fn node(&mut self, event: Event<'a>, depth: usize) -> Option<Value> {
        self.nodes += 1;
        if self.nodes > MOST_NODES || depth > MOST_DEPTH {
            return None;
        }
        let (Event::Scalar(.., anchor, _) | Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _)) =
            event
        else {
            let Event::Alias(anchor) = event else { return None };
            let value = self.anchors.get(&anchor)?.clone()?;
            self.nodes += size(&value);
            return Some(value);
        };
        self.anchors.insert(anchor, None);
        let value = match event {
            Event::Scalar(text, style, _, tag) => {
                let tag = name(tag.as_deref());
                match (tag.as_str(), style) {
                    // Text, but not before packer has looked for a meaning.
                    ("", ScalarStyle::Literal | ScalarStyle::Folded) => {
                        let value = scalar("", &text, ScalarStyle::Plain)?;
                        to_text(&value).map_or(value, Value::String)
                    }
                    (tag, style) => scalar(tag, &text, style)?,
                }
            }
            Event::SequenceStart(_, tag) => {
                if !matches!(name(tag.as_deref()).as_str(), "" | "seq") {
                    return None;
                }
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        Event::SequenceEnd => break Value::tuple(items),
                        event => items.push(self.node(event, depth + 1)?),
                    }
                }
            }
            Event::MappingStart(_, tag) => {
                if !matches!(name(tag.as_deref()).as_str(), "" | "map") {
                    return None;
                }
                self.mapping(depth)?
            }
            _ => return None,
        };
        self.anchors.insert(anchor, Some(value.clone()));
        Some(value)
    }

    fn mapping(&mut self, depth: usize) -> Option<Value> {
        let mut entries = IndexMap::new();
        loop {
            let Event::Scalar(text, style, _, tag) = (match self.next()? {
                Event::MappingEnd => return Some(Value::object(entries)),
                event => event,
            }) else {
                return None;
            };
            let tag = name(tag.as_deref());
            let event = self.next()?;
            if tag.is_empty() && text == "<<" {
                let Value::Map(more) = self.node(event, depth + 1)? else { return None };
                entries.extend(more);
                continue;
            }
            let key = to_text(&scalar(&tag, &text, style)?)?;
            let value = self.node(event, depth + 1)?;
            entries.insert(key, value);
        }
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Map(entries) => 1 + entries.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

/// The name of a tag of YAML's own; others stay as they are.
fn name(tag: Option<&Tag>) -> String {
    let Some(tag) = tag else { return String::new() };
    let full = format!("{}{}", tag.handle, tag.suffix);
    match full.strip_prefix("tag:yaml.org,2002:").or(full.strip_prefix("!!")) {
        Some(name) => name.to_owned(),
        None => full,
    }
}

fn scalar(tag: &str, text: &str, style: ScalarStyle) -> Option<Value> {
    let string = || Value::String(text.nfc().collect());
    let hint = text.bytes().next();
    let telling = match hint {
        None => true,
        Some(first) => first.is_ascii_digit() || b"+-.yYnNtTfFoO~".contains(&first),
    };
    let mut kind = tag;
    if telling && !matches!(tag, "str" | "binary") {
        if !matches!(tag, "" | "bool" | "int" | "float" | "null" | "timestamp") {
            return None;
        }
        if matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted) {
            return Some(string());
        }
        if let Some((value, _)) = word(text) {
            return Some(value);
        }
        if tag.is_empty() && matches!(text, ".nan" | ".NaN" | ".NAN") {
            return None;
        }
        match hint {
            Some(b'.') => {
                if let Some(number) = Number::parse(text) {
                    return Some(Value::Number(number));
                }
            }
            Some(b'0'..=b'9' | b'+' | b'-') => {
                if matches!(tag, "" | "timestamp")
                    && let Some(at) = dates::yaml_timestamp(text)
                {
                    return Some(Value::String(at));
                }
                if let Some(number) = Number::parse(&text.replace('_', "")) {
                    return Some(Value::Number(number));
                }
                if text.starts_with("0b") || text.starts_with("-0b") {
                    kind = "int";
                }
            }
            _ => {}
        }
    }
    match kind {
        "" | "str" => Some(string()),
        "binary" => from_base64(text).map(|_| string()),
        "bool" => word(text).filter(|(_, kind)| *kind == "bool").map(|(value, _)| value),
        "int" | "float" => number(&text.replace('_', "")).map(Value::Number),
        "timestamp" => dates::yaml_timestamp(text).map(Value::String),
        "null" => Some(Value::Null),
        _ => None,
    }
}

/// Words with a meaning, and the tag of what they mean.
fn word(text: &str) -> Option<(Value, &'static str)> {
    Some(match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            (Value::Bool(true), "bool")
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            (Value::Bool(false), "bool")
        }
        "" | "~" | "null" | "Null" | "NULL" => (Value::Null, "null"),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            (Value::Number(Number::parse("Inf")?), "float")
        }
        "-.inf" | "-.Inf" | "-.INF" => (Value::Number(Number::parse("-Inf")?), "float"),
        _ => return None,
    })
}

/// A decimal number, or a whole one with Go's prefixes.
fn number(text: &str) -> Option<Number> {
    Number::parse(text).or_else(|| {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let prefix = digits.get(..2)?.to_ascii_lowercase();
        let base = match prefix.as_str() {
            "0x" => 16,
            "0o" => 8,
            "0b" => 2,
            _ => return None,
        };
        let value = u64::from_str_radix(&digits[2..], base).ok()?;
        let number = Number::from(value);
        Some(if negative { number.negated() } else { number })
    })
}
