//! Go's text templates, as far as legacy templates of packer use them.

/// One part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// Text, and actions that plugins fill in.
    Text(String),
    /// `{{…}}`.
    Action(Expr),
    /// `{{if …}}…{{else}}…{{end}}`.
    If { condition: Expr, then: Vec<Node>, otherwise: Vec<Node> },
}

/// What an action computes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expr {
    Text(String),
    Number(i64),
    Call { name: String, arguments: Vec<Expr> },
}

/// Deeper nested parentheses and conditions are not followed.
const DEEPEST: usize = 20;

/// The parts of a text; `None` where something in it is not understood.
pub(super) fn nodes(text: &str) -> Option<Vec<Node>> {
    let mut pieces = pieces(text)?.into_iter();
    let (nodes, end) = sequence(&mut pieces, 0)?;
    matches!(end, Stop::Text).then_some(nodes)
}

/// Text or the inside of an action.
enum Piece<'a> {
    Text(String),
    Action(&'a str),
}

/// How a sequence of parts ended.
enum Stop {
    Text,
    Else,
    End,
}

fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut trim = false;
    while let Some(at) = rest.find("{{") {
        let inside = &rest[at + 2..];
        let end = action_end(inside)?;
        let (mut action, before) = (&inside[..end], &rest[..at]);
        let before = if trim { before.trim_start() } else { before };
        let before = match action.strip_prefix("- ").or(action.strip_prefix("-\n")) {
            Some(tail) => {
                action = tail;
                before.trim_end()
            }
            None => before,
        };
        trim = action.ends_with(" -");
        action = action.strip_suffix(" -").unwrap_or(action);
        found.push(Piece::Text(before.to_owned()));
        if action.trim_start().starts_with('.') && is_fields(action.trim()) {
            found.push(Piece::Text(rest[at..at + 4 + end].to_owned()));
        } else if !(action.starts_with("/*") && action.ends_with("*/")) {
            found.push(Piece::Action(action.trim()));
        }
        rest = &inside[end + 2..];
    }
    found.push(Piece::Text(if trim { rest.trim_start() } else { rest }.to_owned()));
    found.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
    Some(found)
}

/// Where `}}` ends an action, quotes and comments respected.
fn action_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'}' if bytes.get(at + 1) == Some(&b'}') => return Some(at),
            quote @ (b'`' | b'"') => {
                at += 1;
                while *bytes.get(at)? != quote {
                    at += if quote == b'"' && bytes[at] == b'\\' { 2 } else { 1 };
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// `.Name.Other`
fn is_fields(text: &str) -> bool {
    text.split('.')
        .skip(1)
        .all(|name| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_'))
}

fn sequence<'a>(pieces: &mut std::vec::IntoIter<Piece<'a>>, depth: usize) -> Option<(Vec<Node>, Stop)> {
    let mut nodes = Vec::new();
    while let Some(piece) = pieces.next() {
        let action = match piece {
            Piece::Text(text) => {
                match nodes.last_mut() {
                    Some(Node::Text(before)) => before.push_str(&text),
                    _ => nodes.push(Node::Text(text)),
                }
                continue;
            }
            Piece::Action(action) => action,
        };
        match action.split_whitespace().next()? {
            "end" => return Some((nodes, Stop::End)),
            "else" if action == "else" => return Some((nodes, Stop::Else)),
            "if" if depth < DEEPEST => {
                let condition = expr(action.strip_prefix("if")?)?;
                let (then, mut end) = sequence(pieces, depth + 1)?;
                let mut otherwise = Vec::new();
                if matches!(end, Stop::Else) {
                    (otherwise, end) = sequence(pieces, depth + 1)?;
                }
                matches!(end, Stop::End).then_some(())?;
                nodes.push(Node::If { condition, then, otherwise });
            }
            "if" | "else" | "range" | "with" | "define" | "template" | "block" | "break" | "continue" => {
                return None;
            }
            _ => nodes.push(Node::Action(expr(action)?)),
        }
    }
    Some((nodes, Stop::Text))
}

fn expr(text: &str) -> Option<Expr> {
    let tokens = tokens(text)?;
    let mut at = 0;
    let parsed = pipeline(&tokens, &mut at, 0)?;
    (at == tokens.len()).then_some(parsed)
}

#[derive(Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(i64),
    Open,
    Close,
    Pipe,
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '|' => (Token::Pipe, 1),
            '`' => {
                let end = rest[1..].find('`')?;
                (Token::Text(rest[1..1 + end].to_owned()), end + 2)
            }
            '"' => {
                let length = 2 + action_string(&rest[1..])?;
                // Go's escapes that JSON has as well; with others the text is not understood.
                (Token::Text(serde_json::from_str(&rest[..length]).ok()?), length)
            }
            c if c.is_ascii_digit() || c == '-' => {
                let length = rest[1..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |end| end + 1);
                (Token::Number(rest[..length].parse().ok()?), length)
            }
            c if c.is_alphabetic() || c == '_' => {
                let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
                (Token::Word(rest[..length].to_owned()), length)
            }
            _ => return None,
        };
        found.push(token);
        rest = rest[length..].trim_start();
    }
    Some(found)
}

/// Length of a quoted text, without its quotes.
fn action_string(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while *bytes.get(at)? != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    Some(at)
}

fn pipeline(tokens: &[Token], at: &mut usize, depth: usize) -> Option<Expr> {
    let mut value = command(tokens, at, None, depth)?;
    while tokens.get(*at) == Some(&Token::Pipe) {
        *at += 1;
        value = command(tokens, at, Some(value), depth)?;
    }
    Some(value)
}

/// A function with its arguments, of which what comes through the pipe is the last; or one value.
fn command(tokens: &[Token], at: &mut usize, piped: Option<Expr>, depth: usize) -> Option<Expr> {
    if let Some(Token::Word(name)) = tokens.get(*at) {
        *at += 1;
        let mut arguments = Vec::new();
        while let Some(argument) = operand(tokens, at, depth)? {
            arguments.push(argument);
        }
        arguments.extend(piped);
        return Some(Expr::Call { name: name.clone(), arguments });
    }
    let value = operand(tokens, at, depth)??;
    piped.is_none().then_some(value)
}

/// `Some(None)` where no operand stands.
fn operand(tokens: &[Token], at: &mut usize, depth: usize) -> Option<Option<Expr>> {
    let value = match tokens.get(*at) {
        Some(Token::Text(text)) => Expr::Text(text.clone()),
        Some(Token::Number(number)) => Expr::Number(*number),
        Some(Token::Word(name)) => Expr::Call { name: name.clone(), arguments: Vec::new() },
        Some(Token::Open) if depth < DEEPEST => {
            *at += 1;
            let inner = pipeline(tokens, at, depth + 1)?;
            (tokens.get(*at) == Some(&Token::Close)).then_some(())?;
            inner
        }
        Some(Token::Open) => return None,
        _ => return Some(None),
    };
    *at += 1;
    Some(Some(value))
}
