//! Texts as make cuts them: nested references, lists of words, patterns with `%`.

/// Where the bracket closes that was opened before a text.
pub(super) fn closing(text: &str, open: char) -> Option<usize> {
    let close = if open == '(' { ')' } else { '}' };
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        if letter == open {
            depth += 1;
        } else if letter == close {
            if depth == 0 {
                return Some(at);
            }
            depth -= 1;
        }
    }
    None
}

/// The first place of a character outside of references.
pub(super) fn top_level(text: &str, wanted: char) -> Option<usize> {
    let mut closers: Vec<char> = Vec::new();
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '$' => match letters.peek() {
                Some((_, '(')) => {
                    letters.next();
                    closers.push(')');
                }
                Some((_, '{')) => {
                    letters.next();
                    closers.push('}');
                }
                Some(_) => {
                    letters.next();
                }
                None => {}
            },
            // Brackets inside of a reference nest.
            '(' if closers.last() == Some(&')') => closers.push(')'),
            '{' if closers.last() == Some(&'}') => closers.push('}'),
            letter if closers.last() == Some(&letter) => {
                closers.pop();
            }
            letter if closers.is_empty() && letter == wanted => return Some(at),
            _ => {}
        }
    }
    None
}

/// The arguments of a function, at most `most`: the last keeps its commas.
pub(super) fn arguments(text: &str, open: char, most: usize) -> Vec<&str> {
    let close = if open == '(' { ')' } else { '}' };
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, letter) in text.char_indices() {
        if letter == open {
            depth += 1;
        } else if letter == close {
            depth = depth.saturating_sub(1);
        } else if letter == ',' && depth == 0 && parts.len() + 1 < most {
            parts.push(&text[start..at]);
            start = at + 1;
        }
    }
    parts.push(&text[start..]);
    parts
}

/// The stem of a word in a pattern; a pattern without `%` matches itself with an empty one.
pub(super) fn stem<'a>(pattern: &str, word: &'a str) -> Option<&'a str> {
    match pattern.split_once('%') {
        None => (pattern == word).then_some(""),
        Some((head, tail)) => word.strip_prefix(head)?.strip_suffix(tail),
    }
}

/// A pattern with its stem put in.
pub(super) fn fill(pattern: &str, stem: &str) -> String {
    pattern.replacen('%', stem, 1)
}

/// Rewrites the words that match a pattern.
pub(super) fn patsubst_words(from: &str, to: &str, text: &str) -> String {
    let words = text.split_whitespace().map(|word| match stem(from, word) {
        Some(stem) if from.contains('%') => fill(to, stem),
        Some(_) => to.to_owned(),
        None => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Everything up to the last slash; `./` without one.
pub(super) fn directory(word: &str) -> &str {
    word.rfind('/').map_or("./", |at| &word[..=at])
}

/// Everything after the last slash.
pub(super) fn file_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// Where the suffix of a name begins.
pub(super) fn suffix_at(word: &str) -> Option<usize> {
    let start = word.len() - file_name(word).len();
    word[start..].rfind('.').map(|at| at + start)
}

/// A line without its comment.
pub(super) fn uncommented(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    // A `#` inside of a reference is none; a backslash before it takes its meaning away.
    while let Some(at) = top_level(rest, '#') {
        let before = &rest[..at];
        let slashes = before.len() - before.trim_end_matches('\\').len();
        out.push_str(&before[..before.len() - slashes.div_ceil(2)]);
        if slashes.is_multiple_of(2) {
            return out;
        }
        out.push('#');
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out
}

/// A logical line with its continuations made into one space each.
pub(super) fn collapsed(line: &str) -> String {
    let mut parts = line.split("\\\n");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.truncate(out.trim_end_matches([' ', '\t']).len());
        out.push(' ');
        out.push_str(part.trim_start_matches([' ', '\t']));
    }
    out
}
