//! `hybrid templates …`.

use std::path::Path;

use hc_config::Diagnostic;
use hc_core::EnvName;
use hc_templates::{Builder, compose};

use super::packer;
use super::prepare::{Values, prepare};
use super::select::select;
use crate::command_error::{CommandError, Result};
use crate::report::templates::{BuilderDoc, ComposeReport, TemplatesReport};
use crate::session::Session;

/// Lists builders. What is wrong with one does not hide the others.
///
/// # Errors
/// `NothingSelected`.
pub fn list(session: &Session, targets: &str) -> Result<(TemplatesReport, Vec<Diagnostic>)> {
    let selection = select(session, targets)?;
    let builders = selection.builders().map(document).collect();
    Ok((TemplatesReport { builders }, selection.diagnostics))
}

fn document(builder: &Builder) -> BuilderDoc {
    let shown = |paths: &[std::path::PathBuf]| paths.iter().map(|path| path.display().to_string()).collect();
    let metadata = &builder.metadata;
    BuilderDoc {
        id: builder.id.to_string(),
        description: metadata.description.clone(),
        dir: builder.dir.display().to_string(),
        in_place: builder.in_place,
        layers: shown(&builder.layers),
        files: shown(&builder.files),
        var_files: shown(&builder.var_files),
        sources: builder.sources.iter().map(hc_templates::inventory::SourceBlock::address).collect(),
        provisioners: builder.provisioners.clone(),
        post_processors: builder.post_processors.clone(),
        parent: metadata.parent.as_ref().map(ToString::to_string),
        max_age: metadata.max_age.map(|age| age.to_string()),
        requires: metadata.requires.clone(),
        suites: metadata.suites.keys().cloned().collect(),
    }
}

/// Writes the stage of one builder to `out`, as packer would get it.
///
/// # Errors
/// When more than one builder is selected, or `out` exists.
pub fn compose(
    session: &Session,
    targets: &str,
    env: &EnvName,
    values: &Values,
    out: &Path,
) -> Result<(ComposeReport, Vec<Diagnostic>)> {
    let selection = select(session, targets)?;
    let (prepared, diagnostics) = prepare(session, &selection, env, values)?;
    let [one] = prepared.as_slice() else {
        return Err(CommandError::new(
            "Usage",
            format!("{} builders are selected, a stage holds one", prepared.len()),
        )
        .hint("name one with --targets"));
    };
    let has_init = packer::find(session).is_ok_and(|packer| packer.has_init());
    let plan = compose::plan(&one.builder, &one.assets, &one.rendered, has_init).map_err(|collision| {
        CommandError::new(collision.code(), collision.to_string()).hint("rename the file of the builder")
    })?;
    let out = session.environment.cwd.join(out);
    let digests = compose::write(&session.root, &plan, &out)?;
    let report = ComposeReport {
        builder: one.target.builder.to_string(),
        stage: out.display().to_string(),
        packer_dir: out.join(&plan.packer_dir).display().to_string(),
        copied: digests.len(),
        generated: plan.generated.len(),
    };
    Ok((report, diagnostics))
}
