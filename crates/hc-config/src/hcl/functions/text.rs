//! Strings. What counts as a character is a grapheme cluster, as in Packer.

use unicode_segmentation::UnicodeSegmentation as _;

use super::arguments::{Function, MANY};
use super::format::{format, formatlist};
use super::regexp::Pattern;
use crate::shape::Shape;
use crate::value::Value;

pub(super) const TABLE: &[Function] = &[
    ("chomp", 1, 1, |a| string(a.text(0)?.trim_end_matches(['\n', '\r']))),
    ("endswith", 2, 2, |a| Some(Value::Bool(a.text(0)?.ends_with(&a.text(1)?)))),
    ("format", 1, MANY, |a| format(&a.text(0)?, &a.0[1..])),
    ("formatlist", 1, MANY, |a| formatlist(&a.text(0)?, &a.0[1..])),
    ("indent", 2, 2, |a| {
        let pad = " ".repeat(usize::try_from(a.whole(0)?).ok().filter(|width| *width <= 1000)?);
        string(&a.text(1)?.replace('\n', &std::format!("\n{pad}")))
    }),
    ("join", 2, MANY, |a| {
        let mut parts = Vec::new();
        for at in 1..a.0.len() {
            parts.extend(a.texts(at)?);
        }
        string(&parts.join(&a.text(0)?))
    }),
    ("lower", 1, 1, |a| {
        string(&a.text(0)?.chars().map(|c| one_to_one(c, c.to_lowercase())).collect::<String>())
    }),
    ("regex", 2, 2, |a| {
        let (pattern, text) = (Pattern::parse(&a.text(0)?)?, a.text(1)?);
        pattern.names()?;
        if !pattern.can_search(&text) {
            return Some(Value::Unknown);
        }
        let found = pattern.all(&text).next()?;
        Some(captures(&pattern, &found))
    }),
    ("regex_replace", 3, 3, |a| {
        let (text, pattern) = (a.text(0)?, Pattern::parse(&a.text(1)?)?);
        if !pattern.can_search(&text) {
            return Some(Value::Unknown);
        }
        string(&pattern.replace(&text, &a.text(2)?))
    }),
    ("regexall", 2, 2, |a| {
        let (pattern, text) = (Pattern::parse(&a.text(0)?)?, a.text(1)?);
        let of = captured(&pattern)?;
        if !pattern.can_search(&text) {
            return Some(Value::Unknown);
        }
        Some(Value::list(pattern.all(&text).map(|found| captures(&pattern, &found)).collect(), of))
    }),
    ("replace", 3, 3, |a| string(&a.text(0)?.replace(&a.text(1)?, &a.text(2)?))),
    ("split", 2, 2, |a| {
        let (separator, whole) = (a.text(0)?, a.text(1)?);
        let parts: Vec<Value> = if separator.is_empty() {
            whole.chars().map(|c| Value::String(c.to_string())).collect()
        } else {
            whole.split(&separator).map(|part| Value::String(part.to_owned())).collect()
        };
        Some(Value::list(parts, Shape::String))
    }),
    ("startswith", 2, 2, |a| Some(Value::Bool(a.text(0)?.starts_with(&a.text(1)?)))),
    ("strcontains", 2, 2, |a| Some(Value::Bool(a.text(0)?.contains(&a.text(1)?)))),
    ("strrev", 1, 1, |a| string(&a.text(0)?.graphemes(true).rev().collect::<String>())),
    ("substr", 3, 3, |a| substr(&a.text(0)?, a.whole(1)?, a.whole(2)?)),
    ("title", 1, 1, |a| string(&title(&a.text(0)?))),
    ("trim", 2, 2, |a| {
        let cut: Vec<char> = a.text(1)?.chars().collect();
        string(a.text(0)?.trim_matches(cut.as_slice()))
    }),
    ("trimprefix", 2, 2, |a| {
        let (text, prefix) = (a.text(0)?, a.text(1)?);
        string(text.strip_prefix(&prefix).unwrap_or(&text))
    }),
    ("trimspace", 1, 1, |a| string(a.text(0)?.trim())),
    ("trimsuffix", 2, 2, |a| {
        let (text, suffix) = (a.text(0)?, a.text(1)?);
        string(text.strip_suffix(&suffix).unwrap_or(&text))
    }),
    ("upper", 1, 1, |a| {
        string(&a.text(0)?.chars().map(|c| one_to_one(c, c.to_uppercase())).collect::<String>())
    }),
];

fn string(text: &str) -> Option<Value> {
    Some(Value::String(text.to_owned()))
}

/// Packer maps rune by rune: a letter whose other case is several stays as it is, but for the few that have a
/// short form as well.
fn one_to_one(c: char, mut other: impl Iterator<Item = char>) -> char {
    match (other.next(), other.next()) {
        (Some(only), None) => only,
        _ if c == 'İ' => 'i',
        // Greek letters with an iota below have capitals with an iota beside.
        _ => match u32::from(c) {
            0x1f80..=0x1f87 | 0x1f90..=0x1f97 | 0x1fa0..=0x1fa7 => above(c, 8),
            0x1fb3 | 0x1fc3 | 0x1ff3 => above(c, 9),
            _ => c,
        },
    }
}

fn above(c: char, places: u32) -> char {
    char::from_u32(u32::from(c) + places).unwrap_or(c)
}

/// The form of a letter at the beginning of a word: of digraphs, only the first half is large; Georgian has none.
fn title_case(c: char) -> char {
    match c {
        'Ǆ' | 'ǅ' | 'ǆ' => 'ǅ',
        'Ǉ' | 'ǈ' | 'ǉ' => 'ǈ',
        'Ǌ' | 'ǋ' | 'ǌ' => 'ǋ',
        'Ǳ' | 'ǲ' | 'ǳ' => 'ǲ',
        'ა'..='ჺ' | 'ჽ'..='ჿ' => c,
        _ => one_to_one(c, c.to_uppercase()),
    }
}

/// As Go's `strings.Title`: a word begins behind everything that is no letter, digit or underscore.
fn title(text: &str) -> String {
    let mut start = true;
    text.chars()
        .map(|c| {
            let out = if start { title_case(c) } else { c };
            start = if c.is_ascii() { !c.is_ascii_alphanumeric() && c != '_' } else { c.is_whitespace() };
            out
        })
        .collect()
}

/// The type of what [`captures`] gives.
fn captured(pattern: &Pattern) -> Option<Shape> {
    let names = pattern.names()?;
    Some(match (names.is_empty(), pattern.groups()) {
        (false, _) => Shape::Object(names.into_iter().map(|name| (name.to_owned(), Shape::String)).collect()),
        (true, 0) => Shape::String,
        (true, groups) => Shape::Tuple(vec![Shape::String; groups]),
    })
}

/// The groups of a match by their names or in their order, or the match where there are none.
fn captures(pattern: &Pattern, found: &regex::Captures<'_>) -> Value {
    let group = |at: usize| found.get(at).map_or(Value::Null, |at| Value::String(at.as_str().to_owned()));
    match pattern.names() {
        Some(names) if !names.is_empty() => Value::Map(
            names.into_iter().enumerate().map(|(at, name)| (name.to_owned(), group(at + 1))).collect(),
        ),
        _ if pattern.groups() > 0 => Value::List((1..=pattern.groups()).map(group).collect()),
        _ => group(0),
    }
}

fn substr(text: &str, offset: i64, length: i64) -> Option<Value> {
    let parts: Vec<&str> = text.graphemes(true).collect();
    let count = i64::try_from(parts.len()).ok()?;
    let start = if offset < 0 { (count + offset).max(0) } else { offset.min(count) };
    let end = if length < 0 { count } else { start.saturating_add(length).min(count) };
    let (start, end) = (usize::try_from(start).ok()?, usize::try_from(end).ok()?);
    string(&parts[start..end].concat())
}
