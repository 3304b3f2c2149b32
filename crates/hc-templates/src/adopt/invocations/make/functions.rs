//! The functions of make. `shell` is never run: see the readers of the shell.

use std::collections::BTreeSet;

use super::super::shell;
use super::super::world::{Kind, TEXT_LIMIT, absolute, is_known, is_mark, join};
use super::state::{Frame, Make, Origin, Var};
use super::words::{arguments, directory, file_name, patsubst_words, stem, suffix_at};

/// Most rounds of one `foreach`.
const ROUNDS: usize = 5000;

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

fn each(text: &str, change: impl Fn(&str) -> String) -> String {
    text.split_whitespace().map(change).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn whole_unknown(word: &str) -> bool {
    word.chars().all(is_mark)
}

impl Make<'_> {
    /// The value of a function; `None` when there is no such function.
    pub(super) fn function(&mut self, name: &str, text: &str, open: char) -> Option<String> {
        let most = match name {
            "subst" | "patsubst" | "foreach" | "if" | "wordlist" => 3,
            "findstring" | "filter" | "filter-out" | "word" | "addsuffix" | "addprefix" | "join" => 2,
            "strip" | "sort" | "words" | "firstword" | "lastword" | "dir" | "notdir" | "suffix"
            | "basename" | "wildcard" | "realpath" | "abspath" | "value" | "eval" | "origin" | "flavor"
            | "error" | "warning" | "info" | "shell" | "file" | "guile" | "intcmp" | "let" => 1,
            "or" | "and" | "call" => usize::MAX,
            _ => return None,
        };
        let raw = arguments(text, open, most);
        if raw.len() < most.min(3) && matches!(most, 2 | 3) && name != "if" {
            return Some(String::new());
        }
        let value = match name {
            "if" | "or" | "and" => self.choice(name, &raw),
            "foreach" => self.foreach(&raw),
            "call" => self.call(&raw),
            "eval" => {
                let text = self.expand(raw[0]);
                self.evaluate(&text);
                String::new()
            }
            "value" => {
                let name = self.expand(raw[0]);
                self.variable(name.trim()).map_or_else(String::new, |var| var.text.to_string())
            }
            "error" | "warning" | "info" => String::new(),
            "shell" => {
                let source = self.expand(raw[0]);
                let shown = shell::capture(self.world, &source, &self.dir);
                shown.trim_end_matches('\n').replace('\n', " ")
            }
            "file" | "guile" | "intcmp" | "let" => {
                self.world.unknown(format!("the function `{name}` of make is not read"))
            }
            _ => {
                let args: Vec<String> = raw.iter().map(|argument| self.expand(argument)).collect();
                let size: usize = args.iter().map(String::len).sum();
                if !self.world.spend(size / 16) {
                    return Some(self.world.exhausted());
                }
                self.pure(name, &args)
            }
        };
        Some(value)
    }

    fn pure(&mut self, name: &str, args: &[String]) -> String {
        let (first, second) = (args[0].as_str(), args.get(1).map_or("", String::as_str));
        match name {
            "subst" if first.is_empty() => format!("{}{second}", args[2]),
            "subst" => self.bounded(args[2].matches(first).count(), second.len(), args[2].len(), || {
                args[2].replace(first, second)
            }),
            "patsubst" => self.bounded(words(&args[2]).len(), second.len(), args[2].len(), || {
                patsubst_words(first.trim(), second.trim(), &args[2])
            }),
            "strip" => words(first).join(" "),
            "findstring" => self.findstring(first, second),
            "filter" | "filter-out" => {
                let patterns = words(first);
                let kept = words(second).into_iter().filter(|word| {
                    !is_known(word)
                        || patterns.iter().any(|pattern| stem(pattern, word).is_some()) == (name == "filter")
                });
                kept.collect::<Vec<_>>().join(" ")
            }
            "sort" => {
                words(first).into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" ")
            }
            "word" => self.word(first, second),
            "wordlist" => match (first.trim().parse::<usize>(), second.trim().parse::<usize>()) {
                (Ok(from), Ok(to)) if from > 0 && to >= from => {
                    let some = words(&args[2]).into_iter().skip(from - 1).take(to - from + 1);
                    some.collect::<Vec<_>>().join(" ")
                }
                _ => String::new(),
            },
            "words" if words(first).into_iter().any(whole_unknown) => {
                self.world.unknown("how many words a list has that is not known")
            }
            "words" => words(first).len().to_string(),
            "firstword" => words(first).first().copied().unwrap_or_default().to_owned(),
            "lastword" => words(first).last().copied().unwrap_or_default().to_owned(),
            "dir" => each(first, |word| directory(word).to_owned()),
            "notdir" => each(first, |word| file_name(word).to_owned()),
            "suffix" => each(first, |word| suffix_at(word).map_or("", |at| &word[at..]).to_owned()),
            "basename" => each(first, |word| suffix_at(word).map_or(word, |at| &word[..at]).to_owned()),
            "addsuffix" => self.bounded(words(second).len(), first.len(), second.len(), || {
                each(second, |word| format!("{word}{first}"))
            }),
            "addprefix" => self.bounded(words(second).len(), first.len(), second.len(), || {
                each(second, |word| format!("{first}{word}"))
            }),
            "join" => {
                let (left, right) = (words(first), words(second));
                let pairs = (0..left.len().max(right.len())).map(|at| {
                    [left.get(at), right.get(at)].into_iter().flatten().copied().collect::<String>()
                });
                pairs.collect::<Vec<_>>().join(" ")
            }
            "wildcard" => self.wildcard(first),
            "abspath" | "realpath" => self.paths(name, first),
            "origin" => self.origin(first.trim()),
            "flavor" => match self.variable(first.trim()) {
                None => "undefined".into(),
                Some(var) if var.recursive => "recursive".into(),
                Some(_) => "simple".into(),
            },
            _ => String::new(),
        }
    }

    /// A text that would become too long is not made.
    fn bounded(&self, times: usize, each: usize, base: usize, make: impl FnOnce() -> String) -> String {
        if times.saturating_mul(each).saturating_add(base) > TEXT_LIMIT {
            return self.world.exhausted();
        }
        make()
    }

    fn findstring(&mut self, wanted: &str, text: &str) -> String {
        if text.contains(wanted) && is_known(wanted) {
            return wanted.to_owned();
        }
        self.doubt_marks(wanted);
        self.doubt_marks(text);
        String::new()
    }

    /// What depends on a text that is not known is in doubt.
    fn doubt_marks(&mut self, text: &str) {
        self.doubts.extend(text.chars().filter(|letter| is_mark(*letter)));
    }

    fn word(&mut self, number: &str, text: &str) -> String {
        let Ok(number) = number.trim().parse::<usize>() else { return String::new() };
        let list = words(text);
        match list.iter().take(number).find(|word| whole_unknown(word)) {
            Some(unknown) => (*unknown).to_owned(),
            None => list.get(number.wrapping_sub(1)).copied().unwrap_or_default().to_owned(),
        }
    }

    fn choice(&mut self, name: &str, raw: &[&str]) -> String {
        match name {
            "if" => {
                let condition = self.expand(raw[0].trim());
                if !is_known(&condition) && condition.chars().all(|c| is_mark(c) || c.is_whitespace()) {
                    self.doubt_marks(&condition);
                }
                let branch = raw.get(if condition.trim().is_empty() { 2 } else { 1 });
                branch.map_or_else(String::new, |branch| self.expand(branch))
            }
            "or" => {
                let mut some = raw.iter().map(|argument| self.expand(argument.trim()));
                some.find(|value| !value.is_empty()).unwrap_or_default()
            }
            _ => {
                let mut last = String::new();
                for argument in raw {
                    last = self.expand(argument.trim());
                    if last.is_empty() {
                        break;
                    }
                }
                last
            }
        }
    }

    fn foreach(&mut self, raw: &[&str]) -> String {
        let name = self.expand(raw[0]).trim().to_owned();
        let list = self.expand(raw[1]);
        let mut out = String::new();
        for (at, word) in list.split_whitespace().take(ROUNDS).enumerate() {
            let mut frame = Frame::default();
            frame.values.insert(name.clone(), word.to_owned());
            self.frames.push(frame);
            let value = self.expand(raw[2]);
            self.frames.pop();
            if at > 0 {
                out.push(' ');
            }
            out.push_str(&value);
            if out.len() > TEXT_LIMIT {
                return self.world.exhausted();
            }
        }
        out
    }

    fn call(&mut self, raw: &[&str]) -> String {
        let name = self.expand(raw[0]).trim().to_owned();
        let mut frame = Frame { call: true, ..Frame::default() };
        for (number, argument) in raw.iter().enumerate().skip(1) {
            let value = self.expand(argument);
            frame.values.insert(number.to_string(), value);
        }
        frame.values.insert("0".into(), name.clone());
        let Some(var) = self.variable(&name) else {
            let text: Vec<&str> = raw.iter().skip(1).copied().collect();
            return self.function(&name, &text.join(","), '(').unwrap_or_default();
        };
        self.doubts.extend(var.doubts.iter().copied());
        if let Some(doubts) = self.doubtful.get(&name) {
            self.doubts.extend(doubts.iter().copied());
        }
        self.frames.push(frame);
        let value = self.expand(&var.text);
        self.frames.pop();
        value
    }

    fn wildcard(&mut self, patterns: &str) -> String {
        let mut found = Vec::new();
        for pattern in patterns.split_whitespace() {
            match self.world.glob(&self.dir, pattern) {
                Some(names) => found.extend(names),
                None if is_known(pattern) => {
                    found.push(
                        self.world.unknown(format!("whether `{pattern}` exists depends on the machine")),
                    );
                }
                None => found.push(pattern.to_owned()),
            }
        }
        found.join(" ")
    }

    fn paths(&self, name: &str, text: &str) -> String {
        each(text, |word| match join(&self.dir, word) {
            Some(path) if name == "abspath" || self.world.kind(&path).is_some() => absolute(&path),
            Some(_) => String::new(),
            None if !is_known(word) && !word.starts_with('/') => {
                // The unknown part stays in its place: `$(abspath x/$(UNKNOWN).json)`.
                format!("{}/{}", absolute(&self.dir), word.trim_start_matches("./"))
            }
            None => word.to_owned(),
        })
    }

    fn origin(&self, name: &str) -> String {
        match self.variable(name).map(|var| var.origin) {
            None => "undefined",
            Some(Origin::Default) => "default",
            Some(Origin::Environment) => "environment",
            Some(Origin::File) => "file",
            Some(Origin::CommandLine) => "command line",
            Some(Origin::Override) => "override",
        }
        .into()
    }

    /// Whether a path relative to the Makefile is a file or directory of the repository.
    pub(super) fn exists(&self, path: &str) -> Option<Kind> {
        self.world.kind(&join(&self.dir, path)?)
    }

    /// Sets a variable as `name operator value` says.
    pub(super) fn assign(
        &mut self,
        name: &str,
        operator: &str,
        value: &str,
        forced: bool,
        doubts: &BTreeSet<char>,
    ) {
        let known = self.variables.get(name);
        let origin = if forced { Origin::Override } else { Origin::File };
        if known.is_some_and(|known| known.origin >= Origin::CommandLine && known.origin > origin) {
            return;
        }
        let mut behind = doubts.clone();
        let var = match operator {
            "?=" if known.is_some() => return,
            "=" | "?=" => Var { text: value.into(), recursive: true, origin, doubts: behind },
            "+=" if known.is_some() => {
                let mut var = known.cloned().unwrap_or_else(|| Var::simple("", origin));
                let more = if var.recursive {
                    value.to_owned()
                } else {
                    let (value, more) = self.expand_watched(value);
                    behind.extend(more);
                    value
                };
                if var.text.len() + more.len() > TEXT_LIMIT {
                    return;
                }
                var.text = match var.text.is_empty() {
                    true => more.into(),
                    false => format!("{} {more}", var.text).into(),
                };
                var.doubts.extend(behind);
                var
            }
            "+=" => Var { text: value.into(), recursive: true, origin, doubts: behind },
            "!=" => {
                let source = self.expand(value);
                let shown = shell::capture(self.world, &source, &self.dir);
                let text = shown.trim_end_matches('\n').replace('\n', " ");
                Var { text: text.into(), recursive: false, origin, doubts: behind }
            }
            _ => {
                let (text, more) = self.expand_watched(value);
                behind.extend(more);
                Var { text: text.into(), recursive: false, origin, doubts: behind }
            }
        };
        self.doubtful.remove(name);
        self.variables.insert(name.to_owned(), var);
    }
}
