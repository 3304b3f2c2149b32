//! Regular expressions as Go reads them: what it refuses is refused, and `\w`, `\d`, `\s` and `\b` mean ASCII.
//!
//! A pattern is read by Go's syntax and written down again in that of the `regex` crate; both match alike, from the left
//! and the first alternative first.

use std::iter::Peekable;
use std::str::Chars;

use regex::{Captures, Regex};

/// Go's limit for the counts of a repetition, also for those of nested ones together.
const MOST_REPEATS: u32 = 1000;

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
        let mut reader = Reader {
            rest: pattern.chars().peekable(),
            out: String::new(),
            groups: Vec::new(),
            inner: false,
            depth: 0,
        };
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

/// Reads a pattern and writes it in the crate's syntax.
struct Reader<'p> {
    rest: Peekable<Chars<'p>>,
    out: String,
    groups: Vec<Option<String>>,
    inner: bool,
    depth: usize,
}

impl Reader<'_> {
    fn take(&mut self, wanted: char) -> bool {
        self.rest.next_if_eq(&wanted).is_some()
    }

    fn looks_at(&self, text: &str) -> bool {
        let mut rest = self.rest.clone();
        text.chars().all(|c| rest.next() == Some(c))
    }

    fn literal(&mut self, c: char) {
        self.out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
    }

    /// Up to the end, or to the `)` of a group. Gives the largest number of repeats.
    fn alternatives(&mut self) -> Option<u32> {
        // As deep as the crate reads, far beyond what anyone writes.
        self.depth += 1;
        if self.depth > 200 {
            return None;
        }
        let mut most = 1;
        // How often what stands there is repeated already; `None` where nothing can be.
        let mut repeatable: Option<u32> = None;
        while let Some(c) = self.rest.peek().copied() {
            let mut inside = 1;
            match c {
                ')' => break,
                '|' => {
                    self.rest.next();
                    self.out.push('|');
                    repeatable = None;
                    continue;
                }
                '(' => match self.group()? {
                    Some(repeats) => inside = repeats,
                    // Flags for what follows.
                    None => {
                        repeatable = None;
                        continue;
                    }
                },
                '*' | '+' | '?' => {
                    self.rest.next();
                    self.out.push(c);
                    repeatable.take()?;
                    self.lazy()?;
                    continue;
                }
                '{' => match self.count() {
                    Some((fewest, highest)) => {
                        let before = repeatable.take()?;
                        let times = highest.unwrap_or(fewest);
                        if highest.is_some_and(|highest| fewest > highest) || fewest.max(times) > MOST_REPEATS
                        {
                            return None;
                        }
                        let together = before.saturating_mul(times.max(1));
                        if together > MOST_REPEATS {
                            return None;
                        }
                        most = most.max(together);
                        self.out.push_str(&match highest {
                            Some(highest) => format!("{{{fewest},{highest}}}"),
                            None => format!("{{{fewest},}}"),
                        });
                        self.lazy()?;
                        continue;
                    }
                    None => {
                        self.rest.next();
                        self.literal('{');
                    }
                },
                '[' => self.class()?,
                '.' | '^' | '$' => {
                    self.rest.next();
                    self.out.push(c);
                }
                '\\' => {
                    self.rest.next();
                    if !self.escaped()? {
                        continue;
                    }
                }
                c => {
                    self.rest.next();
                    self.literal(c);
                }
            }
            most = most.max(inside);
            repeatable = Some(inside);
        }
        self.depth -= 1;
        Some(most)
    }

    /// The `?` behind a repetition; another repetition is an error.
    fn lazy(&mut self) -> Option<()> {
        if self.take('?') {
            self.out.push('?');
        }
        let again = match self.rest.peek() {
            Some('*' | '+' | '?') => true,
            Some('{') => self.count_ahead(),
            _ => false,
        };
        (!again).then_some(())
    }

    fn count_ahead(&self) -> bool {
        let mut ahead = Reader {
            rest: self.rest.clone(),
            out: String::new(),
            groups: Vec::new(),
            inner: false,
            depth: 0,
        };
        ahead.count().is_some()
    }

    /// `{n}`, `{n,}`, `{n,m}`; `None`, and nothing is read, for anything else, which is text.
    fn count(&mut self) -> Option<(u32, Option<u32>)> {
        let before = self.rest.clone();
        let counted = self.counted();
        if counted.is_none() {
            self.rest = before;
        }
        counted
    }

    fn counted(&mut self) -> Option<(u32, Option<u32>)> {
        self.take('{').then_some(())?;
        let fewest = self.digits()?;
        let highest = match self.take(',') {
            false => Some(fewest),
            true if self.rest.peek() == Some(&'}') => None,
            true => Some(self.digits()?),
        };
        self.take('}').then_some((fewest, highest))
    }

    /// Digits without a leading zero; a number that is too large is one beyond all limits.
    fn digits(&mut self) -> Option<u32> {
        let mut digits = String::new();
        while let Some(digit) = self.rest.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        let plain = !digits.is_empty() && (digits.len() == 1 || !digits.starts_with('0'));
        plain.then(|| digits.parse().unwrap_or(u32::MAX))
    }

    /// A group with what is in it, or flags alone (`Some(None)`).
    fn group(&mut self) -> Option<Option<u32>> {
        self.take('(');
        if !self.take('?') {
            self.groups.push(None);
            self.out.push('(');
        } else if self.looks_at("P<") || self.looks_at("<") {
            self.take('P');
            self.take('<');
            let mut name = String::new();
            while let Some(c) = self.rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                name.push(c);
            }
            if name.is_empty() || !self.take('>') {
                return None;
            }
            // Go takes a name twice, the crate does not.
            self.groups.push(Some(name));
            self.out.push('(');
        } else {
            let start = self.out.len();
            self.out.push_str("(?");
            let (mut minus, mut some) = (false, false);
            loop {
                let c = self.rest.next()?;
                match c {
                    'i' | 'm' | 's' | 'U' => some = true,
                    '-' if !minus => (minus, some) = (true, false),
                    ':' | ')' if !minus || some => {
                        self.out.push(c);
                        if c == ')' {
                            // The crate refuses flags without one.
                            if self.out.ends_with("(?)") {
                                self.out.truncate(start);
                            }
                            return Some(None);
                        }
                        break;
                    }
                    _ => return None,
                }
                self.out.push(c);
            }
        }
        let most = self.alternatives()?;
        if !self.take(')') {
            return None;
        }
        self.out.push(')');
        Some(Some(most))
    }

    /// What stands behind a backslash outside of brackets; `false` for text without a character.
    fn escaped(&mut self) -> Option<bool> {
        match self.rest.peek().copied()? {
            'A' => self.out.push_str("\\A"),
            'z' => self.out.push_str("\\z"),
            'b' => self.out.push_str("(?-u:\\b)"),
            'B' => {
                self.inner = true;
                self.out.push_str("\\B");
            }
            'Q' => {
                self.rest.next();
                let mut some = false;
                while self.rest.peek().is_some() {
                    if self.looks_at("\\E") {
                        self.rest.next();
                        self.rest.next();
                        break;
                    }
                    let c = self.rest.next()?;
                    self.literal(c);
                    some = true;
                }
                return Some(some);
            }
            c @ ('d' | 'D' | 's' | 'S' | 'w' | 'W') => {
                let class = perl(c)?;
                self.out.push_str(class);
            }
            'p' | 'P' => {
                let class = self.property()?;
                self.out.push_str(&class);
                return Some(true);
            }
            _ => {
                let c = self.character()?;
                self.literal(c);
                return Some(true);
            }
        }
        self.rest.next();
        Some(true)
    }

    /// The character that an escape stands for, behind its backslash.
    fn character(&mut self) -> Option<char> {
        let hex = |text: &str| u32::from_str_radix(text, 16).ok().and_then(char::from_u32);
        Some(match self.rest.next()? {
            'a' => '\u{7}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            c @ '0'..='7' => {
                // A single digit would be a reference to a group.
                if c != '0' && !matches!(self.rest.peek(), Some('0'..='7')) {
                    return None;
                }
                let mut value = c.to_digit(8)?;
                for _ in 0..2 {
                    let Some(digit) = self.rest.next_if(|c| ('0'..='7').contains(c)) else { break };
                    value = value * 8 + digit.to_digit(8)?;
                }
                char::from_u32(value)?
            }
            'x' if self.take('{') => {
                let mut digits = String::new();
                while let Some(digit) = self.rest.next_if(char::is_ascii_hexdigit) {
                    digits.push(digit);
                }
                if !self.take('}') {
                    return None;
                }
                hex(&digits)?
            }
            'x' => {
                let digits: String = [self.rest.next()?, self.rest.next()?].iter().collect();
                digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| hex(&digits))??
            }
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => c,
            _ => return None,
        })
    }

    /// `\pL`, `\p{Greek}`, `\P…`, `\p{^…}`: categories and scripts, of which the crate knows more.
    fn property(&mut self) -> Option<String> {
        let mut negated = self.rest.next()? == 'P';
        let mut name = String::new();
        if self.take('{') {
            loop {
                match self.rest.next()? {
                    '}' => break,
                    c => name.push(c),
                }
            }
        } else {
            name.push(self.rest.next()?);
        }
        if let Some(rest) = name.strip_prefix('^') {
            negated = !negated;
            name = rest.to_owned();
        }
        let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || " _-".contains(c));
        let known = |kind: &str| Regex::new(&format!("\\p{{{kind}{name}}}")).is_ok();
        let whole = ["any", "ascii", "assigned"].contains(&name.to_lowercase().as_str());
        if !plain || !(whole || known("gc=") || known("sc=")) {
            return None;
        }
        Some(format!("\\{}{{{name}}}", if negated { 'P' } else { 'p' }))
    }

    /// A class in brackets.
    fn class(&mut self) -> Option<()> {
        self.take('[');
        self.out.push('[');
        if self.take('^') {
            self.out.push('^');
        }
        let mut first = true;
        while first || self.rest.peek() != Some(&']') {
            first = false;
            if self.looks_at("[:") && self.posix()? {
                continue;
            }
            if self.looks_at("\\p") || self.looks_at("\\P") {
                self.rest.next();
                let class = self.property()?;
                self.out.push_str(&class);
                continue;
            }
            if let Some(class) = self.perl_ahead() {
                self.rest.next();
                self.rest.next();
                self.out.push_str(class);
                continue;
            }
            let low = self.class_character()?;
            let mut high = low;
            let mut ahead = self.rest.clone();
            if ahead.next() == Some('-') && !matches!(ahead.next(), Some(']') | None) {
                self.take('-');
                high = self.class_character()?;
                if high < low {
                    return None;
                }
            }
            self.literal(low);
            if high != low {
                self.out.push('-');
                self.literal(high);
            }
        }
        self.take(']').then(|| self.out.push(']'))
    }

    fn perl_ahead(&self) -> Option<&'static str> {
        let mut ahead = self.rest.clone();
        if ahead.next() == Some('\\') { perl(ahead.next()?) } else { None }
    }

    /// `[:alpha:]`, `[:^alpha:]`; `false`, and nothing is read, where no `:]` ends it.
    fn posix(&mut self) -> Option<bool> {
        let rest: String = self.rest.clone().skip(2).collect();
        let Some((name, _)) = rest.split_once(":]") else { return Some(false) };
        let plain = name.strip_prefix('^').unwrap_or(name);
        const NAMES: [&str; 14] = [
            "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
            "space", "upper", "word", "xdigit",
        ];
        if !NAMES.contains(&plain) {
            return None;
        }
        self.out.push_str(&format!("[:{name}:]"));
        for _ in 0..name.chars().count() + 4 {
            self.rest.next();
        }
        Some(true)
    }

    fn class_character(&mut self) -> Option<char> {
        match self.rest.next()? {
            '\\' => self.character(),
            c => Some(c),
        }
    }
}

/// A class of Perl, in ASCII.
fn perl(letter: char) -> Option<&'static str> {
    Some(match letter {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        's' => "[\\t\\n\\x0c\\r ]",
        'S' => "[^\\t\\n\\x0c\\r ]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        _ => return None,
    })
}
