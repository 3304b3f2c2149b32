//! Command lines of packer, read as its flags are read.

use std::collections::HashMap;

use super::shell::Run;
use super::world::{Kind, ROOT, World, absolute, is_known, is_mark, join, readable};

/// Flags without a value of their own.
const SWITCHES: [&str; 16] = [
    "force",
    "debug",
    "color",
    "parallel",
    "timestamp-ui",
    "machine-readable",
    "syntax-only",
    "no-warn-undeclared-var",
    "warn-on-undeclared-var",
    "evaluate-datasources",
    "skip-enforcement",
    "ignore-prerelease-bindings",
    "use-sequential-evaluation",
    "help",
    "h",
    "version",
];
/// Most instances of one command line.
const INSTANCES: usize = 200;

/// What one command line says.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) build: bool,
    /// Whether only the syntax is looked at, which says nothing of values.
    pub(super) syntax: bool,
    /// The template, relative to the repository, or why it is not known.
    pub(super) template: Result<String, String>,
    pub(super) var_files: Vec<String>,
    pub(super) vars: Vec<(String, String)>,
    pub(super) preset: Vec<(String, String)>,
    pub(super) only: Vec<String>,
    pub(super) except: Vec<String>,
    pub(super) unknown: Vec<String>,
}

/// A flag, or the template.
enum Part<'a> {
    Flag(&'a str, Option<&'a str>),
    /// Unknown words, of which nobody knows how many there are.
    Unknown(&'a str),
    Template(&'a str),
}

fn parts(words: &[String]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut words = words.iter().map(String::as_str);
    let mut flags = true;
    while let Some(word) = words.next() {
        if !word.is_empty() && word.chars().all(is_mark) {
            parts.push(Part::Unknown(word));
        } else if flags && word == "--" {
            flags = false;
        } else if flags && word.len() > 1 && word.starts_with('-') {
            let flag = word.strip_prefix("--").unwrap_or(&word[1..]);
            match flag.split_once('=') {
                Some((name, value)) => parts.push(Part::Flag(name, Some(value))),
                None if SWITCHES.contains(&flag) => parts.push(Part::Flag(flag, None)),
                None => parts.push(Part::Flag(flag, words.next())),
            }
        } else {
            parts.push(Part::Template(word));
        }
    }
    parts
}

fn push(notes: &mut Vec<String>, note: String) {
    if !notes.contains(&note) {
        notes.push(note);
    }
}

/// Where a path of a command line is, relative to the repository.
fn place(world: &World, run: &Run, word: &str) -> Result<String, String> {
    if !is_known(word) {
        return Err(world.reasons(word).join(", "));
    }
    for (within, host) in &run.mounts {
        if let Some(below) = word.strip_prefix(within.as_str())
            && (below.is_empty() || below.starts_with('/'))
            && let Some(path) = join(host, below.trim_start_matches('/'))
        {
            return Ok(path);
        }
    }
    if !is_known(&run.dir) && !word.starts_with(ROOT) {
        return Err(world.reasons(&run.dir).join(", "));
    }
    join(&run.dir, word).ok_or_else(|| format!("`{}` lies outside of the repository", readable(word)))
}

/// A text for packer, as far as it is known and the same on every machine.
fn value(world: &World, text: &str) -> Result<String, String> {
    if !is_known(text) {
        return Err(world.reasons(text).join(", "));
    }
    if text.contains(ROOT) {
        return Err(format!("`{}` depends on where the repository lies", readable(text)));
    }
    Ok(text.to_owned())
}

/// Reads a command line.
pub(super) fn read(world: &World, run: &Run) -> Line {
    let (verb, rest) = run.words.split_first().map_or(("", &[][..]), |(verb, rest)| (verb.as_str(), rest));
    let mut line = Line {
        build: verb == "build",
        syntax: false,
        template: Err("it names no template".into()),
        var_files: Vec::new(),
        vars: Vec::new(),
        preset: Vec::new(),
        only: Vec::new(),
        except: Vec::new(),
        unknown: Vec::new(),
    };
    let mut template = None;
    for part in parts(rest) {
        match part {
            Part::Flag(name, given) => line.flag(world, run, name, given.unwrap_or_default()),
            Part::Unknown(word) => {
                let reasons = world.reasons(word).join(", ");
                if template.is_none() {
                    line.template = Err(reasons.clone());
                }
                push(&mut line.unknown, format!("arguments: {reasons}"));
            }
            Part::Template(word) if template.is_none() => template = Some(word),
            Part::Template(_) => {}
        }
    }
    match template {
        Some("-") => line.piped(world, run),
        Some(word) => line.template = place(world, run, word),
        None => {}
    }
    for (name, text) in &run.environment {
        let Some(name) = name.strip_prefix("PKR_VAR_") else { continue };
        match value(world, text) {
            Ok(text) => line.preset.push((name.to_owned(), text)),
            Err(reason) => push(&mut line.unknown, format!("`PKR_VAR_{name}`: {reason}")),
        }
    }
    line
}

impl Line {
    /// A template that another program changes on its way, out of the one file that this reads.
    fn piped(&mut self, world: &World, run: &Run) {
        let paths = run.feed.iter().skip(1).filter_map(|word| join(&run.dir, word));
        let mut files = paths.filter(|path| world.kind(path) == Some(Kind::File));
        let shown = readable(&run.feed.join(" "));
        self.template = match (files.next(), files.next()) {
            (Some(file), None) => {
                push(&mut self.unknown, format!("the template comes through a pipe: `{shown}`"));
                Ok(file)
            }
            _ => Err("the template comes through a pipe".into()),
        };
    }

    fn flag(&mut self, world: &World, run: &Run, name: &str, given: &str) {
        let note = match name {
            "var-file" => match place(world, run, given) {
                Ok(path) => {
                    self.var_files.push(path);
                    return;
                }
                Err(reason) => reason,
            },
            "var" => {
                let (variable, text) = given.split_once('=').unwrap_or((given, ""));
                match value(world, text) {
                    Ok(text) if is_known(variable) && !variable.is_empty() => {
                        self.vars.push((variable.to_owned(), text));
                        return;
                    }
                    Ok(_) => world.reasons(variable).join(", "),
                    Err(reason) => {
                        push(&mut self.unknown, format!("`-var {}`: {reason}", readable(variable)));
                        return;
                    }
                }
            }
            "only" | "except" => match value(world, given) {
                Ok(list) => {
                    let names =
                        list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
                    let all = if name == "only" { &mut self.only } else { &mut self.except };
                    all.extend(names);
                    return;
                }
                Err(reason) => reason,
            },
            _ => {
                self.syntax |= name == "syntax-only";
                return;
            }
        };
        push(&mut self.unknown, format!("`-{name} {}`: {note}", readable(given)));
    }
}

/// The words that name files, the template first.
fn files(run: &Run) -> Vec<(&str, bool)> {
    let rest = run.words.get(1..).unwrap_or_default();
    let mut words = Vec::new();
    for part in parts(rest) {
        match part {
            Part::Flag("var-file", Some(word)) => words.push((word, false)),
            Part::Template(word) => words.insert(0, (word, true)),
            _ => {}
        }
    }
    words
}

/// Whether a word names a template that depends on what whoever runs it gives.
pub(super) fn is_open(world: &World, run: &Run) -> bool {
    files(run).iter().any(|(word, template)| *template && !world.given(word).is_empty())
}

/// Values of what whoever runs it gives, as the files of the repository suggest them: for `images/NAME/x.json` the
/// directories that have such a file. `missing` says which words count.
pub(super) fn instances(
    world: &World,
    run: &Run,
    missing: impl Fn(&str) -> bool,
) -> Option<(char, String, Vec<String>)> {
    for (word, template) in files(run) {
        let given = world.given(word);
        let [(mark, name)] = given.as_slice() else { continue };
        let parts: Vec<&str> = word.split(*mark).collect();
        let literal: String = parts.concat();
        let telling = literal.trim_start_matches(ROOT).chars().any(char::is_alphanumeric);
        if !is_known(&literal) || !telling || !is_known(&run.dir) || !missing(&literal) {
            continue;
        }
        let Some(paths) = world.glob(&run.dir, &parts.join("*")) else { continue };
        let mut values = Vec::new();
        for path in paths.into_iter().take(INSTANCES) {
            let times = parts.len() - 1;
            let Some(length) = path.len().checked_sub(literal.len()).map(|length| length / times) else {
                continue;
            };
            let Some(value) = path.get(parts[0].len()..parts[0].len() + length) else { continue };
            let fits = !value.is_empty() && !value.contains('/') && parts.join(value) == path;
            if fits && join(&run.dir, &path).is_some_and(|path| looks_right(world, &path, template)) {
                values.push(value.to_owned());
            }
        }
        if !values.is_empty() {
            return Some((*mark, name.clone(), values));
        }
    }
    None
}

/// Whether a file could be a template, or a var file.
fn looks_right(world: &World, path: &str, template: bool) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    match (world.kind(path), template) {
        (Some(Kind::Directory), true) => {
            world.list(path).iter().any(|(name, _)| name.ends_with(".pkr.hcl") || name.ends_with(".pkr.json"))
        }
        (Some(Kind::File), true) => {
            let json = || world.text(path).is_some_and(|text| text.contains("\"builders\""));
            name.ends_with(".pkr.hcl") || name.ends_with(".pkr.json") || name.ends_with(".json") && json()
        }
        (Some(Kind::File), false) => !name.ends_with(".pkr.hcl") && !name.starts_with('.'),
        _ => false,
    }
}

/// A command line in which one unknown has its value.
pub(super) fn settled(run: &Run, mark: char, value: &str) -> Run {
    let set = |text: &String| text.replace(mark, value);
    let mut run = run.clone();
    run.words = run.words.iter().map(set).collect();
    for (_, text) in &mut run.environment {
        *text = set(text);
    }
    run
}

/// A command line whose `-var` have marks where another reading of it has them.
pub(super) fn opened(run: &Run, open: &Run) -> Run {
    let mut marked: HashMap<String, &String> = HashMap::new();
    for word in open.words.iter().filter(|word| !is_known(word)) {
        marked.insert(word.replace(is_mark, ""), word);
    }
    let mut opened = run.clone();
    let mut before = "";
    for (word, own) in run.words.iter().zip(&mut opened.words) {
        let flag = |text: &str| text.trim_start_matches('-') == "var" && text.starts_with('-');
        let alone = word.split_once('=').is_some_and(|(head, _)| flag(head));
        if (flag(before) || alone)
            && let Some(marked) = marked.get(word)
        {
            own.clone_from(marked);
        }
        before = word;
    }
    opened
}

/// Whether every file that it names is there.
pub(super) fn is_whole(world: &World, line: &Line) -> bool {
    let template = line.template.as_ref().is_ok_and(|path| world.kind(path).is_some());
    template && line.var_files.iter().all(|path| world.kind(path).is_some())
}

/// Whether a word of a command line names nothing that is there.
pub(super) fn is_missing(world: &World, run: &Run, word: &str) -> bool {
    let path = place(world, run, word);
    path.is_ok_and(|path| world.kind(&path).is_none() && !absolute(&path).is_empty())
}
