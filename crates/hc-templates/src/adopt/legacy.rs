//! Builders of legacy templates in JSON: what the repository's own scripts build with them, or else what lies beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hc_config::hcl::Document;
use hc_config::hcl::eval::Scope;
use hc_config::resolve::{Layer, ResolveInput, resolve};
use hc_config::variables::VariableDecl;
use hc_config::{Dialect, Value};

use super::found::Unmapped;
use super::invocations::{Invocation, Invocations};
use super::sources::{self, Built};
use super::template::{Choice, Draft, Template};
use super::tree::{Tree, VarFile};
use super::vars;
use crate::closure::Memory;
use crate::closure::workdir::{self, Candidate};

/// The legacy templates of a repository, with the runs of packer that its scripts make of them.
pub(super) struct Legacy<'a> {
    root: &'a Path,
    tree: &'a Tree,
    runs: Vec<(Template, Vec<&'a Invocation>)>,
    /// Templates that no script names: they take the var files that lie near.
    pub(super) alone: Vec<Template>,
    pub(super) unmapped: Vec<Unmapped>,
}

impl<'a> Legacy<'a> {
    /// Reads the templates of `tree`.
    pub(super) fn read(root: &'a Path, tree: &'a Tree, invocations: &'a Invocations) -> Self {
        let mut found = Self { root, tree, runs: Vec::new(), alone: Vec::new(), unmapped: Vec::new() };
        if tree.legacy.is_empty() && tree.unfilled.is_empty() {
            return found;
        }
        for path in &tree.legacy {
            match Template::read(root, path, std::slice::from_ref(path)) {
                Ok(template) => {
                    let runs = runs_of(invocations, path);
                    match runs.is_empty() {
                        true => found.alone.push(template),
                        false => found.runs.push((template, runs)),
                    }
                }
                Err(problem) => found.unmapped.push(problem),
            }
        }
        for path in &tree.unfilled {
            let filled = path.with_extension("");
            if !tree.legacy.contains(&filled) {
                found.unfilled(path, &filled, invocations);
            }
        }
        let unread = invocations.unread.iter().map(|one| Unmapped {
            path: one.location.path.clone(),
            reason: format!("`{}` in line {}: {}", one.name, one.location.line, one.reason),
            cure: None,
        });
        found.unmapped.extend(unread);
        for (_, runs) in &found.runs {
            let told = runs.iter().flat_map(|run| run.unknown.iter().map(move |what| (*run, what)));
            found.unmapped.extend(told.map(|(run, what)| Unmapped {
                path: run.location.path.clone(),
                reason: format!("`{}` is mapped, but: {what}", run.name),
                cure: Some("set it in an overlay where it matters".to_owned()),
            }));
        }
        found
    }

    /// A template that a script makes of the file at `path`.
    fn unfilled(&mut self, path: &Path, filled: &Path, invocations: &'a Invocations) {
        let runs = runs_of(invocations, filled);
        let read = Template::read(self.root, path, std::slice::from_ref(&path.to_owned()));
        let (reason, cure) = match read {
            Ok(template) if !runs.is_empty() => {
                let reason = format!(
                    "a script of the repository makes {} of it; what is built of that is mapped, and can be used once it \
                     has run",
                    filled.display()
                );
                self.runs.push((template.at(filled), runs));
                (reason, Some("run that script first".to_owned()))
            }
            _ => ("legacy JSON template that scripts of the repository fill in".to_owned(), None),
        };
        self.unmapped.push(Unmapped { path: path.to_owned(), reason, cure });
    }

    /// One builder for every run and source.
    pub(super) fn builders<'t>(&'t self, memory: &Memory, drafts: &mut Vec<Draft<'t>>) {
        for (template, runs) in &self.runs {
            for run in runs {
                self.run(template, run, None, memory, drafts);
                for further in self.further(template, runs, run) {
                    self.run(template, run, Some(further), memory, drafts);
                }
            }
        }
    }

    /// Var files that a run takes one of, for every image another, by a name that only its caller knows:
    /// `variables-1.30.json` beside `variables-default.json`, which every run takes.
    fn further(&self, template: &Template, runs: &[&Invocation], run: &Invocation) -> Vec<&'a VarFile> {
        let family = |path: &Path| {
            let stem = path.file_stem()?.to_str()?;
            let head = stem.split(['-', '_', '.']).next().filter(|head| head.len() > 3 && *head != stem)?;
            Some((path.parent()?.to_owned(), head.to_owned()))
        };
        let shared = self
            .tree
            .var_files
            .iter()
            .filter(|file| vars::is_shared(file) && run.var_files.contains(&file.path));
        let families: BTreeSet<_> = shared.filter_map(|file| family(&file.path)).collect();
        let named = |file: &VarFile| runs.iter().any(|run| run.var_files.contains(&file.path));
        let files = self
            .tree
            .var_files
            .iter()
            .filter(|file| file.dir() == template.dir && template.takes(file) && !named(file));
        files.filter(|file| family(&file.path).is_some_and(|family| families.contains(&family))).collect()
    }

    /// Variables of the environment that the templates and their var files read.
    pub(super) fn env(&self) -> BTreeSet<String> {
        self.runs.iter().map(|(template, _)| template).flat_map(Template::env).collect()
    }

    fn run<'t>(
        &'t self,
        template: &'t Template,
        run: &'t Invocation,
        further: Option<&'t VarFile>,
        memory: &Memory,
        drafts: &mut Vec<Draft<'t>>,
    ) {
        let files: Vec<(&PathBuf, Option<VarFile>)> = run
            .var_files
            .iter()
            .chain(further.map(|file| &file.path))
            .map(|path| (path, self.var_file(path)))
            .collect();
        let documents: Vec<Document> =
            files.iter().filter_map(|(_, file)| file.as_ref().map(|file| file.document.clone())).collect();
        let vars: BTreeMap<String, String> = run.vars.iter().cloned().collect();
        let (values, missing) = template.settled(&documents, &vars);
        let built = sources::built(&template.documents, &template.blocks, &values);
        let name =
            |one: &Built| one.called.split_once('.').map_or_else(String::new, |(_, name)| name.to_owned());
        let wanted = |one: &&Built| {
            let name = name(one);
            (run.only.is_empty() || run.only.contains(&name)) && !run.except.contains(&name)
        };
        let alone = template.blocks.len() == 1;
        for one in built.iter().filter(wanted) {
            drafts.push(Draft {
                path: &template.path,
                var_files: files.iter().map(|(path, _)| (*path).clone()).collect(),
                examples: files
                    .iter()
                    .filter(|(_, file)| file.as_ref().is_some_and(VarFile::is_example))
                    .map(|(path, _)| (*path).clone())
                    .collect(),
                image: None,
                called: Some(match further {
                    Some(file) => {
                        let own = file.stem().split_once(['-', '_', '.']).map_or(file.stem(), |(_, own)| own);
                        format!("{}-{own}", run.name)
                    }
                    None => run.name.clone(),
                }),
                except: run.except.clone(),
                vars: vars.clone(),
                source: one.called.clone(),
                build: None,
                only: (!alone).then(|| name(one)),
                workdir: self.workdir(template, run, &values, memory),
                missing: missing.clone(),
                communicator: sources::communicator(&template.documents, &one.address, &values),
                values: values.clone(),
            });
        }
    }

    /// The file, or what it is made of.
    fn var_file(&self, path: &Path) -> Option<VarFile> {
        if let Some(known) = self.tree.var_files.iter().find(|file| file.path == path) {
            return VarFile::read(self.root, known.path.clone(), &known.actual).ok();
        }
        let unfilled = PathBuf::from(format!("{}.tmpl", path.display()));
        let actual = [path, &unfilled].into_iter().find(|path| self.root.join(path).is_file())?;
        VarFile::read(self.root, path.to_owned(), actual).ok()
    }

    /// Where the script runs packer; where that says nothing, where the template's paths lead somewhere.
    fn workdir(
        &self,
        template: &Template,
        run: &Invocation,
        values: &BTreeMap<String, Value>,
        memory: &Memory,
    ) -> Option<PathBuf> {
        if !run.workdir.as_os_str().is_empty() {
            return Some(run.workdir.clone());
        }
        let sources: Vec<String> = template.blocks.iter().cloned().collect();
        let candidate =
            Candidate { documents: &template.documents, sources: &sources, dir: &template.dir, values };
        workdir::find(memory, &candidate).filter(|dir| dir.as_os_str().is_empty())
    }
}

fn runs_of<'i>(invocations: &'i Invocations, template: &Path) -> Vec<&'i Invocation> {
    invocations.found.iter().filter(|run| run.template == template).collect()
}

impl Template {
    /// The values that these var files lead to, and the names that still have none.
    pub(super) fn settled(
        &self,
        files: &[Document],
        vars: &BTreeMap<String, String>,
    ) -> (BTreeMap<String, Value>, Vec<String>) {
        let mut declared = self.variables.clone();
        let mapped = Document::of_values(Path::new(""), vars);
        let documents = files.iter().chain([&mapped]);
        for document in documents.clone() {
            for attribute in document.body().attributes() {
                let name = attribute.key.as_str();
                let place = || VariableDecl::undeclared(name, document.location(&attribute.key));
                declared.entry(name.to_owned()).or_insert_with(place);
            }
        }
        let layers: Vec<Layer> =
            documents.map(|document| Layer { name: "vars".into(), document: document.clone() }).collect();
        let resolution = resolve(&ResolveInput {
            declared: &declared,
            templates: &self.documents,
            supplied: &BTreeMap::new(),
            user_data: None,
            layers: &layers,
            answers: None,
            sets: &[],
            scope: &Scope::closed(),
            injected: &BTreeSet::new(),
            elsewhere: &BTreeSet::new(),
            strict: false,
        });
        let missing = declared.keys().filter(|name| !resolution.vars.contains_key(*name)).cloned().collect();
        (resolution.vars.into_iter().map(|(name, var)| (name, var.value)).collect(), missing)
    }

    /// The values of an image of a legacy template that no script names.
    pub(super) fn settled_with(
        &self,
        choice: &Choice<'_>,
        image: Option<&VarFile>,
    ) -> BTreeMap<String, Value> {
        let files = choice.shared.iter().copied().chain(image);
        let documents: Vec<Document> = files.map(|file| file.document.clone()).collect();
        self.settled(&documents, &BTreeMap::new()).0
    }

    /// Whether it is a legacy template in JSON.
    pub(super) fn is_legacy(&self) -> bool {
        self.documents.iter().any(|document| document.dialect() == Dialect::Legacy)
    }
}
