//! Expands words: parameters, command substitutions, splitting, braces, patterns of file names.

use super::super::world::{TEXT_LIMIT, Why, absolute, is_known, is_mark, matches};
use super::state::{Held, Shell};
use super::tree::{Node, Piece, Word};
use super::{parse, word};

/// Most words that one word becomes.
const FIELDS: usize = 4000;

impl Shell<'_> {
    /// A word as one text.
    pub(super) fn scalar(&mut self, word: &Word) -> String {
        let mut out = String::new();
        for (at, piece) in word.iter().enumerate() {
            match piece {
                Piece::Text { text, quoted: false } if at == 0 && text.starts_with('~') => {
                    out.push(self.world.mark(Why::Given("HOME".into())));
                    out.push_str(&text[1..]);
                }
                Piece::Text { text, .. } => out.push_str(text),
                piece => out.push_str(&self.piece(piece).join(" ")),
            }
            if out.len() > TEXT_LIMIT {
                return self.world.exhausted();
            }
        }
        out
    }

    /// A word as the shell hands it on: none, one or several.
    pub(super) fn fields(&mut self, word: &Word) -> Vec<String> {
        let mut done: Vec<(String, bool)> = Vec::new();
        let mut current: Option<(String, bool)> = None;
        for (at, piece) in word.iter().enumerate() {
            if done.len() > FIELDS || !self.world.spend(2) {
                return vec![self.world.exhausted()];
            }
            match piece {
                Piece::Text { text, quoted } => {
                    let (out, pattern) = current.get_or_insert_default();
                    *pattern |= !quoted && text.contains(['*', '?', '[', '{']);
                    match text.strip_prefix('~') {
                        Some(rest) if at == 0 && !quoted => {
                            out.push(self.world.mark(Why::Given("HOME".into())));
                            out.push_str(rest);
                        }
                        _ => out.push_str(text),
                    }
                }
                piece => {
                    let quoted = matches!(
                        piece,
                        Piece::Parameter { quoted: true, .. } | Piece::Command { quoted: true, .. }
                    );
                    let values = self.piece(piece);
                    self.place_values(&values, quoted, &mut current, &mut done);
                }
            }
        }
        done.extend(current);
        let mut fields = Vec::new();
        for (text, pattern) in done {
            if !pattern {
                fields.push(text);
                continue;
            }
            for text in braces(&text) {
                let names =
                    if text.contains(['*', '?', '[']) { self.world.glob(&self.dir, &text) } else { None };
                match names {
                    Some(names) if !names.is_empty() => fields.extend(names),
                    _ => fields.push(text),
                }
            }
        }
        fields
    }

    fn place_values(
        &self,
        values: &[String],
        quoted: bool,
        current: &mut Option<(String, bool)>,
        done: &mut Vec<(String, bool)>,
    ) {
        for (at, value) in values.iter().enumerate() {
            if at > 0 {
                done.extend(current.take());
            }
            if quoted {
                current.get_or_insert_default().0.push_str(value);
                continue;
            }
            if value.starts_with(char::is_whitespace) {
                done.extend(current.take());
            }
            for (at, part) in value.split_whitespace().enumerate() {
                if at > 0 {
                    done.extend(current.take());
                }
                let (out, pattern) = current.get_or_insert_default();
                *pattern |= part.contains(['*', '?', '[']);
                out.push_str(part);
            }
            if value.ends_with(char::is_whitespace) {
                done.extend(current.take());
            }
        }
    }

    /// The values of a piece: one, but for lists.
    fn piece(&mut self, piece: &Piece) -> Vec<String> {
        match piece {
            Piece::Text { text, .. } => vec![text.clone()],
            Piece::Unknown(reason) => vec![self.world.unknown(*reason)],
            Piece::Command { source, .. } => vec![self.substitute(source)],
            Piece::Parameter { name, index, operator, argument, .. } => {
                self.parameter(name, index.as_deref(), operator, argument)
            }
        }
    }

    fn substitute(&mut self, source: &str) -> String {
        if self.depth > 60 {
            return self.world.exhausted();
        }
        self.depth += 6;
        let before = self.keep();
        let node = parse::script(source);
        let output = self.output(&node, None).or_else(|| self.of_given(&node));
        self.restore(before);
        self.depth -= 6;
        match output {
            Some(text) => text.trim_end_matches('\n').to_owned(),
            None => {
                let shown = super::super::world::readable(source);
                self.world.unknown(format!("`{shown}` is not run"))
            }
        }
    }

    /// The name of what is given is given as well.
    fn of_given(&mut self, node: &Node) -> Option<String> {
        let Node::List(nodes) = node else { return None };
        let [node] = nodes.as_slice() else { return None };
        let Node::Simple { words, .. } = node.as_ref() else { return None };
        let (program, rest) = words.split_first()?;
        if !["basename", "dirname", "realpath", "readlink"].contains(&word::text(program).as_str()) {
            return None;
        }
        let fields: Vec<String> = rest.iter().flat_map(|word| self.fields(word)).collect();
        fields.into_iter().find(|field| self.is_given(field))
    }

    fn parameter(&mut self, name: &str, index: Option<&str>, operator: &str, argument: &str) -> Vec<String> {
        if let (Some("@" | "*"), "") = (index, operator) {
            return match self.vars.get(name) {
                Some(Held::Many(list)) => list.iter().map(|(_, value)| value.clone()).collect(),
                Some(Held::One(value)) => vec![value.clone()],
                None => vec![self.world.mark(Why::Given(name.to_owned())).to_string()],
            };
        }
        if matches!(name, "@" | "*") && operator.is_empty() {
            return self.parameters();
        }
        let value = match index {
            Some(index) => {
                let key = word::quoted(index);
                let key = self.scalar(&key);
                self.element(name, &key)
            }
            None => self.lookup(name),
        };
        vec![self.operate(name, value, operator, argument)]
    }

    fn operate(&mut self, name: &str, value: Option<String>, operator: &str, argument: &str) -> String {
        let given = |shell: &Self| shell.world.mark(Why::Given(shell.called_argument(name))).to_string();
        // What only whoever starts it knows has its default here.
        let empty = value
            .as_ref()
            .is_none_or(|value| self.is_given(value) || value.is_empty() && operator.starts_with(':'));
        match operator {
            "" | ":?" | "?" => value.unwrap_or_else(|| given(self)),
            ":-" | "-" | ":=" | "=" => {
                if !empty {
                    return value.unwrap_or_default();
                }
                let word = word::quoted(argument.trim_matches(|letter| matches!(letter, '"' | '\'')));
                let default = self.scalar(&word);
                if operator.ends_with('=') {
                    self.vars.insert(name.to_owned(), Held::One(default.clone()));
                }
                // `${NAME:-}` only asks for quiet.
                if default.is_empty() { value.unwrap_or_else(|| given(self)) } else { default }
            }
            ":+" | "+" if empty => String::new(),
            ":+" | "+" => {
                let word = word::quoted(argument.trim_matches(|letter| matches!(letter, '"' | '\'')));
                self.scalar(&word)
            }
            _ => {
                let value = value.unwrap_or_else(|| given(self));
                let word = word::quoted(argument);
                let argument = self.scalar(&word);
                if !is_known(&value) || !is_known(&argument) {
                    return if is_known(&value) { argument } else { value };
                }
                if !self.world.spend(value.len() * (1 + argument.len() / 16)) || value.len() > 4096 {
                    return self.world.exhausted();
                }
                self.cut(&value, operator, &argument)
            }
        }
    }

    fn cut(&self, value: &str, operator: &str, argument: &str) -> String {
        let places: Vec<usize> = value.char_indices().map(|(at, _)| at).chain([value.len()]).collect();
        let head = |at: &&usize| matches(argument, &value[..**at]);
        let tail = |at: &&usize| matches(argument, &value[**at..]);
        match operator {
            "#" => places.iter().find(head).map_or(value, |at| &value[*at..]).to_owned(),
            "##" => places.iter().rev().find(head).map_or(value, |at| &value[*at..]).to_owned(),
            "%" => places.iter().rev().find(tail).map_or(value, |at| &value[..*at]).to_owned(),
            "%%" => places.iter().find(tail).map_or(value, |at| &value[..*at]).to_owned(),
            "^^" => value.to_uppercase(),
            ",," => value.to_lowercase(),
            "/" | "//" if !argument.starts_with(['/', '#', '%']) => {
                let (from, to) = argument.split_once('/').unwrap_or((argument, ""));
                let (from, to) = (from.replace('\\', ""), to.replace('\\', ""));
                match from.is_empty() || from.contains(['*', '?', '[']) {
                    true => self.world.unknown("a replacement by a pattern in `${…}` is not read"),
                    false if operator == "/" => value.replacen(&from, &to, 1),
                    false => value.replace(&from, &to),
                }
            }
            _ => self.world.unknown(format!("`{operator}` in `${{…}}` is not read")),
        }
    }

    /// Whether a text is nothing but what whoever starts it gives.
    pub(super) fn is_given(&self, text: &str) -> bool {
        !text.is_empty()
            && text.chars().all(|letter| is_mark(letter) && matches!(self.world.why(letter), Why::Given(_)))
    }

    fn called_argument(&self, name: &str) -> String {
        match name.parse::<u32>() {
            Ok(number) => format!("argument {number}"),
            Err(_) => name.to_owned(),
        }
    }

    fn element(&self, name: &str, key: &str) -> Option<String> {
        match self.vars.get(name) {
            Some(Held::Many(list)) => {
                list.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.clone())
            }
            Some(Held::One(value)) => Some(value.clone()),
            None => self.lookup(name),
        }
    }

    /// The arguments as a list.
    pub(super) fn parameters(&self) -> Vec<String> {
        match &self.arguments {
            Some(list) => list.clone(),
            None => vec![self.world.mark(Why::Given("its arguments".into())).to_string()],
        }
    }

    /// The value of a variable; `None` when the script does not set it.
    pub(super) fn lookup(&self, name: &str) -> Option<String> {
        match self.vars.get(name) {
            Some(Held::One(value)) => return Some(value.clone()),
            Some(Held::Many(list)) => {
                return Some(list.first().map(|(_, value)| value.clone()).unwrap_or_default());
            }
            None => {}
        }
        match name {
            "PWD" if is_known(&self.dir) => Some(absolute(&self.dir)),
            "0" | "BASH_SOURCE" if !self.script.is_empty() => Some(absolute(&self.script)),
            "@" | "*" => Some(self.parameters().join(" ")),
            "#" => self.arguments.as_ref().map(|list| list.len().to_string()),
            "?" => Some("0".into()),
            _ => {
                let number: usize = name.parse().ok().filter(|number| *number > 0)?;
                let list = self.arguments.as_ref()?;
                Some(list.get(number - 1).cloned().unwrap_or_default())
            }
        }
    }
}

/// `a{b,c}d` as `abd` and `acd`; one pair of braces.
fn braces(text: &str) -> Vec<String> {
    let whole = || vec![text.to_owned()];
    let Some(open) = text.find('{') else { return whole() };
    let Some(close) = text[open..].find('}').map(|at| at + open) else { return whole() };
    let inner = &text[open + 1..close];
    if !inner.contains(',') || text[..open].ends_with('$') {
        return whole();
    }
    inner.split(',').take(100).map(|part| format!("{}{part}{}", &text[..open], &text[close + 1..])).collect()
}
