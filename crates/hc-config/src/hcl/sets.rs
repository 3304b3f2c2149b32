//! Sets: each element once, in the order in which Packer goes over them.

use std::cmp::Ordering;

use super::operators::equal;
use crate::shape::Shape;
use crate::value::{Form, Items, Value};

/// A set of such elements, which are of one type. Where parts are unknown, so is the order, and the elements stay as they
/// come.
pub(crate) fn set(items: Vec<Value>, of: Shape) -> Value {
    let form = Form::Set(of);
    if items.iter().any(Value::has_unknown) {
        return Value::List(Items::from(items).into_form(form));
    }
    let mut unique: Vec<Value> = Vec::new();
    for item in items {
        if !unique.iter().any(|other| equal(other, &item) == Some(true)) {
            unique.push(item);
        }
    }
    let mut keyed: Vec<(Option<String>, Value)> = Vec::new();
    for item in unique {
        let key = match item {
            Value::Null | Value::String(_) | Value::Number(_) | Value::Bool(_) => None,
            ref complex => Some(key(complex)),
        };
        keyed.push((key, item));
    }
    keyed.sort_by(|(one_key, one), (other_key, other)| match (one, other) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Greater,
        (_, Value::Null) => Ordering::Less,
        (Value::Number(one), Value::Number(other)) => one.partial_cmp(other).unwrap_or(Ordering::Equal),
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        (Value::String(one), Value::String(other)) => one.cmp(other),
        _ => one_key.cmp(other_key),
    });
    let items: Items = keyed.into_iter().map(|(_, item)| item).collect();
    Value::List(items.into_form(form))
}

/// What Packer sorts lists and objects by.
fn key(value: &Value) -> String {
    match value {
        Value::Unknown => "?".into(),
        Value::Null => "~".into(),
        Value::Bool(true) => "T".into(),
        Value::Bool(false) => "F".into(),
        Value::Number(number) => {
            let sign = number.sign();
            format!("{sign}{}", number.general(Some(10)))
        }
        Value::String(text) => quoted(text),
        Value::List(items) => {
            let inner = items.iter().map(|item| key(item) + ";").collect::<String>();
            if *items.form() == Form::Tuple { format!("<{inner}>") } else { format!("[{inner}]") }
        }
        Value::Map(entries) => {
            let mut names: Vec<&String> = entries.keys().collect();
            names.sort();
            let map = entries.of().is_some();
            let entry = |name: &&String| {
                let value = key(&entries[*name]);
                if map { format!("{}:{value};", quoted(name)) } else { format!("{value};") }
            };
            let inner = names.iter().map(entry).collect::<String>();
            if map { format!("{{{inner}}}") } else { format!("<{inner}>") }
        }
    }
}

/// As Go's `%q`.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1f}' | '\u{7f}' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            // The first letter is escaped by other rules.
            c if format!("a{c}").escape_debug().count() == 2 => out.push(c),
            c if u32::from(c) < 0x1_0000 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}
