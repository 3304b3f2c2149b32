//! Runs that were found, on their way to being told: sorted, each once, with the lines that say so.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::rc::Rc;

use hc_config::Location;

use super::invocation::{Invocation, Invocations, Unread, Verb};
use super::packer::{self, Line};
use super::shell::Run;
use super::world::{Place, World, is_known};

/// Most runs that are kept.
pub(super) const RUNS: usize = 10_000;

/// A run with its name.
struct Named {
    name: String,
    place: Place,
    dir: String,
    template: String,
    line: Line,
}

/// A run that cannot be told.
struct Unnamed {
    name: String,
    place: Place,
    reason: String,
}

/// Everything that was found so far.
pub(super) struct Kept<'w> {
    world: &'w World,
    runs: Vec<Named>,
    unread: Vec<Unnamed>,
}

impl<'w> Kept<'w> {
    pub(super) fn new(world: &'w World) -> Self {
        Self { world, runs: Vec::new(), unread: Vec::new() }
    }

    /// Keeps a run, with notes on what stands behind it.
    pub(super) fn keep(&mut self, name: String, run: &Run, notes: Vec<String>) {
        if self.runs.len() + self.unread.len() >= RUNS {
            return;
        }
        let mut line = packer::read(self.world, run);
        for note in notes {
            if !line.unknown.contains(&note) {
                line.unknown.push(note);
            }
        }
        let (place, dir) = (run.place.clone(), run.dir.clone());
        match line.template.clone() {
            Ok(_) if !is_known(&dir) => {
                let reason = self.world.reasons(&dir).join(", ");
                self.unread.push(Unnamed { name, place, reason });
            }
            Ok(template) => self.runs.push(Named { name, place, dir, template, line }),
            Err(reason) => self.unread.push(Unnamed { name, place, reason }),
        }
    }

    fn location(&self, place: &Place, texts: &mut HashMap<Rc<str>, String>) -> Location {
        let text = texts
            .entry(Rc::clone(&place.file))
            .or_insert_with(|| self.world.original(&place.file).unwrap_or_default());
        let start = match place.line {
            0 | 1 => 0,
            line => text.match_indices('\n').nth(line - 2).map_or(text.len(), |(at, _)| at + 1),
        };
        let end = text[start..].find('\n').map_or(text.len(), |at| at + start);
        Location::new(&PathBuf::from(&*place.file), text, start..end)
    }

    /// Everything that was found, sorted.
    pub(super) fn finish(mut self) -> Invocations {
        let mut texts = HashMap::new();
        // The shortest name stands for the others.
        let order = |run: &Named| (run.line.build, run.place.clone(), run.name.len(), run.name.clone());
        self.runs.sort_by_cached_key(order);
        let mut all = Invocations::default();
        let whole: BTreeSet<String> =
            self.runs.iter().filter(|run| !run.line.syntax).map(|run| run.template.clone()).collect();
        // Who looks at syntax only gives no values; other runs of that template do.
        let told: BTreeSet<Place> = self.runs.iter().map(|run| run.place.clone()).collect();
        self.runs.retain(|run| !run.line.syntax || !whole.contains(&run.template));
        let mut seen = BTreeSet::new();
        for run in &self.runs {
            let Named { name, place, dir, template, line } = run;
            let what = (dir, template, &line.var_files, &line.vars, &line.preset, &line.only, &line.except);
            if !seen.insert(what) {
                continue;
            }
            all.found.push(Invocation {
                name: name.clone(),
                verb: if line.build { Verb::Build } else { Verb::Validate },
                location: self.location(place, &mut texts),
                workdir: PathBuf::from(dir),
                template: PathBuf::from(template),
                var_files: line.var_files.iter().map(PathBuf::from).collect(),
                vars: line.vars.clone(),
                preset: line.preset.clone(),
                only: line.only.clone(),
                except: line.except.clone(),
                unknown: line.unknown.clone(),
            });
        }
        let at = |location: &Location| (location.path.clone(), location.line);
        all.found.sort_by(|a, b| (at(&a.location), &a.name).cmp(&(at(&b.location), &b.name)));
        self.unread.sort_by(|a, b| (&a.place, &a.name).cmp(&(&b.place, &b.name)));
        for unread in &self.unread {
            let location = self.location(&unread.place, &mut texts);
            // Who else starts the same line knows more.
            let told = told.contains(&unread.place);
            let again = all.unread.last().is_some_and(|last: &Unread| at(&last.location) == at(&location));
            if !told && !again {
                all.unread.push(Unread {
                    name: unread.name.clone(),
                    location,
                    reason: unread.reason.clone(),
                });
            }
        }
        all
    }
}
