//! The files of a repository that Packer could read, found by walking it once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hc_config::hcl::Document;
use hc_config::hcl::eval::{Scope, evaluate};
use hc_config::{Diagnostic, Value};
use hc_core::BuilderId;
use hc_core::fs::{FsError, read_text};

use super::found::Unmapped;
use crate::inventory::{EXAMPLE_ENDINGS, TEXT_LIMIT};

/// Directories that hold other people's files, or results.
const SKIPPED: [&str; 6] = ["node_modules", "vendor", "packer_cache", "target", "__pycache__", "artifacts"];
/// Largest JSON file that is looked into, in bytes.
const JSON_LIMIT: u64 = 1 << 20;

/// What was found.
#[derive(Default)]
pub(super) struct Tree {
    /// Directories with templates, and these, sorted.
    pub packer_dirs: BTreeMap<PathBuf, Vec<PathBuf>>,
    /// Legacy templates in JSON, sorted.
    pub legacy: Vec<PathBuf>,
    /// Legacy templates that a script has to fill in, sorted.
    pub unfilled: Vec<PathBuf>,
    /// Var files, sorted by path.
    pub var_files: Vec<VarFile>,
    /// What cannot be read.
    pub unmapped: Vec<Unmapped>,
    /// Whether `templates/` has shared layers: then it follows hybrid's own layout.
    layered: bool,
}

/// A var file with its values.
pub(crate) struct VarFile {
    /// Path, without the ending of an example.
    pub path: PathBuf,
    /// The file that was read.
    pub actual: PathBuf,
    /// Values by name; unknown where only packer knows.
    pub values: BTreeMap<String, Value>,
    /// What was read.
    pub document: Document,
}

impl VarFile {
    /// Reads `actual`, which is the file at `path` or shows what that looks like.
    pub(super) fn read(root: &Path, path: PathBuf, actual: &Path) -> Result<Self, Box<Diagnostic>> {
        let document = document(root, actual)?;
        // Packer takes constants in a var file; anything else is a template that something else fills in.
        let constant = |value| evaluate(&document, value, &Scope::closed());
        let mut values = BTreeMap::new();
        for attribute in document.body().attributes() {
            values.insert(attribute.key.as_str().to_owned(), constant(&attribute.value)?);
        }
        Ok(Self { path, actual: actual.to_owned(), values, document })
    }

    /// Whether it exists only as an example.
    pub(super) fn is_example(&self) -> bool {
        self.path != self.actual
    }

    /// Directory, relative to the repository.
    pub(super) fn dir(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// File name without `.pkrvars.hcl`.
    pub(super) fn stem(&self) -> &str {
        let name = name_of(&self.path);
        let name = name.strip_suffix(".hcl").or(name.strip_suffix(".json")).unwrap_or(name);
        name.trim_end_matches(".pkrvars").trim_end_matches(".auto")
    }

    /// Whether it is JSON that only legacy templates take for a var file.
    pub(super) fn is_plain(&self) -> bool {
        let name = name_of(&self.path);
        name.ends_with(".json") && !name.ends_with(".pkrvars.json")
    }

    /// Whether packer reads it by itself.
    pub(super) fn is_auto(&self) -> bool {
        let name = name_of(&self.path);
        name.ends_with(".auto.pkrvars.hcl") || name.ends_with(".auto.pkrvars.json")
    }
}

impl Tree {
    /// Walks `root`.
    pub(super) fn read(root: &Path) -> Result<Self, FsError> {
        let mut tree = Self {
            layered: root.join("templates/common.pkr.hcl").is_file()
                || root.join("templates/platforms").is_dir(),
            ..Self::default()
        };
        let walk = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(|entry| {
            let name = entry.file_name().to_string_lossy();
            entry.depth() == 0
                || !(name.starts_with('.') || entry.file_type().is_dir() && SKIPPED.contains(&&*name))
        });
        for entry in walk {
            let entry = entry.map_err(|error| {
                let path = error.path().unwrap_or(root).to_owned();
                FsError::Io { action: "list", path, source: error.into() }
            })?;
            let Ok(path) = entry.path().strip_prefix(root) else { continue };
            if entry.file_type().is_symlink()
                && (name_of(path).ends_with(".pkr.hcl") || name_of(path).ends_with(".pkr.json"))
            {
                tree.leave(path, "a template that is a symlink is not followed", None);
            } else if entry.file_type().is_file() {
                tree.file(root, path);
            }
        }
        if tree.legacy.is_empty() && tree.unfilled.is_empty() {
            // Of what else JSON is used for in a repository.
            tree.var_files.retain(|file| !file.is_plain());
        }
        tree.prefer_real_files();
        Ok(tree)
    }

    /// Whether hybrid's own layout covers a directory, so that it needs no mapping.
    pub(super) fn native(&self, dir: &Path) -> bool {
        let parts: Vec<&str> = dir.iter().filter_map(|part| part.to_str()).collect();
        match parts.as_slice() {
            ["templates"] | ["templates", "platforms"] => self.layered,
            ["templates", os, platform, variant] => {
                self.layered && BuilderId::new(os, platform, variant).is_ok()
            }
            _ => false,
        }
    }

    fn file(&mut self, root: &Path, path: &Path) {
        let name = name_of(path);
        let dir = path.parent().unwrap_or(Path::new("")).to_owned();
        let real = EXAMPLE_ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
        if path.to_str().is_none() {
            if name_of_bytes(path).ends_with(".hcl") {
                self.leave(path, "its path is not UTF-8, which hybrid.toml cannot hold", Some("rename it"));
            }
            return;
        }
        if made_by_hybrid(path) {
            return;
        }
        if name.ends_with(".pkr.hcl") || name.ends_with(".pkr.json") {
            self.packer_dirs.entry(dir).or_default().push(path.to_owned());
        } else if real.ends_with(".pkrvars.hcl") || real.ends_with(".pkrvars.json") {
            match VarFile::read(root, dir.join(real), path) {
                Ok(file) => self.var_files.push(file),
                Err(problem) => {
                    let place =
                        problem.location.as_ref().map_or_else(String::new, |place| format!(" at {place}"));
                    self.leave(path, &format!("{}{place}", problem.message), None);
                }
            }
        } else if name.ends_with(".json.tmpl") {
            if is_template(root, path) {
                self.unfilled.push(path.to_owned());
            }
        } else if name.ends_with(".json") {
            match kind(root, path) {
                Some(Kind::Template) => self.legacy.push(path.to_owned()),
                Some(Kind::Values) => self.var_files.extend(VarFile::read(root, path.to_owned(), path)),
                None => {}
            }
        }
    }

    fn leave(&mut self, path: &Path, reason: &str, cure: Option<&str>) {
        self.unmapped.push(Unmapped {
            path: path.to_owned(),
            reason: reason.to_owned(),
            cure: cure.map(str::to_owned),
        });
    }

    /// An example beside the file that was made from it is no more than documentation.
    fn prefer_real_files(&mut self) {
        self.var_files.sort_by(|a, b| (&a.path, a.is_example()).cmp(&(&b.path, b.is_example())));
        self.var_files.dedup_by(|later, first| later.path == first.path);
    }
}

/// Reads and parses one file.
pub(super) fn document(root: &Path, path: &Path) -> Result<Document, Box<Diagnostic>> {
    match read_text(&root.join(path), TEXT_LIMIT) {
        Ok(text) => Document::parse(path, text.unwrap_or_default()),
        Err(error) => Err(Box::new(Diagnostic::unreadable(path, &error))),
    }
}

/// Overlays, and what `config render` makes of them.
fn made_by_hybrid(path: &Path) -> bool {
    let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
    match parts.as_slice() {
        ["configs", "overlays", ..] => true,
        ["configs", _, file] => {
            file.strip_suffix(".auto.pkrvars.hcl").is_some_and(|id| id.parse::<BuilderId>().is_ok())
        }
        _ => false,
    }
}

/// What a JSON file may be to a legacy packer.
enum Kind {
    Template,
    Values,
}

/// What the JSON at `path` may be: `{"builders": [{"type": …}, …]}`, or names with texts.
fn kind(root: &Path, path: &Path) -> Option<Kind> {
    let text = read_text(&root.join(path), JSON_LIMIT).ok()??;
    let json: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).ok()?;
    if let Some(builders) = json.get("builders").and_then(serde_json::Value::as_array) {
        let is_template = !builders.is_empty() && builders.iter().all(|builder| builder["type"].is_string());
        return is_template.then_some(Kind::Template);
    }
    let is_value = |value: &serde_json::Value| !(value.is_object() || value.is_array());
    (!json.is_empty() && json.values().all(is_value)).then_some(Kind::Values)
}

/// Whether an unfilled file is one of a template. It need not be JSON yet.
fn is_template(root: &Path, path: &Path) -> bool {
    read_text(&root.join(path), JSON_LIMIT).ok().flatten().is_some_and(|text| text.contains("\"builders\""))
}

fn name_of_bytes(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}
