//! Rust source as words and signs, with their lines: as much of a lexer as tidy's checks need.
//!
//! Comments and the insides of characters are gone; strings keep their text, because attributes name functions in
//! them. Never fails: what it does not know is a sign of one character.

/// A word or sign of a source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// What stands there; of a string, what stands between the quotes.
    pub(super) text: &'a str,
    /// What it is.
    pub(super) kind: Kind,
    /// The line on which it begins, from 1.
    pub(super) line: usize,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword or name; raw names without their `r#`.
    Word,
    /// A string of any sort.
    Text,
    /// `::`, or one character.
    Sign,
    /// A number, character or lifetime: nothing that a path is made of.
    Other,
}

impl Token<'_> {
    /// Whether this is the keyword or name `word`.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }

    /// Whether this is the sign `sign`.
    pub(super) fn is_sign(&self, sign: &str) -> bool {
        self.kind == Kind::Sign && self.text == sign
    }
}

/// Splits a source file.
pub(super) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer { source, at: 0, line: 1, found: Vec::new() };
    while let Some(next) = lexer.rest().chars().next() {
        lexer.step(next);
    }
    lexer.found
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    line: usize,
    found: Vec<Token<'a>>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    /// Moves over `length` bytes.
    fn skip(&mut self, length: usize) -> &'a str {
        let text = &self.rest()[..length];
        self.line += text.matches('\n').count();
        self.at += length;
        text
    }

    fn push(&mut self, kind: Kind, length: usize) {
        let line = self.line;
        let text = self.skip(length);
        self.found.push(Token { text, kind, line });
    }

    fn step(&mut self, next: char) {
        let rest = self.rest();
        if next.is_whitespace() {
            self.skip(next.len_utf8());
        } else if rest.starts_with("//") {
            self.skip(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            self.skip(comment(rest));
        } else if let Some((before, hashes)) = raw_string(rest) {
            let closing = format!("\"{}", "#".repeat(hashes));
            self.skip(before);
            let length = self.rest().find(&closing).unwrap_or(self.rest().len());
            self.push(Kind::Text, length);
            self.skip(closing.len().min(self.rest().len()));
        } else if let Some(before) = ["\"", "b\"", "c\""].iter().find(|prefix| rest.starts_with(**prefix)) {
            self.skip(before.len());
            self.push(Kind::Text, string(self.rest()));
            self.skip(1.min(self.rest().len()));
        } else if rest.starts_with("b'") {
            self.skip(1);
        } else if next == '\'' {
            self.push(Kind::Other, quote(rest));
        } else if next.is_numeric() {
            self.push(Kind::Other, word(rest));
        } else if next.is_alphabetic() || next == '_' {
            if rest.starts_with("r#") {
                self.skip(2);
            }
            self.push(Kind::Word, word(self.rest()).max(1.min(self.rest().len())));
        } else {
            self.push(Kind::Sign, if rest.starts_with("::") { 2 } else { next.len_utf8() });
        }
    }
}

fn word(rest: &str) -> usize {
    rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len())
}

/// Block comments nest.
fn comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// Bytes up to the closing quote.
fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at,
            _ => {}
        }
    }
    rest.len()
}

/// The length of `r##"`, and how many signs close it.
fn raw_string(rest: &str) -> Option<(usize, usize)> {
    let prefix = ["br", "cr", "r"].iter().find(|prefix| rest.starts_with(**prefix))?;
    let after = &rest[prefix.len()..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some((prefix.len() + hashes + 1, hashes))
}

/// The length of a character or lifetime.
fn quote(rest: &str) -> usize {
    let mut letters = rest.char_indices().skip(1);
    match (letters.next(), letters.next()) {
        (Some((_, '\\')), Some(_)) => {
            let after = rest.get(3..).unwrap_or_default();
            after.find('\'').map_or(rest.len(), |at| at + 4)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1 + word(&rest[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        tokens(source).into_iter().filter(|token| token.kind != Kind::Other).map(|token| token.text).collect()
    }

    #[test]
    fn comments_go_and_strings_stay_closed() {
        assert_eq!(texts("a // use x\n/* /* b */ c */ d"), ["a", "d"]);
        assert_eq!(texts(r####"f("a\"b", r#"c"d"#, b"e", br"f\")"####), {
            ["f", "(", r#"a\"b"#, ",", "c\"d", ",", "e", ",", "f\\", ")"]
        });
    }

    #[test]
    fn characters_are_not_strings_and_lifetimes_not_characters() {
        assert_eq!(texts(r#"x('"', '\'', '\u{1F}', b'"', 'é')"#), ["x", "(", ",", ",", ",", ",", ")"]);
        assert_eq!(texts("&'a str, &'static T"), ["&", "str", ",", "&", "T"]);
    }

    #[test]
    fn paths_and_lines() {
        let source = "crate::a::r#type\n  .b";
        assert_eq!(texts(source), ["crate", "::", "a", "::", "type", ".", "b"]);
        assert_eq!(tokens(source).last().unwrap().line, 2);
    }
}
