//! Cuts shell text into words and the pieces of words.

use super::tree::{Piece, Word};

/// The letters of a script with the place that is read.
pub(super) struct Words {
    pub(super) letters: Vec<char>,
    pub(super) at: usize,
    counted: (usize, usize),
    heredocs: Vec<(String, bool)>,
}

/// A word without quotes or expansions.
pub(super) fn plain(text: &str) -> Word {
    vec![Piece::Text { text: text.to_owned(), quoted: false }]
}

/// The literal text of a word.
pub(super) fn text(word: &Word) -> String {
    let parts = word.iter().filter_map(|piece| match piece {
        Piece::Text { text, .. } => Some(text.as_str()),
        _ => None,
    });
    parts.collect()
}

/// The pieces of a text as if it stood in double quotes.
pub(super) fn quoted(text: &str) -> Word {
    let mut words = Words::new(text);
    let mut word = Vec::new();
    words.inside_quotes(&mut word, false);
    word
}

fn is_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

impl Words {
    pub(super) fn new(text: &str) -> Self {
        Self { letters: text.chars().collect(), at: 0, counted: (0, 1), heredocs: Vec::new() }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    fn after(&self, more: usize) -> Option<char> {
        self.letters.get(self.at + more).copied()
    }

    pub(super) fn ended(&self) -> bool {
        self.at >= self.letters.len()
    }

    pub(super) fn looking_at(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(more, letter)| self.after(more) == Some(letter))
    }

    pub(super) fn skip(&mut self, text: &str) {
        self.at += text.chars().count();
    }

    /// The line of the place, from 1.
    pub(super) fn line(&mut self) -> usize {
        let (from, lines) = self.counted;
        if from <= self.at {
            let end = self.at.min(self.letters.len());
            let more = self.letters[from..end].iter().filter(|letter| **letter == '\n').count();
            self.counted = (end, lines + more);
        }
        self.counted.1
    }

    /// Steps over blanks, continued lines and comments.
    pub(super) fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t') => self.at += 1,
                Some('\\') if self.after(1) == Some('\n') => self.at += 2,
                Some('#')
                    if self.at == 0 || matches!(self.letters[self.at - 1], ' ' | '\t' | '\n' | ';' | '(') =>
                {
                    while self.peek().is_some_and(|letter| letter != '\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    pub(super) fn newlines(&mut self) {
        self.blanks();
        while self.peek() == Some('\n') {
            self.at += 1;
            self.here_documents();
            self.blanks();
        }
    }

    /// Steps over everything that separates commands.
    pub(super) fn separators(&mut self) {
        loop {
            self.newlines();
            match self.peek() {
                Some(';') if self.after(1) != Some(';') => self.at += 1,
                Some('&') => self.at += 1,
                _ => return,
            }
        }
    }

    fn here_documents(&mut self) {
        for (end, strip) in std::mem::take(&mut self.heredocs) {
            while !self.ended() {
                let start = self.at;
                while self.peek().is_some_and(|letter| letter != '\n') {
                    self.at += 1;
                }
                let line: String = self.letters[start..self.at].iter().collect();
                self.at = (self.at + 1).min(self.letters.len());
                if if strip { line.trim_start_matches('\t') == end } else { line == end } {
                    break;
                }
            }
        }
    }

    /// The word ahead, when it could be a keyword; it is not taken.
    pub(super) fn keyword(&self) -> Option<String> {
        let rest = &self.letters[self.at.min(self.letters.len())..];
        let end = rest.iter().position(|letter| letter.is_whitespace() || ";&|()<>".contains(*letter));
        let word: String = rest.iter().take(end.unwrap_or(rest.len()).min(12)).collect();
        let known = [
            "if", "then", "elif", "else", "fi", "for", "select", "while", "until", "do", "done", "case",
            "esac", "in", "function", "{", "}", "!",
        ];
        known.contains(&word.as_str()).then_some(word)
    }

    pub(super) fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(letter) = self.peek().filter(|letter| is_name(*letter) || "-.:".contains(*letter)) {
            name.push(letter);
            self.at += 1;
        }
        name
    }

    /// `name=` or `name+=`, taken.
    pub(super) fn assignment(&mut self) -> Option<(String, bool)> {
        let mut end = self.at;
        while self.letters.get(end).copied().is_some_and(is_name) {
            end += 1;
        }
        let name: String = self.letters[self.at.min(end)..end].iter().collect();
        if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        let append = self.letters.get(end) == Some(&'+');
        let equals = end + usize::from(append);
        if self.letters.get(equals) != Some(&'=') {
            return None;
        }
        self.at = equals + 1;
        Some((name, append))
    }

    /// A redirection, taken: `Some(Some(word))` for one that reads a file.
    pub(super) fn redirection(&mut self) -> Option<Option<Word>> {
        let mut end = self.at;
        while self.letters.get(end).is_some_and(char::is_ascii_digit) {
            end += 1;
        }
        if self.letters.get(end) == Some(&'&') && self.letters.get(end + 1) == Some(&'>') {
            end += 1;
        }
        let sign = *self.letters.get(end)?;
        if !matches!(sign, '<' | '>') {
            return None;
        }
        if self.letters.get(end + 1) == Some(&'(') {
            return None;
        }
        self.at = end + 1;
        if sign == '<' && self.peek() == Some('<') {
            self.at += 1;
            if self.peek() == Some('<') {
                self.at += 1;
                self.blanks();
                self.word();
                return Some(None);
            }
            let strip = self.peek() == Some('-');
            self.at += usize::from(strip);
            self.blanks();
            let end = self.word().unwrap_or_default();
            self.heredocs.push((text(&end), strip));
            return Some(None);
        }
        while matches!(self.peek(), Some('>' | '&' | '|')) {
            self.at += 1;
        }
        self.blanks();
        let target = self.word();
        Some(target.filter(|_| sign == '<'))
    }

    /// An operator between `[[` and `]]`.
    pub(super) fn sign(&mut self) -> Option<Word> {
        let letter = self.peek().filter(|letter| "&|<>()".contains(*letter))?;
        self.at += 1;
        Some(plain(&letter.to_string()))
    }

    pub(super) fn skip_arithmetic(&mut self) {
        let mut depth = 0_usize;
        while let Some(letter) = self.peek() {
            self.at += 1;
            match letter {
                '(' => depth += 1,
                ')' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return;
                    }
                }
                _ => {}
            }
        }
    }

    /// The next word; `None` at an operator, a line's end or the end.
    pub(super) fn word(&mut self) -> Option<Word> {
        let mut word: Word = Vec::new();
        let start = self.at;
        while let Some(letter) = self.peek() {
            match letter {
                ' ' | '\t' | '\n' | ';' | '&' | '|' | ')' | '(' => break,
                '<' | '>' if self.after(1) == Some('(') => {
                    self.at += 1;
                    self.bracketed('(', ')');
                    word.push(Piece::Unknown("what `<(…)` gives is not read"));
                }
                '<' | '>' => break,
                '\'' => {
                    let text = self.until_quote();
                    word.push(Piece::Text { text, quoted: true });
                }
                '"' => {
                    self.at += 1;
                    word.push(Piece::Text { text: String::new(), quoted: true });
                    self.inside_quotes(&mut word, true);
                }
                '\\' if self.after(1) == Some('\n') => self.at += 2,
                '\\' => {
                    let text = self.after(1).map(String::from).unwrap_or_default();
                    self.at = (self.at + 2).min(self.letters.len());
                    word.push(Piece::Text { text, quoted: true });
                }
                '$' | '`' => self.expansion(&mut word, false),
                letter => {
                    self.at += 1;
                    push(&mut word, letter, false);
                }
            }
        }
        (self.at > start).then_some(word)
    }

    fn until_quote(&mut self) -> String {
        self.at += 1;
        let mut text = String::new();
        while let Some(letter) = self.peek() {
            self.at += 1;
            if letter == '\'' {
                break;
            }
            text.push(letter);
        }
        text
    }

    /// Up to the closing quote, or to the end of the text.
    fn inside_quotes(&mut self, word: &mut Word, closed: bool) {
        while let Some(letter) = self.peek() {
            match letter {
                '"' if closed => {
                    self.at += 1;
                    return;
                }
                '\\' if self.after(1) == Some('\n') => self.at += 2,
                '\\' if self.after(1).is_some_and(|next| "$`\"\\".contains(next)) => {
                    push(word, self.letters[self.at + 1], true);
                    self.at += 2;
                }
                '$' | '`' => self.expansion(word, true),
                letter => {
                    self.at += 1;
                    push(word, letter, true);
                }
            }
        }
    }

    fn expansion(&mut self, word: &mut Word, quoted: bool) {
        if self.peek() == Some('`') {
            self.at += 1;
            let mut source = String::new();
            while let Some(letter) = self.peek() {
                self.at += 1;
                match letter {
                    '`' => break,
                    '\\' if matches!(self.peek(), Some('`' | '$' | '\\')) => {
                        source.extend(self.peek());
                        self.at += 1;
                    }
                    letter => source.push(letter),
                }
            }
            word.push(Piece::Command { source, quoted });
            return;
        }
        self.at += 1;
        match self.peek() {
            Some('(') if self.after(1) == Some('(') => {
                self.skip_arithmetic();
                word.push(Piece::Unknown("what `$((…))` gives is not computed"));
            }
            Some('(') => {
                let source = self.bracketed('(', ')');
                word.push(Piece::Command { source, quoted });
            }
            Some('{') => {
                let inner = self.bracketed('{', '}');
                word.push(parameter(&inner, quoted));
            }
            Some('\'') if !quoted => {
                let text = self.until_quote().replace("\\n", "\n").replace("\\t", "\t");
                word.push(Piece::Text { text, quoted: true });
            }
            Some(letter) if letter.is_ascii_digit() || "@*#?$!-".contains(letter) => {
                self.at += 1;
                word.push(parameter(&letter.to_string(), quoted));
            }
            Some(letter) if is_name(letter) => {
                let mut name = String::new();
                while let Some(letter) = self.peek().filter(|letter| is_name(*letter)) {
                    name.push(letter);
                    self.at += 1;
                }
                word.push(parameter(&name, quoted));
            }
            _ => push(word, '$', quoted),
        }
    }

    /// The text between brackets, which may nest and quote; both brackets are taken.
    fn bracketed(&mut self, open: char, close: char) -> String {
        let mut depth = 0_usize;
        let mut text = String::new();
        while let Some(letter) = self.peek() {
            self.at += 1;
            match letter {
                '\\' => {
                    text.push(letter);
                    text.extend(self.peek());
                    self.at = (self.at + 1).min(self.letters.len());
                    continue;
                }
                '\'' if depth > 0 && open == '(' => {
                    text.push(letter);
                    while let Some(letter) = self.peek() {
                        self.at += 1;
                        text.push(letter);
                        if letter == '\'' {
                            break;
                        }
                    }
                    continue;
                }
                letter if letter == open => {
                    depth += 1;
                    if depth == 1 {
                        continue;
                    }
                }
                letter if letter == close => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return text;
                    }
                }
                _ => {}
            }
            text.push(letter);
        }
        text
    }
}

fn push(word: &mut Word, letter: char, quoted: bool) {
    if let Some(Piece::Text { text, quoted: known }) = word.last_mut()
        && *known == quoted
    {
        text.push(letter);
        return;
    }
    word.push(Piece::Text { text: letter.to_string(), quoted });
}

/// Reads the inside of `${…}`.
fn parameter(inner: &str, quoted: bool) -> Piece {
    let special = inner.chars().next().filter(|first| "@*#?$!-".contains(*first));
    if let Some(first) = special
        && inner.len() > 1
        && matches!(first, '#' | '!')
    {
        return Piece::Unknown("a length or an indirect name in `${…}` is not read");
    }
    let end = match special {
        Some(_) => 1,
        None => inner.find(|letter| !is_name(letter)).unwrap_or(inner.len()),
    };
    let (name, mut rest) = inner.split_at(end);
    let mut index = None;
    if rest.starts_with('[')
        && let Some(close) = rest.find(']')
    {
        index = Some(rest[1..close].to_owned());
        rest = &rest[close + 1..];
    }
    let signs = [
        ":-", ":=", ":?", ":+", "%%", "##", "//", "^^", ",,", "-", "=", "?", "+", "%", "#", "/", "^", ",",
        ":",
    ];
    let operator = signs.into_iter().find(|sign| rest.starts_with(sign)).unwrap_or("");
    let argument = rest[operator.len()..].to_owned();
    if name.is_empty() || operator.is_empty() && !argument.is_empty() {
        return Piece::Unknown("a form of `${…}` that is not read");
    }
    Piece::Parameter { name: name.to_owned(), index, operator: operator.to_owned(), argument, quoted }
}
