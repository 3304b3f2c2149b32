//! Parses shell scripts well enough to follow them. Never fails: what it does not know it steps over.

use std::rc::Rc;

use super::tree::{Assign, Node, Value, Word};
use super::word::Words;

/// Deepest nesting of compound commands.
const DEPTH: usize = 40;

/// Reads a whole script.
pub(super) fn script(text: &str) -> Node {
    let mut parser = Parser { words: Words::new(text), depth: 0 };
    let mut all = Vec::new();
    while !parser.words.ended() {
        let before = parser.words.at;
        if let Node::List(nodes) = parser.list(&[]) {
            all.extend(nodes);
        }
        if parser.words.at == before {
            parser.words.at += 1;
        }
    }
    Node::List(all)
}

struct Parser {
    words: Words,
    depth: usize,
}

impl Parser {
    /// Commands until one of the words, which is left, or a closing bracket.
    fn list(&mut self, stops: &[&str]) -> Node {
        let mut nodes = Vec::new();
        if self.depth >= DEPTH {
            self.words.at = self.words.letters.len();
            return Node::List(nodes);
        }
        self.depth += 1;
        loop {
            self.words.separators();
            if self.words.ended() || self.words.peek() == Some(')') || self.words.looking_at(";;") {
                break;
            }
            if let Some(word) = self.words.keyword()
                && stops.contains(&word.as_str())
            {
                break;
            }
            let before = self.words.at;
            if let Some(node) = self.and_or() {
                nodes.push(Rc::new(node));
            }
            if self.words.at == before {
                self.words.at += 1;
            }
        }
        self.depth -= 1;
        Node::List(nodes)
    }

    fn and_or(&mut self) -> Option<Node> {
        let mut left = self.pipe()?;
        loop {
            self.words.blanks();
            let and = self.words.looking_at("&&");
            if !and && !self.words.looking_at("||") {
                return Some(left);
            }
            self.words.at += 2;
            self.words.newlines();
            let Some(right) = self.pipe() else { return Some(left) };
            let (one, two) = (Rc::new(left), Rc::new(right));
            left = if and { Node::And(one, two) } else { Node::Or(one, two) };
        }
    }

    fn pipe(&mut self) -> Option<Node> {
        let first = self.command()?;
        let mut parts = vec![Rc::new(first)];
        loop {
            self.words.blanks();
            if self.words.peek() != Some('|') || self.words.looking_at("||") {
                break;
            }
            self.words.at += 1;
            if self.words.peek() == Some('&') {
                self.words.at += 1;
            }
            self.words.newlines();
            match self.command() {
                Some(next) => parts.push(Rc::new(next)),
                None => break,
            }
        }
        match parts.as_slice() {
            [one] => Some(one.as_ref().clone()),
            _ => Some(Node::Pipe(parts)),
        }
    }

    fn command(&mut self) -> Option<Node> {
        self.words.blanks();
        if self.words.looking_at("((") {
            self.words.skip_arithmetic();
            return Some(Node::List(Vec::new()));
        }
        if self.words.peek() == Some('(') {
            self.words.at += 1;
            let body = self.list(&[]);
            if self.words.peek() == Some(')') {
                self.words.at += 1;
            }
            self.redirections();
            return Some(Node::Subshell(Rc::new(body)));
        }
        let keyword = self.words.keyword();
        match keyword.as_deref() {
            Some("!") => {
                self.words.at += 1;
                let inner = self.command()?;
                Some(Node::Not(Rc::new(inner)))
            }
            Some("{") => {
                self.words.at += 1;
                let body = self.list(&["}"]);
                self.expect("}");
                self.redirections();
                Some(body)
            }
            Some("if") => Some(self.branches()),
            Some("for" | "select") => Some(self.rounds()),
            Some(word @ ("while" | "until")) => {
                self.words.skip(word);
                let condition = self.list(&["do"]);
                self.expect("do");
                let body = self.list(&["done"]);
                self.expect("done");
                self.redirections();
                Some(Node::While { condition: Rc::new(condition), body: Rc::new(body) })
            }
            Some("case") => Some(self.case()),
            Some("function") => {
                self.words.skip("function");
                self.words.blanks();
                let name = self.words.name();
                self.words.blanks();
                if self.words.looking_at("()") {
                    self.words.at += 2;
                }
                self.function(name)
            }
            _ => self.simple(),
        }
    }

    fn expect(&mut self, word: &str) {
        self.words.separators();
        if self.words.keyword().as_deref() == Some(word) {
            self.words.skip(word);
        }
    }

    fn function(&mut self, name: String) -> Option<Node> {
        self.words.newlines();
        if self.depth >= DEPTH {
            return None;
        }
        self.depth += 1;
        let body = self.command();
        self.depth -= 1;
        Some(Node::Function { name, body: Rc::new(body?) })
    }

    fn branches(&mut self) -> Node {
        let mut arms = Vec::new();
        let mut otherwise = None;
        self.words.skip("if");
        loop {
            let condition = self.list(&["then", "fi"]);
            self.expect("then");
            let body = self.list(&["elif", "else", "fi"]);
            arms.push((Rc::new(condition), Rc::new(body)));
            match self.words.keyword().as_deref() {
                Some("elif") => self.words.skip("elif"),
                Some("else") => {
                    self.words.skip("else");
                    otherwise = Some(Rc::new(self.list(&["fi"])));
                    break;
                }
                _ => break,
            }
        }
        self.expect("fi");
        self.redirections();
        Node::If { arms, otherwise }
    }

    fn rounds(&mut self) -> Node {
        let keyword = self.words.keyword().unwrap_or_default();
        self.words.skip(&keyword);
        self.words.blanks();
        if self.words.looking_at("((") {
            self.words.skip_arithmetic();
            self.expect("do");
            let body = self.list(&["done"]);
            self.expect("done");
            return Node::While { condition: Rc::new(Node::List(Vec::new())), body: Rc::new(body) };
        }
        let name = self.words.name();
        self.words.newlines();
        let mut words = None;
        if self.words.keyword().as_deref() == Some("in") {
            self.words.skip("in");
            let mut list = Vec::new();
            loop {
                self.words.blanks();
                match self.words.word() {
                    Some(word) => list.push(word),
                    None => break,
                }
            }
            words = Some(list);
        }
        self.expect("do");
        let body = self.list(&["done"]);
        self.expect("done");
        self.redirections();
        Node::For { name, words, body: Rc::new(body) }
    }

    fn case(&mut self) -> Node {
        self.words.skip("case");
        self.words.blanks();
        let word = self.words.word().unwrap_or_default();
        self.words.newlines();
        if self.words.keyword().as_deref() == Some("in") {
            self.words.skip("in");
        }
        let mut arms = Vec::new();
        loop {
            self.words.separators();
            if self.words.ended() || self.words.keyword().as_deref() == Some("esac") {
                break;
            }
            let before = self.words.at;
            let mut patterns = Vec::new();
            if self.words.peek() == Some('(') {
                self.words.at += 1;
            }
            loop {
                self.words.blanks();
                match self.words.word() {
                    Some(pattern) => patterns.push(pattern),
                    None if self.words.peek() == Some('|') => self.words.at += 1,
                    None => break,
                }
            }
            if self.words.peek() == Some(')') {
                self.words.at += 1;
            }
            let body = self.list(&["esac"]);
            arms.push((patterns, Rc::new(body)));
            while matches!(self.words.peek(), Some(';' | '&')) {
                self.words.at += 1;
            }
            if self.words.at == before {
                self.words.at += 1;
            }
        }
        self.expect("esac");
        self.redirections();
        Node::Case { word, arms }
    }

    /// Redirections after a compound command.
    fn redirections(&mut self) {
        loop {
            self.words.blanks();
            if self.words.redirection().is_none() {
                break;
            }
        }
    }

    fn simple(&mut self) -> Option<Node> {
        let line = self.words.line();
        let (mut assigns, mut words, mut input) = (Vec::new(), Vec::new(), None);
        let before = self.words.at;
        let test = self.words.looking_at("[[");
        loop {
            self.words.blanks();
            if let Some(target) = self.words.redirection().filter(|_| !test) {
                input = target.or(input);
                continue;
            }
            if words.is_empty()
                && let Some((name, append)) = self.words.assignment()
            {
                assigns.push(Assign { name, append, value: self.value() });
                continue;
            }
            // Between `[[` and `]]` operators are words.
            let word = match self.words.word() {
                Some(word) => word,
                None if test => match self.words.sign() {
                    Some(word) => word,
                    None => break,
                },
                None => break,
            };
            if test && word == super::word::plain("]]") {
                break;
            }
            if words.is_empty() && self.words.looking_at("()") {
                let name = super::word::text(&word);
                self.words.at += 2;
                return self.function(name);
            }
            if declares(&words)
                && let Some(assign) = self.declared(&word)
            {
                assigns.push(assign);
                continue;
            }
            words.push(word);
        }
        (self.words.at > before).then_some(Node::Simple { assigns, words, input, line })
    }

    fn value(&mut self) -> Value {
        if self.words.peek() != Some('(') {
            return Value::One(self.words.word().unwrap_or_default());
        }
        self.words.at += 1;
        let mut list = Vec::new();
        loop {
            self.words.newlines();
            match self.words.word() {
                Some(word) => list.push(word),
                None => break,
            }
        }
        if self.words.peek() == Some(')') {
            self.words.at += 1;
        }
        Value::Many(list)
    }

    /// `declare -a name=(…)`: the word ends where the bracket opens.
    fn declared(&mut self, word: &Word) -> Option<Assign> {
        let text = super::word::text(word);
        let name = text.strip_suffix('=').filter(|_| self.words.peek() == Some('('))?;
        Some(Assign { name: name.to_owned(), append: false, value: self.value() })
    }
}

fn declares(words: &[Word]) -> bool {
    words.first().is_some_and(|word| {
        ["declare", "local", "readonly", "typeset", "export"].contains(&super::word::text(word).as_str())
    })
}
