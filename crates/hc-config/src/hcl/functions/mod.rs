//! The pure functions of Packer's HCL. What depends on time, chance, files or the environment is unknown.

mod collections;
mod dates;
mod encoding;
mod network;
mod numbers;
mod text;

pub(super) use collections::set;
pub(super) use encoding::{json_string, to_json};

use unicode_normalization::{UnicodeNormalization as _, is_nfc};

use crate::number::Number;
use crate::value::Value;

/// Why a call has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FunctionError {
    /// Packer has no such function.
    #[error("there is no function `{0}`")]
    NotAFunction(String),
    /// The arguments do not fit.
    #[error("{0}() does not take these arguments: {1}")]
    Arguments(String, String),
}

/// One function that is evaluated here: name, fewest and most arguments, and what it computes. `None` is an
/// error, an unknown value is "only packer knows".
type Function = (&'static str, usize, usize, fn(&Arguments<'_>) -> Option<Value>);

/// As many arguments as one likes.
const MANY: usize = usize::MAX;

/// Functions that see their arguments unevaluated; the evaluator owns them.
pub const LAZY: &[&str] = &["can", "convert", "try"];

/// Known to packer, but known only when packer runs, or not worth a second implementation.
const OPAQUE: &[&str] = &[
    "abspath",
    "aws_secretsmanager",
    "aws_secretsmanager_raw",
    "base64gzip",
    "bcrypt",
    "consul_key",
    "csvdecode",
    "env",
    "file",
    "filebase64",
    "fileexists",
    "fileset",
    "legacy_isotime",
    "legacy_strftime",
    "log",
    "pathexpand",
    "rfc3339_parse",
    "rsadecrypt",
    "templatefile",
    "textdecodebase64",
    "textencodebase64",
    "timestamp",
    "unix_timestamp_parse",
    "uuidv4",
    "vault",
    "yamldecode",
    "yamlencode",
];

/// Functions that packer 1.6.6 does not have, with the version that brought them.
const LATER: &[(&str, (u64, u64))] = &[
    ("alltrue", (1, 12)),
    ("anytrue", (1, 12)),
    ("aws_secretsmanager_raw", (1, 12)),
    ("base64gzip", (1, 12)),
    ("endswith", (1, 13)),
    ("filebase64", (1, 13)),
    ("legacy_isotime", (1, 7)),
    ("legacy_strftime", (1, 7)),
    ("regex", (1, 7)),
    ("regexall", (1, 7)),
    ("rfc3339_parse", (1, 16)),
    ("startswith", (1, 13)),
    ("strcontains", (1, 12)),
    ("sum", (1, 13)),
    ("templatefile", (1, 7)),
    ("textdecodebase64", (1, 11)),
    ("textencodebase64", (1, 11)),
    ("unix_timestamp_parse", (1, 16)),
];

/// The first packer that has the function, as major and minor version; `None` when 1.6.6 has it.
pub fn since(name: &str) -> Option<(u64, u64)> {
    LATER.iter().find(|(known, _)| *known == name).map(|(_, version)| *version)
}

/// Everything that is evaluated here.
fn table() -> impl Iterator<Item = &'static Function> {
    [collections::TABLE, dates::TABLE, encoding::TABLE, network::TABLE, numbers::TABLE, text::TABLE]
        .into_iter()
        .flatten()
}

/// Every function name of packer, for suggestions.
pub fn names() -> impl Iterator<Item = &'static str> {
    table().map(|function| function.0).chain(LAZY.iter().copied()).chain(OPAQUE.iter().copied())
}

/// Calls a function. Unknown arguments give an unknown result.
///
/// # Errors
/// [`FunctionError`].
pub fn call(name: &str, arguments: &[Value]) -> Result<Value, FunctionError> {
    if OPAQUE.contains(&name) {
        return Ok(Value::Unknown);
    }
    let Some((_, fewest, most, compute)) = table().find(|function| function.0 == name) else {
        return Err(FunctionError::NotAFunction(name.to_owned()));
    };
    let fits = (*fewest..=*most).contains(&arguments.len());
    if fits && arguments.iter().any(Value::has_unknown) {
        return Ok(Value::Unknown);
    }
    fits.then(|| compute(&Arguments(arguments))).flatten().map(normalized).ok_or_else(|| {
        let kinds: Vec<&str> = arguments.iter().map(Value::kind).collect();
        FunctionError::Arguments(name.to_owned(), kinds.join(", "))
    })
}

/// Strings of HCL are in Unicode's composed form, wherever they come from.
pub(super) fn normalized(value: Value) -> Value {
    match value {
        Value::String(text) if !is_nfc(&text) => Value::String(text.nfc().collect()),
        Value::List(items) => Value::List(items.into_iter().map(normalized).collect()),
        Value::Map(entries) => {
            Value::Map(entries.into_iter().map(|(key, value)| (key, normalized(value))).collect())
        }
        other => other,
    }
}

/// Arguments with HCL's conversions; `None` where one does not fit.
struct Arguments<'a>(&'a [Value]);

impl<'a> Arguments<'a> {
    fn value(&self, at: usize) -> Option<&'a Value> {
        self.0.get(at)
    }

    fn text(&self, at: usize) -> Option<String> {
        to_text(self.value(at)?)
    }

    fn number(&self, at: usize) -> Option<Number> {
        to_number(self.value(at)?)
    }

    fn whole(&self, at: usize) -> Option<i64> {
        self.number(at)?.as_i64()
    }

    fn list(&self, at: usize) -> Option<Vec<Value>> {
        match self.value(at)? {
            Value::List(items) => Some(items.clone()),
            _ => None,
        }
    }

    fn texts(&self, at: usize) -> Option<Vec<String>> {
        self.list(at)?.iter().map(to_text).collect()
    }
}

/// HCL's conversion to string: strings, numbers and bools.
pub fn to_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// HCL's conversion to bool.
pub fn to_bool(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text == "true" => Some(true),
        Value::String(text) if text == "false" => Some(false),
        _ => None,
    }
}

/// HCL's conversion to number.
pub fn to_number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => Number::parse(text),
        _ => None,
    }
}

/// Brings values that stand for one another to one type, as far as HCL does: beside a string, numbers and bools
/// become strings.
pub fn unify(values: Vec<Value>) -> Vec<Value> {
    let strings = values.iter().any(|value| matches!(value, Value::String(_)));
    let convert = |value: Value| match value {
        Value::Number(_) | Value::Bool(_) if strings => to_text(&value).map_or(value, Value::String),
        other => other,
    };
    values.into_iter().map(convert).collect()
}

/// `value[at]` and `value.at`.
pub fn index(value: &Value, at: &Value) -> Option<Value> {
    match value {
        Value::List(items) => items.get(usize::try_from(to_number(at)?.as_u64()?).ok()?).cloned(),
        Value::Map(entries) => entries.get(&to_text(at)?).cloned(),
        _ => None,
    }
}
