//! Goes through Makefiles and scripts, tries values for what nobody sets, and puts together what was found.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::invocation::Invocations;
use super::kept::{Kept, RUNS};
use super::make::{Given, Makefile, Recipe};
use super::packer;
use super::pipelines;
use super::shell::{self, Program, Run};
use super::world::{Kind, Place, World, is_known, join};

/// How many unknown names of one run are tried out, one after the other.
const TRIED: usize = 3;
/// How deep `make` in recipes is followed.
const MAKES: usize = 3;
/// Most Makefiles and command lines of make that are read.
const MAKEFILES: usize = 500;
/// Steps of work for one Makefile, and for one script.
const MAKEFILE_STEPS: u64 = 3_000_000;
const SCRIPT_STEPS: u64 = 500_000;
/// Names of Makefiles that make finds by itself, the first that is there.
const NAMES: [&str; 3] = ["GNUmakefile", "makefile", "Makefile"];

/// What make was asked for.
#[derive(Clone)]
struct Asked {
    path: String,
    dir: String,
    given: Given,
    /// What the run is called instead of its goal.
    name: Option<String>,
    /// How deep in recipes it stands.
    depth: usize,
    tried: usize,
}

pub(super) struct Reader<'w> {
    world: &'w World,
    kept: Kept<'w>,
    /// Makefiles by path, directory and what their command line says.
    makefiles: BTreeMap<(String, String, Given), Makefile<'w>>,
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}

/// What people call a target.
fn called(goal: &str) -> String {
    let short =
        ["build-", "validate-", "build_", "validate_"].iter().find_map(|head| goal.strip_prefix(head));
    short.filter(|short| !short.is_empty()).unwrap_or(goal).to_owned()
}

/// A name of a job, as a target could have it.
fn plain(name: &str) -> String {
    let words = name.split(|letter: char| !(letter.is_alphanumeric() || "._".contains(letter)));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-").chars().take(80).collect()
}

/// A name with the value that tells its instances apart.
fn named(name: &str, value: &str) -> String {
    if matches!(name, "build" | "validate") { value.to_owned() } else { format!("{name}-{value}") }
}

impl<'w> Reader<'w> {
    pub(super) fn new(world: &'w World) -> Self {
        Self { world, kept: Kept::new(world), makefiles: BTreeMap::new() }
    }

    /// Reads a file, when it is one that could start packer.
    pub(super) fn file(&mut self, path: &str) {
        let name = path.rsplit('/').next().unwrap_or(path);
        if NAMES.contains(&name) {
            self.world.allot(MAKEFILE_STEPS);
            let (path, dir) = (path.to_owned(), parent(path).to_owned());
            let asked = Asked { path, dir, given: Given::default(), name: None, depth: 0, tried: 0 };
            self.makefile(&asked, None);
        } else if pipelines::is_one(path) {
            self.pipeline(path);
        } else if name.ends_with(".sh") || name.ends_with(".bash") || !name.contains('.') {
            self.script(path);
        }
    }

    /// Something done with a Makefile, which is read once for what its command line says.
    fn with<T>(&mut self, asked: &Asked, work: impl FnOnce(&mut Makefile<'w>) -> T) -> Option<T> {
        let key = (asked.path.clone(), asked.dir.clone(), asked.given.clone());
        let known = self.makefiles.remove(&key);
        if known.is_none() && self.makefiles.len() >= MAKEFILES {
            return None;
        }
        let mut makefile =
            known.unwrap_or_else(|| Makefile::read(self.world, &asked.path, &asked.dir, asked.given.clone()));
        let done = work(&mut makefile);
        self.makefiles.insert(key, makefile);
        Some(done)
    }

    /// Runs of some goals, or of all that there are.
    fn makefile(&mut self, asked: &Asked, goals: Option<&[String]>) {
        let (all, loose) = match goals {
            Some(goals) => (goals.to_vec(), Vec::new()),
            None => {
                let both = self.with(asked, |makefile| {
                    let goals = makefile.goals();
                    let loose = makefile.loose(&goals);
                    (goals, loose)
                });
                both.unwrap_or_default()
            }
        };
        for goal in all {
            self.goal(asked, &goal);
        }
        for pattern in loose {
            self.pattern(asked, &pattern);
        }
    }

    /// What the recipe of a goal starts.
    fn started(&mut self, asked: &Asked, goal: &str) -> Vec<(Recipe, Run)> {
        let recipes = self.with(asked, |makefile| makefile.recipes(goal)).unwrap_or_default();
        self.lines(asked, recipes)
    }

    fn lines(&self, asked: &Asked, recipes: Vec<Recipe>) -> Vec<(Recipe, Run)> {
        let mut found = Vec::new();
        for recipe in recipes {
            let place = recipe.place.clone();
            let runs = shell::line(self.world, &recipe.text, place, &asked.dir, &recipe.environment);
            found.extend(runs.into_iter().map(|run| (recipe.clone(), run)));
        }
        found
    }

    fn goal(&mut self, asked: &Asked, goal: &str) {
        for (recipe, run) in self.started(asked, goal) {
            match run.program {
                Program::Packer => self.packer(asked, &recipe, &run),
                Program::Make => self.make(asked, goal, &run),
            }
        }
    }

    /// A pattern rule that no name belongs to: the files of the repository say what it could make.
    fn pattern(&mut self, asked: &Asked, pattern: &str) {
        let recipes = self.with(asked, |makefile| makefile.loose_recipes(pattern)).unwrap_or_default();
        for (recipe, run) in self.lines(asked, recipes) {
            if run.program != Program::Packer {
                continue;
            }
            match packer::instances(self.world, &run, |_| true) {
                Some((_, _, values)) => {
                    for value in values {
                        self.goal(asked, &pattern.replacen('%', &value, 1));
                    }
                    // Another line of the same recipe gives the same names.
                    break;
                }
                None => self.record(&recipe, &run, called(pattern)),
            }
        }
    }

    fn name(asked: &Asked, goal: &str) -> String {
        asked.name.clone().unwrap_or_else(|| called(goal))
    }

    fn packer(&mut self, asked: &Asked, recipe: &Recipe, run: &Run) {
        let line = packer::read(self.world, run);
        let name = Self::name(asked, &recipe.goal);
        let plain = packer::is_whole(self.world, &line) && line.vars.is_empty();
        if recipe.unset.is_empty() || plain || asked.tried >= TRIED {
            return self.record(recipe, run, name);
        }
        // Something has no value: perhaps whoever runs it says which file, or what a variable is.
        let mut probe = asked.clone();
        probe.given.probed = recipe.unset.clone();
        let runs = self.started(&probe, &recipe.goal);
        let Some((_, open)) = runs.into_iter().find(|(_, other)| other.place == run.place) else {
            return self.record(recipe, run, name);
        };
        let run = &packer::opened(run, &open);
        let missing = |word: &str| {
            run.words.iter().any(|own| own == word || own.ends_with(&format!("={word}")))
                && packer::is_missing(self.world, run, word)
        };
        match packer::instances(self.world, &open, missing) {
            Some((_, variable, values)) => {
                for value in values {
                    let mut next = asked.clone();
                    next.tried += 1;
                    next.name = Some(named(&name, &value));
                    next.given.arguments.insert(variable.clone(), value);
                    for (recipe, other) in self.started(&next, &recipe.goal) {
                        if other.place == run.place && other.program == Program::Packer {
                            self.packer(&next, &recipe, &other);
                        }
                    }
                }
            }
            None if packer::is_open(self.world, &open) => self.record(recipe, &open, name),
            None => self.record(recipe, run, name),
        }
    }

    /// `make` in a recipe or a script, where it says more than its goal.
    fn make(&mut self, asked: &Asked, goal: &str, run: &Run) {
        let mut next = asked.clone();
        next.depth += 1;
        next.given = Given::default();
        next.given.environment.extend(run.environment.iter().filter(|(_, value)| is_known(value)).cloned());
        let (mut dir, mut file, mut goals) = (run.dir.clone(), None, Vec::new());
        let mut words = run.words.iter();
        while let Some(word) = words.next() {
            if word == "-C" || word == "-f" {
                let Some(value) = words.next() else { return };
                if word == "-f" {
                    file = Some(value.clone());
                } else {
                    let Some(below) = join(&dir, value) else { return };
                    dir = below;
                }
            } else if let Some((name, value)) =
                word.split_once('=').filter(|(name, _)| !name.starts_with('-'))
            {
                if is_known(value) {
                    next.given.arguments.insert(name.to_owned(), value.to_owned());
                }
            } else if !word.starts_with('-') && is_known(word) {
                goals.push(word.clone());
            }
        }
        // Without more to say the other Makefile is read for itself.
        let plain = next.given.arguments.is_empty() && next.given.environment.is_empty() && file.is_none();
        if plain || next.depth > MAKES || goals.is_empty() || !is_known(&dir) {
            return;
        }
        let path = match file {
            Some(file) => join(&dir, &file),
            None => {
                NAMES.iter().filter_map(|name| join(&dir, name)).find(|path| self.world.kind(path).is_some())
            }
        };
        let Some(path) = path.filter(|path| self.world.kind(path) == Some(Kind::File)) else { return };
        next.path = path;
        next.dir = dir;
        if goals.len() == 1 {
            next.name = Some(Self::name(asked, goal));
        }
        self.makefile(&next, Some(&goals));
    }

    fn record(&mut self, recipe: &Recipe, run: &Run, name: String) {
        let marks: String = recipe.doubts.iter().collect();
        let notes = self.world.reasons(&marks);
        self.kept.keep(name, run, notes);
    }

    /// A script, from the directory in which most of what it names is there.
    fn script(&mut self, path: &str) {
        let Some(text) = self.world.text(path).filter(|text| text.contains("packer")) else { return };
        if !shell::is_shell(path, &text) {
            return;
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        let name = called(name.strip_suffix(".sh").or_else(|| name.strip_suffix(".bash")).unwrap_or(name));
        let mut dir = parent(path);
        let mut best: Option<(usize, Vec<(String, Run)>)> = None;
        loop {
            self.world.allot(SCRIPT_STEPS);
            let runs = self.settled(&name, shell::script(self.world, path, dir));
            let there =
                runs.iter().filter(|(_, run)| packer::is_whole(self.world, &packer::read(self.world, run)));
            let there = there.count();
            if best.as_ref().is_none_or(|(most, _)| there > *most) {
                best = Some((there, runs));
            }
            if dir.is_empty() {
                break;
            }
            dir = parent(dir);
        }
        self.all(best.map(|(_, runs)| runs).unwrap_or_default());
    }

    /// A pipeline, from the directories that it names.
    fn pipeline(&mut self, path: &str) {
        let Some(text) = self.world.text(path).filter(|text| text.contains("packer")) else { return };
        self.world.allot(MAKEFILE_STEPS);
        let file = path.rsplit('/').next().unwrap_or(path);
        let stem = called(file.rsplit_once('.').map_or(file, |(stem, _)| stem).trim_start_matches('.'));
        for step in pipelines::steps(self.world, path, &text) {
            let name = step.name.as_deref().map_or_else(|| stem.clone(), |name| called(&plain(name)));
            let place = Place { file: Rc::from(path), line: step.line };
            let runs = shell::line(self.world, &step.text, place, &step.dir, &step.environment);
            let runs = self.settled(&name, runs);
            self.all(runs);
        }
    }

    /// Records what one script or pipeline starts.
    fn all(&mut self, runs: Vec<(String, Run)>) {
        for (name, run) in runs {
            match run.program {
                Program::Packer => self.kept.keep(name, &run, Vec::new()),
                Program::Make => {
                    let given = Given::default();
                    let asked = Asked {
                        path: String::new(),
                        dir: String::new(),
                        given,
                        name: None,
                        depth: 0,
                        tried: 0,
                    };
                    self.make(&asked, &name, &run);
                }
            }
        }
    }

    /// Runs with what the files of the repository suggest for arguments that nobody knows.
    fn settled(&self, name: &str, runs: Vec<Run>) -> Vec<(String, Run)> {
        let mut done = Vec::new();
        let mut queue: Vec<(String, Run, usize)> =
            runs.into_iter().rev().map(|run| (name.to_owned(), run, 0)).collect();
        while let Some((name, run, tried)) = queue.pop() {
            let found = match tried < TRIED && run.program == Program::Packer && done.len() < RUNS {
                true => packer::instances(self.world, &run, |_| true),
                false => None,
            };
            match found {
                Some((mark, _, values)) => {
                    for value in values.into_iter().rev() {
                        let settled = packer::settled(&run, mark, &value);
                        queue.push((named(&name, &value), settled, tried + 1));
                    }
                }
                None => done.push((name, run)),
            }
        }
        done
    }

    /// Everything that was found, sorted.
    pub(super) fn finish(self) -> Invocations {
        self.kept.finish()
    }
}
