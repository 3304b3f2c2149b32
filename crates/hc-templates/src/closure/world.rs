//! The world of a template while it is evaluated: its variables and locals, the files that functions read, and the ways
//! that a condition may go which only packer knows.
//!
//! Every file that a function reads is noted, and so is every call whose file cannot be known.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use hc_config::Value;
use hc_config::hcl::eval::Scope;
use hc_config::hcl::functions::{self, paths};
use hc_config::hcl::types::Type;
use hc_config::hcl::world::{Answer, Call, World};

use super::disk::{Disk, Found, is_own};
use super::globs;
use super::places::{Bases, ROOT, Spot, shown};
use super::problems::{Missing, MissingKind, Outside, OutsideKind, Problems, Unknown, UnknownKind};

/// Contents larger than this are not carried through expressions; their file is an input all the same.
const LARGEST: usize = 200 << 10;

/// Stands for a file where there is none.
const NOTHING: &str = "/dev/null";

/// Why `~name` is refused.
const ONE_HOME: &str = "`~` stands for the home directory of one user only";

/// More ways than this are not gone one by one.
pub(super) const MOST_WAYS: usize = 32;

/// What functions read while an expression was evaluated.
#[derive(Debug, Default)]
pub(super) struct Reads {
    /// Files, and the links on the way to them.
    pub(super) spots: Vec<Spot>,
    pub(super) problems: Problems,
}

/// The ways that were taken and are still to be taken where several are possible.
#[derive(Debug, Default)]
struct Ways {
    script: Vec<(usize, usize)>,
    at: usize,
}

/// What `source` and `build` mean where an expression stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Context {
    /// Type and name.
    pub(super) source: Option<(String, String)>,
    /// Name of the build.
    pub(super) build: Option<String>,
}

/// One template with everything that its expressions can see.
pub(super) struct Template<'a> {
    pub(super) disk: &'a Disk,
    pub(super) bases: &'a Bases,
    /// Variables; those without a value are left out.
    values: BTreeMap<String, Value>,
    env: &'a BTreeMap<String, String>,
    /// Whether what is evaluated needs a variable that has no value: that is told elsewhere, and decides everything.
    pub(super) unset: Cell<bool>,
    /// Locals of which the same is true.
    pub(super) unset_locals: RefCell<BTreeSet<String>>,
    /// What of that which is evaluated only packer knows, and why: the first that was met.
    pub(super) why: RefCell<Option<String>>,
    /// The same of locals.
    pub(super) unknown_locals: RefCell<HashMap<String, String>>,
    /// Locals and data sources that are known, with all values that they may have.
    pub(super) computed: RefCell<HashMap<String, Vec<Value>>>,
    pub(super) context: RefCell<Context>,
    pub(super) reads: RefCell<Reads>,
    ways: RefCell<Ways>,
}

impl<'a> Template<'a> {
    pub(super) fn new(
        disk: &'a Disk,
        bases: &'a Bases,
        values: BTreeMap<String, Value>,
        env: &'a BTreeMap<String, String>,
    ) -> Self {
        Self {
            disk,
            bases,
            values,
            env,
            unset: Cell::new(false),
            unset_locals: RefCell::default(),
            why: RefCell::default(),
            unknown_locals: RefCell::default(),
            computed: RefCell::default(),
            context: RefCell::default(),
            reads: RefCell::default(),
            ways: RefCell::default(),
        }
    }

    /// Begins a new round of evaluation over all ways.
    pub(super) fn first_way(&self) {
        *self.ways.borrow_mut() = Ways::default();
    }

    /// Whether the last evaluation had to choose a way.
    pub(super) fn chose(&self) -> bool {
        self.ways.borrow().at > 0
    }

    /// Moves on to the next way; `false` when all were taken.
    pub(super) fn next_way(&self) -> bool {
        let mut ways = self.ways.borrow_mut();
        let used = ways.at;
        ways.script.truncate(used);
        ways.at = 0;
        while let Some((way, count)) = ways.script.pop() {
            if way + 1 < count {
                ways.script.push((way + 1, count));
                return true;
            }
        }
        false
    }

    fn way(&self, count: usize) -> usize {
        let mut ways = self.ways.borrow_mut();
        if ways.at == ways.script.len() {
            ways.script.push((0, count));
        }
        let way = ways.script[ways.at].0;
        ways.at += 1;
        way.min(count - 1)
    }

    fn computed(&self, name: &str) -> Option<Value> {
        let computed = self.computed.borrow();
        match computed.get(name)?.as_slice() {
            [] => None,
            [only] => Some(only.clone()),
            several => Some(several[self.way(several.len())].clone()),
        }
    }

    /// The value of a variable.
    pub(super) fn variable(&self, name: &str) -> Value {
        match self.values.get(name) {
            Some(value) => value.clone(),
            None => {
                self.unset.set(true);
                Value::Unknown
            }
        }
    }

    /// Names and values of all variables that have one.
    pub(super) fn variables(&self) -> &BTreeMap<String, Value> {
        &self.values
    }

    /// Gives a variable its value.
    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.values.insert(name.to_owned(), value);
    }

    /// Where packer looks for the file that a function got. Its paths are cleaned as text, before links are followed.
    fn sought(&self, call: &Call<'_>, text: &str) -> Result<String, Answer> {
        let (base, text) = match (call.name, text.strip_prefix('~')) {
            // The one function that starts where packer runs, and knows no home directory.
            ("filebase64", _) => (self.bases.cwd_value(), text),
            (_, Some("")) => return Ok(text.to_owned()),
            (_, Some(rest)) if rest.starts_with('/') => return Ok(text.to_owned()),
            (_, Some(_)) => return Err(Answer::Fails(ONE_HOME.into())),
            (_, None) => (self.bases.root_value(), text),
        };
        Ok(paths::join(&base, text))
    }

    /// What a path that a function got leads to, noted; `Err` when that is not a file.
    fn open(&self, call: &Call<'_>, text: &str) -> Result<PathBuf, Answer> {
        let sought = self.sought(call, text)?;
        let fails = || Answer::Fails(format!("{}() cannot read `{text}`", call.name));
        let spot = self.bases.spot(self.disk, &self.bases.template, &sought).ok_or_else(fails)?;
        // Alternatives that exclude each other may name files that do not exist.
        let needed = call.needed && !self.chose();
        match spot.found.clone() {
            Found::File(path) => {
                if is_own(&path) {
                    self.unknown(call, UnknownKind::Own(path));
                    return Err(Answer::Value(Value::Unknown));
                }
                self.reads.borrow_mut().spots.push(spot);
                Ok(path)
            }
            Found::Outside(link) => {
                self.outside(call, text, link.map_or(OutsideKind::Asset, OutsideKind::Link));
                Err(Answer::Value(Value::Unknown))
            }
            Found::Missing(_) if call.name == "fileexists" => Err(Answer::Value(Value::Bool(false))),
            Found::Dir(path) | Found::Missing(path) => {
                if needed && call.name != "fileexists" {
                    let path = hc_core::fs::normalize(&path);
                    let near = self.beside(call, text).or_else(|| self.disk.nearest(&path));
                    let what = MissingKind::Path;
                    let missing = Missing { path, location: (call.location)(), what, near };
                    self.reads.borrow_mut().problems.missing.push(missing);
                }
                Err(fails())
            }
        }
    }

    /// What lies beside the template, where `filebase64()` does not look for it.
    fn beside(&self, call: &Call<'_>, text: &str) -> Option<PathBuf> {
        let spot = self.bases.spot(self.disk, &self.bases.template, text)?;
        match spot.found {
            Found::File(path) if call.name == "filebase64" => Some(path),
            _ => None,
        }
    }

    fn unknown(&self, call: &Call<'_>, what: UnknownKind) {
        if what == UnknownKind::RunTime && self.unset.get() {
            return;
        }
        let attribute = format!("{}()", call.name);
        let reason = if what == UnknownKind::RunTime { self.why.borrow().clone() } else { None };
        let unknown = Unknown { location: (call.location)(), attribute, what, reason };
        self.reads.borrow_mut().problems.unknown.push(unknown);
    }

    /// Remembers what only packer knows.
    fn because(&self, why: impl FnOnce() -> String) {
        self.why.borrow_mut().get_or_insert_with(why);
    }

    fn outside(&self, call: &Call<'_>, path: &str, what: OutsideKind) {
        let outside = Outside { path: shown(path).into(), location: (call.location)(), what };
        self.reads.borrow_mut().problems.outside.push(outside);
    }

    fn file(&self, call: &Call<'_>, text: &str) -> Answer {
        if text == NOTHING && call.name != "fileexists" {
            return Answer::Value(Value::String(String::new()));
        }
        let path = match self.open(call, text) {
            Ok(path) => path,
            Err(answer) => return answer,
        };
        Answer::Value(match call.name {
            "fileexists" => Value::Bool(true),
            "filebase64" => {
                let bytes = self.disk.bytes(&path, LARGEST);
                bytes.map_or(Value::Unknown, |bytes| Value::String(BASE64.encode(bytes)))
            }
            "templatefile" => return self.rendered(call, &path),
            _ => match self.disk.text(&path).filter(|text| text.len() <= LARGEST) {
                Some(text) => Value::String(text.to_string()),
                None => Value::Unknown,
            },
        })
    }

    /// The text of a template file, which sees the names that it is given and no others.
    fn rendered(&self, call: &Call<'_>, path: &Path) -> Answer {
        let Some(template) = self.disk.template(path) else {
            let text = self.disk.text(path);
            let reads =
                |text: &str| ["file(", "filebase64(", "fileset("].iter().any(|one| text.contains(one));
            if text.is_some_and(|text| reads(&text)) {
                self.unknown(call, UnknownKind::Template(path.to_owned()));
            }
            return Answer::Value(Value::Unknown);
        };
        let scope = match call.arguments.get(1) {
            Some(Value::Map(entries)) => {
                entries.iter().fold(Scope::closed(), |scope, (name, value)| scope.with(name, value.clone()))
            }
            _ => Scope::open(),
        };
        match (call.render)(&template, &scope) {
            Ok(text) => Answer::Value(text),
            Err(problem) => Answer::Fails(problem.message),
        }
    }

    fn file_set(&self, call: &Call<'_>, dir: &str, pattern: &str) -> Answer {
        let base = paths::join(&self.bases.root_value(), dir);
        let whole = paths::clean(&format!("{base}/{pattern}"));
        let Some(inside) = paths::relative(ROOT, &whole).filter(|inside| !inside.starts_with("..")) else {
            self.outside(call, dir, OutsideKind::Asset);
            return Answer::Value(Value::Unknown);
        };
        let alternatives = match globs::alternatives(&inside) {
            Some(alternatives) => alternatives,
            None => return Answer::Fails(format!("`{pattern}` is not a pattern")),
        };
        // Packer takes this `!` for itself, others for "not".
        if inside.contains("[!") {
            self.unknown(call, UnknownKind::RunTime);
            return Answer::Value(Value::Unknown);
        }
        let mut names = Vec::new();
        for pattern in alternatives {
            for (path, spot) in globs::matching(self.disk, Path::new(""), &pattern) {
                names.extend(paths::relative(&base, &format!("{ROOT}/{}", path.display())));
                self.reads.borrow_mut().spots.push(spot);
            }
        }
        names.sort();
        names.dedup();
        let names = Value::tuple(names.into_iter().map(Value::String).collect());
        Answer::Value(Type::Set(Box::new(Type::String)).convert(&names).unwrap_or(Value::Unknown))
    }
}

impl World for Template<'_> {
    fn field(&self, root: &str, name: &str) -> Option<Value> {
        let text = |text: &String| Value::String(text.clone());
        match (root, name) {
            ("var", name) => Some(self.variable(name)),
            ("local", name) => {
                self.unset.set(self.unset.get() || self.unset_locals.borrow().contains(name));
                if let Some(why) = self.unknown_locals.borrow().get(name) {
                    self.because(|| why.clone());
                }
                self.computed(name)
            }
            ("data", "null") => self.computed("data.null"),
            ("path", "root") => Some(Value::String(self.bases.root_value())),
            ("path", "cwd") => Some(Value::String(self.bases.cwd_value())),
            ("source", "type") => self.context.borrow().source.as_ref().map(|(kind, _)| text(kind)),
            ("source", "name") => self.context.borrow().source.as_ref().map(|(_, name)| text(name)),
            ("data", kind) => {
                self.because(|| format!("`data.{kind}` is asked when packer runs"));
                None
            }
            ("build", "name") => self.context.borrow().build.as_ref().map(text),
            _ => None,
        }
    }

    fn call(&self, call: &Call<'_>) -> Answer {
        let argument = |at: usize| call.arguments.get(at).and_then(Value::as_str);
        let unknown = |at: usize| call.arguments.get(at).is_some_and(|value| *value == Value::Unknown);
        match call.name {
            "env" => match argument(0) {
                Some(name) => Answer::Value(Value::String(self.env.get(name).cloned().unwrap_or_default())),
                None => Answer::NotMine,
            },
            "abspath" => match argument(0) {
                Some(text) => Answer::Value(Value::String(paths::join(&self.bases.cwd_value(), text))),
                None => Answer::NotMine,
            },
            // Where home is depends on who runs packer: the path stays as it is written, and counts as outside.
            "pathexpand" => match argument(0) {
                Some(text) if text.starts_with('~') && !(text == "~" || text.starts_with("~/")) => {
                    Answer::Fails(ONE_HOME.into())
                }
                Some(text) => Answer::Value(Value::String(text.to_owned())),
                None => Answer::NotMine,
            },
            "file" | "filebase64" | "templatefile" | "fileexists" => match argument(0) {
                Some(text) => self.file(call, text),
                None if unknown(0) && call.needed && !self.chose() => {
                    self.unknown(call, UnknownKind::RunTime);
                    Answer::Value(Value::Unknown)
                }
                None => Answer::NotMine,
            },
            "fileset" => match (argument(0), argument(1)) {
                (Some(dir), Some(pattern)) => self.file_set(call, dir, pattern),
                _ if (unknown(0) || unknown(1)) && call.needed => {
                    self.unknown(call, UnknownKind::RunTime);
                    Answer::Value(Value::Unknown)
                }
                _ => Answer::NotMine,
            },
            name => {
                if let Some(why) = functions::why_impure(name) {
                    self.because(|| format!("{name}() {why}"));
                }
                Answer::NotMine
            }
        }
    }

    fn choose(&self, ways: usize) -> Option<usize> {
        (ways <= MOST_WAYS).then(|| self.way(ways))
    }
}

#[cfg(test)]
#[path = "../../tests/packer/world.rs"]
mod tests;
