//! Commands taken apart into words, and words into what may be a path. Pure, and generous: a word too many is looked for
//! in vain, a word too few is a file that nobody watches.

use super::places::HOLE;

/// Stands in a word for what only a shell knows: `$NAME`, `$(…)`.
pub(super) const VARIABLE: char = '\u{f8fd}';
/// More parts than any word of a command has.
const MOST_PARTS: usize = 64;
/// Deeper substitutions are left alone.
const DEEPEST: usize = 20;

/// One simple command: its words, without quotes.
pub(super) type Command = Vec<String>;

/// The commands of a shell text, those inside of `$(…)` included, in the order in which they end. The targets of `>` and
/// `>>` are left out: they are written, not read.
pub(super) fn commands(text: &str) -> Vec<Command> {
    let mut reader = Reader { rest: text.chars().collect(), at: 0, done: Vec::new() };
    while reader.at < reader.rest.len() {
        reader.list(None, 0);
    }
    reader.done
}

struct Reader {
    rest: Vec<char>,
    at: usize,
    done: Vec<Command>,
}

#[derive(Default)]
struct Line {
    words: Command,
    word: String,
    /// Whether a word is open: `""` is one.
    open: bool,
    /// Whether the next word is written to.
    written: bool,
}

impl Line {
    fn push(&mut self, c: char) {
        self.word.push(c);
        self.open = true;
    }

    fn end_word(&mut self) {
        if std::mem::take(&mut self.open) {
            let word = std::mem::take(&mut self.word);
            if !std::mem::take(&mut self.written) {
                self.words.push(word);
            }
        }
    }
}

impl Reader {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest.get(self.at + ahead).copied()
    }

    /// Reads commands up to `end`, which is consumed.
    fn list(&mut self, end: Option<char>, depth: usize) {
        let mut line = Line::default();
        while let Some(c) = self.peek(0) {
            self.at += 1;
            match c {
                _ if Some(c) == end => break,
                ' ' | '\t' | '\r' => line.end_word(),
                ';' | '|' | '&' | '\n' | '(' | ')' => self.end(&mut line),
                '<' => line.end_word(),
                '>' => {
                    line.end_word();
                    let appended = self.peek(0) == Some('>');
                    self.at += usize::from(appended);
                    let duplicated = self.peek(0) == Some('&');
                    self.at += usize::from(duplicated);
                    line.written = !duplicated;
                }
                '#' if !line.open => {
                    while self.peek(0).is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                '\'' => {
                    line.open = true;
                    while let Some(c) = self.peek(0) {
                        self.at += 1;
                        if c == '\'' {
                            break;
                        }
                        line.push(c);
                    }
                }
                '"' => self.quoted(&mut line, depth),
                '\\' => self.escaped(&mut line),
                '$' | '`' => self.variable(c, &mut line, depth),
                c => line.push(c),
            }
        }
        self.end(&mut line);
    }

    fn end(&mut self, line: &mut Line) {
        line.end_word();
        line.written = false;
        if !line.words.is_empty() {
            self.done.push(std::mem::take(&mut line.words));
        }
    }

    fn quoted(&mut self, line: &mut Line, depth: usize) {
        line.open = true;
        while let Some(c) = self.peek(0) {
            self.at += 1;
            match c {
                '"' => return,
                '\\' => self.escaped(line),
                '$' | '`' => self.variable(c, line, depth),
                c => line.push(c),
            }
        }
    }

    /// Behind a backslash: one that escapes nothing may be a path of Windows, and stays.
    fn escaped(&mut self, line: &mut Line) {
        match self.peek(0) {
            Some('\n') => self.at += 1,
            Some(
                c @ (' ' | '"' | '\'' | '$' | '`' | '\\' | ';' | '&' | '|' | '(' | ')' | '<' | '>' | '#'),
            ) => {
                self.at += 1;
                line.push(c);
            }
            _ => line.push('\\'),
        }
    }

    /// Behind `$` or a backtick.
    fn variable(&mut self, mark: char, line: &mut Line, depth: usize) {
        match self.peek(0) {
            _ if depth > DEEPEST => line.push(VARIABLE),
            _ if mark == '`' => {
                self.list(Some('`'), depth + 1);
                line.push(VARIABLE);
            }
            Some('(') => {
                self.at += 1;
                self.list(Some(')'), depth + 1);
                line.push(VARIABLE);
            }
            Some('{') => {
                self.at += 1;
                let mut name = String::new();
                while let Some(c) = self.peek(0) {
                    self.at += 1;
                    if c == '}' {
                        break;
                    }
                    name.push(c);
                }
                // `${DIR:-conf}` may be either.
                let (name, default) = match name.split_once([':', '-', '=']) {
                    Some((name, default)) => {
                        (name.to_owned(), default.trim_start_matches(['-', '=', ':']).to_owned())
                    }
                    None => (name, String::new()),
                };
                named(&name, line);
                if !default.is_empty() {
                    line.words.push(default);
                }
            }
            Some(c) if c.is_ascii_alphanumeric() || matches!(c, '_' | '@' | '*' | '?' | '#') => {
                let mut name = String::new();
                while let Some(c) = self.peek(0).filter(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    self.at += 1;
                    name.push(c);
                }
                if name.is_empty() {
                    self.at += 1;
                }
                named(&name, line);
            }
            _ => line.push(mark),
        }
    }
}

/// The value of a variable that means the same everywhere.
fn named(name: &str, line: &mut Line) {
    match name {
        "PWD" => line.push('.'),
        "HOME" => line.push('~'),
        _ => line.push(VARIABLE),
    }
}

/// What in a word may be a path: the word, what stands behind `=`, `@` and `,` and `:`, and what a variable leads to.
pub(super) fn candidates(word: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut add = |text: &str| {
        let text = text.trim_matches(|c: char| matches!(c, '"' | '\'' | ',' | ';') || c.is_whitespace());
        if text.is_empty() || found.len() > MOST_PARTS || found.iter().any(|known| known == text) {
            return;
        }
        found.push(text.to_owned());
        if text.contains('\\') {
            found.push(text.replace('\\', "/"));
        }
    };
    add(word);
    for part in word.split(['=', ',', '@', ';', ' ', '\n', '\t']) {
        add(part);
        if !part.contains("://") {
            part.split(':').for_each(&mut add);
        }
    }
    // `-Idir` and `-f./x`; `--flag=x` was split above.
    if let Some(option) = word.strip_prefix('-').filter(|rest| !rest.starts_with('-')) {
        add(option.get(option.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default());
    }
    found
}

/// What a path with a variable in it certainly has: the part behind the last variable, the directory before the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    /// `lib/x.sh` of `$DIR/lib/x.sh`.
    pub(super) behind: Option<&'a str>,
    /// `files/` of `files/$NAME.conf`.
    pub(super) before: Option<&'a str>,
}

/// Takes a path with variables or holes apart; `None` when it has none.
pub(super) fn parts(path: &str) -> Option<Parts<'_>> {
    let unknown = |c: char| c == VARIABLE || c == HOLE;
    let (first, last) = (path.find(unknown)?, path.rfind(unknown)?);
    let behind = path[last..].trim_start_matches(unknown).strip_prefix('/').filter(|rest| !rest.is_empty());
    let before = path[..first].rfind('/').map(|slash| &path[..=slash]);
    Some(Parts { behind, before })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(text: &str) -> Vec<String> {
        let shown = |word: &String| word.replace(VARIABLE, "$");
        commands(text).iter().map(|words| words.iter().map(shown).collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn commands_are_taken_apart_as_a_shell_does() {
        for (text, wanted) in [
            ("sh ./a.sh", vec!["sh ./a.sh"]),
            ("a 'b c' \"d\"e\\ f", vec!["a b c de f"]),
            ("a && b; c | d", vec!["a", "b", "c", "d"]),
            ("a <in.txt >out.txt 2>&1 >>log", vec!["a in.txt 2 1"]),
            ("cat $(ls dir/x) \"$(dirname \"$0\")/lib.sh\"", vec!["ls dir/x", "dirname $", "cat $ $/lib.sh"]),
            ("X=$HOME/x ${PWD}/y $1", vec!["X=~/x ./y $"]),
            ("a # b\nc", vec!["a", "c"]),
            ("cp ${DIR:-conf}/x y", vec!["cp conf $/x y"]),
            ("`cat f`/x", vec!["cat f", "$/x"]),
            ("if test -f x; then (cd d); fi", vec!["if test -f x", "then", "cd d", "fi"]),
            ("powershell .\\a\\b.ps1", vec!["powershell .\\a\\b.ps1"]),
            ("", vec![]),
        ] {
            assert_eq!(lines(text), wanted, "{text}");
        }
    }

    #[test]
    fn words_hold_paths_in_many_ways() {
        for (word, wanted) in [
            ("@vars.yml", "vars.yml"),
            ("file=disk.img,format=raw", "disk.img"),
            ("--vault-id=dev@pass.txt", "pass.txt"),
            ("ROLES=a/roles:b/roles", "b/roles"),
            (".\\scripts\\x.ps1", "./scripts/x.ps1"),
            ("-Iinclude", "include"),
            ("-e@x.json", "x.json"),
            ("name=opt/ks,file=http/ks.cfg", "http/ks.cfg"),
        ] {
            assert!(candidates(word).iter().any(|found| found == wanted), "{word}: {:?}", candidates(word));
        }
    }

    #[test]
    fn paths_with_variables_are_taken_apart() {
        let path = format!("{VARIABLE}/lib/x.sh");
        assert_eq!(parts(&path), Some(Parts { behind: Some("lib/x.sh"), before: None }));
        let path = format!("a/files/{HOLE}.conf");
        assert_eq!(parts(&path), Some(Parts { behind: None, before: Some("a/files/") }));
        assert_eq!(parts("a/b"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-c .$(){}`'\"\\\\;|&<>#\n=@,:/~-]{0,60}") {
            for word in commands(&text).iter().flatten() {
                for candidate in candidates(word) {
                    let _ = parts(&candidate);
                }
            }
        }

        #[test]
        fn a_quoted_word_comes_back(word in "[^'\u{0}]{1,30}", before in "[a-z]{1,8}") {
            let found = commands(&format!("{before} '{word}'"));
            prop_assert_eq!(found, vec![vec![before, word]]);
        }

        #[test]
        fn an_escaped_word_comes_back(word in "[a-zA-Z0-9 \"'$`;&|()<>#/._-]{1,30}") {
            let escaped: String = word
                .chars()
                .map(|c| if " \"'$`;&|()<>#".contains(c) { format!("\\{c}") } else { c.to_string() })
                .collect();
            prop_assert_eq!(commands(&format!("x {escaped}")), vec![vec!["x".to_owned(), word]]);
        }

        #[test]
        fn a_path_is_a_candidate_wherever_it_stands(path in "[a-z]{1,8}(/[a-z.]{1,8}){1,3}", at in 0..8_usize) {
            let frames = ["{}", "-f {}", "--x={}", "@{}", "'{}'", "\"{}\"", "<{}", "k=v,file={},x=y"];
            let text = frames[at].replace("{}", &path);
            let words: Vec<String> = commands(&text).concat();
            prop_assert!(words.iter().any(|word| candidates(word).contains(&path)), "{}", text);
        }
    }
}
