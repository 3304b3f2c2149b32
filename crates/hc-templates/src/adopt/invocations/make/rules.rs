//! What a goal runs: explicit, static pattern and pattern rules, with the values that hold for their targets.

use std::collections::{BTreeSet, HashSet, VecDeque};

use super::super::world::Kind;
use super::state::{Frame, Line, Make, Origin, Rule, Specific, Var};
use super::words::stem;

/// Most goals of one Makefile.
const GOALS: usize = 4000;
/// Most goals that one goal stands for.
const BELOW: usize = 64;

/// What make runs for one target.
pub(super) struct Making {
    pub(super) target: String,
    pub(super) recipe: Vec<Line>,
    pub(super) stem: String,
    pub(super) prerequisites: Vec<String>,
}

/// Pattern rules with a recipe that no name belongs to, as one of their patterns.
pub(super) struct Loose {
    pub(super) pattern: String,
}

fn is_pattern(rule: &Rule) -> bool {
    rule.pattern.is_none() && rule.targets.iter().any(|target| target.contains('%'))
}

fn special(name: &str) -> bool {
    name.starts_with('.') && name.len() > 1 && name[1..].chars().all(|c| c.is_ascii_uppercase() || c == '_')
}

impl Make<'_> {
    /// Every name that is a target or is needed by one, in the order of the file, and those that pattern rules make of
    /// them.
    pub(super) fn goals(&self) -> Vec<String> {
        let mut seen = HashSet::new();
        let mut queue: VecDeque<String> = VecDeque::new();
        let mut add = |name: &str, queue: &mut VecDeque<String>| {
            if !name.contains('%') && !special(name) && seen.len() < GOALS && seen.insert(name.to_owned()) {
                queue.push_back(name.to_owned());
            }
        };
        for rule in self.rules.iter().filter(|rule| !is_pattern(rule)) {
            for target in &rule.targets {
                add(target, &mut queue);
                for name in Self::prerequisites_of(rule, target) {
                    add(&name, &mut queue);
                }
            }
        }
        let mut goals = Vec::new();
        while let Some(goal) = queue.pop_front() {
            if let Some(making) = self.making(&goal) {
                for name in &making.prerequisites {
                    add(name, &mut queue);
                }
                goals.push(goal);
            }
        }
        goals
    }

    /// Sorts the rules by their targets.
    pub(super) fn index(&mut self) {
        for (at, rule) in self.rules.iter().enumerate().filter(|(_, rule)| !is_pattern(rule)) {
            self.one_shell |= rule.targets.iter().any(|target| target == ".ONESHELL");
            for target in &rule.targets {
                self.explicit.entry(target.clone()).or_default().push(at);
            }
        }
    }

    /// What make would run for a name; `None` for one that is no target.
    pub(super) fn making(&self, goal: &str) -> Option<Making> {
        let mut making = Making {
            target: goal.to_owned(),
            recipe: Vec::new(),
            stem: String::new(),
            prerequisites: Vec::new(),
        };
        let own = self.explicit.get(goal).map(Vec::as_slice).unwrap_or_default();
        let own: Vec<&Rule> = own.iter().map(|at| &self.rules[*at]).collect();
        self.world.spend(own.len());
        for rule in &own {
            making.prerequisites.extend(Self::prerequisites_of(rule, goal));
        }
        let with_recipe = || own.iter().filter(|rule| !rule.recipe.is_empty());
        let last = with_recipe().rfind(|rule| !rule.other).or_else(|| with_recipe().next_back());
        if let Some(last) = last {
            for rule in with_recipe().filter(|rule| rule.double || std::ptr::eq(**rule, *last)) {
                making.recipe.extend(rule.recipe.iter().cloned());
            }
            // The first prerequisite is the one of the rule that has the recipe.
            let mut first = Self::prerequisites_of(last, goal);
            first.append(&mut making.prerequisites);
            making.prerequisites = first;
            making.stem =
                last.pattern.as_deref().and_then(|pattern| stem(pattern, goal)).unwrap_or("").into();
        } else if let Some((rule, found)) = self.implicit(goal) {
            making.recipe.clone_from(&rule.recipe);
            making.stem = found.to_owned();
            let mut first: Vec<String> =
                rule.prerequisites.iter().map(|name| name.replacen('%', found, 1)).collect();
            first.append(&mut making.prerequisites);
            making.prerequisites = first;
        } else if own.is_empty() {
            return None;
        }
        let mut seen = HashSet::new();
        making.prerequisites.retain(|name| seen.insert(name.clone()));
        Some(making)
    }

    /// The pattern rule for a name: shortest stem first, those first whose prerequisites are there.
    fn implicit<'a, 'g>(&'a self, goal: &'g str) -> Option<(&'a Rule, &'g str)> {
        let mut found: Vec<(bool, usize, &Rule, &str)> = Vec::new();
        for rule in self.rules.iter().filter(|rule| is_pattern(rule) && !rule.recipe.is_empty()) {
            let stems = rule.targets.iter().filter_map(|pattern| stem(pattern, goal));
            if let Some(stem) = stems.filter(|stem| !stem.is_empty()).min_by_key(|stem| stem.len()) {
                let there = rule.prerequisites.iter().all(|name| {
                    let name = name.replacen('%', stem, 1);
                    self.exists(&name) == Some(Kind::File)
                });
                found.push((!there, stem.len(), rule, stem));
            }
        }
        let best = found.into_iter().min_by_key(|(missing, length, ..)| (*missing, *length))?;
        Some((best.2, best.3))
    }

    /// Pattern rules that no known name belongs to.
    pub(super) fn loose(&self, goals: &[String]) -> Vec<Loose> {
        let rules = self.rules.iter().filter(|rule| is_pattern(rule) && !rule.recipe.is_empty());
        let unused = rules.filter(|rule| {
            let names = |pattern: &String| {
                goals.iter().any(|goal| stem(pattern, goal).is_some_and(|s| !s.is_empty()))
            };
            !rule.targets.iter().any(names)
        });
        unused
            .filter_map(|rule| {
                let pattern = rule.targets.iter().find(|target| target.contains('%'))?.clone();
                Some(Loose { pattern })
            })
            .collect()
    }

    /// Everything that is made below a goal which sets variables for it, the goal first.
    pub(super) fn below(&self, goal: &str) -> Vec<Making> {
        let Some(first) = self.making(goal) else { return Vec::new() };
        let mut makings = vec![first];
        if !self.specifics.iter().any(|specific| stem(&specific.target, goal).is_some()) {
            return makings;
        }
        let mut seen = BTreeSet::from([goal.to_owned()]);
        let mut at = 0;
        while at < makings.len() && makings.len() < BELOW {
            for name in makings[at].prerequisites.clone() {
                if seen.insert(name.clone())
                    && let Some(making) = self.making(&name)
                {
                    makings.push(making);
                }
            }
            at += 1;
        }
        makings
    }

    /// Sets the automatic variables and those of the target; undone by [`Make::leave`].
    pub(super) fn enter(&mut self, goal: &str, making: &Making) {
        let mut frame = Frame { call: true, ..Frame::default() };
        let all = making.prerequisites.join(" ");
        let first = making.prerequisites.first().cloned().unwrap_or_default();
        for (name, value) in [
            ("@", making.target.clone()),
            ("*", making.stem.clone()),
            ("<", first),
            ("?", all.clone()),
            ("+", all.clone()),
            ("^", all),
            ("|", String::new()),
            ("%", String::new()),
        ] {
            frame.values.insert(name.into(), value);
        }
        self.frames.push(frame);
        goal.clone_into(&mut self.goal);
        self.specific(goal);
        if making.target != goal {
            self.specific(&making.target);
        }
    }

    pub(super) fn leave(&mut self) {
        self.frames.clear();
        self.local.clear();
    }

    fn specific(&mut self, target: &str) {
        let fitting = self.specifics.iter().filter(|specific| stem(&specific.target, target).is_some());
        let fitting: Vec<Specific> = fitting.cloned().collect();
        for specific in fitting {
            let global = self.variables.get(&specific.name).cloned();
            let given = global.as_ref().is_some_and(|var| var.origin >= Origin::CommandLine);
            let old = self.local.get(&specific.name).cloned().or(global);
            if given && !specific.forced || specific.operator == "?=" && old.is_some() {
                continue;
            }
            let recursive = specific.operator == "=" || specific.operator == "?=";
            let recursive =
                recursive || specific.operator == "+=" && old.as_ref().is_none_or(|var| var.recursive);
            let value = if recursive { specific.value } else { self.expand(&specific.value) };
            let (text, doubts) = match old {
                Some(old) if specific.operator == "+=" => (format!("{} {value}", old.text), old.doubts),
                _ => (value, BTreeSet::new()),
            };
            let var = Var { text: text.trim().into(), recursive, origin: Origin::File, doubts };
            self.local.insert(specific.name, var);
        }
    }
}
