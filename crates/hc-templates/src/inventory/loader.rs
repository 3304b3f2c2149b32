//! Walks `templates/` and the mapping of hybrid.toml, and reads what stands there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hc_config::hcl::Document;
use hc_config::settings::AdoptedBuilder;
use hc_config::{Diagnostic, Location};
use hc_core::BuilderId;
use hc_core::fs::read_text;

use super::builder::Builder;
use super::files::{Ahead, TEXT_LIMIT, is_template, name, stands_alone};
use super::{blocks, legacy};
use crate::builder_toml::{self, BuilderToml};

/// Endings of files that only show what a var file looks like. One is used where the real file does not exist.
pub const EXAMPLE_ENDINGS: [&str; 3] = [".example", ".sample", ".dist"];
/// The layer that all builders have.
const COMMON: &str = "templates/common.pkr.hcl";
/// Directories of `templates/` that are no operating systems.
const RESERVED: [&str; 7] = ["platforms", "vars", "scripts", "ansible", "puppet", "cloudinit", "files"];

/// Reads every file once.
pub(super) struct Loader<'a> {
    root: &'a Path,
    /// Problems that no builder has alone.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Builders that cannot be used, each with its problems.
    pub(super) broken: BTreeMap<BuilderId, Vec<Diagnostic>>,
    /// Shared layers are read once, however many builders have them.
    shared: BTreeMap<PathBuf, Result<Option<Document>, Vec<Diagnostic>>>,
    /// What was read beforehand, on all cores.
    pub(super) ahead: Ahead,
    /// Directories that the mapping of hybrid.toml speaks for, whatever their place.
    taken: BTreeSet<PathBuf>,
    /// Documents of adopted directories that were read.
    adopted_documents: BTreeMap<PathBuf, (Arc<[Document]>, Vec<Diagnostic>)>,
    /// Examples that stand for var files which do not exist.
    examples: BTreeSet<PathBuf>,
}

impl<'a> Loader<'a> {
    pub(super) fn new(root: &'a Path, adopted: &BTreeMap<BuilderId, AdoptedBuilder>) -> Self {
        let taken = adopted.values().map(|mapping| hc_core::fs::normalize(&mapping.path));
        let taken = taken
            .map(|path| match stands_alone(&path) {
                true => path.parent().map(Path::to_owned).unwrap_or_default(),
                false => path,
            })
            .collect();
        Self {
            root,
            diagnostics: Vec::new(),
            broken: BTreeMap::new(),
            shared: BTreeMap::new(),
            ahead: Ahead::default(),
            taken,
            adopted_documents: BTreeMap::new(),
            examples: BTreeSet::new(),
        }
    }

    /// One warning for all of them: a repository of examples has dozens.
    pub(super) fn report_examples(&mut self) {
        let Some(first) = self.examples.first() else { return };
        let (message, hint) = match self.examples.len() {
            1 => (
                format!("{} is used, because the file that it shows does not exist", first.display()),
                "copy it without that ending and set its values",
            ),
            count => (
                format!("{count} examples are used, because the var files that they show do not exist"),
                "this is the first; copy each without its ending and set its values",
            ),
        };
        let diagnostic = Diagnostic::warning("ExampleValues", message);
        self.diagnostics.push(diagnostic.at(Location::whole_file(first)).hint(hint));
    }

    pub(super) fn walk(&mut self) -> Vec<Builder> {
        let found = self.find();
        let own = found.iter().flat_map(|(_, _, files)| files.iter().cloned());
        let layers = found.iter().map(|(id, ..)| platform_layer(id)).chain([COMMON.into()]);
        self.ahead = Ahead::read(self.root, own.chain(layers).collect());
        let mut builders = Vec::new();
        for (id, dir, files) in found {
            builders.extend(self.owned(&id.clone(), |loader| loader.builder(id, dir, files)));
        }
        builders
    }

    /// Reads one builder. The errors that this finds are its own, and with one it is not a builder to work on.
    fn owned(&mut self, id: &BuilderId, read: impl FnOnce(&mut Self) -> Option<Builder>) -> Option<Builder> {
        let earlier = std::mem::take(&mut self.diagnostics);
        let builder = read(self);
        let found = std::mem::replace(&mut self.diagnostics, earlier);
        let (errors, warnings): (Vec<_>, Vec<_>) = found.into_iter().partition(Diagnostic::is_error);
        self.diagnostics.extend(warnings);
        if builder.is_none() || !errors.is_empty() {
            self.broken.entry(id.clone()).or_default().extend(errors);
        }
        builder.filter(|_| !self.broken.contains_key(id))
    }

    /// Directories of builders below `templates/`, with their templates.
    fn find(&mut self) -> Vec<(BuilderId, PathBuf, Vec<PathBuf>)> {
        let mut found = Vec::new();
        for os in self.dirs(Path::new("templates")) {
            if RESERVED.contains(&name(&os)) {
                continue;
            }
            for platform in self.dirs(&os) {
                for variant in self.dirs(&platform) {
                    self.misplaced(&variant);
                    let before = self.diagnostics.len();
                    let files = self.templates(&variant);
                    let links = self.diagnostics.split_off(before);
                    if (files.is_empty() && links.is_empty()) || self.taken.contains(&variant) {
                        continue;
                    }
                    match BuilderId::new(name(&os), name(&platform), name(&variant)) {
                        Ok(id) if links.is_empty() => found.push((id, variant, files)),
                        Ok(id) => self.broken.entry(id).or_default().extend(links),
                        Err(_) if files.is_empty() => self.diagnostics.extend(links),
                        Err(error) => self.diagnostics.push(
                            Diagnostic::error(error.code(), error.to_string())
                                .at(Location::whole_file(&files[0]))
                                .hint("rename the directory: templates/<os>/<platform>/<variant>/, each part kebab-case"),
                        ),
                    }
                }
                self.too_shallow(&platform);
            }
            self.too_shallow(&os);
        }
        found
    }

    fn too_shallow(&mut self, dir: &Path) {
        if self.taken.contains(dir) {
            return;
        }
        // An adopted repository has its own layout, and its mapping says what counts.
        let new = if self.taken.is_empty() { Diagnostic::error } else { Diagnostic::warning };
        if let Some(file) = self.templates(dir).first() {
            self.diagnostics.push(
                new("BadBuilderName", format!("templates in {} belong to no builder", dir.display()))
                    .at(Location::whole_file(file))
                    .hint("move them to templates/<os>/<platform>/<variant>/, or to templates/platforms/ when shared"),
            );
        }
    }

    fn misplaced(&mut self, dir: &Path) {
        for deeper in self.dirs(dir) {
            if self.taken.contains(&deeper) {
                continue;
            }
            if let Some(file) = self.templates(&deeper).first() {
                self.diagnostics.push(
                    Diagnostic::warning(
                        "BadBuilderName",
                        format!("packer does not read {}", deeper.display()),
                    )
                    .at(Location::whole_file(file))
                    .hint("packer reads one directory, not its subdirectories"),
                );
            }
        }
    }

    fn dirs(&mut self, dir: &Path) -> Vec<PathBuf> {
        let before = self.diagnostics.len();
        let entries = self.entries(dir);
        // Links to templates are told by who looks for templates.
        self.diagnostics.truncate(before);
        entries.into_iter().filter(|(_, is_dir)| *is_dir).map(|(path, _)| path).collect()
    }

    fn templates(&mut self, dir: &Path) -> Vec<PathBuf> {
        self.entries(dir)
            .into_iter()
            .filter(|(path, is_dir)| !is_dir && is_template(path))
            .map(|(path, _)| path)
            .collect()
    }

    /// Sorted entries of a directory of the project, links left out: they may lead out of it.
    fn entries(&mut self, dir: &Path) -> Vec<(PathBuf, bool)> {
        let Ok(listing) = std::fs::read_dir(self.root.join(dir)) else { return Vec::new() };
        let mut found = Vec::new();
        for entry in listing.flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.starts_with('.') {
                continue;
            }
            if kind.is_symlink() {
                if is_template(Path::new(&name)) {
                    self.diagnostics.push(
                        Diagnostic::error("AssetOutsideProject", "a template is a symlink, which no stage can carry")
                            .at(Location::whole_file(&dir.join(&name)))
                            .hint("replace the link with the file, or share it as templates/platforms/<platform>.pkr.hcl"),
                    );
                }
                continue;
            }
            found.push((dir.join(name), kind.is_dir()));
        }
        found.sort();
        found
    }

    fn builder(&mut self, id: BuilderId, dir: PathBuf, files: Vec<PathBuf>) -> Option<Builder> {
        let mut layers = vec![PathBuf::from(COMMON), platform_layer(&id)];
        layers.retain(|layer| self.root.join(layer).is_file());
        let vars = Path::new("templates/vars").join(id.os());
        let var_files = ["common", id.platform(), id.variant()]
            .into_iter()
            .map(|stem| vars.join(format!("{stem}.pkrvars.hcl")))
            .filter(|path| self.root.join(path).is_file())
            .collect();
        let in_place = layers.is_empty();
        self.read(id, dir, None, in_place, false, None, layers, files, var_files)
    }

    pub(super) fn adopted(&mut self, id: &BuilderId, mapping: &AdoptedBuilder) -> Option<Builder> {
        self.owned(id, |loader| loader.mapped(id, mapping))
    }

    fn mapped(&mut self, id: &BuilderId, mapping: &AdoptedBuilder) -> Option<Builder> {
        let path = hc_core::fs::normalize(&mapping.path);
        // A directory may hold templates that stand alone, each for itself.
        let file = stands_alone(&path).then(|| path.clone());
        let dir =
            if file.is_some() { path.parent().unwrap_or(Path::new("")).to_owned() } else { path.clone() };
        let outside = |path: &Path| path.is_absolute() || path.starts_with("..");
        let settings = Location::whole_file(Path::new(hc_config::settings::FILE_NAME));
        if let Some(path) = std::iter::once(&dir).chain(&mapping.var_files).find(|path| outside(path)) {
            self.diagnostics.push(
                Diagnostic::error(
                    "AssetOutsideProject",
                    format!("builder `{id}`: {} lies outside the project", path.display()),
                )
                .at(settings),
            );
            return None;
        }
        let files = match &file {
            Some(file) => {
                Some(file.clone()).filter(|file| self.root.join(file).is_file()).into_iter().collect()
            }
            None => self.templates(&dir),
        };
        let mut var_files = Vec::new();
        let mut missing = None;
        for path in &mapping.var_files {
            match self.var_file(path) {
                Some(actual) => var_files.push(actual),
                None => missing = Some(path),
            }
        }
        if let Some(path) = missing.or(files.is_empty().then_some(&path)) {
            self.diagnostics.push(
                Diagnostic::error(
                    "MissingAsset",
                    format!("[builders] names {}, and nothing is there", path.display()),
                )
                .at(settings)
                .hint(legacy::cure(self.root, path)),
            );
            return None;
        }
        let only = mapping.only.clone();
        let mut builder = self.read(id.clone(), dir, file, true, true, only, Vec::new(), files, var_files)?;
        legacy::settle(&mut builder, &mut self.diagnostics)?;
        builder.except.clone_from(&mapping.except);
        builder.vars.clone_from(&mapping.vars);
        if let Some(workdir) = &mapping.workdir {
            builder.workdir = self.workdir(Path::new(hc_config::settings::FILE_NAME), workdir)?;
        }
        Some(builder)
    }

    /// The file, or the example that shows what it looks like.
    fn var_file(&mut self, path: &Path) -> Option<PathBuf> {
        if self.root.join(path).is_file() {
            return Some(path.to_owned());
        }
        let example = EXAMPLE_ENDINGS
            .iter()
            .map(|ending| PathBuf::from(format!("{}{ending}", path.display())))
            .find(|example| self.root.join(example).is_file())?;
        self.examples.insert(example.clone());
        Some(example)
    }

    #[expect(clippy::too_many_arguments, reason = "the one constructor of a wide record")]
    fn read(
        &mut self,
        id: BuilderId,
        dir: PathBuf,
        file: Option<PathBuf>,
        in_place: bool,
        adopted: bool,
        only: Option<String>,
        layers: Vec<PathBuf>,
        files: Vec<PathBuf>,
        var_files: Vec<PathBuf>,
    ) -> Option<Builder> {
        let before = self.diagnostics.len();
        let subject = file.clone().unwrap_or_else(|| dir.clone());
        let documents = match self.adopted_documents.get(&subject).filter(|_| adopted) {
            Some((documents, problems)) => {
                self.diagnostics.extend(problems.iter().cloned());
                documents.clone()
            }
            None => self.documents(&layers, &files),
        };
        // One adopted directory may stand for hundreds of images.
        if adopted && !self.adopted_documents.contains_key(&subject) {
            let problems = self.diagnostics[before..].to_vec();
            self.adopted_documents.insert(subject, (documents.clone(), problems));
        }
        let metadata_path = dir.join(builder_toml::FILE_NAME);
        let metadata = self.metadata(&metadata_path);
        if self.diagnostics.len() > before || documents.len() < layers.len() + files.len() {
            return None;
        }
        let mut sources = Vec::new();
        let mut provisioners = Vec::new();
        let mut post_processors = Vec::new();
        let mut data_sources = Vec::new();
        for document in documents.iter() {
            for block in document.body().blocks() {
                match block.ident.as_str() {
                    "source" => sources.extend(blocks::source(document, block)),
                    "data" => data_sources.extend(blocks::first_label(block)),
                    "build" => blocks::nested(&block.body, &mut provisioners, &mut post_processors),
                    _ => {}
                }
            }
        }
        for list in [&mut provisioners, &mut post_processors, &mut data_sources] {
            list.sort();
            list.dedup();
        }
        let has_metadata = metadata.is_some();
        let workdir = match metadata.as_ref().and_then(|metadata| metadata.workdir.as_ref()) {
            Some(workdir) => self.workdir(&metadata_path, workdir)?,
            None => PathBuf::new(),
        };
        Some(Builder {
            id,
            dir,
            file,
            in_place,
            adopted,
            workdir,
            only,
            except: Vec::new(),
            vars: BTreeMap::new(),
            layers,
            files,
            var_files,
            metadata: metadata.unwrap_or_default(),
            has_metadata,
            documents,
            sources,
            provisioners,
            post_processors,
            data_sources,
        })
    }

    fn text(&mut self, path: &Path) -> Option<String> {
        match read_text(&self.root.join(path), TEXT_LIMIT) {
            Ok(text) => text,
            Err(error) => {
                self.diagnostics.push(Diagnostic::unreadable(path, &error));
                None
            }
        }
    }

    fn documents(&mut self, layers: &[PathBuf], files: &[PathBuf]) -> Arc<[Document]> {
        let mut documents = Vec::new();
        for layer in layers {
            if !self.shared.contains_key(layer) {
                let before = self.diagnostics.len();
                let document = self.parse(layer);
                let problems = self.diagnostics.split_off(before);
                let read = if problems.is_empty() { Ok(document) } else { Err(problems) };
                self.shared.insert(layer.clone(), read);
            }
            match &self.shared[layer] {
                Ok(document) => documents.extend(document.clone()),
                // It is an error of every builder that has the layer.
                Err(problems) => self.diagnostics.extend(problems.iter().cloned()),
            }
        }
        for file in files {
            documents.extend(self.parse(file));
        }
        documents.into()
    }

    fn parse(&mut self, path: &Path) -> Option<Document> {
        let parsed = match self.ahead.take(path) {
            Some(parsed) => parsed,
            None => Document::parse(path, self.text(path)?),
        };
        parsed.map_err(|problem| self.diagnostics.push(*problem)).ok()
    }

    /// Packer's working directory, which the file at `path` names; `None` when it cannot be one.
    fn workdir(&mut self, path: &Path, workdir: &Path) -> Option<PathBuf> {
        let workdir = hc_core::fs::normalize(workdir);
        let problem = if workdir.is_absolute() || workdir.starts_with("..") {
            (
                "AssetOutsideProject",
                format!("the working directory {} lies outside the project", workdir.display()),
            )
        } else if self.root.join(&workdir).is_dir() {
            return Some(workdir);
        } else {
            ("MissingAsset", format!("the working directory {} does not exist", workdir.display()))
        };
        let (code, message) = problem;
        let problem = Diagnostic::error(code, message).at(Location::whole_file(path));
        self.diagnostics.push(problem.hint("correct `workdir`, a directory relative to the project"));
        None
    }

    fn metadata(&mut self, path: &Path) -> Option<BuilderToml> {
        let text = self.text(path)?;
        hc_config::settings::parse_toml(path, &text, "SettingsInvalid")
            .map_err(|problem| self.diagnostics.push(*problem))
            .ok()
    }
}

/// The layer that all builders of a platform have.
fn platform_layer(id: &BuilderId) -> PathBuf {
    format!("templates/platforms/{}.pkr.hcl", id.platform()).into()
}
