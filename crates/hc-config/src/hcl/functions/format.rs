//! `format()` and `formatlist()`: Go's verbs, as far as templates use them.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::hcl::convert::{json_string, to_bool, to_json, to_number, to_text};
use crate::value::Value;

/// `%s %d %q %v %t %f %x %X %o %b %%`, with width, zero padding and precision; other verbs are packer's own.
pub(super) fn format(pattern: &str, arguments: &[Value]) -> Option<Value> {
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
        let mut digits = String::new();
        while let Some(digit) = chars.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        let width = digits.parse().unwrap_or(0).min(1000);
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
        if flags.contains(['#', ' '])
            || !matches!(verb, 's' | 'v' | 'q' | 't' | 'd' | 'x' | 'X' | 'o' | 'b' | 'f')
        {
            return Some(Value::Unknown);
        }
        let value = next.next()?;
        if *value == Value::Null && verb != 'v' {
            return Some(Value::Unknown);
        }
        let body = body(verb, value, precision)?;
        let sign =
            if flags.contains('+') && matches!(verb, 'd' | 'f') && !body.starts_with('-') { "+" } else { "" };
        pad(&std::format!("{sign}{body}"), &flags, width, verb, &mut out);
    }
    if next.next().is_some() { None } else { Some(Value::String(out)) }
}

fn body(verb: char, value: &Value, precision: Option<usize>) -> Option<String> {
    let whole = || to_number(value)?.as_integer();
    Some(match verb {
        's' | 'q' => {
            let text = to_text(value)?;
            let text: String = match precision {
                Some(length) => text.graphemes(true).take(length).collect(),
                None => text,
            };
            if verb == 'q' { json_string(&text) } else { text }
        }
        'v' => to_text(value).unwrap_or_else(|| to_json(value)),
        't' => to_bool(value)?.to_string(),
        'd' => whole()?.to_string(),
        'x' => whole()?.in_radix(16).to_string(),
        'X' => whole()?.in_radix(16).to_string().to_uppercase(),
        'o' => whole()?.in_radix(8).to_string(),
        'b' => whole()?.in_radix(2).to_string(),
        _ => to_number(value)?.fixed(precision.unwrap_or(6)),
    })
}

fn pad(body: &str, flags: &str, width: usize, verb: char, out: &mut String) {
    let missing = width.saturating_sub(body.graphemes(true).count());
    if flags.contains('-') {
        out.push_str(body);
        out.push_str(&" ".repeat(missing));
    } else if flags.contains('0') && !matches!(verb, 's' | 'q' | 'v') {
        let (sign, digits) = body.split_at(usize::from(body.starts_with(['-', '+'])));
        out.push_str(sign);
        out.push_str(&"0".repeat(missing));
        out.push_str(digits);
    } else {
        out.push_str(&" ".repeat(missing));
        out.push_str(body);
    }
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
        lines.push(format(pattern, &row)?);
    }
    Some(Value::List(lines))
}
