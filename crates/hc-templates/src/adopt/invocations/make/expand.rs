//! Expansion of references: `$(name)`, `$(name:a=b)`, `$(function …)`, automatic variables.

use std::collections::BTreeSet;

use super::super::world::{TEXT_LIMIT, Why, absolute, is_known, is_mark};
use super::state::{DEPTH, Make, Origin, Var};
use super::words::{closing, directory, file_name, patsubst_words, top_level};

/// Variables that the environment of most people has.
const SURROUNDINGS: [&str; 9] =
    ["HOME", "USER", "LOGNAME", "PATH", "TMPDIR", "LANG", "HOSTNAME", "TERM", "XDG_CACHE_HOME"];

impl Make<'_> {
    /// Expands every reference in a text.
    pub(super) fn expand(&mut self, text: &str) -> String {
        if !text.contains('$') {
            return text.to_owned();
        }
        if self.depth >= DEPTH || !self.world.spend(4 + text.len() / 32) {
            return self.world.exhausted();
        }
        self.depth += 1;
        let expanded = self.expand_all(text);
        self.depth -= 1;
        expanded
    }

    fn expand_all(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            let from = out.len();
            out.push_str(&rest[..at]);
            let mut letters = rest[at + 1..].char_indices();
            match letters.next() {
                None => {
                    rest = "";
                    break;
                }
                Some((_, '$')) => {
                    out.push('$');
                    rest = &rest[at + 2..];
                }
                Some((_, open @ ('(' | '{'))) => {
                    let inner = &rest[at + 2..];
                    let Some(end) = closing(inner, open) else {
                        // Make refuses an unterminated reference.
                        rest = "";
                        break;
                    };
                    let value = self.reference(&inner[..end], open);
                    out.push_str(&value);
                    rest = &inner[end + 1..];
                }
                Some((_, name)) => {
                    let value = self.value(&name.to_string());
                    out.push_str(&value);
                    rest = &rest[at + 1 + name.len_utf8()..];
                }
            }
            if out.len() > TEXT_LIMIT || !self.world.spend(1 + (out.len() - from) / 16) {
                return self.world.exhausted();
            }
        }
        out.push_str(rest);
        out
    }

    fn reference(&mut self, inner: &str, open: char) -> String {
        if let Some((name, arguments)) = inner.split_once([' ', '\t', '\n'])
            && let Some(value) = self.function(name, arguments.trim_start(), open)
        {
            return value;
        }
        let colon = top_level(inner, ':');
        if let Some(colon) = colon
            && let Some(equals) = top_level(&inner[colon + 1..], '=').map(|at| at + colon + 1)
        {
            let name = self.expand(&inner[..colon]);
            let from = self.expand(&inner[colon + 1..equals]);
            let to = self.expand(&inner[equals + 1..]);
            let text = self.value(name.trim());
            let (from, to) =
                if from.contains('%') { (from, to) } else { (format!("%{from}"), format!("%{to}")) };
            return patsubst_words(&from, &to, &text);
        }
        let name = self.expand(inner);
        self.value(name.trim())
    }

    /// The value of a variable, expanded.
    pub(super) fn value(&mut self, name: &str) -> String {
        if let Some(value) = self.framed(name) {
            return value;
        }
        if let Some(doubts) = self.doubtful.get(name) {
            self.doubts.extend(doubts.iter().copied());
        }
        let Some(var) = self.variable(name) else { return self.missing(name) };
        self.doubts.extend(var.doubts.iter().copied());
        if var.recursive { self.expand(&var.text) } else { var.text.to_string() }
    }

    /// A variable, wherever it is set.
    pub(super) fn variable(&self, name: &str) -> Option<Var> {
        let set = self.local.get(name).or_else(|| self.variables.get(name));
        set.cloned().or_else(|| self.builtin(name))
    }

    fn builtin(&self, name: &str) -> Option<Var> {
        let text = match name {
            "CURDIR" | "PWD" => absolute(&self.dir),
            "MAKE" => "make".into(),
            "RM" => "rm -f".into(),
            "SHELL" => "/bin/sh".into(),
            "MAKELEVEL" => "0".into(),
            "MAKE_VERSION" => "4.4".into(),
            ".RECIPEPREFIX" | "MAKEFLAGS" | "MFLAGS" | ".VARIABLES" | ".INCLUDE_DIRS" => String::new(),
            "OS" => return None,
            name if SURROUNDINGS.contains(&name) => self.world.mark(Why::Given(name.into())).to_string(),
            _ => return None,
        };
        Some(Var::simple(&text, Origin::Default))
    }

    fn missing(&mut self, name: &str) -> String {
        if name == "MAKECMDGOALS" {
            self.goal_read = true;
            return self.goal.clone();
        }
        if !is_known(name) {
            // Nobody knows which variable that is.
            return name.chars().filter(|letter| is_mark(*letter)).collect();
        }
        let word = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
        if word && !name.chars().all(|c| c.is_ascii_digit()) {
            self.unset.insert(name.to_owned());
            if self.probed.contains(name) {
                return self.world.mark(Why::Given(name.to_owned())).to_string();
            }
        }
        String::new()
    }

    /// Arguments of calls, variables of loops, automatic variables.
    fn framed(&self, name: &str) -> Option<String> {
        let argument = name.chars().all(|letter| letter.is_ascii_digit());
        for frame in self.frames.iter().rev() {
            if let Some(value) = frame.values.get(name) {
                return Some(value.clone());
            }
            if argument && frame.call {
                return None;
            }
            let mut letters = name.chars();
            if let (Some(kind), Some(part), None) = (letters.next(), letters.next(), letters.next())
                && matches!(part, 'D' | 'F')
                && "@*<^?+|%".contains(kind)
                && let Some(value) = frame.values.get(&*kind.to_string())
            {
                let words = value.split_whitespace().map(|word| match part {
                    'D' => directory(word).trim_end_matches('/'),
                    _ => file_name(word),
                });
                return Some(words.collect::<Vec<_>>().join(" "));
            }
        }
        None
    }

    /// Expands a text and tells which conditions stood behind it.
    pub(super) fn expand_watched(&mut self, text: &str) -> (String, BTreeSet<char>) {
        let before = std::mem::take(&mut self.doubts);
        let value = self.expand(text);
        let doubts = std::mem::replace(&mut self.doubts, before);
        self.doubts.extend(doubts.iter().copied());
        (value, doubts)
    }
}
