//! Values of HCL expressions, with one more than HCL has: what cannot be known without running packer.

use std::fmt::Write as _;
use std::ops::{Deref, DerefMut};

use indexmap::IndexMap;
use serde_json::value::RawValue;
use unicode_normalization::UnicodeNormalization as _;

use crate::number::Number;
use crate::shape::Shape;

/// JSON nested deeper than this is refused instead of exhausting the stack.
const MAX_JSON_DEPTH: usize = 100;

/// An evaluated expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number; whole numbers are exact within 64 bits.
    Number(Number),
    /// A string.
    String(String),
    /// A list, set or tuple.
    List(Items),
    /// A map or object, in the order in which it was written.
    Map(Entries),
    /// Depends on something that only packer knows; never guessed.
    Unknown,
}

/// The elements of a list, set or tuple. Compared by what they hold, whichever of the three they are.
#[derive(Debug, Clone)]
pub struct Items {
    items: Vec<Value>,
    form: Form,
}

/// What [`Items`] are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// As it stands in brackets.
    Tuple,
    /// A list of elements of one type.
    List(Shape),
    /// A set of elements of one type, in Packer's order, each once.
    Set(Shape),
}

impl Items {
    /// Whether they are a tuple, a list or a set.
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// Whether they have no order of their own, so that none has a number.
    pub fn is_set(&self) -> bool {
        matches!(self.form, Form::Set(_))
    }

    /// The same elements as something else.
    pub(crate) fn into_form(self, form: Form) -> Self {
        Self { form, ..self }
    }
}

impl From<Vec<Value>> for Items {
    fn from(items: Vec<Value>) -> Self {
        Self { items, form: Form::Tuple }
    }
}

impl FromIterator<Value> for Items {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        items.into_iter().collect::<Vec<_>>().into()
    }
}

impl Deref for Items {
    type Target = [Value];

    fn deref(&self) -> &Self::Target {
        &self.items
    }
}

impl IntoIterator for Items {
    type Item = Value;
    type IntoIter = std::vec::IntoIter<Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a> IntoIterator for &'a Items {
    type Item = &'a Value;
    type IntoIter = std::slice::Iter<'a, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

impl PartialEq for Items {
    fn eq(&self, other: &Self) -> bool {
        self.items == other.items
    }
}

/// The elements of a map or object. Compared by what they hold, whichever of the two they are.
#[derive(Debug, Clone, Default)]
pub struct Entries {
    entries: IndexMap<String, Value>,
    /// The type of its elements, if it is a map.
    of: Option<Shape>,
}

impl Entries {
    /// The type of the elements of a map; `None` for an object.
    pub fn of(&self) -> Option<&Shape> {
        self.of.as_ref()
    }

    /// The same elements as a map.
    pub(crate) fn into_map(self, of: Shape) -> Self {
        Self { of: Some(of), ..self }
    }
}

impl From<IndexMap<String, Value>> for Entries {
    fn from(entries: IndexMap<String, Value>) -> Self {
        Self { entries, of: None }
    }
}

impl FromIterator<(String, Value)> for Entries {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(entries: I) -> Self {
        entries.into_iter().collect::<IndexMap<_, _>>().into()
    }
}

impl Deref for Entries {
    type Target = IndexMap<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.entries
    }
}

impl DerefMut for Entries {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.entries
    }
}

impl IntoIterator for Entries {
    type Item = (String, Value);
    type IntoIter = indexmap::map::IntoIter<String, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<'a> IntoIterator for &'a Entries {
    type Item = (&'a String, &'a Value);
    type IntoIter = indexmap::map::Iter<'a, String, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter()
    }
}

impl PartialEq for Entries {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl Value {
    /// A tuple.
    pub fn tuple(items: Vec<Self>) -> Self {
        Self::List(items.into())
    }

    /// A list of elements of one type.
    pub fn list(items: Vec<Self>, of: Shape) -> Self {
        Self::List(Items { items, form: Form::List(of) })
    }

    /// An object.
    pub fn object(entries: IndexMap<String, Self>) -> Self {
        Self::Map(entries.into())
    }

    /// Its type: of null and of what is unknown, nothing is known.
    pub fn shape(&self) -> Shape {
        match self {
            Self::Null | Self::Unknown => Shape::Any,
            Self::Bool(_) => Shape::Bool,
            Self::Number(_) => Shape::Number,
            Self::String(_) => Shape::String,
            Self::List(items) => match &items.form {
                Form::Tuple => Shape::Tuple(items.iter().map(Self::shape).collect()),
                Form::List(of) => Shape::List(Box::new(of.clone())),
                Form::Set(of) => Shape::Set(Box::new(of.clone())),
            },
            Self::Map(entries) => match &entries.of {
                Some(of) => Shape::Map(Box::new(of.clone())),
                None => {
                    Shape::Object(entries.iter().map(|(name, value)| (name.clone(), value.shape())).collect())
                }
            },
        }
    }

    /// A whole number.
    pub fn int(number: i64) -> Self {
        Self::Number(Number::from(number))
    }

    /// The string inside.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// What the value is, for messages: `string`, `list`, …
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it, or anything inside, is unknown.
    pub fn has_unknown(&self) -> bool {
        match self {
            Self::Unknown => true,
            Self::List(items) => items.iter().any(Self::has_unknown),
            Self::Map(entries) => entries.values().any(Self::has_unknown),
            _ => false,
        }
    }

    /// Whether it, or anything inside, is a number without an end.
    pub fn has_infinity(&self) -> bool {
        match self {
            Self::Number(number) => number.is_infinite(),
            Self::List(items) => items.iter().any(Self::has_infinity),
            Self::Map(entries) => entries.values().any(Self::has_infinity),
            _ => false,
        }
    }

    /// Every text in the value, in lists and maps too; keys are not among them.
    pub fn each_text<'a>(&'a self, each: &mut dyn FnMut(&'a str)) {
        match self {
            Self::String(text) => each(text),
            Self::List(items) => items.iter().for_each(|item| item.each_text(each)),
            Self::Map(entries) => entries.values().for_each(|item| item.each_text(each)),
            _ => {}
        }
    }

    /// The value on one line of HCL; `(unknown)` where it is not known.
    pub fn to_hcl(&self) -> String {
        let mut out = String::new();
        self.write_hcl(&mut out);
        out
    }

    fn write_hcl(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Unknown => out.push_str("(unknown)"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(number) => {
                let _ = write!(out, "{number}");
            }
            Self::String(text) => quote_into(text, out),
            Self::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push_str(", ");
                    }
                    item.write_hcl(out);
                }
                out.push(']');
            }
            Self::Map(entries) if entries.is_empty() => out.push_str("{}"),
            Self::Map(entries) => {
                out.push_str("{ ");
                for (at, (key, value)) in entries.iter().enumerate() {
                    if at > 0 {
                        out.push_str(", ");
                    }
                    out.push_str(&map_key(key));
                    out.push_str(" = ");
                    value.write_hcl(out);
                }
                out.push_str(" }");
            }
        }
    }

    /// From the text of a JSON document (answers files); numbers are read in full.
    ///
    /// # Errors
    /// serde_json's, with line and column.
    pub fn from_json_text(text: &str) -> serde_json::Result<Self> {
        Self::from_raw(serde_json::from_str(text)?, 0)
    }

    fn from_raw(raw: &RawValue, depth: usize) -> serde_json::Result<Self> {
        // Each level begins a parse of its own, so serde_json's limit never applies.
        if depth > MAX_JSON_DEPTH {
            return Err(serde::de::Error::custom("nested too deeply"));
        }
        let text = raw.get();
        Ok(match text.as_bytes().first() {
            Some(b'{') => {
                let entries: IndexMap<String, &RawValue> = serde_json::from_str(text)?;
                let read = |(key, raw): (String, &RawValue)| {
                    Ok((key.nfc().collect(), Self::from_raw(raw, depth + 1)?))
                };
                Self::Map(entries.into_iter().map(read).collect::<serde_json::Result<_>>()?)
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(text)?;
                Self::List(
                    items
                        .into_iter()
                        .map(|raw| Self::from_raw(raw, depth + 1))
                        .collect::<serde_json::Result<_>>()?,
                )
            }
            // Packer's strings are composed (NFC), wherever they come from.
            Some(b'"') => Self::String(serde_json::from_str::<String>(text)?.nfc().collect()),
            Some(b't' | b'f') => Self::Bool(serde_json::from_str(text)?),
            Some(b'n') => Self::Null,
            _ => {
                let number = Number::parse(text).map(Self::Number);
                number.ok_or_else(|| serde::de::Error::custom("number is too large"))?
            }
        })
    }

    /// To JSON; `None` when something inside is unknown or infinite. A number that a double would change becomes a string,
    /// which converts back to exactly that number.
    pub fn to_json(&self) -> Option<serde_json::Value> {
        Some(match self {
            Self::Unknown => return None,
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Number(number) if number.is_infinite() => return None,
            Self::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(whole), _) => whole.into(),
                (_, Some(whole)) => whole.into(),
                _ => {
                    let double = serde_json::Number::from_f64(number.as_f64());
                    let same = |double: &serde_json::Number| {
                        Number::parse(&double.to_string()).as_ref() == Some(number)
                    };
                    double.filter(same).map_or_else(|| number.to_string().into(), serde_json::Value::from)
                }
            },
            Self::String(text) => text.clone().into(),
            Self::List(items) => items.iter().map(Self::to_json).collect::<Option<Vec<_>>>()?.into(),
            Self::Map(entries) => entries
                .iter()
                .map(|(key, value)| value.to_json().map(|value| (key.clone(), value)))
                .collect::<Option<serde_json::Map<_, _>>>()?
                .into(),
        })
    }
}

/// A map key as HCL writes it: bare where it is an identifier, quoted otherwise.
pub fn map_key(key: &str) -> String {
    let mut chars = key.chars();
    let starts = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let bare = starts && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare && !matches!(key, "for" | "null" | "true" | "false") {
        return key.to_owned();
    }
    let mut out = String::new();
    quote_into(key, &mut out);
    out
}

/// Writes `text` as a quoted HCL string: `${` and `%{` stay text, control characters are escaped.
pub fn quote_into(text: &str, out: &mut String) {
    out.push('"');
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if chars.peek() == Some(&'{') => {
                out.push(c);
                out.push(c);
            }
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_print_as_hcl() {
        let map = Value::object(IndexMap::from([
            ("a-b".to_owned(), Value::int(1)),
            ("c d".to_owned(), Value::Null),
        ]));
        let list = Value::tuple(vec![Value::String("x\"${y}\n".into()), Value::Bool(true), map]);
        assert_eq!(list.to_hcl(), r#"["x\"$${y}\n", true, { a-b = 1, "c d" = null }]"#);
    }

    #[test]
    fn json_round_trips() {
        let json =
            serde_json::json!({ "a": [1, 2.5, "x", null, true], "b": { "c": 18446744073709551615_u64 } });
        assert_eq!(Value::from_json_text(&json.to_string()).unwrap().to_json().unwrap(), json);
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let deep = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
            assert!(Value::from_json_text(&deep(90)).is_ok());
            assert!(
                Value::from_json_text(&deep(110)).is_err() && Value::from_json_text(&deep(50_000)).is_err()
            );
        }
        let accents = Value::from_json_text(r#"{"e\u0301": "e\u0301"}"#).unwrap();
        assert_eq!(accents.to_json(), Some(serde_json::json!({ "é": "é" })));
        let large = Value::from_json_text("[18446744073709551617, 0.1]").unwrap();
        assert_eq!(large.to_json().unwrap(), serde_json::json!(["18446744073709551617", 0.1]));
        assert!(Value::tuple(vec![Value::Unknown]).to_json().is_none());
    }
}
