//! Reads the lines of a Makefile: conditions, assignments, `define`, `include`, rules and their recipes.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::super::world::{Place, absolute, join};
use super::conditions::{Branch, Mode, mode};
use super::state::{DEPTH, Line, Make, Origin, Rule, Specific, Var};
use super::syntax::{assignment, definition_of, first_word};
use super::words::{collapsed, fill, stem, top_level, uncommented};

/// Most files that one Makefile includes.
const INCLUDED: usize = 200;
/// Most rules and lines of recipes that are kept.
const RULES: usize = 20_000;

struct Definition {
    name: String,
    operator: String,
    forced: bool,
    nested: usize,
    body: Vec<String>,
}

impl Make<'_> {
    /// Reads a Makefile, or one that it includes.
    pub(super) fn file(&mut self, path: &str) {
        if self.depth >= DEPTH || self.included >= INCLUDED {
            return;
        }
        let Some(text) = self.world.text(path) else { return };
        self.included += 1;
        self.depth += 1;
        let list = self.variables.get("MAKEFILE_LIST").map(|var| var.text.to_string()).unwrap_or_default();
        let own = match path.strip_prefix(&format!("{}/", self.dir)) {
            Some(below) => below.to_owned(),
            None if self.dir.is_empty() => path.to_owned(),
            None => absolute(path),
        };
        let list = format!("{list} {own}");
        self.variables.insert("MAKEFILE_LIST".into(), Var::simple(&list, Origin::File));
        let before = std::mem::replace(&mut self.place, Place { file: Rc::from(path), line: 0 });
        self.lines(&text, true);
        self.open = None;
        self.place = before;
        self.depth -= 1;
    }

    /// Reads what `eval` was given.
    pub(super) fn evaluate(&mut self, text: &str) {
        if self.depth >= DEPTH {
            return;
        }
        self.depth += 1;
        let open = self.open.take();
        self.lines(text, false);
        self.open = open;
        self.depth -= 1;
    }

    fn lines(&mut self, text: &str, counted: bool) {
        let mut branches: Vec<Branch> = Vec::new();
        let mut definition: Option<Definition> = None;
        let mut lines = text.split('\n').enumerate();
        while let Some((number, first)) = lines.next() {
            if !self.world.spend(10 + first.len() / 32) {
                return;
            }
            if counted {
                self.place.line = number + 1;
            }
            let mut line = first.to_owned();
            while !(line.len() - line.trim_end_matches('\\').len()).is_multiple_of(2) {
                let Some((_, next)) = lines.next() else { break };
                line.push('\n');
                line.push_str(next);
            }
            let (mode, doubts) = mode(&branches);
            if let Some(mut body) = definition.take() {
                let word = first.split_whitespace().next().unwrap_or_default();
                match word {
                    "endef" if body.nested == 0 => self.define(body, mode, &doubts),
                    _ => {
                        body.nested += usize::from(word == "define");
                        body.nested -= usize::from(word == "endef");
                        body.body.push(line);
                        definition = Some(body);
                    }
                }
                continue;
            }
            if let Some(recipe) = line.strip_prefix('\t')
                && self.open.is_some()
            {
                self.recipe(recipe, mode, doubts);
                continue;
            }
            let line = uncommented(&collapsed(&line));
            let line = line.trim();
            if line.is_empty() || self.condition(line, &mut branches) || mode == Mode::Skipped {
                continue;
            }
            if let Some((name, operator, forced)) = definition_of(line) {
                let name = self.expand(&name);
                definition = Some(Definition { name, operator, forced, nested: 0, body: Vec::new() });
                self.open = None;
                continue;
            }
            self.statement(line, mode, &doubts);
        }
    }

    fn define(&mut self, body: Definition, mode: Mode, doubts: &BTreeSet<char>) {
        let text = body.body.join("\n");
        self.set(&body.name, &body.operator, &text, body.forced, mode, doubts);
    }

    fn set(
        &mut self,
        name: &str,
        operator: &str,
        value: &str,
        forced: bool,
        mode: Mode,
        doubts: &BTreeSet<char>,
    ) {
        match mode {
            Mode::Skipped => {}
            Mode::Other => self.doubtful.entry(name.to_owned()).or_default().extend(doubts),
            Mode::Taken => {
                let read = std::mem::take(&mut self.goal_read);
                self.assign(name, operator, value, forced, doubts);
                self.goal_matters |= std::mem::replace(&mut self.goal_read, read);
            }
        }
    }

    fn recipe(&mut self, text: &str, mode: Mode, doubts: BTreeSet<char>) {
        let Some(rule) = self.open.and_then(|open| self.rules.get_mut(open)) else { return };
        if mode == Mode::Skipped || rule.recipe.len() >= RULES {
            return;
        }
        let text = text.replace("\\\n\t", "\\\n");
        rule.recipe.push(Line { text, place: self.place.clone(), doubts });
    }

    fn statement(&mut self, line: &str, mode: Mode, doubts: &BTreeSet<char>) {
        if let Some(found) = assignment(line) {
            self.open = None;
            let name = self.expand(found.name);
            let name = name.trim();
            if found.export {
                self.exported.insert(name.to_owned());
            }
            self.set(name, found.operator, found.value, found.forced, mode, doubts);
            return;
        }
        let (word, rest) = first_word(line);
        let read = std::mem::take(&mut self.goal_read);
        match word {
            "include" | "-include" | "sinclude" => {
                self.open = None;
                if mode == Mode::Taken {
                    let names = self.expand(rest);
                    self.include(&names);
                }
            }
            "export" | "unexport" => {
                self.open = None;
                let names = self.expand(rest);
                self.export_all |= names.is_empty() && word == "export";
                for name in names.split_whitespace() {
                    match word {
                        "export" => self.exported.insert(name.to_owned()),
                        _ => self.exported.remove(name),
                    };
                }
            }
            "undefine" => {
                self.open = None;
                let name = self.expand(rest);
                self.variables.remove(name.trim());
            }
            "vpath" | "load" | "-load" => self.open = None,
            _ => self.rule(line, mode, doubts),
        }
        self.goal_matters |= std::mem::replace(&mut self.goal_read, read);
    }

    fn include(&mut self, names: &str) {
        for name in names.split_whitespace() {
            let found = match name.contains(['*', '?', '[']) {
                true => self.world.glob(&self.dir, name).unwrap_or_default(),
                false => vec![name.to_owned()],
            };
            for name in found {
                if let Some(path) = join(&self.dir, &name) {
                    self.file(&path);
                }
            }
        }
    }

    fn rule(&mut self, line: &str, mode: Mode, doubts: &BTreeSet<char>) {
        self.open = None;
        let mut line = line.to_owned();
        if top_level(&line, ':').is_none() {
            // The whole rule comes out of a variable.
            line = self.expand(&line).replace('$', "$$");
        }
        let Some(colon) = top_level(&line, ':') else { return };
        if self.rules.len() >= RULES {
            return;
        }
        let targets = self.expand(line[..colon].trim_end_matches('&'));
        let targets: Vec<String> = targets.split_whitespace().map(str::to_owned).collect();
        let double = line[colon + 1..].starts_with(':');
        let rest = line[colon + 1 + usize::from(double)..].trim();
        if let Some(found) = assignment(rest) {
            let name = self.expand(found.name).trim().to_owned();
            for target in &targets {
                self.specifics.push(Specific {
                    target: target.clone(),
                    name: name.clone(),
                    operator: found.operator.to_owned(),
                    value: found.value.to_owned(),
                    forced: found.forced,
                });
            }
            return;
        }
        let (rest, inline) = match top_level(rest, ';') {
            Some(at) => (&rest[..at], Some(rest[at + 1..].trim_start())),
            None => (rest, None),
        };
        let rest = self.expand(rest);
        let (pattern, prerequisites) = match rest.split_once(':') {
            Some((pattern, prerequisites)) => (Some(pattern.trim().to_owned()), prerequisites.to_owned()),
            None => (None, rest),
        };
        let prerequisites = prerequisites.split_whitespace().filter(|word| *word != "|").map(str::to_owned);
        let prerequisites = prerequisites.collect();
        let other = mode == Mode::Other;
        self.rules.push(Rule { targets, pattern, prerequisites, recipe: Vec::new(), double, other });
        self.open = Some(self.rules.len() - 1);
        if let Some(inline) = inline.filter(|inline| !inline.is_empty()) {
            self.recipe(inline, mode, doubts.clone());
        }
    }

    /// Prerequisites of a rule for a target.
    pub(super) fn prerequisites_of(rule: &Rule, target: &str) -> Vec<String> {
        let pattern = rule.pattern.as_ref().or_else(|| rule.targets.iter().find(|name| name.contains('%')));
        let stem = pattern.and_then(|pattern| stem(pattern, target));
        let filled = rule.prerequisites.iter().map(|name| match stem {
            Some(stem) => fill(name, stem),
            None => name.clone(),
        });
        filled.collect()
    }
}
