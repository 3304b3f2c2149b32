//! Regular expressions of `grep` and `sed`, and what these two do with them.

use regex::{Regex, RegexBuilder};

/// A POSIX expression as the regex crate writes it.
fn regex(pattern: &str, extended: bool, ignore_case: bool) -> Option<Regex> {
    let mut out = String::new();
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next()? {
                // In a basic expression these have a meaning with a backslash only.
                special @ ('(' | ')' | '{' | '}' | '|' | '+' | '?') if !extended => out.push(special),
                digit if digit.is_ascii_digit() => return None,
                letter @ ('s' | 'S' | 'w' | 'W' | 'b') => out.extend(['\\', letter]),
                letter => out.push_str(&regex::escape(&letter.to_string())),
            },
            '(' | ')' | '{' | '}' | '|' | '+' | '?' if !extended => out.extend(['\\', letter]),
            '[' => {
                out.push('[');
                if letters.peek() == Some(&'^') {
                    out.extend(letters.next());
                }
                if letters.peek() == Some(&']') {
                    letters.next();
                    out.push_str("\\]");
                }
                loop {
                    match letters.next()? {
                        ']' => break,
                        '[' if letters.peek() == Some(&':') => {
                            let class: String =
                                letters.by_ref().take_while(|letter| *letter != ']').collect();
                            out.push_str(&format!("[{class}]"));
                        }
                        letter @ ('[' | '\\' | '&' | '~') => out.extend(['\\', letter]),
                        letter => out.push(letter),
                    }
                }
                out.push(']');
            }
            letter => out.push(letter),
        }
    }
    RegexBuilder::new(&out).case_insensitive(ignore_case).size_limit(1 << 18).build().ok()
}

/// The lines of a text that match.
pub(super) fn grep(text: &str, pattern: &str, flags: &[&str], extended: bool) -> Option<String> {
    let letters: String = flags.iter().flat_map(|flag| flag.chars().skip(1)).collect();
    if flags.iter().any(|flag| flag.starts_with("--"))
        || letters.contains(|letter| !"EFivoh".contains(letter))
    {
        return None;
    }
    let pattern = if letters.contains('F') { regex::escape(pattern) } else { pattern.to_owned() };
    let extended = extended || letters.contains(['E', 'F']);
    let regex = regex(&pattern, extended, letters.contains('i'))?;
    let mut out = String::new();
    for line in text.lines() {
        if letters.contains('o') {
            for found in regex.find_iter(line).filter(|found| !found.is_empty()) {
                out.push_str(found.as_str());
                out.push('\n');
            }
        } else if regex.is_match(line) != letters.contains('v') {
            out.push_str(line);
            out.push('\n');
        }
    }
    Some(out)
}

/// `s/a/b/g` on every line, several with `;` between them; with `-n` those that a `p` prints.
pub(super) fn sed(text: &str, script: &str, extended: bool, quiet: bool) -> Option<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut rest = script.trim();
    while !rest.is_empty() {
        let after = rest.strip_prefix('s')?;
        let separator = after.chars().next()?;
        let mut parts = [String::new(), String::new()];
        let mut letters = after[separator.len_utf8()..].char_indices();
        let mut part = 0;
        let mut end = after.len();
        while let Some((at, letter)) = letters.next() {
            if letter == separator {
                part += 1;
                if part == 2 {
                    end = separator.len_utf8() + at + separator.len_utf8();
                    break;
                }
            } else if letter == '\\' {
                let (_, next) = letters.next()?;
                if next != separator {
                    parts[part].push('\\');
                }
                parts[part].push(next);
            } else {
                parts[part].push(letter);
            }
        }
        if part != 2 {
            return None;
        }
        let flags: String = after[end..].chars().take_while(char::is_ascii_alphabetic).collect();
        if flags.contains(|flag| flag != 'g' && flag != 'p') || flags.contains('p') != quiet {
            return None;
        }
        let regex = regex(&parts[0], extended, false)?;
        let replacement = replacement(&parts[1])?;
        if quiet {
            lines.retain(|line| regex.is_match(line));
        }
        for line in &mut lines {
            let new = match flags.contains('g') {
                false => regex.replace(line, replacement.as_str()),
                true => regex.replace_all(line, replacement.as_str()),
            };
            *line = new.into_owned();
        }
        if lines.iter().map(String::len).sum::<usize>() > super::super::world::TEXT_LIMIT {
            return None;
        }
        rest = after[end + flags.len()..].trim();
        match rest.strip_prefix(';') {
            Some(more) => rest = more.trim(),
            None if rest.is_empty() => {}
            None => return None,
        }
    }
    Some(lines.iter().map(|line| format!("{line}\n")).collect())
}

/// What `sed` puts in, as the regex crate writes it.
fn replacement(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '$' => out.push_str("$$"),
            '&' => out.push_str("${0}"),
            '\\' => match letters.next()? {
                digit if digit.is_ascii_digit() => out.push_str(&format!("${{{digit}}}")),
                'n' => out.push('\n'),
                letter => out.push(letter),
            },
            letter => out.push(letter),
        }
    }
    Some(out)
}

/// `tr` of one set into another.
pub(super) fn translate(text: &str, from: &str, to: &str) -> Option<String> {
    let set = |text: &str| match text {
        "[:upper:]" | "A-Z" => Some(('A'..='Z').collect::<Vec<char>>()),
        "[:lower:]" | "a-z" => Some(('a'..='z').collect()),
        text if text.contains(['[', '-']) && text.chars().count() > 1 => None,
        text => Some(text.chars().collect()),
    };
    let (from, to) = (set(from)?, set(to)?);
    let last = *to.last()?;
    let change = |letter: char| match from.iter().position(|known| *known == letter) {
        Some(at) => to.get(at).copied().unwrap_or(last),
        None => letter,
    };
    Some(text.chars().map(change).collect())
}
