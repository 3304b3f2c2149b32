//! The closure of a builder: every file of the project that can decide its image, found before anything runs (CLO-3).
//!
//! Nothing is known by the name of an attribute alone. Every expression is evaluated, in every way that it may go, and
//! what resolves to a file of the project is an input. What only packer knows is told with its place, never dropped.
//! Reads the project and nothing else; starts nothing.

mod ansible;
mod around;
mod attribute;
mod blocks;
mod commands;
mod computed;
mod configured;
mod disk;
mod env;
mod globs;
mod memory;
mod mentions;
mod places;
mod positions;
mod problems;
mod puppet;
mod refs;
mod texts;
mod words;
mod work;
pub(crate) mod workdir;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hc_config::hcl::eval::Scope;
use hc_config::resolve::ResolvedVar;
use hc_config::{Diagnostic, Location, Value};
use hc_core::fs::normalize;
use hc_core::tree::Content;
use hc_records::{InputKind, InputTree};

pub use configured::{Attributes, configured};
pub use disk::{COMPILED, Link, is_own};
pub use env::{EnvUse, env_names};
pub use memory::Memory;
pub use problems::{Missing, MissingKind, Outside, OutsideKind, Problems, Unknown, UnknownKind};

use attribute::Attribute;
use blocks::{Built, Walk};
use disk::{Disk, Found};
use places::Bases;
use positions::{Block, Role, Side};
use texts::{Lack, Sink, Text};
use work::{Finished, Work};
use world::Template;

use crate::inventory::{Builder, SourceBlock};

/// One builder to look at.
pub struct Search<'a> {
    /// What is known of the project's files.
    pub memory: &'a Memory,
    /// The builder; its `workdir` is where packer runs.
    pub builder: &'a Builder,
    /// Its resolved variables.
    pub vars: &'a BTreeMap<String, ResolvedVar>,
    /// The environment that packer will see; a name that is not in it is empty, as for packer.
    pub env: &'a BTreeMap<String, String>,
}

/// Everything of the project that can decide an image, and what could not be found out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Closure {
    /// Files with their kinds, relative to the project, each once, sorted by the text of their paths. No path has a
    /// link in it.
    pub files: Vec<(PathBuf, InputKind)>,
    /// Directories of many files, and patterns that name many, each as it was found.
    pub trees: Vec<InputTree>,
    /// What is known of files that were looked at while they were found.
    pub contents: Vec<(PathBuf, Content)>,
    /// Inputs that could not be read.
    pub unread: Vec<PathBuf>,
    /// Links on the way to these files, sorted.
    pub links: Vec<Link>,
    /// Files and directories that are there and into which the template says that it writes.
    pub outputs: Vec<PathBuf>,
    /// Variables of the environment that the template reads.
    pub env: Vec<EnvUse>,
    /// Names that may be variables of the environment, in what programs of this machine are told, with the first place.
    pub mentions: BTreeMap<String, Location>,
    /// Directories of which a command of this machine takes what matches a pattern, and that is among the files.
    pub picked_from: BTreeSet<PathBuf>,
    /// Whether programs of this machine take part in the build: commands, scripts, Ansible.
    pub runs_here: bool,
    /// What is wrong or unknown.
    pub problems: Problems,
}

impl Closure {
    /// All paths, those of files in directories of many among them, sorted by their text, each once.
    pub fn paths(&self) -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> = self.files.iter().map(|(path, _)| path.clone()).collect();
        for tree in &self.trees {
            let Some(node) = &tree.node else { continue };
            node.each_file(tree.base(), &mut |path, _| paths.push(path));
        }
        if !self.trees.is_empty() {
            paths.sort_unstable_by(|one, other| one.as_os_str().cmp(other.as_os_str()));
            paths.dedup();
        }
        paths
    }

    /// Links that lead to a place in the project.
    pub fn inside(&self) -> impl Iterator<Item = &Link> {
        let outside = |link: &Link| self.problems.outside.iter().any(|one| one.what.is_link(link));
        self.links.iter().filter(move |link| !outside(link))
    }

    /// What people are told; weaker for an adopted builder, which packer judges.
    pub fn diagnostics(&self, builder: &Builder) -> Vec<Diagnostic> {
        self.problems.diagnostics(builder.adopted)
    }
}

/// The variable that gets the project's root.
const PROJECT: &str = "hybrid_root";
/// Provisioners and others that start programs of this machine.
const HERE: [&str; 5] = ["shell-local", "ansible", "external", "external-raw", "inspec"];

/// Finds the closure of a builder.
pub fn find(search: &Search<'_>) -> Closure {
    let disk = &search.memory.disk;
    let dir = |path: &Path| disk.dir(path).unwrap_or_else(|| path.to_owned());
    let bases = Bases { template: dir(&search.builder.dir), workdir: dir(&search.builder.workdir) };
    let values = search.vars.iter().map(|(name, var)| (name.clone(), var.value.clone())).collect();
    let mut template = Template::new(disk, &bases, values, search.env);
    if search.vars.contains_key(PROJECT) {
        template.set(PROJECT, Value::String(places::ROOT.into()));
    }
    let env = env::find(&search.builder.documents, search.vars, &mut template);
    let mut work = Work::new(disk, &bases);
    evaluated(search, &template, &mut work);
    read_by_itself(search.builder, disk, &mut work);
    patterns(search.builder, &mut work);
    let mut closure = followed(work, search.memory, &bases);
    closure.env = env;
    closure.runs_here = search.builder.types().any(|kind| HERE.contains(&kind));
    // The way out of it was taken.
    if !search.builder.metadata.inputs.is_empty() {
        closure.problems.unknown.retain(|unknown| unknown.what != UnknownKind::Everything);
    }
    closure
}

/// What a command of the project that runs on this machine, in the project's root, names of the project: files,
/// directories, and what its scripts name in turn. Each word counts in its own right, and as a command where it holds
/// several.
pub fn of_command(memory: &Memory, words: &[String]) -> Closure {
    let bases = Bases { template: PathBuf::new(), workdir: PathBuf::new() };
    let mut work = Work::new(&memory.disk, &bases);
    let place = || Location::whole_file(Path::new(""));
    let from = commands::From { attribute: "command", side: Side::Host, ansible: false, reads: true };
    for word in words {
        for name in [Some(word.as_str()), word.split_once('=').map(|(_, value)| value)].into_iter().flatten()
        {
            commands::argument(&mut work, name, &place);
        }
        commands::look(&mut work, word, &from, &mut Vec::new(), &place);
    }
    Closure { runs_here: true, ..followed(work, memory, &bases) }
}

/// What was named, and everything that scripts, manifests and playbooks among it name in turn.
fn followed(mut work: Work<'_>, memory: &Memory, bases: &Bases) -> Closure {
    commands::scripts(&mut work);
    puppet::follow(&mut work);
    let start = playbooks(&mut work);
    let pulled = memory.pulled_in(bases, start);
    let Finished { files, trees, contents, unread, links, outputs, mentions, picked_from, problems } =
        work.finish_with(pulled.as_deref());
    let (env, runs_here) = (Vec::new(), false);
    Closure {
        files,
        trees,
        contents,
        unread,
        links,
        outputs,
        env,
        mentions,
        picked_from,
        runs_here,
        problems,
    }
}

/// Everything that the template's expressions name.
fn evaluated(search: &Search<'_>, template: &Template<'_>, work: &mut Work<'_>) {
    let definitions = computed::definitions(&search.builder.documents);
    computed::evaluate(template, &definitions);
    let mut names = refs::Names::new();
    let sources: Vec<String> = search.builder.sources.iter().map(SourceBlock::address).collect();
    let built = Built {
        documents: &search.builder.documents,
        sources: &sources,
        only: search.builder.only.as_deref(),
    };
    Walk::new(built, template).each(&mut |site| {
        let generated = is_generated(template, site);
        for attribute in site.body.attributes() {
            let name = attribute.key.as_str();
            let needs = refs::of(&attribute.value);
            let role = match positions::nested_role(site.block, site.plugin, site.inner, name) {
                Role::Path(..) if generated && matches!(name, "source" | "sources") => Role::Never,
                role => role,
            };
            let rooted = needs.contains(&("path".to_owned(), Some("root".to_owned())));
            names.extend(needs);
            if role == Role::Never {
                output(template, site, &attribute.value, name, work);
            }
            let mut sink = Attribute::new(work, (site.block, site.plugin), name, role);
            sink.rooted = rooted;
            texts::each(template, site.document, &attribute.value, site.scope, &mut sink);
        }
    });
    let (locals, variables) = computed::reach(&definitions, &names);
    for name in locals {
        let Some(one) = definitions.get(name) else { continue };
        let mut sink = Mention(attribute_of(work, name));
        texts::each(template, one.document, one.expression, &Scope::open(), &mut sink);
    }
    mentioned_by_variables(search, template, &variables, work);
    let reads = template.reads.take();
    for spot in &reads.spots {
        work.add(spot, InputKind::Asset, &|| Location::whole_file(&search.builder.dir));
    }
    work.problems.missing.extend(reads.problems.missing);
    work.problems.unknown.extend(reads.problems.unknown);
    work.problems.outside.extend(reads.problems.outside);
}

fn attribute_of<'w, 'a>(work: &'w mut Work<'a>, name: &'w str) -> Attribute<'w, 'a> {
    Attribute::new(work, (Block::Data, ""), name, Role::Other)
}

/// Whether a `file` provisioner moves something that is not of the project.
fn is_generated(template: &Template<'_>, site: &blocks::Site<'_>) -> bool {
    let literal = |name: &str| {
        let value = &site.body.get_attribute(name)?.value;
        texts::values(template, site.document, value, site.scope).0.into_iter().next()?.ok()
    };
    literal("direction").is_some_and(|value| value.as_str() == Some("download"))
        || literal("generated") == Some(Value::Bool(true))
}

/// Remembers where a builder writes, so that its images are never taken for inputs.
fn output(
    template: &Template<'_>,
    site: &blocks::Site<'_>,
    value: &hc_config::hcl::hcl_edit::expr::Expression,
    name: &str,
    work: &mut Work<'_>,
) {
    if site.block == Block::Provisioner || !(name.starts_with("output") || name.starts_with("target")) {
        return;
    }
    for value in texts::values(template, site.document, value, site.scope).0.into_iter().flatten() {
        let Some(spot) =
            value.as_str().and_then(|text| work.bases.spot(work.disk, &work.bases.workdir, text))
        else {
            continue;
        };
        match spot.found {
            Found::File(path) | Found::Dir(path) if !work.bases.template.starts_with(&path) => {
                work.outputs.push(path);
            }
            _ => {}
        }
    }
}

/// Locals and variables are not positions themselves: their texts count, what they lack is told where it is used.
struct Mention<'w, 'a>(Attribute<'w, 'a>);

impl Sink for Mention<'_, '_> {
    fn text(&mut self, text: &Text<'_>) {
        if !text.text.contains(places::HOLE) {
            self.0.text(text);
        }
    }

    fn lack(&mut self, _: Lack, _: &dyn Fn() -> Location) {}
}

fn mentioned_by_variables(
    search: &Search<'_>,
    template: &Template<'_>,
    reached: &BTreeSet<Option<String>>,
    work: &mut Work<'_>,
) {
    let all = reached.contains(&None);
    for (name, value) in template.variables() {
        if !all && !reached.contains(&Some(name.clone())) {
            continue;
        }
        let place = search.vars.get(name).and_then(|var| var.chain.last()?.location.clone());
        let place = || place.clone().unwrap_or_else(|| Location::whole_file(&search.builder.dir));
        let mut sink = Mention(attribute_of(work, name));
        value.each_text(&mut |text| {
            sink.text(&Text { text, sure: false, unset: false, why: None, key: None, location: &place });
        });
    }
}

/// What packer reads of the directory of a template without being told, and the mapping does not name: var files that came
/// after the adoption.
fn read_by_itself(builder: &Builder, disk: &Disk, work: &mut Work<'_>) {
    const ENDINGS: [(&str, InputKind); 4] = [
        (".pkr.hcl", InputKind::Template),
        (".pkr.json", InputKind::Template),
        (".auto.pkrvars.hcl", InputKind::Vars),
        (".auto.pkrvars.json", InputKind::Vars),
    ];
    if builder.file.is_some() || !builder.in_place {
        return;
    }
    let listed: BTreeSet<&PathBuf> = builder.files.iter().chain(&builder.var_files).collect();
    for name in disk.names(&builder.dir) {
        let path = builder.dir.join(&name);
        let name = name.to_string_lossy().into_owned();
        let kind = ENDINGS.iter().find(|(ending, _)| name.ends_with(ending)).map(|(_, kind)| *kind);
        if let Some(kind) = kind.filter(|_| !listed.contains(&path))
            && let Some(spot) = work.bases.spot(disk, &builder.dir, &name)
        {
            work.add(&spot, kind, &|| Location::whole_file(&path));
        }
    }
}

/// `inputs` of builder.toml.
fn patterns(builder: &Builder, work: &mut Work<'_>) {
    let metadata = Location::whole_file(&builder.dir.join(crate::builder_toml::FILE_NAME));
    for pattern in &builder.metadata.inputs {
        let path = normalize(Path::new(pattern));
        let place = || metadata.clone();
        let mut any = false;
        for pattern in globs::alternatives(&path.to_string_lossy()).unwrap_or_default() {
            if let Some(dir) = globs::whole(&pattern).and_then(|dir| work.disk.dir(dir)) {
                work.tree(&dir, InputKind::Asset, &place);
                any |= work.has_below(&dir);
                continue;
            }
            // A wildcard names files; a path may name a directory.
            if globs::has(&pattern) {
                any |= work.pattern(&pattern, InputKind::Asset, &place);
                continue;
            }
            for (_, spot) in globs::every(work.disk, Path::new(""), &pattern) {
                any |= work.add(&spot, InputKind::Asset, &place).is_some();
            }
        }
        if !any && !work.has_below(&path) {
            let what = MissingKind::Pattern;
            work.problems.missing.push(Missing { path: pattern.into(), location: place(), what, near: None });
        }
    }
}

/// What Ansible starts from.
fn playbooks(work: &mut Work<'_>) -> ansible::Start {
    let given: BTreeSet<PathBuf> = std::mem::take(&mut work.playbooks).into_iter().collect();
    let is_yaml = |path: &Path| path.extension().is_some_and(|ending| ending == "yml" || ending == "yaml");
    let all = work.since(0).chain(work.yaml());
    let inside = all.filter(|(path, kind)| *kind == InputKind::Ansible && is_yaml(path));
    let inside = inside.map(|(path, _)| path.clone()).filter(|path| !given.contains(path));
    // A playbook among `inputs` is run by a script: its roles lie where they do for any playbook.
    let is_play = |path: &PathBuf| work.disk.text(path).is_some_and(|text| ansible::is_playbook(&text));
    let (plays, inside): (BTreeSet<PathBuf>, BTreeSet<PathBuf>) = inside.partition(is_play);
    ansible::Start { given: &given | &plays, inside }
}
