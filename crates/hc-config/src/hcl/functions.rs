//! The pure functions of Packer's HCL. What depends on time, chance, files or the environment is unknown.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use indexmap::IndexMap;
use regex::Regex;
use sha2::{Digest as _, Sha256, Sha512};

use super::format::{format, formatlist};
use super::types::parse_number;
use crate::value::{Number, Value};

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

/// Evaluated here.
const PURE: &[&str] = &[
    "abs",
    "base64decode",
    "base64encode",
    "can",
    "ceil",
    "chomp",
    "coalesce",
    "coalescelist",
    "compact",
    "concat",
    "contains",
    "distinct",
    "element",
    "endswith",
    "flatten",
    "floor",
    "format",
    "formatlist",
    "indent",
    "index",
    "join",
    "jsondecode",
    "jsonencode",
    "keys",
    "length",
    "lookup",
    "lower",
    "max",
    "merge",
    "min",
    "parseint",
    "pow",
    "range",
    "regex",
    "regexall",
    "regex_replace",
    "replace",
    "reverse",
    "setunion",
    "signum",
    "slice",
    "sort",
    "split",
    "startswith",
    "strcontains",
    "strrev",
    "substr",
    "sum",
    "title",
    "trim",
    "trimprefix",
    "trimspace",
    "trimsuffix",
    "try",
    "upper",
    "values",
    "zipmap",
    "alltrue",
    "anytrue",
    "basename",
    "chunklist",
    "dirname",
    "sha256",
    "sha512",
    "urlencode",
];

/// Known to packer, but known only when packer runs (or not worth a second implementation).
const OPAQUE: &[&str] = &[
    "abspath",
    "aws_secretsmanager",
    "aws_secretsmanager_raw",
    "base64gzip",
    "bcrypt",
    "cidrhost",
    "cidrnetmask",
    "cidrsubnet",
    "cidrsubnets",
    "consul_key",
    "convert",
    "csvdecode",
    "env",
    "file",
    "filebase64",
    "fileexists",
    "fileset",
    "formatdate",
    "legacy_isotime",
    "legacy_strftime",
    "log",
    "matchkeys",
    "md5",
    "pathexpand",
    "rsadecrypt",
    "setintersection",
    "setproduct",
    "setsubtract",
    "sha1",
    "templatefile",
    "timeadd",
    "timestamp",
    "trimall",
    "uuidv4",
    "uuidv5",
    "vault",
    "yamldecode",
    "yamlencode",
    "isotime",
    "hcp_packer_image",
    "unique_id",
    "uuid",
    "aws_secretsmanager_version",
];

/// Every function name, for suggestions.
pub const NAMES: &[&str] = PURE;

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
        Value::Number(number) => Some(*number),
        Value::String(text) => parse_number(text),
        _ => None,
    }
}

/// `value[at]` and `value.at`.
pub fn index(value: &Value, at: &Value) -> Option<Value> {
    match value {
        Value::List(items) => items.get(usize::try_from(to_number(at)?.as_u64()?).ok()?).cloned(),
        Value::Map(entries) => entries.get(&to_text(at)?).cloned(),
        _ => None,
    }
}

/// Calls a function. Unknown arguments give an unknown result.
///
/// # Errors
/// [`FunctionError`].
pub fn call(name: &str, arguments: &[Value]) -> Result<Value, FunctionError> {
    if OPAQUE.contains(&name) {
        return Ok(Value::Unknown);
    }
    if !PURE.contains(&name) {
        return Err(FunctionError::NotAFunction(name.to_owned()));
    }
    if arguments.iter().any(Value::has_unknown) {
        return Ok(Value::Unknown);
    }
    pure(name, arguments).ok_or_else(|| {
        let kinds: Vec<&str> = arguments.iter().map(Value::kind).collect();
        FunctionError::Arguments(name.to_owned(), kinds.join(", "))
    })
}

fn pure(name: &str, arguments: &[Value]) -> Option<Value> {
    let value = |at: usize| arguments.get(at);
    let text = |at: usize| to_text(value(at)?);
    let number = |at: usize| to_number(value(at)?);
    let whole = |at: usize| number(at)?.as_i64();
    let list = |at: usize| match value(at)? {
        Value::List(items) => Some(items.clone()),
        _ => None,
    };
    let map = |at: usize| match value(at)? {
        Value::Map(entries) => Some(entries.clone()),
        _ => None,
    };
    let string = |text: String| Some(Value::String(text));
    let flag = |flag: bool| Some(Value::Bool(flag));
    match name {
        "upper" => string(text(0)?.chars().map(|c| one_to_one(c, c.to_uppercase())).collect()),
        "lower" => string(text(0)?.chars().map(|c| one_to_one(c, c.to_lowercase())).collect()),
        "title" => string(title(&text(0)?)),
        "chomp" => string(text(0)?.trim_end_matches(['\n', '\r']).to_owned()),
        "trimspace" => string(text(0)?.trim().to_owned()),
        "trim" => {
            let cut: Vec<char> = text(1)?.chars().collect();
            string(text(0)?.trim_matches(cut.as_slice()).to_owned())
        }
        "trimprefix" => string(text(0)?.strip_prefix(text(1)?.as_str()).map_or(text(0)?, str::to_owned)),
        "trimsuffix" => string(text(0)?.strip_suffix(text(1)?.as_str()).map_or(text(0)?, str::to_owned)),
        "startswith" => flag(text(0)?.starts_with(&text(1)?)),
        "endswith" => flag(text(0)?.ends_with(&text(1)?)),
        "strcontains" => flag(text(0)?.contains(&text(1)?)),
        "strrev" => string(text(0)?.chars().rev().collect()),
        "replace" => string(replace(&text(0)?, &text(1)?, &text(2)?)?),
        "regex_replace" => {
            string(Regex::new(&text(1)?).ok()?.replace_all(&text(0)?, text(2)?.as_str()).into_owned())
        }
        "regex" => captures(&Regex::new(&text(0)?).ok()?, &Regex::new(&text(0)?).ok()?.captures(&text(1)?)?),
        "regexall" => {
            let pattern = Regex::new(&text(0)?).ok()?;
            pattern
                .captures_iter(&text(1)?)
                .map(|found| captures(&pattern, &found))
                .collect::<Option<_>>()
                .map(Value::List)
        }
        "substr" => substr(&text(0)?, whole(1)?, whole(2)?).map(Value::String),
        "indent" => {
            let pad = " ".repeat(usize::try_from(whole(0)?).ok().filter(|width| *width <= 1000)?);
            string(text(1)?.replace('\n', &format!("\n{pad}")))
        }
        "split" => {
            let (separator, whole) = (text(0)?, text(1)?);
            let parts: Vec<Value> = if separator.is_empty() {
                whole.chars().map(|c| Value::String(c.to_string())).collect()
            } else {
                whole.split(&separator).map(|part| Value::String(part.to_owned())).collect()
            };
            Some(Value::List(parts))
        }
        "join" => {
            let mut parts = Vec::new();
            for at in 1..arguments.len() {
                parts.extend(list(at)?);
            }
            let parts: Vec<String> = parts.iter().map(to_text).collect::<Option<_>>()?;
            string(parts.join(&text(0)?))
        }
        "format" => string(format(&text(0)?, &arguments[1..])?),
        "formatlist" => formatlist(&text(0)?, &arguments[1..]),
        "basename" => string(base_name(&text(0)?)),
        "dirname" => string(dir_name(&text(0)?)),
        "urlencode" => string(url_encoded(&text(0)?)),
        "sha256" => string(hex(&Sha256::digest(text(0)?))),
        "sha512" => string(hex(&Sha512::digest(text(0)?))),
        "chunklist" => {
            let items = list(0)?;
            let size = usize::try_from(whole(1)?).ok()?;
            let chunks = match size {
                0 => vec![Value::List(items)],
                size => items.chunks(size).map(|chunk| Value::List(chunk.to_vec())).collect(),
            };
            Some(Value::List(chunks))
        }
        "base64encode" => string(BASE64.encode(text(0)?)),
        "base64decode" => string(String::from_utf8(BASE64.decode(text(0)?).ok()?).ok()?),
        "jsonencode" => string(escaped(&serde_json::to_string(&sorted(&value(0)?.to_json()?)).ok()?)),
        "jsondecode" => Some(Value::from_json(&serde_json::from_str(&text(0)?).ok()?)),
        "abs" => number(0).map(|n| if n.as_f64() < Some(0.0) { -n } else { n }).map(Value::Number),
        "ceil" => Number::from_f64(number(0)?.as_f64()?.ceil()).map(shrink),
        "floor" => Number::from_f64(number(0)?.as_f64()?.floor()).map(shrink),
        "signum" => {
            let number = number(0)?.as_f64()?;
            Some(Value::int(if number > 0.0 {
                1
            } else if number < 0.0 {
                -1
            } else {
                0
            }))
        }
        "pow" => Number::from_f64(number(0)?.as_f64()?.powf(number(1)?.as_f64()?)).map(shrink),
        "parseint" => {
            i64::from_str_radix(&text(0)?, u32::try_from(whole(1)?).ok().filter(|r| (2..=36).contains(r))?)
                .ok()
                .map(Value::int)
        }
        "min" | "max" => {
            let numbers: Vec<Number> = arguments.iter().map(to_number).collect::<Option<_>>()?;
            numbers
                .into_iter()
                .reduce(|a, b| if (a.as_f64() <= b.as_f64()) == (name == "min") { a } else { b })
                .map(Value::Number)
        }
        "sum" => {
            let mut total = 0.0;
            for item in list(0)? {
                total += to_number(&item)?.as_f64()?;
            }
            Number::from_f64(total).map(shrink)
        }
        "range" => range(arguments),
        "length" => Some(Value::int(
            i64::try_from(match value(0)? {
                Value::String(text) => text.chars().count(),
                Value::List(items) => items.len(),
                Value::Map(entries) => entries.len(),
                _ => return None,
            })
            .ok()?,
        )),
        "keys" => {
            let mut keys: Vec<String> = map(0)?.into_keys().collect();
            keys.sort();
            Some(Value::List(keys.into_iter().map(Value::String).collect()))
        }
        "values" => {
            let mut entries: Vec<(String, Value)> = map(0)?.into_iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Some(Value::List(entries.into_iter().map(|(_, value)| value).collect()))
        }
        "lookup" => map(0)?.get(&text(1)?).or(value(2)).cloned(),
        "merge" => {
            let mut merged = IndexMap::new();
            for at in 0..arguments.len() {
                match value(at)? {
                    Value::Map(entries) => merged.extend(entries.clone()),
                    Value::Null => {}
                    _ => return None,
                }
            }
            Some(Value::Map(merged))
        }
        "zipmap" => {
            let keys: Vec<String> = list(0)?.iter().map(to_text).collect::<Option<_>>()?;
            let values = list(1)?;
            (keys.len() == values.len()).then(|| Value::Map(keys.into_iter().zip(values).collect()))
        }
        "concat" => {
            let mut all = Vec::new();
            for at in 0..arguments.len() {
                all.extend(list(at)?);
            }
            Some(Value::List(all))
        }
        "flatten" => Some(Value::List(flatten(list(0)?))),
        "distinct" => {
            let mut unique: Vec<Value> = Vec::new();
            for item in list(0)? {
                if !unique.contains(&item) {
                    unique.push(item);
                }
            }
            Some(Value::List(unique))
        }
        "compact" => Some(Value::List(
            list(0)?
                .into_iter()
                .filter(|item| !matches!(item, Value::Null) && item.as_str() != Some(""))
                .collect(),
        )),
        "contains" => flag(list(0)?.contains(value(1)?)),
        "reverse" => list(0).map(|items| Value::List(items.into_iter().rev().collect())),
        "sort" => {
            let mut texts: Vec<String> = list(0)?.iter().map(to_text).collect::<Option<_>>()?;
            texts.sort();
            Some(Value::List(texts.into_iter().map(Value::String).collect()))
        }
        "slice" => {
            let items = list(0)?;
            let (from, to) = (usize::try_from(whole(1)?).ok()?, usize::try_from(whole(2)?).ok()?);
            items.get(from..to).map(|part| Value::List(part.to_vec()))
        }
        "element" => {
            let items = list(0)?;
            let at = usize::try_from(whole(1)?).ok()?.checked_rem(items.len())?;
            items.get(at).cloned()
        }
        "index" => list(0)?
            .iter()
            .position(|item| Some(item) == value(1))
            .and_then(|at| i64::try_from(at).ok())
            .map(Value::int),
        "coalesce" => {
            arguments.iter().find(|item| **item != Value::Null && item.as_str() != Some("")).cloned()
        }
        "coalescelist" => {
            arguments.iter().find(|item| matches!(item, Value::List(items) if !items.is_empty())).cloned()
        }
        "setunion" => {
            let mut all = Vec::new();
            for at in 0..arguments.len() {
                all.extend(list(at)?);
            }
            Some(Value::List(set(all)))
        }
        "alltrue" => list(0)?
            .iter()
            .map(to_bool)
            .collect::<Option<Vec<_>>>()
            .map(|all| Value::Bool(all.into_iter().all(|x| x))),
        "anytrue" => list(0)?
            .iter()
            .map(to_bool)
            .collect::<Option<Vec<_>>>()
            .map(|all| Value::Bool(all.into_iter().any(|x| x))),
        _ => None,
    }
}

/// Packer maps rune by rune: a letter whose other case is several stays as it is.
fn one_to_one(c: char, mut other: impl Iterator<Item = char>) -> char {
    match (other.next(), other.next()) {
        (Some(only), None) => only,
        _ => c,
    }
}

/// As Go writes JSON: safe inside HTML.
fn escaped(json: &str) -> String {
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// As Go's `filepath.Base`.
fn base_name(path: &str) -> String {
    let trimmed = path.trim_end_matches('/');
    match (path.is_empty(), trimmed.is_empty()) {
        (true, _) => ".".into(),
        (false, true) => "/".into(),
        _ => trimmed.rsplit('/').next().unwrap_or_default().to_owned(),
    }
}

/// As Go's `filepath.Dir`, which cleans the path.
fn dir_name(path: &str) -> String {
    let Some((dir, _)) = path.rsplit_once('/') else { return ".".into() };
    let mut parts: Vec<&str> = Vec::new();
    let absolute = path.starts_with('/');
    for part in dir.split('/').filter(|part| !matches!(*part, "" | ".")) {
        match (part, parts.last()) {
            ("..", Some(last)) if *last != ".." => drop(parts.pop()),
            ("..", _) if absolute => {}
            _ => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (absolute, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".into(),
        (false, false) => joined,
    }
}

/// As Go's `url.QueryEscape`.
fn url_encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn shrink(number: Number) -> Value {
    match number.as_f64() {
        Some(float) if float.fract() == 0.0 && float.abs() < 9e15 => Value::int(float as i64),
        _ => Value::Number(number),
    }
}

fn title(text: &str) -> String {
    let mut start = true;
    text.chars()
        .map(|c| {
            let out = if start { c.to_uppercase().next().unwrap_or(c) } else { c };
            start = !c.is_alphanumeric() && c != '\'' && c != '_';
            out
        })
        .collect()
}

/// A needle between slashes is a regular expression.
fn replace(text: &str, needle: &str, with: &str) -> Option<String> {
    match needle.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
        Some(pattern) if needle.len() > 1 => {
            Some(Regex::new(pattern).ok()?.replace_all(text, with).into_owned())
        }
        _ => Some(text.replace(needle, with)),
    }
}

fn captures(pattern: &Regex, found: &regex::Captures<'_>) -> Option<Value> {
    let group =
        |at: Option<regex::Match<'_>>| at.map_or(Value::Null, |at| Value::String(at.as_str().to_owned()));
    let names: Vec<&str> = pattern.capture_names().flatten().collect();
    Some(if !names.is_empty() {
        Value::Map(names.into_iter().map(|name| (name.to_owned(), group(found.name(name)))).collect())
    } else if found.len() > 1 {
        Value::List((1..found.len()).map(|at| group(found.get(at))).collect())
    } else {
        group(found.get(0))
    })
}

fn substr(text: &str, offset: i64, length: i64) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    let count = i64::try_from(chars.len()).ok()?;
    let start = if offset < 0 { (count + offset).max(0) } else { offset.min(count) };
    let end = if length < 0 { count } else { start.saturating_add(length).min(count) };
    let (start, end) = (usize::try_from(start).ok()?, usize::try_from(end).ok()?);
    Some(chars[start..end].iter().collect())
}

fn range(arguments: &[Value]) -> Option<Value> {
    let numbers: Vec<i64> =
        arguments.iter().map(|value| to_number(value)?.as_i64()).collect::<Option<_>>()?;
    let (start, end, step) = match numbers.as_slice() {
        [end] => (0, *end, if *end < 0 { -1 } else { 1 }),
        [start, end] => (*start, *end, if end < start { -1 } else { 1 }),
        [start, end, step] if *step != 0 => (*start, *end, *step),
        _ => return None,
    };
    let mut items = Vec::new();
    let mut at = start;
    while (step > 0 && at < end) || (step < 0 && at > end) {
        // Packer's own limit.
        if items.len() >= 1024 {
            return None;
        }
        items.push(Value::int(at));
        at = at.checked_add(step)?;
    }
    Some(Value::List(items))
}

fn flatten(items: Vec<Value>) -> Vec<Value> {
    items
        .into_iter()
        .flat_map(|item| match item {
            Value::List(inner) => flatten(inner),
            other => vec![other],
        })
        .collect()
}

/// Sets of strings come out sorted and without repetition.
fn set(mut items: Vec<Value>) -> Vec<Value> {
    items.sort_by_key(to_text);
    items.dedup();
    items
}

pub(super) fn sorted(json: &serde_json::Value) -> serde_json::Value {
    match json {
        serde_json::Value::Object(entries) => {
            let mut entries: Vec<_> =
                entries.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            serde_json::Value::Object(entries.into_iter().collect())
        }
        serde_json::Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}
