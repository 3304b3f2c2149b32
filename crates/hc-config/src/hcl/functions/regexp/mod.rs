//! Regular expressions as Go reads them: what it refuses is refused, and `\w`, `\d`, `\s` and `\b` mean ASCII.
//!
//! A pattern is read by Go's syntax and written down again in that of the `regex` crate; both match alike, from the left
//! and the first alternative first.

mod classes;
mod reader;

use regex::{Captures, Regex};

use self::reader::Reader;

/// A pattern that Go accepts.
pub(super) struct Pattern {
    regex: Regex,
    /// The name of each group, without the whole match.
    groups: Vec<Option<String>>,
    /// Whether it asks for places that are no word boundary, which the crate knows by Unicode only.
    inner: bool,
}

impl Pattern {
    /// Reads a pattern. `None` for what Go refuses.
    pub(super) fn parse(pattern: &str) -> Option<Self> {
        let mut reader = Reader::new(pattern);
        reader.alternatives()?;
        if reader.rest.peek().is_some() {
            return None;
        }
        let regex = Regex::new(&reader.out).ok()?;
        Some(Self { regex, groups: reader.groups, inner: reader.inner })
    }

    /// The names of the groups: none, or one for each. `None` when only some have one, which HCL refuses.
    pub(super) fn names(&self) -> Option<Vec<&str>> {
        let names: Vec<&str> = self.groups.iter().flatten().map(String::as_str).collect();
        (names.is_empty() || names.len() == self.groups.len()).then_some(names)
    }

    /// How many groups it has.
    pub(super) fn groups(&self) -> usize {
        self.groups.len()
    }

    /// Whether it can be told what the pattern matches in `text`.
    pub(super) fn can_search(&self, text: &str) -> bool {
        !self.inner || text.is_ascii()
    }

    /// All matches, none of which overlaps another one.
    pub(super) fn all<'t>(&'t self, text: &'t str) -> impl Iterator<Item = Captures<'t>> {
        self.regex.captures_iter(text)
    }

    /// The text with all matches replaced: `$1`, `${1}`, `$name`, `${name}`, `$$`.
    pub(super) fn replace(&self, text: &str, with: &str) -> String {
        let mut out = String::new();
        let mut at = 0;
        for found in self.all(text) {
            let (start, end) = found.get(0).map_or((0, 0), |whole| (whole.start(), whole.end()));
            out.push_str(&text[at..start]);
            self.expand(&found, with, &mut out);
            at = end;
        }
        out.push_str(&text[at..]);
        out
    }

    fn expand(&self, found: &Captures<'_>, with: &str, out: &mut String) {
        let mut rest = with;
        while let Some((before, behind)) = rest.split_once('$') {
            out.push_str(before);
            if let Some(behind) = behind.strip_prefix('$') {
                out.push('$');
                rest = behind;
                continue;
            }
            let (name, behind) = match reference(behind) {
                Some(reference) => reference,
                None => {
                    out.push('$');
                    rest = behind;
                    continue;
                }
            };
            rest = behind;
            let number = name.parse::<usize>().ok();
            let number = number.filter(|_| name.len() == 1 || !name.starts_with('0'));
            let group = match number {
                Some(number) => found.get(number),
                None => {
                    let named = |group: &Option<String>| group.as_deref() == Some(name);
                    let at = self.groups.iter().enumerate().filter(|(_, group)| named(group));
                    at.filter_map(|(at, _)| found.get(at + 1)).next()
                }
            };
            out.push_str(group.map_or("", |group| group.as_str()));
        }
        out.push_str(rest);
    }
}

/// The name behind a `$`, with or without braces, and what stands behind it.
fn reference(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('{').unwrap_or(text);
    let end = inner.find(|c: char| !(c.is_alphabetic() || c.is_numeric() || c == '_')).unwrap_or(inner.len());
    let (name, behind) = inner.split_at(end);
    if name.is_empty() {
        return None;
    }
    if inner.len() == text.len() { Some((name, behind)) } else { Some((name, behind.strip_prefix('}')?)) }
}
