//! Reads Makefiles as GNU make does, as far as people write them, and tells what their targets would hand to the shell.
//! Nothing is run: neither make nor a shell.

mod conditions;
mod expand;
mod functions;
mod read;
mod rules;
mod state;
mod syntax;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use self::rules::Making;
use self::state::{Line, Make, Origin, Var};
use super::world::{Place, Why, World, is_mark};

/// Most readings of one Makefile for different goals.
const READINGS: usize = 40;
/// What the stem of a pattern rule is called that no name belongs to.
pub(super) const STEM: &str = "the stem";

/// One line that make would hand to the shell.
#[derive(Clone)]
pub(super) struct Recipe {
    pub(super) goal: String,
    pub(super) text: String,
    pub(super) place: Place,
    /// Marks of conditions behind it.
    pub(super) doubts: BTreeSet<char>,
    /// Variables that the shell has from make.
    pub(super) environment: BTreeMap<String, String>,
    /// Names in it that have no value anywhere.
    pub(super) unset: BTreeSet<String>,
}

/// What the command line of make says beside its goal.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Given {
    /// `NAME=value` after `make`.
    pub(super) arguments: BTreeMap<String, String>,
    /// `NAME=value` before it.
    pub(super) environment: BTreeMap<String, String>,
    /// Names that are unknown where they have no value.
    pub(super) probed: BTreeSet<String>,
}

/// A Makefile, with one reading for all goals that are answered alike.
pub(super) struct Makefile<'w> {
    world: &'w World,
    path: String,
    given: Given,
    readings: Vec<Make<'w>>,
}

impl<'w> Makefile<'w> {
    /// Reads the Makefile at a path relative to the repository; make runs in `dir`.
    pub(super) fn read(world: &'w World, path: &str, dir: &str, given: Given) -> Self {
        let mut makefile = Self { world, path: path.to_owned(), given, readings: Vec::new() };
        let first = makefile.reading(dir, "");
        makefile.readings.push(first);
        makefile
    }

    fn reading(&self, dir: &str, goal: &str) -> Make<'w> {
        let mut make = Make {
            world: self.world,
            dir: dir.to_owned(),
            goal: goal.to_owned(),
            variables: std::collections::HashMap::new(),
            exported: BTreeSet::new(),
            export_all: false,
            doubtful: std::collections::HashMap::new(),
            frames: Vec::new(),
            local: std::collections::HashMap::new(),
            rules: Vec::new(),
            explicit: std::collections::HashMap::new(),
            one_shell: false,
            specifics: Vec::new(),
            open: None,
            place: Place { file: Rc::from(self.path.as_str()), line: 0 },
            depth: 0,
            included: 0,
            doubts: BTreeSet::new(),
            unset: BTreeSet::new(),
            probed: self.given.probed.clone(),
            asked: Vec::new(),
            goal_read: false,
            goal_matters: false,
        };
        for (values, origin) in
            [(&self.given.environment, Origin::Environment), (&self.given.arguments, Origin::CommandLine)]
        {
            for (name, value) in values {
                make.exported.insert(name.clone());
                make.variables.insert(name.clone(), Var::simple(value, origin));
            }
        }
        make.file(&self.path);
        make.index();
        make
    }

    /// Names of everything that can be made.
    pub(super) fn goals(&self) -> Vec<String> {
        self.readings[0].goals()
    }

    /// Patterns of rules that no name belongs to.
    pub(super) fn loose(&self, goals: &[String]) -> Vec<String> {
        self.readings[0].loose(goals).into_iter().map(|loose| loose.pattern).collect()
    }

    /// What a goal hands to the shell, as far as it could lead to packer.
    pub(super) fn recipes(&mut self, goal: &str) -> Vec<Recipe> {
        let first = &mut self.readings[0];
        let ahead = recipes(first, goal);
        if ahead.is_empty() || first.suits(goal) {
            return ahead;
        }
        if let Some(known) =
            self.readings.iter_mut().skip(1).find_map(|known| known.suits(goal).then_some(known))
        {
            return recipes(known, goal);
        }
        if self.readings.len() >= READINGS {
            return ahead;
        }
        let mut made = self.reading(&self.readings[0].dir, goal);
        let found = recipes(&mut made, goal);
        self.readings.push(made);
        found
    }

    /// What the rule of a pattern hands to the shell for a stem that is not known.
    pub(super) fn loose_recipes(&mut self, pattern: &str) -> Vec<Recipe> {
        let stem = self.world.mark(Why::Given(STEM.into())).to_string();
        let goal = pattern.replacen('%', &stem, 1);
        recipes(&mut self.readings[0], &goal)
    }
}

/// Whether a line may start packer, make or a script that does.
fn relevant(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.contains("packer")
        || lower.contains("make")
        || lower.contains(".sh")
        || text.contains(is_mark)
        || lower.contains("./")
        || lower.contains("/bin/")
        || lower.contains("scripts/")
}

fn recipes(make: &mut Make<'_>, goal: &str) -> Vec<Recipe> {
    let mut found = Vec::new();
    for making in make.below(goal) {
        let evaluates = making.recipe.iter().any(|line| line.text.contains("eval"));
        let before = evaluates.then(|| make.variables.clone());
        make.enter(goal, &making);
        let lines = lines(make, &making);
        for line in lines {
            make.place = line.place.clone();
            let unset = std::mem::take(&mut make.unset);
            let (text, doubts) = make.expand_watched(&line.text);
            let used = std::mem::replace(&mut make.unset, unset);
            if text.trim().is_empty() || !relevant(&text) {
                continue;
            }
            let environment = environment(make);
            found.push(Recipe {
                goal: goal.to_owned(),
                text: text.trim_start().trim_start_matches(['@', '-', '+', ' ', '\t']).to_owned(),
                place: line.place,
                doubts: doubts.into_iter().chain(line.doubts).collect(),
                environment,
                unset: used.union(&make.unset).cloned().collect(),
            });
        }
        make.leave();
        if let Some(before) = before {
            make.variables = before;
        }
    }
    found
}

/// The lines of a recipe: one shell each, or one for all.
fn lines(make: &Make<'_>, making: &Making) -> Vec<Line> {
    match making.recipe.as_slice() {
        [first, rest @ ..] if make.one_shell => {
            let mut whole = first.clone();
            for line in rest {
                whole.text.push('\n');
                whole.text.push_str(&line.text);
                whole.doubts.extend(line.doubts.iter().copied());
            }
            vec![whole]
        }
        lines => lines.to_vec(),
    }
}

fn environment(make: &mut Make<'_>) -> BTreeMap<String, String> {
    let names: Vec<String> = match make.export_all {
        true => make.variables.keys().cloned().collect(),
        false => make.exported.iter().cloned().collect(),
    };
    let mut values = BTreeMap::new();
    let doubts = std::mem::take(&mut make.doubts);
    let unset = std::mem::take(&mut make.unset);
    for name in names {
        if make.variable(&name).is_some() {
            let value = make.value(&name);
            values.insert(name, value);
        }
    }
    make.doubts = doubts;
    make.unset = unset;
    values
}
