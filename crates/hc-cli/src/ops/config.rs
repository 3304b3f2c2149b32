//! `hybrid config …`: render, show, explain, diff.

use std::collections::BTreeMap;
use std::path::Path;

use hc_config::Diagnostic;
use hc_config::resolve::{Origin, ResolvedVar};
use hc_core::EnvName;
use hc_core::fs::{create_dirs, read_text, write_atomic};

use super::prepare::{Values, prepare};
use super::select::select;
use crate::command_error::{CommandError, Result};
use crate::report::config::{
    BuilderChain, BuilderValues, ConfigDiffReport, DifferenceDoc, ExplainReport, OriginDoc, RenderReport,
    RenderedFile, ShowReport, ValueDoc,
};
use crate::session::Session;

/// Renders all selected builders; every file is checked before the first one is written.
///
/// # Errors
/// The diagnostics of what is wrong; nothing is written then.
pub fn render(
    session: &Session,
    targets: &str,
    env: &EnvName,
    values: &Values,
    check: bool,
) -> Result<(RenderReport, Vec<Diagnostic>)> {
    let selection = select(session, targets)?;
    let (prepared, mut diagnostics) = prepare(session, &selection, env, values)?;
    let mut files = Vec::new();
    let mut writes = Vec::new();
    for one in &prepared {
        let relative = one.rendered_path();
        let path = session.root.join(&relative);
        let old = read_text(&path, 8 << 20)?;
        let same = old.as_deref() == Some(one.rendered.as_str());
        let status = if same {
            "unchanged"
        } else if check {
            "stale"
        } else {
            "written"
        };
        let diff = (check && !same)
            .then(|| hc_records::drift::changed_lines(&old.unwrap_or_default(), &one.rendered).join("\n"));
        if !same && !check {
            writes.push((path, one.rendered.as_str()));
        }
        files.push(RenderedFile {
            builder: one.target.builder.to_string(),
            path: relative.display().to_string(),
            status: status.into(),
            diff,
        });
    }
    write_all(&writes)?;
    let stale = files.iter().filter(|file| file.status == "stale").count();
    if stale > 0 {
        let noun = if stale == 1 { "rendered file is" } else { "rendered files are" };
        diagnostics.push(
            Diagnostic::error("RenderStale", format!("{stale} {noun} not what the overlays give now"))
                .hint(format!("run `hybrid config render --env {env}` and commit the result")),
        );
    }
    Ok((RenderReport { env: env.to_string(), check, files }, diagnostics))
}

/// All files or none: a file that fails brings back the ones before it.
fn write_all(writes: &[(std::path::PathBuf, &str)]) -> Result<()> {
    let mut undo: Vec<(&Path, Option<String>)> = Vec::new();
    for (path, text) in writes {
        let write = || -> Result<Option<String>> {
            if let Some(parent) = path.parent() {
                create_dirs(parent)?;
            }
            let old = read_text(path, 8 << 20)?;
            write_atomic(path, text.as_bytes(), 0o644)?;
            Ok(old)
        };
        match write() {
            Ok(old) => undo.push((path, old)),
            Err(error) => {
                for (path, old) in undo.into_iter().rev() {
                    let _ = match old {
                        Some(old) => write_atomic(path, old.as_bytes(), 0o644).map_err(|_| ()),
                        None => std::fs::remove_file(path).map_err(|_| ()),
                    };
                }
                return Err(error);
            }
        }
    }
    Ok(())
}

/// Final values of all selected builders.
///
/// # Errors
/// The diagnostics of what is wrong.
pub fn show(
    session: &Session,
    targets: &str,
    env: &EnvName,
    values: &Values,
) -> Result<(ShowReport, Vec<Diagnostic>)> {
    let selection = select(session, targets)?;
    let (prepared, diagnostics) = prepare(session, &selection, env, values)?;
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
/// `UnknownVariable` with a suggestion when nobody knows it.
pub fn explain(
    session: &Session,
    targets: &str,
    env: &EnvName,
    values: &Values,
    key: &str,
) -> Result<(ExplainReport, Vec<Diagnostic>)> {
    let (shown, diagnostics) = show(session, targets, env, values)?;
    let mut builders = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for mut builder in shown.builders {
        if let Some(value) = builder.values.remove(key) {
            builders.push(BuilderChain { builder: builder.builder, chain: value.chain });
        }
        names.extend(builder.values.into_keys());
    }
    if builders.is_empty() {
        let error =
            CommandError::new("UnknownVariable", format!("no selected builder has a value for `{key}`"));
        return Err(match hc_config::suggest::nearest(key, names.iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("`hybrid config show` lists all"),
        });
    }
    Ok((ExplainReport { key: key.to_owned(), builders }, diagnostics))
}

/// Variables whose final values differ between two environments.
///
/// # Errors
/// The diagnostics of either side.
pub fn diff(session: &Session, targets: &str, left: &EnvName, right: &EnvName) -> Result<ConfigDiffReport> {
    let values = Values::default();
    let side = |env: &EnvName| -> Result<BTreeMap<String, BTreeMap<String, ValueDoc>>> {
        let (shown, _) = show(session, targets, env, &values)?;
        Ok(shown.builders.into_iter().map(|builder| (builder.builder, builder.values)).collect())
    };
    let (before, after) = (side(left)?, side(right)?);
    let mut differences = Vec::new();
    for (builder, values) in &before {
        let others = after.get(builder);
        let mut keys: Vec<&String> =
            values.keys().chain(others.into_iter().flat_map(BTreeMap::keys)).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            let one = values.get(key).map(|value| value.value.clone());
            let other = others.and_then(|values| values.get(key)).map(|value| value.value.clone());
            if one != other {
                differences.push(DifferenceDoc {
                    builder: builder.clone(),
                    key: key.clone(),
                    left: one,
                    right: other,
                });
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
            .map(|origin| OriginDoc {
                layer: origin.layer.clone(),
                place: origin.location.as_ref().map(ToString::to_string),
                value: shown(var, origin, &origin.value),
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
