//! The files that give values to the variables of a target (CONFIG-1).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hc_config::hcl::Document;
use hc_config::resolve::Layer;
use hc_config::variables::VariableDecl;
use hc_config::{Diagnostic, Dialect};
use hc_core::fs::read_text;
use hc_core::{Digest, EnvName, Target};
use hc_records::{InputKind, layout};
use hc_templates::Builder;
use hc_templates::inventory::TEXT_LIMIT;

use super::read;
use crate::project::Project;

/// What layers of var files are called.
const VARS: &str = "vars";

/// Var files and overlays that exist, lowest precedence first (CONFIG-1).
pub(super) fn files(project: &Project, builder: &Builder, target: &Target) -> Vec<(PathBuf, InputKind)> {
    let mut files: Vec<(PathBuf, InputKind)> =
        builder.var_files.iter().map(|path| (path.clone(), InputKind::Vars)).collect();
    let (env, id) = (&target.env, &target.builder);
    for overlay in [layout::overlay(env), layout::platform_overlay(env, id), layout::variant_overlay(env, id)]
    {
        if project.at(&overlay).is_file() {
            files.push((overlay.into(), InputKind::Overlay));
        }
    }
    files
}

/// The values that the mapping of hybrid.toml gives by itself.
pub(super) fn mapped(builder: &Builder) -> Option<Layer> {
    let file = Path::new(hc_config::settings::FILE_NAME);
    let document = || Document::of_values(file, &builder.vars);
    (!builder.vars.is_empty()).then(|| Layer { name: "vars of hybrid.toml".into(), document: document() })
}

/// The variables of a builder, with those that only its var files know where packer takes any name.
pub(super) fn with_undeclared<'a>(
    builder: &Builder,
    declared: &'a BTreeMap<String, VariableDecl>,
    layers: &[Layer],
) -> Cow<'a, BTreeMap<String, VariableDecl>> {
    let mut declared = Cow::Borrowed(declared);
    if builder.dialect() != Dialect::Legacy {
        return declared;
    }
    let own = layers.iter().filter(|layer| layer.name.starts_with(VARS));
    for (document, attribute) in
        own.flat_map(|layer| layer.document.body().attributes().map(|one| (&layer.document, one)))
    {
        let name = attribute.key.as_str();
        if !declared.contains_key(name) {
            let variable = VariableDecl::undeclared(name, document.location(&attribute.key));
            declared.to_mut().insert(name.to_owned(), variable);
        }
    }
    declared
}

/// What a layer is called in explanations.
pub(super) fn name(path: &Path, kind: InputKind, env: &EnvName) -> String {
    if kind == InputKind::Vars {
        return VARS.into();
    }
    let inside = path.parent().is_some_and(|parent| parent.ends_with(env.as_str()));
    let stem =
        path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".pkrvars.hcl"));
    match stem.filter(|_| inside) {
        Some(stem) => format!("env {env} + {stem}"),
        None => format!("env {env}"),
    }
}

/// Reads and parses a layer, with digest and size of what was read.
///
/// # Errors
/// Why it cannot be read, or where it cannot be parsed.
pub(super) fn read(project: &Project, path: &Path) -> Result<(Document, (Digest, u64)), Box<Diagnostic>> {
    match read_text(&project.at(path), TEXT_LIMIT) {
        Ok(text) => {
            let text = text.unwrap_or_default();
            let read = read::digest(&text);
            Ok((Document::parse(path, text)?, read))
        }
        Err(error) => Err(Box::new(Diagnostic::unreadable(path, &error))),
    }
}
