//! `format()` and `formatlist()`: Go's verbs, as far as templates use them.

use super::functions::{sorted, to_bool, to_number, to_text};
use crate::value::Value;

/// Go's verbs that templates use: `%s %d %q %v %t %f %x %%`, with width, zero padding and precision.
pub(super) fn format(pattern: &str, arguments: &[Value]) -> Option<String> {
    let mut out = String::new();
    let mut chars = pattern.chars().peekable();
    let mut next = arguments.iter();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut flags = String::new();
        while let Some(flag) = chars.next_if(|c| matches!(c, '-' | '+' | ' ' | '0' | '#')) {
            flags.push(flag);
        }
        let mut width = String::new();
        while let Some(digit) = chars.next_if(char::is_ascii_digit) {
            width.push(digit);
        }
        let mut precision = None;
        if chars.next_if_eq(&'.').is_some() {
            let mut digits = String::new();
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            precision = Some(digits.parse::<usize>().unwrap_or(0).min(100));
        }
        let verb = chars.next()?;
        if verb == '%' {
            out.push('%');
            continue;
        }
        let value = next.next()?;
        let body = match verb {
            's' => to_text(value)?,
            'v' => to_text(value).or_else(|| serde_json::to_string(&sorted(&value.to_json()?)).ok())?,
            'q' => serde_json::to_string(&to_text(value)?).ok()?,
            't' => to_bool(value)?.to_string(),
            'd' => to_number(value)?.as_i64()?.to_string(),
            'x' => std::format!("{:x}", to_number(value)?.as_i64()?),
            'X' => std::format!("{:X}", to_number(value)?.as_i64()?),
            'o' => std::format!("{:o}", to_number(value)?.as_i64()?),
            'b' => std::format!("{:b}", to_number(value)?.as_i64()?),
            'f' => std::format!("{:.*}", precision.unwrap_or(6), to_number(value)?.as_f64()?),
            _ => return None,
        };
        let body = if flags.contains('+') && verb == 'd' && !body.starts_with('-') {
            std::format!("+{body}")
        } else {
            body
        };
        let width: usize = width.parse().unwrap_or(0).min(1000);
        let missing = width.saturating_sub(body.chars().count());
        if flags.contains('-') {
            out.push_str(&body);
            out.push_str(&" ".repeat(missing));
        } else if flags.contains('0') && verb != 's' {
            let (sign, digits) = body.split_at(usize::from(body.starts_with(['-', '+'])));
            out.push_str(sign);
            out.push_str(&"0".repeat(missing));
            out.push_str(digits);
        } else {
            out.push_str(&" ".repeat(missing));
            out.push_str(&body);
        }
    }
    if next.next().is_some() { None } else { Some(out) }
}

/// `format()` over lists, element by element.
pub(super) fn formatlist(pattern: &str, arguments: &[Value]) -> Option<Value> {
    let length = arguments.iter().find_map(|value| match value {
        Value::List(items) => Some(items.len()),
        _ => None,
    });
    let mut lines = Vec::new();
    for at in 0..length.unwrap_or(1) {
        let row: Vec<Value> = arguments
            .iter()
            .map(|value| match value {
                Value::List(items) => items.get(at).cloned(),
                other => Some(other.clone()),
            })
            .collect::<Option<_>>()?;
        lines.push(Value::String(format(pattern, &row)?));
    }
    Some(Value::List(lines))
}
