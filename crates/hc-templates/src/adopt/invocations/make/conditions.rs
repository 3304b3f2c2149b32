//! Conditions: which lines of a Makefile are taken. What depends on the machine is guessed, and the guess is told.

use std::collections::BTreeSet;

use super::super::world::{Why, is_known, is_mark, readable};
use super::state::{Asked, Make};
use super::syntax::{first_word, sides};

/// How lines are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// As they stand.
    Taken,
    /// Not at all.
    Skipped,
    /// A branch that another machine would take: its rules count, what it sets is in doubt.
    Other,
}

/// A condition whose `endif` has not come.
pub(super) struct Branch {
    mode: Mode,
    /// Whether an earlier branch is taken, for sure or by guess.
    taken: Option<Mode>,
    doubts: BTreeSet<char>,
}

/// What a condition says, and the marks that it depends on.
struct Answer {
    holds: bool,
    doubts: BTreeSet<char>,
}

impl Make<'_> {
    /// Whether a line is a condition, and what it makes of the lines after it.
    pub(super) fn condition(&mut self, line: &str, branches: &mut Vec<Branch>) -> bool {
        let (word, rest) = first_word(line);
        match word {
            "ifeq" | "ifneq" | "ifdef" | "ifndef" => {
                let (around, _) = mode(branches);
                let branch = match around {
                    Mode::Skipped => {
                        Branch { mode: around, taken: Some(Mode::Taken), doubts: BTreeSet::new() }
                    }
                    _ => self.branch(word, rest, BTreeSet::new()),
                };
                branches.push(branch);
                true
            }
            "else" => {
                let Some(last) = branches.pop() else { return true };
                let (around, _) = mode(branches);
                let (word, rest) = first_word(rest);
                let next = match (around, last.taken) {
                    (Mode::Skipped, _) | (_, Some(Mode::Taken | Mode::Skipped)) => {
                        Branch { mode: Mode::Skipped, taken: Some(Mode::Taken), doubts: last.doubts }
                    }
                    (_, Some(Mode::Other)) => {
                        Branch { mode: Mode::Other, taken: Some(Mode::Other), doubts: last.doubts }
                    }
                    (_, None) if word.is_empty() => {
                        Branch { mode: Mode::Taken, taken: Some(Mode::Taken), doubts: last.doubts }
                    }
                    (_, None) => self.branch(word, rest, last.doubts),
                };
                branches.push(next);
                true
            }
            "endif" => {
                branches.pop();
                true
            }
            _ => false,
        }
    }

    fn branch(&mut self, directive: &str, arguments: &str, mut before: BTreeSet<char>) -> Branch {
        let read = std::mem::take(&mut self.goal_read);
        let answer = self.holds(directive, arguments);
        if std::mem::replace(&mut self.goal_read, read) {
            self.asked.push(Asked {
                directive: directive.to_owned(),
                arguments: arguments.to_owned(),
                answer: answer.holds,
            });
        }
        let guessed = !answer.doubts.is_empty();
        before.extend(answer.doubts);
        match (answer.holds, guessed) {
            (true, false) => Branch { mode: Mode::Taken, taken: Some(Mode::Taken), doubts: before },
            (true, true) => Branch { mode: Mode::Taken, taken: Some(Mode::Other), doubts: before },
            (false, true) => Branch { mode: Mode::Other, taken: None, doubts: before },
            (false, false) => Branch { mode: Mode::Skipped, taken: None, doubts: before },
        }
    }

    /// Whether the goal would get the same answers to everything that asks for it.
    pub(super) fn suits(&mut self, goal: &str) -> bool {
        if self.goal_matters {
            return self.goal == goal;
        }
        let before = std::mem::replace(&mut self.goal, goal.to_owned());
        let asked = std::mem::take(&mut self.asked);
        let same =
            asked.iter().all(|asked| self.holds(&asked.directive, &asked.arguments).holds == asked.answer);
        self.asked = asked;
        self.goal = before;
        same
    }

    fn holds(&mut self, directive: &str, arguments: &str) -> Answer {
        let (holds, unclear) = if let "ifdef" | "ifndef" = directive {
            let name = self.expand(arguments);
            let set = self.framed_or_set(name.trim());
            (set == (directive == "ifdef"), String::new())
        } else {
            let Some((left, right)) = sides(arguments) else {
                return Answer { holds: false, doubts: BTreeSet::new() };
            };
            let left = self.expand(left);
            let right = self.expand(right);
            let unclear = left != right && !(is_known(&left) && is_known(&right));
            let same = left == right;
            let unclear = if unclear { format!("{left}{right}") } else { String::new() };
            (same == (directive == "ifeq"), unclear)
        };
        if unclear.is_empty() {
            return Answer { holds, doubts: BTreeSet::new() };
        }
        let why = unclear.chars().find(|letter| is_mark(*letter)).map(String::from).unwrap_or_default();
        let why = self.world.reasons(&why).join(", ");
        let taken = if holds { "holds" } else { "does not hold" };
        let reason = format!(
            "{}:{}: taken as if `{directive} {}` {taken} ({why})",
            self.place.file,
            self.place.line,
            readable(arguments)
        );
        Answer { holds, doubts: BTreeSet::from([self.world.mark(Why::Other(reason))]) }
    }

    fn framed_or_set(&mut self, name: &str) -> bool {
        if name == "MAKECMDGOALS" {
            self.goal_read = true;
            return true;
        }
        let set = self.variable(name).is_some_and(|var| !var.text.is_empty());
        if !set {
            self.unset.insert(name.to_owned());
        }
        set || self.probed.contains(name)
    }
}

/// How the next line is taken, and the marks of the conditions around it.
pub(super) fn mode(branches: &[Branch]) -> (Mode, BTreeSet<char>) {
    let doubts = branches.iter().flat_map(|branch| branch.doubts.iter().copied()).collect();
    let any = |mode| branches.iter().any(|branch| branch.mode == mode);
    let mode = match () {
        () if any(Mode::Skipped) => Mode::Skipped,
        () if any(Mode::Other) => Mode::Other,
        () => Mode::Taken,
    };
    (mode, doubts)
}
