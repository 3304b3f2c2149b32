//! Files that templates refer to, found by static analysis, with the place that refers (TPL-4).

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSetBuilder};
use hc_config::hcl::Document;
use hc_config::hcl::eval::{Scope, evaluate};
use hc_config::hcl::hcl_edit::expr::{Expression, FuncCall};
use hc_config::hcl::hcl_edit::structure::{Block, Body};
use hc_config::hcl::hcl_edit::visit::{self, Visit};
use hc_config::{Diagnostic, Location, Severity, Value, suggest};
use hc_core::fs::{normalize, read_text};

use crate::inventory::{Builder, TEXT_LIMIT};
use hc_records::InputKind;

/// Attributes of provisioners, post-processors and sources whose value is a path, or a list of paths.
const PATH_ATTRIBUTES: &[&str] = &[
    "script",
    "scripts",
    "playbook_file",
    "playbook_files",
    "playbook_dir",
    "role_paths",
    "galaxy_file",
    "group_vars",
    "host_vars",
    "inventory_file",
    "manifest_file",
    "manifest_dir",
    "module_paths",
    "hiera_config_path",
    "http_directory",
    "cd_files",
    "floppy_files",
    "floppy_dirs",
    "user_data_file",
    "unattended_file",
];
/// Functions whose first argument is a path.
const FILE_FUNCTIONS: &[&str] = &["file", "templatefile", "filebase64"];

/// The files that decide an image, relative to the project, each once, sorted by the text of their paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assets(Vec<(PathBuf, InputKind)>);

impl Assets {
    /// All paths with their kinds.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &(PathBuf, InputKind)> {
        self.0.iter()
    }

    /// All paths.
    pub fn paths(&self) -> impl ExactSizeIterator<Item = &PathBuf> {
        self.0.iter().map(|(path, _)| path)
    }
}

/// Assets while they are found, some of them more than once. By text: comparing paths part by part takes longer than all
/// the rest.
type Found = Vec<(OsString, InputKind)>;

/// Finds all assets of a builder. `vars` are its resolved variables: paths may be made of them.
///
/// A path that only packer knows is left out; `inputs` of `builder.toml` names such files.
pub fn find(root: &Path, builder: &Builder, vars: &Value) -> (Assets, Vec<Diagnostic>) {
    let dir = builder.dir.to_string_lossy().into_owned();
    let path = [("root", dir), ("cwd", ".".to_owned())];
    let path = path.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect();
    let mut scope = Scope::open().with("path", Value::Map(path)).with("var", vars.clone());
    scope = scope.clone().with("local", Value::Map(locals(builder, &scope)));
    let mut search = Search {
        root,
        builder,
        scope,
        assets: Found::new(),
        trees: BTreeSet::new(),
        diagnostics: Vec::new(),
    };
    for document in builder.documents.iter() {
        for block in document.body().blocks().filter(|block| block.ident.as_str() != "variable") {
            search.block(document, block);
        }
        let mut calls = FileCalls::default();
        calls.visit_body(document.body());
        for expression in calls.found {
            search.path(document, &expression);
        }
    }
    search.globs();
    search.ansible();
    let mut assets: Vec<_> =
        search.assets.into_iter().map(|(path, kind)| (PathBuf::from(path), kind)).collect();
    assets.sort_unstable_by(|(one, _), (other, _)| one.as_os_str().cmp(other.as_os_str()));
    assets.dedup_by(|(one, _), (other, _)| one.as_os_str() == other.as_os_str());
    (Assets(assets), search.diagnostics)
}

/// Locals that can be known without packer; one pass, so a local made of a later one stays unknown.
fn locals(builder: &Builder, scope: &Scope) -> indexmap::IndexMap<String, Value> {
    let mut known = indexmap::IndexMap::new();
    for document in builder.documents.iter() {
        for attribute in document.body().get_blocks("locals").flat_map(|block| block.body.attributes()) {
            let inner = scope.clone().with("local", Value::Map(known.clone()));
            if let Ok(value) = evaluate(document, &attribute.value, &inner) {
                known.insert(attribute.key.as_str().to_owned(), value);
            }
        }
    }
    known
}

struct Search<'a> {
    root: &'a Path,
    builder: &'a Builder,
    scope: Scope,
    assets: Found,
    /// Directories that were added as a whole.
    trees: BTreeSet<PathBuf>,
    diagnostics: Vec<Diagnostic>,
}

impl Search<'_> {
    fn block(&mut self, document: &Document, block: &Block) {
        let kind = block.ident.as_str();
        let label = block.labels.first().map(|label| label.as_str()).unwrap_or_default();
        if matches!(kind, "locals" | "local" | "packer") {
            return;
        }
        for attribute in block.body.attributes() {
            let name = attribute.key.as_str();
            // `source` is a file only for the file provisioner; downloads and generated files are not inputs.
            let upload = label == "file"
                && kind == "provisioner"
                && matches!(name, "source" | "sources")
                && is_upload(&block.body);
            // Plugins name their own file attributes; one that starts at the template is one of ours.
            let own = (name.ends_with("_file") || name.ends_with("_files"))
                && attribute.value.to_string().contains("path.root");
            if upload || own || PATH_ATTRIBUTES.contains(&name) {
                self.paths(document, &attribute.value);
            }
        }
        for inner in block.body.blocks() {
            self.block(document, inner);
        }
    }

    fn paths(&mut self, document: &Document, expression: &Expression) {
        match expression {
            Expression::Array(items) => items.iter().for_each(|item| self.path(document, item)),
            other => self.path(document, other),
        }
    }

    fn path(&mut self, document: &Document, expression: &Expression) {
        let value = match evaluate(document, expression, &self.scope) {
            Ok(Value::List(items)) => items,
            Ok(single) => vec![single],
            // Whatever is wrong with the expression, packer will say; an unknown variable is reported elsewhere.
            Err(_) => return,
        };
        for value in value {
            let Value::String(text) = value else { continue };
            if text.is_empty() || text.contains("://") {
                continue;
            }
            self.add(&text, document.location(expression));
        }
    }

    fn add(&mut self, text: &str, location: Location) {
        let severity = if self.builder.adopted { Severity::Warning } else { Severity::Error };
        let path = normalize(Path::new(text));
        if path.is_absolute() || path.starts_with("..") {
            let mut diagnostic =
                Diagnostic::error("AssetOutsideProject", format!("`{text}` lies outside the project"))
                    .at(location)
                    .hint("move it into the project; what lies outside can neither be hashed nor staged");
            diagnostic.severity = severity;
            self.diagnostics.push(diagnostic);
            return;
        }
        let full = self.root.join(&path);
        if full.is_symlink() {
            self.diagnostics.push(link(&path, location));
        } else if has_glob(text) && !full.exists() {
            self.matching(text);
        } else if full.is_dir() {
            self.tree(&path);
        } else if full.is_file() {
            self.insert(path);
        } else {
            let mut diagnostic =
                Diagnostic::error("MissingAsset", format!("`{}` does not exist", path.display()))
                    .at(location)
                    .label("referred to here");
            diagnostic.hint = Some(self.similar(&path));
            diagnostic.severity = severity;
            self.diagnostics.push(diagnostic);
        }
    }

    fn similar(&self, path: &Path) -> String {
        let parent = path.parent().unwrap_or(Path::new(""));
        let wanted = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let names: Vec<String> = std::fs::read_dir(self.root.join(parent))
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        match suggest::nearest(&wanted, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{}`?", parent.join(near).display()),
            None => {
                "create it, or correct the path: relative to the project root, or `${path.root}/…`".into()
            }
        }
    }

    fn insert(&mut self, path: impl Into<OsString>) {
        let path = path.into();
        let kind = kind_of(&path);
        self.assets.push((path, kind));
    }

    /// The path of an entry below the root, as text.
    fn below_root<'e>(&self, entry: &'e walkdir::DirEntry) -> Option<&'e OsStr> {
        below(self.root, entry.path())
    }

    fn tree(&mut self, dir: &Path) {
        // Every task of a role may name the role's own files.
        if !self.trees.insert(dir.to_owned()) {
            return;
        }
        let walk = walkdir::WalkDir::new(self.root.join(dir)).into_iter();
        let visible = |entry: &walkdir::DirEntry| {
            !hc_core::fs::is_temporary(&entry.file_name().to_string_lossy()) && entry.file_name() != ".git"
        };
        let mut links = Vec::new();
        for entry in walk.filter_entry(visible).flatten() {
            let Some(path) = self.below_root(&entry) else { continue };
            if entry.file_type().is_file() {
                self.insert(path);
            } else if entry.file_type().is_symlink() {
                let path = Path::new(path);
                links.push(link(path, Location::whole_file(path)));
            }
        }
        // In an order that does not depend on the file system.
        links.sort_by(|one: &Diagnostic, other| one.message.cmp(&other.message));
        self.diagnostics.append(&mut links);
    }

    /// `inputs` of builder.toml.
    fn globs(&mut self) {
        let patterns = self.builder.metadata.inputs.clone();
        for pattern in patterns {
            // Analysis may have found the same files already: what counts is that there are any.
            let mut known = false;
            if has_glob(&pattern) {
                known = self.matching(&pattern);
            } else {
                let path = normalize(Path::new(&pattern));
                if self.root.join(&path).is_dir() {
                    self.tree(&path)
                } else if self.root.join(&path).is_file() {
                    self.insert(path)
                }
            }
            known = known || self.assets.iter().any(|(path, _)| Path::new(path).starts_with(&pattern));
            if !known {
                let metadata = self.builder.dir.join(crate::builder_toml::FILE_NAME);
                self.diagnostics.push(
                    Diagnostic::error(
                        "MissingAsset",
                        format!("`inputs` pattern `{pattern}` matches no file"),
                    )
                    .at(Location::whole_file(&metadata)),
                );
            }
        }
    }

    /// Adds every file that matches; returns whether any does.
    fn matching(&mut self, pattern: &str) -> bool {
        let pattern = normalize(Path::new(pattern));
        let Ok(glob) = GlobBuilder::new(&pattern.to_string_lossy()).literal_separator(true).build() else {
            return false;
        };
        let fixed: PathBuf =
            pattern.components().take_while(|part| !has_glob(&part.as_os_str().to_string_lossy())).collect();
        let Ok(set) = GlobSetBuilder::new().add(glob).build() else { return false };
        let mut any = false;
        let start = self.root.join(&fixed);
        let hidden = |entry: &walkdir::DirEntry| {
            !matches!(entry.file_name().to_str(), Some(".git" | ".hybrid" | "target"))
        };
        for entry in walkdir::WalkDir::new(start).into_iter().filter_entry(hidden).flatten() {
            let Some(path) = self.below_root(&entry) else { continue };
            if entry.file_type().is_file() && set.is_match(path) {
                self.insert(path);
                any = true;
            }
        }
        any
    }

    /// Adds what the playbooks among the assets use: their roles, included files, group and host variables.
    fn ansible(&mut self) {
        let mut queue: Vec<PathBuf> = self
            .assets
            .iter()
            .filter(|(path, kind)| *kind == InputKind::Ansible && is_yaml(Path::new(path)))
            .map(|(path, _)| PathBuf::from(path))
            .collect();
        let mut seen: BTreeSet<PathBuf> = queue.iter().cloned().collect();
        while let Some(path) = queue.pop() {
            let Ok(Some(text)) = read_text(&self.root.join(&path), TEXT_LIMIT) else { continue };
            let before = self.assets.len();
            self.used_by(&path, &text);
            let mut new: Vec<PathBuf> =
                self.assets[before..].iter().map(|(path, _)| PathBuf::from(path)).collect();
            new.sort_unstable();
            new.dedup();
            queue.extend(new.into_iter().filter(|path| is_yaml(path) && seen.insert(path.clone())));
        }
    }

    /// Textual and therefore sound: every word that names a role or an existing file counts as used.
    fn used_by(&mut self, path: &Path, text: &str) {
        let parent = path.parent().unwrap_or(Path::new("")).to_owned();
        for near in ["group_vars", "host_vars"] {
            if self.root.join(&parent).join(near).is_dir() {
                self.tree(&parent.join(near));
            }
        }
        let roles =
            path.ancestors().skip(1).map(|dir| dir.join("roles")).find(|dir| self.root.join(dir).is_dir());
        let code: Vec<&str> = text.lines().map(|line| line.split(" #").next().unwrap_or(line)).collect();
        let dynamic = code.iter().any(|line| line.contains("role") && line.contains("{{"));
        let words: BTreeSet<&str> = code
            .iter()
            .filter(|line| !line.trim_start().starts_with('#'))
            .flat_map(|line| {
                line.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/')))
            })
            .filter(|word| !word.is_empty())
            .collect();
        if let Some(roles) = roles {
            if dynamic {
                self.tree(&roles);
            }
            for word in &words {
                if !word.contains('/')
                    && *word != "."
                    && *word != ".."
                    && self.root.join(&roles).join(word).is_dir()
                {
                    self.tree(&roles.join(word));
                }
            }
        }
        for word in words.iter().filter(|word| word.contains('.')) {
            let candidate = normalize(&parent.join(word));
            // A role's task may name files of the image, such as /etc/fstab; those are not ours.
            if candidate.is_relative() && !candidate.starts_with("..") && self.root.join(&candidate).is_file()
            {
                self.insert(candidate);
            }
        }
    }
}

fn is_upload(body: &Body) -> bool {
    let literal = |name: &str| body.get_attribute(name).map(|attribute| attribute.value.to_string());
    let download = literal("direction").is_some_and(|text| text.contains("download"));
    let generated = literal("generated").is_some_and(|text| text.contains("true"));
    !download && !generated
}

fn has_glob(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "yml" || ending == "yaml")
}

/// A link may lead anywhere: what it points to can be neither hashed nor staged in its place.
fn link(path: &Path, location: Location) -> Diagnostic {
    let message = format!("{} is a symlink, which no stage can carry", path.display());
    Diagnostic::error("AssetOutsideProject", message)
        .at(location)
        .hint("replace the link with what it points to")
}

/// What is left of `path` behind `root`, compared as text.
fn below<'p>(root: &Path, path: &'p Path) -> Option<&'p OsStr> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let rest = path.as_os_str().as_bytes().strip_prefix(root.as_os_str().as_bytes())?;
        Some(OsStr::from_bytes(rest.strip_prefix(b"/").unwrap_or(rest)))
    }
    #[cfg(not(unix))]
    path.strip_prefix(root).ok().map(Path::as_os_str)
}

fn kind_of(path: &OsStr) -> InputKind {
    let text = path.to_string_lossy();
    let part = |name: &str| text.split('/').any(|part| part == name);
    let script = |ending: &str| matches!(ending, "sh" | "ps1" | "bat" | "cmd" | "py");
    if part("ansible") {
        InputKind::Ansible
    } else if part("puppet") {
        InputKind::Puppet
    } else if text.starts_with("templates/cloudinit/") {
        InputKind::Cloudinit
    } else if text.starts_with("templates/scripts/")
        || text.rsplit_once('.').is_some_and(|(_, end)| script(end))
    {
        InputKind::Script
    } else {
        InputKind::Asset
    }
}

/// First arguments of `file()` and its relatives.
#[derive(Default)]
struct FileCalls {
    found: Vec<Expression>,
}

impl Visit for FileCalls {
    fn visit_func_call(&mut self, call: &FuncCall) {
        if FILE_FUNCTIONS.contains(&call.name.name.as_str()) {
            self.found.extend(call.args.iter().next().cloned());
        }
        visit::visit_func_call(self, call);
    }
}
