//! The structure of a pattern: alternatives, groups, repetitions. Every part is written down in the crate's syntax as it is
//! read.

use std::iter::Peekable;
use std::str::Chars;

/// Go's limit for the counts of a repetition, also for those of nested ones together.
const MOST_REPEATS: u32 = 1000;

/// Reads a pattern and writes it in the crate's syntax.
pub(super) struct Reader<'p> {
    /// What is not read yet.
    pub(super) rest: Peekable<Chars<'p>>,
    pub(super) out: String,
    /// The name of each group, without the whole match.
    pub(super) groups: Vec<Option<String>>,
    /// Whether it asks for places that are no word boundary.
    pub(super) inner: bool,
    depth: usize,
}

impl<'p> Reader<'p> {
    pub(super) fn new(pattern: &'p str) -> Self {
        let rest = pattern.chars().peekable();
        Self { rest, out: String::new(), groups: Vec::new(), inner: false, depth: 0 }
    }

    pub(super) fn take(&mut self, wanted: char) -> bool {
        self.rest.next_if_eq(&wanted).is_some()
    }

    pub(super) fn looks_at(&self, text: &str) -> bool {
        let mut rest = self.rest.clone();
        text.chars().all(|c| rest.next() == Some(c))
    }

    pub(super) fn literal(&mut self, c: char) {
        self.out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
    }

    /// Up to the end, or to the `)` of a group. Gives the largest number of repeats.
    pub(super) fn alternatives(&mut self) -> Option<u32> {
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
        let mut ahead = Reader { rest: self.rest.clone(), ..Reader::new("") };
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
}
