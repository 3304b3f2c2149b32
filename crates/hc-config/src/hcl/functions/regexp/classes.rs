//! What stands for one character: escapes, classes, properties of Unicode. `\w`, `\d` and `\s` are ASCII.

use regex::Regex;

use super::reader::Reader;

impl Reader<'_> {
    /// What stands behind a backslash outside of brackets; `false` for text without a character.
    pub(super) fn escaped(&mut self) -> Option<bool> {
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
    pub(super) fn class(&mut self) -> Option<()> {
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
