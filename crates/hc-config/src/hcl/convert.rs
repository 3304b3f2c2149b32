//! Conversions between values, by HCL's rules: what stands for what, and in which form.

use unicode_normalization::{UnicodeNormalization as _, is_nfc};

use crate::number::Number;
use crate::value::{Entries, Items, Value};

/// Strings of HCL are in Unicode's composed form, wherever they come from.
pub(crate) fn normalized(value: Value) -> Value {
    match value {
        Value::String(text) if !is_nfc(&text) => Value::String(text.nfc().collect()),
        Value::List(items) => {
            let form = items.form().clone();
            Value::List(items.into_iter().map(normalized).collect::<Items>().into_form(form))
        }
        Value::Map(entries) => {
            let of = entries.of().cloned();
            let entries: Entries = entries.into_iter().map(|(key, value)| (key, normalized(value))).collect();
            Value::Map(match of {
                Some(of) => entries.into_map(of),
                None => entries,
            })
        }
        other => other,
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
        Value::String(text) => match text.as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
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

/// `value[at]` and `value.at`.
pub(crate) fn index(value: &Value, at: &Value) -> Option<Value> {
    match value {
        Value::List(items) if !items.is_set() => {
            items.get(usize::try_from(to_number(at)?.as_u64()?).ok()?).cloned()
        }
        Value::Map(entries) => entries.get(&to_text(at)?).cloned(),
        _ => None,
    }
}

/// JSON as Go writes it: keys sorted, safe inside HTML, numbers in full. `None` for an infinite number.
pub(crate) fn to_json(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null | Value::Unknown => "null".into(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) if number.is_infinite() => return None,
        Value::Number(number) => number.to_string(),
        Value::String(text) => json_string(text),
        Value::List(items) => {
            format!("[{}]", items.iter().map(to_json).collect::<Option<Vec<_>>>()?.join(","))
        }
        Value::Map(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            let entries = entries
                .iter()
                .map(|(key, value)| Some(format!("{}:{}", json_string(key), to_json(value)?)))
                .collect::<Option<Vec<_>>>()?;
            format!("{{{}}}", entries.join(","))
        }
    })
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
