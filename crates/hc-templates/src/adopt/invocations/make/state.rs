//! A Makefile as far as it was read: variables, rules, and what is being expanded.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::super::world::{Place, World};

/// Deepest nesting of expansions, `include` and `eval`.
pub(super) const DEPTH: usize = 60;

/// Where a variable has its value from; what is later wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    Default,
    Environment,
    File,
    CommandLine,
    Override,
}

#[derive(Debug, Clone)]
pub(super) struct Var {
    pub(super) text: Rc<str>,
    /// Whether it is expanded where it is used.
    pub(super) recursive: bool,
    pub(super) origin: Origin,
    /// Marks of conditions that decide about it and are not known.
    pub(super) doubts: BTreeSet<char>,
}

impl Var {
    pub(super) fn simple(text: &str, origin: Origin) -> Self {
        Self { text: text.into(), recursive: false, origin, doubts: BTreeSet::new() }
    }
}

/// Values that hold in one call, one round of a loop, or one recipe.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// Whether it hides the arguments of the call around it.
    pub(super) call: bool,
    pub(super) values: HashMap<String, String>,
}

/// One logical line of a recipe.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) place: Place,
    pub(super) doubts: BTreeSet<char>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Rule {
    pub(super) targets: Vec<String>,
    /// The pattern of a static pattern rule.
    pub(super) pattern: Option<String>,
    pub(super) prerequisites: Vec<String>,
    pub(super) recipe: Vec<Line>,
    pub(super) double: bool,
    /// Whether it stands in a branch that is not taken by guess.
    pub(super) other: bool,
}

/// An assignment that holds for one target only.
#[derive(Debug, Clone)]
pub(super) struct Specific {
    pub(super) target: String,
    pub(super) name: String,
    pub(super) operator: String,
    pub(super) value: String,
    pub(super) forced: bool,
}

/// A condition that asked which target is made.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) directive: String,
    pub(super) arguments: String,
    pub(super) answer: bool,
}

/// One Makefile, read for one goal.
pub(in super::super) struct Make<'w> {
    pub(super) world: &'w World,
    /// Its directory, relative to the repository.
    pub(super) dir: String,
    pub(super) goal: String,
    pub(super) variables: HashMap<String, Var>,
    pub(super) exported: BTreeSet<String>,
    pub(super) export_all: bool,
    /// Variables that a branch would have set which was not taken, with the marks of its conditions.
    pub(super) doubtful: HashMap<String, BTreeSet<char>>,
    pub(super) frames: Vec<Frame>,
    /// Variables of the target whose recipe is expanded.
    pub(super) local: HashMap<String, Var>,
    pub(super) rules: Vec<Rule>,
    /// Rules by the names of their targets, made when all is read.
    pub(super) explicit: HashMap<String, Vec<usize>>,
    /// Whether a recipe has one shell for all of its lines.
    pub(super) one_shell: bool,
    pub(super) specifics: Vec<Specific>,
    /// The rule that takes the recipe lines which come next.
    pub(super) open: Option<usize>,
    pub(super) place: Place,
    pub(super) depth: usize,
    pub(super) included: usize,
    /// Marks of conditions behind what was expanded last.
    pub(super) doubts: BTreeSet<char>,
    /// Names that were used and have no value anywhere.
    pub(super) unset: BTreeSet<String>,
    /// Variables that become unknown where they have no value.
    pub(super) probed: BTreeSet<String>,
    pub(super) asked: Vec<Asked>,
    /// Whether the goal was asked for; set by expansion, read by conditions.
    pub(super) goal_read: bool,
    /// Whether the goal decides something beyond conditions.
    pub(super) goal_matters: bool,
}
