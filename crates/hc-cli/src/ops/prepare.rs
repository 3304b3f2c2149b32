//! One target with its values, assets and rendered variables: everything before anything is hashed or run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hc_config::cloudinit::{FILE_VARIABLE, VARIABLE};
use hc_config::hcl::eval::Scope;
use hc_config::hcl::{Document, blocks};
use hc_config::resolve::{Layer, Resolution, ResolveInput, resolve};
use hc_config::variables::{self, VariableDecl};
use hc_config::{Diagnostic, Location, Severity, Value};
use hc_core::fs::read_text;
use hc_core::{BuilderId, EnvName, Target};
use hc_records::InputKind;
use hc_templates::assets::{self, Assets};
use hc_templates::inventory::TEXT_LIMIT;
use hc_templates::{Builder, naming};

use super::cloudinit::{self, UserData};
use super::provisioners;
use super::select::Selection;
use crate::command_error::{CommandError, Result};
use crate::session::Session;

/// Variables that hybrid gives to packer at run time when the template declares them. They name a run, so
/// they are no inputs.
pub const INJECTED: [&str; 12] = [
    FILE_VARIABLE,
    "hybrid_iso_path",
    "hybrid_output_dir",
    "hybrid_manifest",
    "hybrid_build_id",
    "hybrid_run_id",
    "hybrid_env",
    "hybrid_root",
    "hybrid_parent_image",
    "hybrid_parent_build_id",
    "hybrid_ssh_private_key_file",
    "hybrid_ssh_public_key",
];

/// Problems of a template that are only warnings where the repository is older than hybrid.
const OWN_PROBLEMS: [&str; 5] = ["BadBlock", "BadType", "BadVariable", "MissingVariable", "ValidationFailed"];

/// Values beyond the files.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// The answers file.
    pub answers: Option<indexmap::IndexMap<String, Value>>,
    /// `--set`, in order.
    pub sets: Vec<(String, String)>,
    /// `--cloudinit`, relative to the project.
    pub cloudinit: Vec<PathBuf>,
    /// `--strict`.
    pub strict: bool,
}

impl Values {
    /// Reads the answers file and splits the `--set` words.
    ///
    /// # Errors
    /// `BadAnswers` and `Usage` with what was wrong.
    pub fn read(session: &Session, from: Option<&Path>, set: &[String], strict: bool) -> Result<Self> {
        let mut sets = Vec::new();
        for word in set {
            let (key, value) = word.split_once('=').ok_or_else(|| {
                CommandError::new("Usage", format!("`--set {word}` has no `=`")).hint("write --set key=value")
            })?;
            sets.push((key.trim().to_owned(), value.to_owned()));
        }
        let answers = match from {
            None => None,
            Some(path) => {
                let bad = |what: String| {
                    CommandError::new("BadAnswers", format!("{}: {what}", path.display()))
                        .hint("an answers file is one JSON object of variable values")
                };
                let full = session.environment.cwd.join(path);
                let text = read_text(&full, TEXT_LIMIT)?.ok_or_else(|| bad("no such file".into()))?;
                match Value::from_json_text(&text).map_err(|error| bad(error.to_string()))? {
                    Value::Map(entries) => Some(entries),
                    _ => return Err(bad("not an object".into())),
                }
            }
        };
        Ok(Self { answers, sets, cloudinit: Vec::new(), strict: strict || session.settings.config.strict })
    }
}

/// A target ready to be hashed.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Builder and environment.
    pub target: Target,
    /// The builder.
    pub builder: Builder,
    /// Its variables.
    pub declared: BTreeMap<String, VariableDecl>,
    /// Their values.
    pub resolution: Resolution,
    /// Files that gave values, with what they are.
    pub layer_files: Vec<(PathBuf, InputKind)>,
    /// Its cloud-init user data.
    pub user_data: UserData,
    /// Files that the templates refer to.
    pub assets: Assets,
    /// The text of `configs/<env>/<builder>.auto.pkrvars.hcl`.
    pub rendered: String,
}

impl Prepared {
    /// Path of the rendered variables, relative to the project.
    pub fn rendered_path(&self) -> PathBuf {
        rendered_path(&self.target)
    }

    /// Variables whose value is a secret, and which a var file of the builder sets as well.
    pub fn secrets_beaten_by<'a>(&'a self, file: &'a Path) -> impl Iterator<Item = (&'a str, &'a Location)> {
        self.resolution.vars.iter().filter(|(_, var)| var.secret.is_some()).filter_map(move |(name, var)| {
            let mut places = var.chain.iter().filter_map(|origin| origin.location.as_ref());
            places.find(|place| place.path == file).map(|place| (name.as_str(), place))
        })
    }
}

/// `configs/<env>/<builder>.auto.pkrvars.hcl`.
pub fn rendered_path(target: &Target) -> PathBuf {
    PathBuf::from(format!("configs/{}/{}.auto.pkrvars.hcl", target.env, target.builder))
}

/// Prepares every selected builder; problems of all of them come back together.
///
/// # Errors
/// The diagnostics, when any is an error.
pub fn prepare(
    session: &Session,
    selection: &Selection,
    env: &EnvName,
    values: &Values,
) -> Result<(Vec<Prepared>, Vec<Diagnostic>)> {
    let mut diagnostics = selection.diagnostics.clone();
    diagnostics.extend(provisioners::problems(session, &selection.inventory.ids()));
    let mut prepared = Vec::new();
    let git_sha = super::git::head(session).unwrap_or_default();
    for builder in selection.builders() {
        let target = Target { builder: builder.id.clone(), env: env.clone() };
        let (one, problems) = prepare_one(session, selection, builder, target, values, &git_sha);
        diagnostics.extend(problems);
        prepared.push(one);
    }
    if !values.cloudinit.is_empty() && prepared.iter().all(|one| one.user_data.files.is_empty()) {
        diagnostics.push(
            Diagnostic::error("BadCloudinit", "none of the selected builders takes user data").hint(format!(
                "a template takes it by declaring the variable `{VARIABLE}` or `{FILE_VARIABLE}`"
            )),
        );
    }
    let diagnostics = without_repetition(diagnostics);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(CommandError::invalid(diagnostics));
    }
    Ok((prepared, diagnostics))
}

/// One builder with its problems, of which none stops it: for commands that help to solve them.
pub fn inspect(
    session: &Session,
    selection: &Selection,
    builder: &Builder,
    env: &EnvName,
    values: &Values,
) -> (Prepared, Vec<Diagnostic>) {
    let target = Target { builder: builder.id.clone(), env: env.clone() };
    let git_sha = super::git::head(session).unwrap_or_default();
    prepare_one(session, selection, builder, target, values, &git_sha)
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

fn prepare_one(
    session: &Session,
    selection: &Selection,
    builder: &Builder,
    target: Target,
    values: &Values,
    git_sha: &str,
) -> (Prepared, Vec<Diagnostic>) {
    let (declared, mut diagnostics) = variables::collect(&builder.documents);
    diagnostics.extend(blocks::check(&builder.documents));
    diagnostics.extend(naming::check(builder, &session.settings.naming));
    diagnostics.extend(super::iso::problems(session, builder));
    let layer_files = layer_files(session, builder, &target);
    let (mut layers, mut unread) = (Vec::new(), false);
    for (path, kind) in &layer_files {
        match read_layer(session, path) {
            Ok(document) => layers.push(Layer { name: layer_name(path, *kind, &target.env), document }),
            Err(problem) => {
                unread = true;
                diagnostics.push(*problem);
            }
        }
    }
    let supplied = provisioners::variables(session, &target).unwrap_or_else(|problem| {
        diagnostics.push(*problem);
        BTreeMap::new()
    });
    let takes = [VARIABLE, FILE_VARIABLE].iter().any(|name| declared.contains_key(*name));
    let (user_data, problems) = cloudinit::user_data(session, builder, takes, &values.cloudinit);
    diagnostics.extend(problems);
    let scope = scope(&target, git_sha);
    let injected: BTreeSet<String> = INJECTED.into_iter().map(str::to_owned).collect();
    let resolution = resolve(&ResolveInput {
        declared: &declared,
        templates: &builder.documents,
        supplied: &supplied,
        user_data: user_data.merged.as_ref(),
        layers: &layers,
        answers: values.answers.as_ref(),
        sets: &values.sets,
        scope: &scope,
        injected: &injected,
        elsewhere: &selection.declared,
        strict: values.strict,
    });
    // What stands in a file that cannot be read is not missing as well.
    let told = |problem: &&Diagnostic| !(unread && problem.code == "MissingVariable");
    diagnostics.extend(resolution.diagnostics.iter().filter(told).cloned());
    if builder.adopted && !values.strict {
        // What an adopted template lacks must not stop its neighbours; packer judges each by itself.
        for diagnostic in &mut diagnostics {
            if OWN_PROBLEMS.contains(&diagnostic.code) {
                diagnostic.severity = Severity::Warning;
            }
        }
    }
    let known = resolution.vars.iter().map(|(name, var)| (name.clone(), var.value.clone())).collect();
    let (assets, problems) = assets::find(&session.root, builder, &Value::Map(known));
    diagnostics.extend(problems.into_iter().map(|problem| super::sources::explain_missing(session, problem)));
    let rendered = hc_config::render::render(&target, &resolution);
    let builder = builder.clone();
    let prepared =
        Prepared { target, builder, declared, resolution, layer_files, user_data, assets, rendered };
    diagnostics.extend(beaten_secrets(&prepared));
    (prepared, diagnostics)
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
        .with("git_sha", text(git_sha))
}

/// Var files and overlays that exist, lowest precedence first (CONFIG-1).
fn layer_files(session: &Session, builder: &Builder, target: &Target) -> Vec<(PathBuf, InputKind)> {
    let mut files: Vec<(PathBuf, InputKind)> =
        builder.var_files.iter().map(|path| (path.clone(), InputKind::Vars)).collect();
    let overlays = Path::new("configs/overlays");
    let (env, id) = (target.env.as_str(), &target.builder);
    for overlay in [
        overlays.join(format!("{env}.pkrvars.hcl")),
        overlays.join(env).join(format!("{}.pkrvars.hcl", id.platform())),
        overlays.join(env).join(format!("{}.{}.pkrvars.hcl", id.platform(), id.variant())),
    ] {
        if session.root.join(&overlay).is_file() {
            files.push((overlay, InputKind::Overlay));
        }
    }
    files
}

fn layer_name(path: &Path, kind: InputKind, env: &EnvName) -> String {
    if kind == InputKind::Vars {
        return "vars".into();
    }
    let inside = path.parent().is_some_and(|parent| parent.ends_with(env.as_str()));
    let stem =
        path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".pkrvars.hcl"));
    match stem.filter(|_| inside) {
        Some(stem) => format!("env {env} + {stem}"),
        None => format!("env {env}"),
    }
}

fn read_layer(session: &Session, path: &Path) -> Result<Document, Box<Diagnostic>> {
    match read_text(&session.root.join(path), TEXT_LIMIT) {
        Ok(text) => Document::parse(path, text.unwrap_or_default()),
        Err(error) => {
            let problem = Diagnostic::error(error.code(), error.to_string()).hint(error.hint());
            Err(Box::new(problem.at(Location::whole_file(path))))
        }
    }
}
