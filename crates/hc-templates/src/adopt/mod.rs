//! Maps a repository that was not made for hybrid: which Packer directories it has, what each of them builds, and
//! with which var files (issue 5). Reads, never writes; what cannot be mapped comes back with its reason.
//!
//! `tree` finds files, `vars` chooses var files, `sources` says what is built, `ids` gives names.

mod ids;
mod sources;
mod tree;
mod vars;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hc_config::hcl::Document;
use hc_config::settings::AdoptedBuilder;
use hc_config::{Value, variables};
use hc_core::BuilderId;
use hc_core::fs::FsError;

use self::tree::{Tree, VarFile};
use crate::naming;

/// What a repository holds.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// Builders, sorted by id.
    pub builders: Vec<Found>,
    /// Files and directories that belong to no builder, sorted by path.
    pub unmapped: Vec<Unmapped>,
    /// Source types that no platform knows, for `[naming]` of hybrid.toml.
    pub naming: BTreeMap<String, Vec<String>>,
}

/// One builder that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its new id.
    pub id: BuilderId,
    /// Its place in `[builders]` of hybrid.toml.
    pub mapping: AdoptedBuilder,
    /// Its source, `type.name`.
    pub source: String,
    /// Var files of the mapping that exist only as an example.
    pub examples: Vec<PathBuf>,
    /// Variables without a default that no var file of the mapping sets.
    pub missing: Vec<String>,
}

/// Something that belongs to no builder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unmapped {
    /// Path, relative to the repository.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
    /// What can be done about it.
    pub cure: Option<String>,
}

/// Looks at every file below `root` that Packer could read.
///
/// # Errors
/// When a directory cannot be listed.
pub fn survey(root: &Path) -> Result<Survey, FsError> {
    let tree = Tree::read(root)?;
    let mut survey = Survey { unmapped: tree.unmapped.clone(), ..Survey::default() };
    let mut templates = Vec::new();
    for (dir, files) in &tree.packer_dirs {
        if tree.native(dir) {
            continue;
        }
        match Template::read(root, dir, files) {
            Ok(template) if template.is_one() => templates.push(template),
            // Packer refuses such a directory as a whole: each file is built for itself.
            Ok(_) => {
                for file in files {
                    match Template::read(root, file, std::slice::from_ref(file)) {
                        Ok(template) => templates.push(template),
                        Err(problem) => survey.unmapped.push(problem),
                    }
                }
            }
            Err(problem) => survey.unmapped.push(problem),
        }
    }
    let packer_dirs: Vec<&Path> = tree.packer_dirs.keys().map(PathBuf::as_path).collect();
    let choices = vars::choose(&templates, &packer_dirs, &tree.var_files, &mut survey.unmapped);
    let mut drafts = Vec::new();
    for (template, choice) in templates.iter().zip(&choices) {
        template.builders(choice, &mut drafts);
    }
    survey.builders = ids::name(drafts, &mut survey.naming);
    survey.builders.sort_by(|a, b| a.id.cmp(&b.id));
    survey.unmapped.sort();
    survey.unmapped.dedup();
    Ok(survey)
}

/// A Packer directory that builds something.
pub(crate) struct Template {
    /// Its directory, or the one file that stands alone.
    path: PathBuf,
    /// Its directory.
    dir: PathBuf,
    documents: Vec<Document>,
    /// Names of its variables, with defaults that are known.
    declared: BTreeMap<String, Option<Value>>,
    /// Names of those without a default.
    required: BTreeSet<String>,
    /// Sources that have a block.
    blocks: BTreeSet<String>,
}

/// The var files of one template.
#[derive(Default)]
pub(crate) struct Choice<'a> {
    /// For every image, lowest precedence first.
    shared: Vec<&'a VarFile>,
    /// One image each; empty when the template stands for one image.
    images: Vec<&'a VarFile>,
}

/// A builder without a name.
pub(crate) struct Draft<'a> {
    path: &'a Path,
    shared: Vec<&'a VarFile>,
    image: Option<&'a VarFile>,
    source: String,
    build: Option<String>,
    only: Option<String>,
    values: BTreeMap<String, Value>,
    communicator: Option<String>,
    missing: Vec<String>,
}

impl Template {
    fn read(root: &Path, path: &Path, files: &[PathBuf]) -> Result<Self, Unmapped> {
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
        let (declared, _) = variables::collect(&documents);
        let required = declared.values().filter(|variable| !variable.has_default);
        let required = required.map(|variable| variable.name.clone()).collect();
        let declared = declared.into_iter().map(|(name, variable)| (name, variable.default)).collect();
        let dir = if files == [path.to_owned()] { path.parent().unwrap_or(Path::new("")) } else { path };
        Ok(Self { path: path.to_owned(), dir: dir.to_owned(), documents, declared, required, blocks })
    }

    /// Whether packer can read all files together: nothing is declared twice.
    fn is_one(&self) -> bool {
        let variables = self.documents.iter().flat_map(|document| document.body().get_blocks("variable"));
        let mut names = BTreeSet::new();
        let unique =
            variables.filter_map(|block| block.labels.first()).all(|label| names.insert(label.as_str()));
        unique && sources::count(&self.documents) == self.blocks.len()
    }

    /// One builder per image and source.
    fn builders<'a>(&'a self, choice: &Choice<'a>, drafts: &mut Vec<Draft<'a>>) {
        let images: Vec<Option<&VarFile>> = match choice.images.as_slice() {
            [] => vec![None],
            images => images.iter().map(|image| Some(*image)).collect(),
        };
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
            let built = sources::built(&self.documents, &self.blocks, &values);
            for one in &built {
                let alone = built.len() == 1 && self.blocks.len() == 1;
                drafts.push(Draft {
                    path: &self.path,
                    shared: choice.shared.clone(),
                    image,
                    source: one.address.clone(),
                    build: one.build.clone(),
                    only: (!alone).then(|| one.only()),
                    missing: missing.iter().cloned().collect(),
                    values: values.clone(),
                    communicator: sources::communicator(&self.documents, &one.address, &values),
                });
            }
        }
    }
}

/// The platform of a source type, and whether `[naming]` has to allow the type for it.
pub(crate) fn platform_of(kind: &str) -> (String, bool) {
    if let Some(platform) = naming::platform_of(kind) {
        return (platform.to_owned(), false);
    }
    let stem = kind.strip_suffix("-iso").unwrap_or(kind);
    (ids::kebab(stem), stem == kind)
}
