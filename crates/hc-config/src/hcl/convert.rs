//! Conversions between values, by HCL's rules: what stands for what, and in which form.

use unicode_normalization::{UnicodeNormalization as _, is_nfc};

use crate::number::Number;
use crate::value::Value;

/// Strings of HCL are in Unicode's composed form, wherever they come from.
pub(crate) fn normalized(value: Value) -> Value {
    match value {
        Value::String(text) if !is_nfc(&text) => Value::String(text.nfc().collect()),
        Value::List(items) => Value::List(items.into_iter().map(normalized).collect()),
        Value::Map(entries) => {
            Value::Map(entries.into_iter().map(|(key, value)| (key, normalized(value))).collect())
        }
        other => other,
    }
}

/// HCL's conversion to string: strings, numbers and bools.
pub(crate) fn to_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// HCL's conversion to bool.
pub(crate) fn to_bool(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text == "true" => Some(true),
        Value::String(text) if text == "false" => Some(false),
        _ => None,
    }
}

/// HCL's conversion to number.
pub(crate) fn to_number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => Number::parse(text),
        _ => None,
    }
}

/// Brings values that stand for one another to one type, as far as HCL does: beside a string, numbers and bools
/// become strings.
pub(crate) fn unify(values: Vec<Value>) -> Vec<Value> {
    let strings = values.iter().any(|value| matches!(value, Value::String(_)));
    let convert = |value: Value| match value {
        Value::Number(_) | Value::Bool(_) if strings => to_text(&value).map_or(value, Value::String),
        other => other,
    };
    values.into_iter().map(convert).collect()
}

/// `value[at]` and `value.at`.
pub(crate) fn index(value: &Value, at: &Value) -> Option<Value> {
    match value {
        Value::List(items) => items.get(usize::try_from(to_number(at)?.as_u64()?).ok()?).cloned(),
        Value::Map(entries) => entries.get(&to_text(at)?).cloned(),
        _ => None,
    }
}

/// A set of strings, numbers or bools in Packer's order; `None` for other sets, whose order only packer knows.
pub(crate) fn set(items: Vec<Value>) -> Option<Value> {
    let mut items = unify(items);
    let comparable = items.windows(2).all(|pair| match (&pair[0], &pair[1]) {
        (Value::Number(_), Value::Number(_))
        | (Value::String(_), Value::String(_))
        | (Value::Bool(_), Value::Bool(_)) => true,
        (one, other) => one == other,
    });
    if !comparable {
        return None;
    }
    items.sort_by(|one, other| match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal)
        }
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        (one, other) => one.as_str().cmp(&other.as_str()),
    });
    items.dedup();
    Some(Value::List(items))
}

/// JSON as Go writes it: keys sorted, safe inside HTML, numbers in full.
pub(crate) fn to_json(value: &Value) -> String {
    match value {
        Value::Null | Value::Unknown => "null".into(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => json_string(text),
        Value::List(items) => format!("[{}]", items.iter().map(to_json).collect::<Vec<_>>().join(",")),
        Value::Map(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| format!("{}:{}", json_string(key), to_json(value)))
                .collect();
            format!("{{{}}}", entries.join(","))
        }
    }
}

pub(crate) fn json_string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
