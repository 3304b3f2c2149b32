//! Writes the HCL of a JSON file, and where each of its parts comes from.

use std::ops::Range;

use hcl_edit::expr::Expression;
use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::Ranged as _;

use super::names;
use crate::value::quote_into;

/// What the strings of a value mean.
#[derive(Clone, Copy)]
pub(super) enum Strings {
    /// Themselves.
    Plain,
    /// Templates of HCL: `${…}`.
    Hcl,
    /// Templates of legacy packer: `{{…}}`; whether they stand in `variables`.
    Legacy {
        /// Where `{{env …}}` may stand.
        variables: bool,
    },
}

/// A text in the making.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) text: String,
    pub(super) marks: Vec<(usize, Range<usize>)>,
    /// The first text that is no expression where it has to be one.
    pub(super) broken: Option<(Range<usize>, String)>,
}

impl Writer {
    /// What follows comes from `node`.
    pub(super) fn mark(&mut self, range: jsonc_parser::common::Range) {
        self.marks.push((self.text.len(), range.start..range.end));
    }

    /// Text of our own.
    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Text in quotes, with no meaning but its own.
    pub(super) fn quoted(&mut self, text: &str) {
        quote_into(text, &mut self.text);
    }

    /// Begins a block: `name "label" … {`.
    pub(super) fn open(
        &mut self,
        name: &str,
        labels: &[(&str, jsonc_parser::common::Range)],
        at: jsonc_parser::common::Range,
    ) {
        self.mark(at);
        self.push(name);
        for (label, place) in labels {
            self.push(" ");
            self.mark(*place);
            self.quoted(label);
        }
        self.push(" {\n");
    }

    /// Ends a block.
    pub(super) fn close(&mut self) {
        self.push("}\n");
    }

    /// `name = value`, on a line of its own.
    pub(super) fn attribute(&mut self, prop: &ObjectProp<'_>, strings: Strings) {
        self.mark(prop.name.range());
        self.push(&names::spelled(prop.name.as_str()));
        self.push(" = ");
        self.value(&prop.value, strings);
        self.push("\n");
    }

    /// A value as an expression.
    pub(super) fn value(&mut self, value: &Value<'_>, strings: Strings) {
        self.mark(value.range());
        match value {
            Value::StringLit(text) => self.string(&text.value, strings, text.range),
            Value::NumberLit(number) => self.push(number.value),
            Value::BooleanLit(truth) => self.push(if truth.value { "true" } else { "false" }),
            Value::NullKeyword(_) => self.push("null"),
            Value::Array(items) => {
                self.push("[");
                for (at, item) in items.elements.iter().enumerate() {
                    if at > 0 {
                        self.push(", ");
                    }
                    self.value(item, strings);
                }
                self.push("]");
            }
            Value::Object(object) => {
                self.push("{");
                for (at, prop) in last_of_each(object).into_iter().enumerate() {
                    self.push(if at > 0 { ", " } else { " " });
                    self.mark(prop.name.range());
                    match strings {
                        Strings::Hcl => self.string(prop.name.as_str(), strings, prop.name.range()),
                        _ => self.quoted(prop.name.as_str()),
                    }
                    self.push(" = ");
                    self.value(&prop.value, strings);
                }
                self.push(" }");
            }
        }
    }

    /// One text as an expression.
    fn string(&mut self, text: &str, strings: Strings, at: jsonc_parser::common::Range) {
        match strings {
            Strings::Plain => self.quoted(text),
            Strings::Hcl => self.written(&template(text), at),
            Strings::Legacy { variables } => self.push(&super::actions::expression(text, variables)),
        }
    }

    /// What somebody wrote as an expression. It must be one, and no more than one: what follows is ours.
    pub(super) fn written(&mut self, expression: &str, at: jsonc_parser::common::Range) {
        match expression.parse::<Expression>() {
            Ok(_) => self.push(expression),
            Err(error) => {
                self.broken.get_or_insert((at.start..at.end, error.message().to_owned()));
                self.push("null");
            }
        }
    }
}

/// A template of HCL. What stands between `${` and `}` is copied, everything else escaped.
fn template(text: &str) -> String {
    if let Some(inner) = alone(text) {
        return format!("({})", on_one_line(inner));
    }
    let mut out = String::from("\"");
    let mut rest = text;
    while let Some(at) = rest.find(['$', '%']) {
        literal(&rest[..at], &mut out);
        let (sign, tail) = rest[at..].split_at(1);
        if let Some(after) = tail.strip_prefix(sign).and_then(|tail| tail.strip_prefix('{')) {
            out.push_str(&format!("{sign}{sign}{{"));
            rest = after;
        } else if let (true, Some(end)) = (tail.starts_with('{'), closing(tail)) {
            out.push_str(&on_one_line(&rest[at..at + 1 + end]));
            rest = &rest[at + 1 + end..];
        } else if tail.starts_with('{') {
            // The parser says what is wrong with it.
            out.push_str(&rest[at..]);
            rest = "";
        } else {
            out.push_str(sign);
            rest = tail;
        }
    }
    literal(rest, &mut out);
    out.push('"');
    out
}

fn literal(text: &str, out: &mut String) {
    let mut quoted = String::new();
    quote_into(text, &mut quoted);
    out.push_str(&quoted[1..quoted.len() - 1]);
}

/// In JSON, the ends of lines inside of an expression mean nothing.
fn on_one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// The expression of a template that is nothing else: `${…}` alone gives its value, not a text.
fn alone(text: &str) -> Option<&str> {
    let tail = text.strip_prefix('$').filter(|tail| tail.starts_with('{'))?;
    (closing(tail)? == tail.len())
        .then(|| &tail[1..tail.len() - 1])
        .filter(|inner| !inner.starts_with('~') && !inner.ends_with('~'))
}

/// Length of what begins with `{`, up to the brace that closes it, strings and what they interpolate included.
fn closing(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    // Braces to close, and whether each was opened inside of a string.
    let mut open: Vec<bool> = Vec::new();
    let (mut at, mut in_string) = (0, false);
    while at < bytes.len() {
        match (bytes[at], in_string) {
            (b'\\', true) => at += 1,
            (b'"', _) => in_string = !in_string,
            (b'$' | b'%', true)
                if bytes.get(at + 1) == Some(&b'{') && bytes[at.saturating_sub(1)] != bytes[at] =>
            {
                open.push(true);
                in_string = false;
                at += 1;
            }
            (b'{', false) => open.push(false),
            (b'}', false) => {
                in_string = open.pop()?;
                if open.is_empty() {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The entries of an object. Of those with one name the last counts, at the place of the first.
pub(super) fn last_of_each<'v, 'a>(object: &'v Object<'a>) -> Vec<&'v ObjectProp<'a>> {
    let mut found: indexmap::IndexMap<&str, &ObjectProp<'a>> = indexmap::IndexMap::new();
    for prop in &object.properties {
        found.insert(prop.name.as_str(), prop);
    }
    found.into_values().collect()
}
