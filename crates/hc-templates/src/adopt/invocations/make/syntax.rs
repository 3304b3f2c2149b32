//! The shapes of lines: conditions, assignments, `define`.

use super::words::{self, closing, top_level};

pub(super) fn first_word(line: &str) -> (&str, &str) {
    let end = line.find([' ', '\t', '(']).filter(|at| *at > 0).unwrap_or(line.len());
    (&line[..end], line[end..].trim())
}

/// The two sides of `ifeq`.
pub(super) fn sides(arguments: &str) -> Option<(&str, &str)> {
    let arguments = arguments.trim();
    if let Some(inner) = arguments.strip_prefix('(') {
        let inner = &inner[..closing(inner, '(')?];
        let comma = words::arguments(inner, '(', 2);
        return match comma.as_slice() {
            [left, right] => Some((left.trim_end(), right.trim_start())),
            _ => None,
        };
    }
    let quoted = |text: &'_ str| -> Option<(usize, usize)> {
        let quote = text.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        Some((1, 1 + text[1..].find(quote)?))
    };
    let (from, to) = quoted(arguments)?;
    let rest = arguments[to + 1..].trim_start();
    let (start, end) = quoted(rest)?;
    Some((&arguments[from..to], &rest[start..end]))
}

/// A line that sets a variable.
pub(super) struct Assignment<'a> {
    pub(super) name: &'a str,
    pub(super) operator: &'a str,
    pub(super) value: &'a str,
    pub(super) forced: bool,
    pub(super) export: bool,
}

pub(super) fn assignment(line: &str) -> Option<Assignment<'_>> {
    let (mut rest, mut forced, mut export) = (line.trim_start(), false, false);
    loop {
        let (word, after) = first_word(rest);
        // `export = 1` sets a variable of that name.
        let modifier =
            matches!(word, "export" | "override" | "private") && !after.starts_with(['=', ':', '?', '+']);
        if !modifier || after.is_empty() {
            break;
        }
        forced |= word == "override";
        export |= word == "export";
        rest = after;
    }
    let equals = top_level(rest, '=')?;
    let before = &rest[..equals];
    let operator =
        [":::", "::", ":", "?", "+", "!"].into_iter().find(|sign| before.ends_with(sign)).unwrap_or("");
    let name = before[..before.len() - operator.len()].trim();
    let plain =
        top_level(name, ' ').is_none() && top_level(name, '\t').is_none() && top_level(name, ':').is_none();
    if name.is_empty() || !plain {
        return None;
    }
    let operator = match operator {
        "" => "=",
        "?" => "?=",
        "+" => "+=",
        "!" => "!=",
        _ => ":=",
    };
    Some(Assignment { name, operator, value: rest[equals + 1..].trim_start(), forced, export })
}

/// `define name operator`.
pub(super) fn definition_of(line: &str) -> Option<(String, String, bool)> {
    let (mut word, mut rest) = first_word(line);
    let mut forced = false;
    while let "override" | "export" | "private" = word {
        forced |= word == "override";
        (word, rest) = first_word(rest);
    }
    if word != "define" || rest.is_empty() || rest.starts_with(['=', ':']) {
        return None;
    }
    let operator = ["?=", "+=", "!=", "::=", ":=", "="].into_iter().find(|sign| rest.ends_with(sign));
    let name = rest[..rest.len() - operator.map_or(0, str::len)].trim();
    let operator = if operator == Some("::=") { ":=" } else { operator.unwrap_or("=") };
    Some((name.to_owned(), operator.to_owned(), forced))
}
