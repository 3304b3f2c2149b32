//! Which file of a crate uses which other: names are followed through re-exports to where they are defined.
//!
//! A module that is only declared, or only handed on (`pub use`), is not used. Names that a macro makes and methods
//! that are called without a name of their module are not seen.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{self, Import, Module};

/// Every source file by its path from the workspace's root, `/` between the parts.
pub(super) type Files = BTreeMap<String, String>;

/// One file's use of another; both by path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    /// Who uses.
    pub(super) from: String,
    /// What is used.
    pub(super) to: String,
    /// Where in `from`.
    pub(super) line: usize,
    /// Whether `from` only hands the name on.
    pub(super) handed_on: bool,
}

/// What was found in a crate.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// Sorted; the first line of each pair of files that uses, and the first that hands on.
    pub(super) edges: Vec<Edge>,
    /// Modules whose file does not exist, and files that no module is.
    pub(super) lost: Vec<String>,
}

/// Looks at the crate in the directory `home`: every root in `home/src`, each with the modules below it.
pub(super) fn of_crate(files: &Files, home: &str) -> Uses {
    let src = format!("{home}/src/");
    let mut uses = Uses::default();
    let mut reached = BTreeSet::new();
    let mut lines: BTreeMap<(String, String, bool), usize> = BTreeMap::new();
    let is_root = |path: &str| {
        let inside = &path[src.len()..];
        matches!(inside, "lib.rs" | "main.rs")
            || inside.strip_prefix("bin/").is_some_and(|bin| !bin.contains('/') || bin.ends_with("/main.rs"))
    };
    let sources = || files.keys().filter(|path| path.starts_with(&src));
    for root in sources().filter(|path| is_root(path)) {
        let mut tree = Tree { files, nodes: Vec::new(), lost: Vec::new() };
        tree.add_file(root, None);
        uses.lost.append(&mut tree.lost);
        for (from, to, handed_on, line) in tree.uses() {
            let first = lines.entry((from, to, handed_on)).or_insert(line);
            *first = line.min(*first);
        }
        reached.extend(tree.nodes.into_iter().map(|node| node.file));
    }
    let unreached = sources().filter(|path| !reached.contains(*path) && !is_of_tests(path));
    uses.lost.extend(unreached.map(|path| format!("{path}: not a module of its crate")));
    uses.edges =
        lines.into_iter().map(|((from, to, handed_on), line)| Edge { from, to, line, handed_on }).collect();
    uses
}

/// Files of `#[cfg(test)] mod tests;`, which nobody declares for the library.
fn is_of_tests(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

struct Node {
    file: String,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    module: Module,
}

struct Tree<'a> {
    files: &'a Files,
    nodes: Vec<Node>,
    lost: Vec<String>,
}

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Module(usize),
    /// Something that this module defines.
    Item(usize),
    /// Another crate's.
    Elsewhere,
}

impl Tree<'_> {
    /// Adds a file with its inner modules and the files that they declare.
    fn add_file(&mut self, path: &str, parent: Option<usize>) -> usize {
        let first = self.nodes.len();
        let modules = source::read(&self.files[path]);
        let mut by_path: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        for module in modules {
            let at = self.nodes.len();
            let outer = match module.path.split_last() {
                None => parent,
                Some((_, outer)) => by_path.get(outer).copied(),
            };
            if let (Some(outer), Some(name)) = (outer, module.path.last()) {
                self.nodes[outer].children.insert(name.clone(), at);
            }
            by_path.insert(module.path.clone(), at);
            self.nodes.push(Node { file: path.to_owned(), parent: outer, children: BTreeMap::new(), module });
        }
        let below = directory(path, parent.is_none());
        for at in first..self.nodes.len() {
            let inner = self.nodes[at].module.path.iter().map(|part| format!("{part}/")).collect::<String>();
            for name in self.nodes[at].module.declares.clone() {
                let stem = format!("{below}/{inner}{name}");
                let candidates = [format!("{stem}.rs"), format!("{stem}/mod.rs")];
                match candidates.iter().find(|path| self.files.contains_key(*path)) {
                    Some(child) => {
                        let node = self.add_file(child, Some(at));
                        self.nodes[at].children.insert(name, node);
                    }
                    None => self.lost.push(format!("{path}: the file of `mod {name};` was not found")),
                }
            }
        }
        first
    }

    /// Who uses whom: from, to, whether it is only handed on, line.
    fn uses(&self) -> Vec<(String, String, bool, usize)> {
        let mut found = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            let mut note = |target: Target, handed_on: bool, line: usize| {
                if let Target::Item(to) = target
                    && self.nodes[to].file != node.file
                {
                    found.push((node.file.clone(), self.nodes[to].file.clone(), handed_on, line));
                }
            };
            for import in &node.module.imports {
                let target = self.resolve(at, &import.path, &mut BTreeSet::new());
                match &import.name {
                    Some(name) => {
                        note(target, import.exported && !node.module.mentions.contains(name), import.line);
                    }
                    None => self.glob(at, import, target, &mut note),
                }
            }
            for (path, line) in &node.module.paths {
                note(self.resolve(at, path, &mut BTreeSet::new()), false, *line);
            }
        }
        found
    }

    /// The names that code takes out of `use target::*`.
    fn glob(&self, at: usize, import: &Import, target: Target, note: &mut impl FnMut(Target, bool, usize)) {
        let Target::Module(inside) = target else { return note(target, import.exported, import.line) };
        let module = &self.nodes[at].module;
        if import.exported {
            note(Target::Item(inside), true, import.line);
        }
        let own = |name: &str| module.imports.iter().any(|import| import.name.as_deref() == Some(name));
        for name in module.mentions.iter().filter(|name| !module.items.contains(*name) && !own(name)) {
            if let Some(target) = self.find(inside, name, &mut BTreeSet::new()) {
                note(target, false, import.line);
            }
        }
    }

    fn resolve(&self, at: usize, path: &[String], seen: &mut BTreeSet<(usize, String)>) -> Target {
        let mut here = at;
        let mut parts = path.iter().enumerate().peekable();
        while let Some((number, part)) = parts.peek() {
            match part.as_str() {
                "crate" if *number == 0 => here = self.root(at),
                "self" if *number == 0 => here = at,
                "super" => here = self.nodes[here].parent.unwrap_or(here),
                _ => break,
            }
            parts.next();
        }
        for (number, part) in parts {
            match self.find(here, part, seen) {
                Some(Target::Module(inner)) => here = inner,
                Some(target) => return target,
                // A name that is not known here: another crate's, or what a macro made.
                None if number == 0 => return Target::Elsewhere,
                None => return Target::Item(here),
            }
        }
        Target::Module(here)
    }

    /// What `name` means in a module: a child, a definition, or what an import leads to.
    fn find(&self, at: usize, name: &str, seen: &mut BTreeSet<(usize, String)>) -> Option<Target> {
        let node = &self.nodes[at];
        if let Some(child) = node.children.get(name) {
            return Some(Target::Module(*child));
        }
        if node.module.items.contains(name) {
            return Some(Target::Item(at));
        }
        if !seen.insert((at, name.to_owned())) {
            return None;
        }
        let named = node.module.imports.iter().find(|import| import.name.as_deref() == Some(name));
        if let Some(import) = named {
            return Some(self.resolve(at, &import.path, seen));
        }
        node.module.imports.iter().filter(|import| import.name.is_none()).find_map(|import| {
            match self.resolve(at, &import.path, seen) {
                Target::Module(inside) => self.find(inside, name, seen),
                _ => None,
            }
        })
    }

    fn root(&self, mut at: usize) -> usize {
        while let Some(parent) = self.nodes[at].parent {
            at = parent;
        }
        at
    }
}

/// Where the files of a file's modules are.
fn directory(path: &str, is_root: bool) -> String {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    if is_root || name == "mod.rs" {
        return dir.to_owned();
    }
    format!("{dir}/{}", name.trim_end_matches(".rs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(files: &[(&str, &str)]) -> Uses {
        let files = files.iter().map(|(path, text)| (format!("crates/x/src/{path}"), (*text).to_owned()));
        of_crate(&files.collect(), "crates/x")
    }

    fn edges(files: &[(&str, &str)]) -> Vec<String> {
        let short = |path: &str| path.trim_start_matches("crates/x/src/").to_owned();
        let uses = uses(files);
        assert_eq!(uses.lost, [""; 0]);
        let shown = |edge: &Edge| {
            let sign = if edge.handed_on { "⇢" } else { "→" };
            format!("{}:{} {sign} {}", short(&edge.from), edge.line, short(&edge.to))
        };
        uses.edges.iter().map(shown).collect()
    }

    #[test]
    fn a_name_is_followed_to_where_it_is_defined() {
        assert_eq!(
            edges(&[
                ("lib.rs", "mod a;\nmod b;\npub use a::A;\n"),
                ("a/mod.rs", "mod inner;\npub use inner::A;\n"),
                ("a/inner.rs", "pub struct A;\n"),
                ("b.rs", "use crate::A;\nfn f() -> crate::a::A { A }\n"),
            ]),
            ["a/mod.rs:2 ⇢ a/inner.rs", "b.rs:1 → a/inner.rs", "lib.rs:3 ⇢ a/inner.rs"]
        );
    }

    #[test]
    fn a_parent_uses_its_child_only_in_code() {
        let child = ("a/child.rs", "use super::Parent;\npub struct Child(Parent);\n");
        let lib = ("lib.rs", "mod a;\n");
        let parent = "mod child;\npub use child::Child;\npub struct Parent;\n";
        assert_eq!(edges(&[lib, ("a.rs", parent), child]), ["a.rs:2 ⇢ a/child.rs", "a/child.rs:1 → a.rs"]);
        let using = format!("{parent}fn f() -> Child {{}}\n");
        assert_eq!(edges(&[lib, ("a.rs", &using), child]), ["a.rs:2 → a/child.rs", "a/child.rs:1 → a.rs"]);
    }

    #[test]
    fn modules_globs_and_paths_lead_to_files() {
        assert_eq!(
            edges(&[
                ("lib.rs", "mod a;\nmod b;\nmod c;\n"),
                (
                    "a.rs",
                    "use crate::b;\nmod x {\n  use super::super::c::*;\n  fn f() { C; }\n}\nfn f() { b::g() }\n"
                ),
                ("b.rs", "pub fn g() { std::fs::read() }\n#[cfg(test)]\nmod tests { use crate::a; }\n"),
                ("c.rs", "pub struct C;\nuse serde::Serialize;\n"),
            ]),
            ["a.rs:6 → b.rs", "a.rs:3 → c.rs"]
        );
    }

    #[test]
    fn files_without_a_module_and_modules_without_a_file_are_named() {
        let uses = uses(&[("lib.rs", "mod a;\n"), ("b.rs", ""), ("bin/tool.rs", ""), ("tests.rs", "")]);
        assert_eq!(
            uses.lost,
            [
                "crates/x/src/lib.rs: the file of `mod a;` was not found",
                "crates/x/src/b.rs: not a module of its crate"
            ]
        );
    }
}
