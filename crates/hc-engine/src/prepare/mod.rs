//! One target with its values, assets and rendered variables: everything before anything is hashed or run.

pub mod cloudinit;
mod command_lines;
pub mod configured;
mod environment;
mod layers;
mod media;
mod prepared;
mod project_schema;
mod read;
pub mod secrets;
mod sources;
pub mod stacks;
mod values;
mod weak;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use hc_config::cloudinit::{FILE_VARIABLE, VARIABLE};
use hc_config::hcl::blocks;
use hc_config::hcl::eval::Scope;
use hc_config::hcl::references;
use hc_config::resolve::{Layer, Resolution, ResolveInput, resolve};
use hc_config::variables::{self, VariableDecl};
use hc_config::{Diagnostic, Severity, Value};
use hc_core::tree::TreeCache;
use hc_core::{BuilderId, EnvName, Target};
use hc_records::{InputKind, layout};
use hc_templates::closure::{self, Memory, Search};
use hc_templates::{Builder, naming};

use crate::error::{EngineError, Result};
use crate::project::reach::Reach;
use crate::project::{Project, StatCacheUse, git};
use crate::select::Selection;

use project_schema::ProjectSchema;
use read::Read;

pub use cloudinit::UserData;
pub use configured::coordinates;
pub use prepared::Prepared;
pub use values::Values;

/// Variables that hybrid gives to packer at run time when the template declares them. They name a run, so
/// they are no inputs.
pub const INJECTED: [&str; 13] = [
    FILE_VARIABLE,
    "hybrid_iso_path",
    "hybrid_output_dir",
    "hybrid_manifest",
    "hybrid_build_id",
    "hybrid_run_id",
    "hybrid_env",
    "hybrid_root",
    "hybrid_parent_image",
    "hybrid_parent_image_id",
    "hybrid_parent_build_id",
    "hybrid_ssh_private_key_file",
    "hybrid_ssh_public_key",
];

/// The commit of the project, as layers name it.
const GIT_SHA: &str = "git_sha";

/// Problems of a template that are only warnings where the repository is older than hybrid.
const OWN_PROBLEMS: [&str; 5] = ["BadBlock", "BadType", "BadVariable", "MissingVariable", "ValidationFailed"];

/// The builders of a selection that can be worked on, beside those that cannot.
pub struct Sound {
    /// The targets that are ready.
    pub prepared: Vec<Prepared>,
    /// Builders that something is wrong with.
    pub broken: BTreeSet<BuilderId>,
    /// What was found; every error belongs to a broken builder, or to a template that belongs to none.
    pub diagnostics: Vec<Diagnostic>,
}

impl Project {
    /// Prepares every selected builder; problems of all of them come back together.
    ///
    /// # Errors
    /// The diagnostics, when any is an error.
    pub fn prepare(
        &self,
        selection: &Selection,
        env: &EnvName,
        values: &Values,
    ) -> Result<(Vec<Prepared>, Vec<Diagnostic>)> {
        self.prepare_with(selection, env, values, cache(self))
    }

    /// The same with what is remembered of large directories.
    pub(crate) fn prepare_with(
        &self,
        selection: &Selection,
        env: &EnvName,
        values: &Values,
        cache: TreeCache,
    ) -> Result<(Vec<Prepared>, Vec<Diagnostic>)> {
        let sound = self.sound_with(selection, env, values, cache)?;
        match sound.diagnostics.iter().any(Diagnostic::is_error) {
            true => Err(EngineError::Invalid(sound.diagnostics)),
            false => Ok((sound.prepared, sound.diagnostics)),
        }
    }

    /// Prepares the builders that can be: what is wrong with one stops none of its neighbours.
    ///
    /// # Errors
    /// The diagnostics, when nothing is left to work on, or when something is wrong that all share.
    pub fn prepare_sound(&self, selection: &Selection, env: &EnvName, values: &Values) -> Result<Sound> {
        let sound = self.sound_with(selection, env, values, cache(self))?;
        match sound.prepared.is_empty() {
            true => Err(EngineError::Invalid(sound.diagnostics)),
            false => Ok(sound),
        }
    }

    fn sound_with(
        &self,
        selection: &Selection,
        env: &EnvName,
        values: &Values,
        cache: TreeCache,
    ) -> Result<Sound> {
        let mut diagnostics = selection.problems();
        let shared = stacks::problems(self, &selection.inventory.all_ids());
        let mut all_stop = shared.iter().any(Diagnostic::is_error);
        diagnostics.extend(shared);
        let mut broken: BTreeSet<BuilderId> = selection.broken.keys().cloned().collect();
        let schema = ProjectSchema::of(self).unwrap_or_else(|problem| {
            all_stop = true;
            diagnostics.push(*problem);
            None
        });
        let preparing = Preparing::new(self, selection, values, cache, schema);
        diagnostics.extend(preparing.unknown.clone());
        let (mut prepared, mut is_taken) = (Vec::new(), false);
        for builder in selection.builders() {
            let (one, mut problems) = preparing.prepare(builder, env);
            is_taken |= !one.user_data.files.is_empty();
            secrets::of_sensitive(self, &one);
            if !selection.inventory.broken.is_empty() {
                // A builder that cannot be read may declare it.
                let unknown = problems.iter_mut().filter(|one| one.code == "UnknownVariable");
                unknown.for_each(|one| one.severity = Severity::Warning);
            }
            match problems.iter().any(Diagnostic::is_error) {
                true => _ = broken.insert(builder.id.clone()),
                false => prepared.push(one),
            }
            diagnostics.extend(problems);
        }
        diagnostics.extend(command_lines::warnings(self, &prepared, values));
        // Without it the next run takes longer, and that is all.
        if let Err(error) = preparing.memory.remember() {
            tracing::debug!(%error, "the tree cache was not written");
        }
        if !values.cloudinit.is_empty() && !is_taken {
            all_stop = true;
            diagnostics.push(
                Diagnostic::error("BadCloudinit", "none of the selected builders takes user data").hint(
                    format!(
                        "a template takes it by declaring the variable `{VARIABLE}` or `{FILE_VARIABLE}`"
                    ),
                ),
            );
        }
        let diagnostics = without_repetition(diagnostics);
        match all_stop {
            true => Err(EngineError::Invalid(diagnostics)),
            false => Ok(Sound { prepared, broken, diagnostics }),
        }
    }

    /// One builder with its problems, of which none stops it: for operations that help to solve them.
    pub fn inspect(
        &self,
        selection: &Selection,
        builder: &Builder,
        env: &EnvName,
        values: &Values,
    ) -> (Prepared, Vec<Diagnostic>) {
        Preparing::new(self, selection, values, cache(self), None).prepare(builder, env)
    }
}

/// Digests of large directories that earlier commands remembered.
fn cache(project: &Project) -> TreeCache {
    match project.stat_cache {
        StatCacheUse::On => TreeCache::load(&project.at(layout::TREE_CACHE)),
        StatCacheUse::Off => TreeCache::default(),
    }
}

fn without_repetition(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut unique: Vec<Diagnostic> = Vec::new();
    for diagnostic in diagnostics {
        if !unique.contains(&diagnostic) {
            unique.push(diagnostic);
        }
    }
    unique
}

/// What preparing several builders has in common.
struct Preparing<'a> {
    project: &'a Project,
    selection: &'a Selection,
    values: &'a Values,
    git_sha: String,
    unknown: Option<Diagnostic>,
    memory: Memory,
    caller: environment::Caller<'a>,
    schema: Option<ProjectSchema>,
}

impl<'a> Preparing<'a> {
    fn new(
        project: &'a Project,
        selection: &'a Selection,
        values: &'a Values,
        cache: TreeCache,
        schema: Option<ProjectSchema>,
    ) -> Self {
        let commit = git::commit(project);
        let unknown = commit.warning();
        let git_sha = commit.sha.unwrap_or_default();
        let memory = Memory::with_cache(&project.root, cache);
        let caller = environment::Caller::of(project);
        Self { project, selection, values, git_sha, unknown, memory, caller, schema }
    }

    fn prepare(&self, builder: &Builder, env: &EnvName) -> (Prepared, Vec<Diagnostic>) {
        let target = Target { builder: builder.id.clone(), env: env.clone() };
        let (declared, mut diagnostics) = variables::collect(&builder.documents);
        diagnostics.extend(blocks::check(&builder.documents));
        diagnostics.extend(naming::check(builder, &self.project.settings.naming));
        diagnostics.extend(media::problems(self.project, builder));
        let layer_files = layers::files(self.project, builder, &target);
        let takes = [VARIABLE, FILE_VARIABLE].iter().any(|name| declared.contains_key(*name));
        let (user_data, problems) =
            cloudinit::user_data(self.project, builder, takes, &self.values.cloudinit);
        diagnostics.extend(problems);
        let mut read = Read { texts: user_data.read.clone(), git_sha: None };
        let (resolution, problems) =
            self.resolve(builder, &target, &declared, (&layer_files, &mut read), &user_data);
        diagnostics.extend(problems);
        if builder.adopted && !self.values.strict {
            // What an adopted template lacks must not stop its neighbours; packer judges each by itself.
            for diagnostic in &mut diagnostics {
                if OWN_PROBLEMS.contains(&diagnostic.code) {
                    diagnostic.severity = Severity::Warning;
                }
            }
        }
        // What is wrong by itself is not told twice.
        if let Some(schema) = self.schema.as_ref().filter(|_| !diagnostics.iter().any(Diagnostic::is_error)) {
            diagnostics.extend(schema.problems(&resolution));
        }
        let (memory, vars) = (&self.memory, &resolution.vars);
        let mut closure = closure::find(&Search {
            memory,
            builder,
            vars,
            env: &self.caller.packer(env, &self.project.at(&builder.workdir)),
        });
        diagnostics.extend(sources::explain(self.project, &mut closure.problems.missing, builder.adopted));
        let mut found = closure.diagnostics(builder);
        for unknown in found.iter_mut().filter(|one| self.values.strict && one.code == "InputUnknown") {
            unknown.severity = Severity::Error;
        }
        diagnostics.extend(found);
        diagnostics.extend(self.undeclared(builder, &declared));
        let reach = Reach::of_parts(builder, &declared, &closure);
        diagnostics.extend(self.caller.stripped(&closure.env, &reach));
        diagnostics.extend(self.caller.mentioned(&closure, &reach));
        let rendered = hc_config::render::render(&target, &resolution);
        let builder = builder.clone();
        let prepared = Prepared {
            target,
            builder,
            declared,
            resolution,
            layer_files,
            user_data,
            closure,
            rendered,
            hermetic: self.values.hermetic,
            read,
        };
        diagnostics.extend(beaten_secrets(&prepared));
        (prepared, diagnostics)
    }

    /// References to variables that nothing declares.
    fn undeclared(&self, builder: &Builder, declared: &BTreeMap<String, VariableDecl>) -> Vec<Diagnostic> {
        let mut undeclared = references::undeclared(&builder.documents, declared);
        if builder.adopted && !self.values.strict {
            // It may stand in a source that nobody builds; packer judges.
            undeclared.iter_mut().for_each(|one| one.severity = Severity::Warning);
        }
        undeclared
    }

    fn resolve(
        &self,
        builder: &Builder,
        target: &Target,
        declared: &BTreeMap<String, VariableDecl>,
        (layer_files, read): (&[(PathBuf, InputKind)], &mut Read),
        user_data: &UserData,
    ) -> (Resolution, Vec<Diagnostic>) {
        let (mut diagnostics, mut layers) = (Vec::new(), Vec::new());
        for (path, kind) in layer_files {
            match layers::read(self.project, path) {
                Ok((document, digest)) => {
                    read.texts.insert(path.clone(), digest);
                    if document.text().contains(GIT_SHA) {
                        read.git_sha = Some(self.git_sha.clone());
                    }
                    layers.push(Layer { name: layers::name(path, *kind, &target.env), document });
                }
                Err(problem) => diagnostics.push(*problem),
            }
        }
        let unread = !diagnostics.is_empty();
        let own = layer_files.iter().filter(|(_, kind)| *kind == InputKind::Vars).count().min(layers.len());
        layers::mapped(builder).into_iter().for_each(|layer| layers.insert(own, layer));
        let declared = layers::with_undeclared(builder, declared, &layers);
        let supplied = stacks::variables(self.project, target).unwrap_or_else(|problem| {
            diagnostics.push(*problem);
            BTreeMap::new()
        });
        let injected: BTreeSet<String> = INJECTED.into_iter().map(str::to_owned).collect();
        let resolution = resolve(&ResolveInput {
            declared: &declared,
            templates: &builder.documents,
            supplied: &supplied,
            user_data: user_data.merged.as_ref(),
            layers: &layers,
            answers: self.values.answers.as_ref(),
            sets: &self.values.sets,
            scope: &scope(target, &self.git_sha),
            injected: &injected,
            elsewhere: &self.selection.declared,
            strict: self.values.strict,
        });
        // What stands in a file that cannot be read is not missing as well.
        let told = |problem: &&Diagnostic| !(unread && problem.code == "MissingVariable");
        diagnostics.extend(resolution.diagnostics.iter().filter(told).cloned());
        (resolution, diagnostics)
    }
}

/// Packer reads `*.auto.pkrvars.hcl` of its directory by itself, and such a value beats PKR_VAR_… (CONFIG-4).
fn beaten_secrets(prepared: &Prepared) -> Vec<Diagnostic> {
    let read_by_packer = |path: &&PathBuf| {
        prepared.builder.in_place
            && path.parent() == Some(&*prepared.builder.dir)
            && path.to_string_lossy().ends_with(".auto.pkrvars.hcl")
    };
    let files = prepared.builder.var_files.iter().filter(read_by_packer);
    files
        .flat_map(|path| prepared.secrets_beaten_by(path))
        .map(|(name, place)| {
            Diagnostic::error(
                "SecretBeaten",
                format!("`{name}` is a secret, but packer would take this value"),
            )
            .at(place.clone())
            .hint("remove the key here: packer reads this file by itself, and it beats the secret")
        })
        .collect()
}

fn scope(target: &Target, git_sha: &str) -> Scope {
    let text = |text: &str| Value::String(text.to_owned());
    let id: &BuilderId = &target.builder;
    Scope::closed()
        .with("env", text(target.env.as_str()))
        .with("os", text(id.os()))
        .with("platform", text(id.platform()))
        .with("variant", text(id.variant()))
        .with("builder", text(&id.to_string()))
        .with(GIT_SHA, text(git_sha))
}
