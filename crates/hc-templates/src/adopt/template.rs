//! One Packer directory, or one file that stands alone: what it declares, and the builders that it makes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hc_config::Value;
use hc_config::hcl::Document;
use hc_config::variables::{self, VariableDecl};

use super::found::Unmapped;
use super::sources::{self, Built};
use super::tree::{self, VarFile};
use crate::closure::workdir::{self, Candidate};
use crate::closure::{self, Memory};

/// A Packer directory that builds something.
pub(super) struct Template {
    /// Its directory, or the one file that stands alone.
    pub(super) path: PathBuf,
    /// Its directory.
    pub(super) dir: PathBuf,
    pub(super) documents: Vec<Document>,
    /// Its variables.
    pub(super) variables: BTreeMap<String, VariableDecl>,
    /// Names of its variables, with defaults that are known.
    pub(super) declared: BTreeMap<String, Option<Value>>,
    /// Names of those without a default.
    required: BTreeSet<String>,
    /// Sources that have a block.
    pub(super) blocks: BTreeSet<String>,
}

/// The var files of one template.
#[derive(Default)]
pub(super) struct Choice<'a> {
    /// For every image, lowest precedence first.
    pub(super) shared: Vec<&'a VarFile>,
    /// One image each; empty when the template stands for one image.
    pub(super) images: Vec<&'a VarFile>,
}

/// A builder without a name.
pub(super) struct Draft<'a> {
    pub(super) path: &'a Path,
    pub(super) var_files: Vec<PathBuf>,
    /// Those of them that exist only as an example.
    pub(super) examples: Vec<PathBuf>,
    /// The one that stands for an image.
    pub(super) image: Option<&'a VarFile>,
    /// What the repository's own scripts call it.
    pub(super) called: Option<String>,
    pub(super) except: Vec<String>,
    pub(super) vars: BTreeMap<String, String>,
    pub(super) source: String,
    pub(super) build: Option<String>,
    pub(super) only: Option<String>,
    /// Where packer runs; the repository's root when absent.
    pub(super) workdir: Option<PathBuf>,
    pub(super) values: BTreeMap<String, Value>,
    pub(super) communicator: Option<String>,
    pub(super) missing: Vec<String>,
}

impl Template {
    pub(super) fn read(root: &Path, path: &Path, files: &[PathBuf]) -> Result<Self, Unmapped> {
        let unmapped = |reason: String, cure: Option<&str>| Unmapped {
            path: path.to_owned(),
            reason,
            cure: cure.map(str::to_owned),
        };
        let mut documents = Vec::new();
        for file in files {
            let document = tree::document(root, file).map_err(|problem| {
                let place =
                    problem.location.as_ref().map_or_else(|| file.display().to_string(), ToString::to_string);
                let label = problem.label.as_ref().map(|label| format!(" ({label})")).unwrap_or_default();
                unmapped(
                    format!("{place}: {}{label}", problem.message),
                    Some("correct the file, then run `hybrid init --adopt` again"),
                )
            })?;
            documents.push(document);
        }
        let blocks = sources::declared(&documents);
        if blocks.is_empty() {
            return Err(unmapped("no source block: nothing is built here".into(), None));
        }
        if !documents.iter().any(|document| document.body().has_blocks("build")) {
            return Err(unmapped("no build block: packer would build nothing".into(), None));
        }
        let (variables, _) = variables::collect(&documents);
        let required = variables.values().filter(|variable| !variable.has_default);
        let required = required.map(|variable| variable.name.clone()).collect();
        let default = |(name, variable): (&String, &VariableDecl)| (name.clone(), variable.default.clone());
        let declared = variables.iter().map(default).collect();
        let dir = if files == [path.to_owned()] { path.parent().unwrap_or(Path::new("")) } else { path };
        Ok(Self {
            path: path.to_owned(),
            dir: dir.to_owned(),
            documents,
            variables,
            declared,
            required,
            blocks,
        })
    }

    /// Whether packer can read all files together: nothing is declared twice.
    pub(super) fn is_one(&self) -> bool {
        let variables = self.documents.iter().flat_map(|document| document.body().get_blocks("variable"));
        let mut names = BTreeSet::new();
        let unique =
            variables.filter_map(|block| block.labels.first()).all(|label| names.insert(label.as_str()));
        unique && sources::count(&self.documents) == self.blocks.len()
    }

    /// One builder per image and source.
    pub(super) fn builders<'a>(&'a self, choice: &Choice<'a>, memory: &Memory, drafts: &mut Vec<Draft<'a>>) {
        let images: Vec<Option<&VarFile>> = match choice.images.as_slice() {
            [] => vec![None],
            images => images.iter().map(|image| Some(*image)).collect(),
        };
        let sources: Vec<String> = self.blocks.iter().cloned().collect();
        let mut workdir = None;
        for image in images {
            let mut values: BTreeMap<String, Value> = self
                .declared
                .iter()
                .map(|(name, value)| (name.clone(), value.clone().unwrap_or(Value::Unknown)))
                .collect();
            let mut missing = self.required.clone();
            for file in choice.shared.iter().copied().chain(image) {
                missing.retain(|name| !file.values.contains_key(name));
                let known = file.values.iter().filter(|(name, _)| self.declared.contains_key(*name));
                values.extend(known.map(|(name, value)| (name.clone(), value.clone())));
            }
            let workdir = workdir.get_or_insert_with(|| {
                let (documents, dir) = (&self.documents, &self.dir);
                workdir::find(memory, &Candidate { documents, sources: &sources, dir, values: &values })
            });
            let values = if self.is_legacy() { self.settled_with(choice, image) } else { values };
            let built = sources::built(&self.documents, &self.blocks, &values);
            let files: Vec<&VarFile> = choice.shared.iter().copied().chain(image).collect();
            for one in &built {
                let alone = built.len() == 1 && self.blocks.len() == 1;
                drafts.push(Draft {
                    path: &self.path,
                    var_files: files.iter().map(|file| file.path.clone()).collect(),
                    examples: files
                        .iter()
                        .filter(|file| file.is_example())
                        .map(|file| file.path.clone())
                        .collect(),
                    image,
                    called: None,
                    except: Vec::new(),
                    vars: BTreeMap::new(),
                    source: one.called.clone(),
                    build: one.build.clone(),
                    only: (!alone).then(|| self.only(one)),
                    workdir: workdir.clone(),
                    missing: missing.iter().cloned().collect(),
                    values: values.clone(),
                    communicator: sources::communicator(&self.documents, &one.address, &values),
                });
            }
        }
    }

    /// The same under another path.
    pub(super) fn at(mut self, path: &Path) -> Self {
        self.path = path.to_owned();
        self
    }

    /// What `-only` needs to build one source alone.
    fn only(&self, one: &Built) -> String {
        match one.called.split_once('.') {
            Some((_, name)) if self.is_legacy() => name.to_owned(),
            _ => one.only(),
        }
    }

    /// Variables of the environment that it reads.
    pub(super) fn env(&self) -> BTreeSet<String> {
        closure::env_names(&self.documents)
    }
}
