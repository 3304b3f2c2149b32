//! The variables of builders: rendered into files, shown, explained, compared.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use hc_config::Diagnostic;
use hc_config::resolve::{Origin, ResolvedVar};
use hc_core::EnvName;
use hc_core::fs::read_text;
use hc_records::{Rendering, layout};
use hc_templates::inventory::TEXT_LIMIT;

use crate::error::{EngineError, Result};
use crate::gate::hidden::Hidden;
use crate::gate::scan;
use crate::outcome::config::{
    BuilderChain, BuilderValues, ConfigDiffReport, DifferenceDoc, ExplainReport, OriginDoc, RenderReport,
    RenderStatus, RenderedFile, ShowReport, ValueDoc,
};
use crate::prepare::{Prepared, Values};
use crate::project::{Project, git};
use crate::select::Selection;

/// What rendering does with a file that is not up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenderMode {
    /// Writes it.
    Write,
    /// Reports it and changes nothing.
    Check,
}

/// Renders all selected builders; every file is checked before the first one is written.
///
/// # Errors
/// The diagnostics of what is wrong; nothing is written then.
pub fn render(
    project: &Project,
    selection: &Selection,
    env: &EnvName,
    values: &Values,
    mode: RenderMode,
) -> Result<(RenderReport, Vec<Diagnostic>)> {
    let (prepared, mut diagnostics) = project.prepare(selection, env, values)?;
    let secrets = scan::plaintext_values(project, &prepared)?;
    if secrets.iter().any(Diagnostic::is_error) {
        return Err(EngineError::Invalid(secrets));
    }
    diagnostics.extend(secrets);
    let hidden = Hidden::new(project);
    let mut files = Vec::new();
    let mut writes = Rendering::default();
    for one in &prepared {
        let file = compare(project, &hidden, one, mode)?;
        if file.status == RenderStatus::Written {
            writes.push(&file.path, one.rendered.clone());
        }
        files.push(file);
    }
    writes.write(&project.root)?;
    let stale = files.iter().filter(|file| file.status == RenderStatus::Stale).count();
    if stale > 0 {
        let noun = if stale == 1 { "rendered file is" } else { "rendered files are" };
        let is_stale = |file: &&RenderedFile| file.status == RenderStatus::Stale;
        let paths: BTreeSet<PathBuf> =
            files.iter().filter(is_stale).map(|file| (&file.path).into()).collect();
        // What git ignores is nobody's to commit.
        let ignored = git::ignored(project, &paths);
        let commit = if ignored.len() < paths.len() { " and commit the result" } else { "" };
        diagnostics.push(
            Diagnostic::error("RenderStale", format!("{stale} {noun} not what the overlays give now"))
                .hint(format!("run `hybrid config render --env {env}`{commit}")),
        );
    }
    Ok((RenderReport { env: env.to_string(), check: mode == RenderMode::Check, files }, diagnostics))
}

/// What has to be done about the rendered file of one builder.
fn compare(project: &Project, hidden: &Hidden<'_>, one: &Prepared, mode: RenderMode) -> Result<RenderedFile> {
    let path = layout::rendered(&one.target);
    let old = read_text(&project.at(&path), TEXT_LIMIT)?;
    let status = match mode {
        _ if old.as_deref() == Some(one.rendered.as_str()) => RenderStatus::Unchanged,
        RenderMode::Check => RenderStatus::Stale,
        RenderMode::Write => RenderStatus::Written,
    };
    let diff = (status == RenderStatus::Stale)
        .then(|| hidden.changed_lines(&old.unwrap_or_default(), &one.rendered).join("\n"));
    Ok(RenderedFile { builder: one.target.builder.to_string(), path, status, diff })
}

/// Final values of all selected builders.
///
/// # Errors
/// The diagnostics of what is wrong.
pub fn show(
    project: &Project,
    selection: &Selection,
    env: &EnvName,
    values: &Values,
) -> Result<(ShowReport, Vec<Diagnostic>)> {
    let (prepared, diagnostics) = project.prepare(selection, env, values)?;
    let builders = prepared
        .iter()
        .map(|one| BuilderValues {
            builder: one.target.builder.to_string(),
            values: one.resolution.vars.iter().map(|(name, var)| (name.clone(), value_doc(var))).collect(),
        })
        .collect();
    Ok((ShowReport { env: env.to_string(), builders }, diagnostics))
}

/// The chain of one key in every builder that knows it.
///
/// # Errors
/// [`EngineError::UnknownVariable`] when no builder knows it.
pub fn explain(
    project: &Project,
    selection: &Selection,
    env: &EnvName,
    values: &Values,
    key: &str,
) -> Result<(ExplainReport, Vec<Diagnostic>)> {
    let (shown, diagnostics) = show(project, selection, env, values)?;
    let mut builders = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for mut builder in shown.builders {
        if let Some(value) = builder.values.remove(key) {
            builders.push(BuilderChain { builder: builder.builder, chain: value.chain });
        }
        names.extend(builder.values.into_keys());
    }
    if builders.is_empty() {
        return Err(EngineError::UnknownVariable { key: key.to_owned(), known: names });
    }
    Ok((ExplainReport { key: key.to_owned(), builders }, diagnostics))
}

/// Variables whose final values differ between two environments.
///
/// # Errors
/// The diagnostics of either side.
pub fn diff(
    project: &Project,
    selection: &Selection,
    left: &EnvName,
    right: &EnvName,
) -> Result<ConfigDiffReport> {
    let values = Values::default();
    let side = |env: &EnvName| -> Result<BTreeMap<String, BTreeMap<String, ValueDoc>>> {
        let (shown, _) = show(project, selection, env, &values)?;
        Ok(shown.builders.into_iter().map(|builder| (builder.builder, builder.values)).collect())
    };
    let (before, after) = (side(left)?, side(right)?);
    let nothing = BTreeMap::new();
    let mut differences = Vec::new();
    for (builder, before) in &before {
        let after = after.get(builder).unwrap_or(&nothing);
        let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            let value =
                |values: &BTreeMap<String, ValueDoc>| values.get(key).map(|value| value.value.clone());
            let (left, right) = (value(before), value(after));
            if left != right {
                differences.push(DifferenceDoc { builder: builder.clone(), key: key.clone(), left, right });
            }
        }
    }
    Ok(ConfigDiffReport { left: left.to_string(), right: right.to_string(), differences })
}

fn value_doc(var: &ResolvedVar) -> ValueDoc {
    let last = var.chain.last();
    ValueDoc {
        value: last.map_or_else(String::new, |origin| shown(var, origin, &var.value)),
        chain: var
            .chain
            .iter()
            .enumerate()
            .map(|(at, origin)| {
                // The one that won, computed where it is made of others.
                let is_late = var.late.is_some() && at + 1 == var.chain.len();
                let value = if is_late { &var.value } else { &origin.value };
                OriginDoc {
                    layer: origin.layer.clone(),
                    place: origin.location.as_ref().map(ToString::to_string),
                    value: shown(var, origin, value),
                }
            })
            .collect(),
    }
}

fn shown(var: &ResolvedVar, origin: &Origin, value: &hc_config::Value) -> String {
    match &origin.secret {
        Some(reference) => reference.to_string(),
        None if var.sensitive => "***".into(),
        None => value.to_hcl(),
    }
}
