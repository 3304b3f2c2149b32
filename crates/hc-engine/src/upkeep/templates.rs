//! What can be built, and what packer would get of it.

use std::path::{Path, PathBuf};

use hc_config::Diagnostic;
use hc_core::EnvName;
use hc_templates::inventory::SourceBlock;
use hc_templates::{Builder, compose as stages};

use crate::error::{EngineError, Result};
use crate::outcome::templates::{BuilderDoc, ComposeReport, TemplatesReport};
use crate::prepare::Values;
use crate::project::{Project, packer};
use crate::select::Selection;

/// Lists selected builders. What is wrong with one does not hide the others; it is among the selection's diagnostics.
pub fn list(selection: &Selection) -> TemplatesReport {
    TemplatesReport { builders: selection.builders().map(described).collect() }
}

fn described(builder: &Builder) -> BuilderDoc {
    let shown = |paths: &[PathBuf]| paths.iter().map(|path| path.display().to_string()).collect();
    let metadata = &builder.metadata;
    BuilderDoc {
        id: builder.id.to_string(),
        description: metadata.description.clone(),
        dir: builder.dir.display().to_string(),
        in_place: builder.in_place,
        layers: shown(&builder.layers),
        files: shown(&builder.files),
        var_files: shown(&builder.var_files),
        sources: builder.sources.iter().map(SourceBlock::address).collect(),
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
/// When another number of builders than one is selected, or `out` exists.
pub fn compose(
    project: &Project,
    selection: &Selection,
    env: &EnvName,
    values: &Values,
    out: &Path,
) -> Result<(ComposeReport, Vec<Diagnostic>)> {
    let (prepared, diagnostics) = project.prepare(selection, env, values)?;
    let [one] = prepared.as_slice() else {
        return Err(EngineError::NotOneBuilder { what: "a stage", selected: prepared.len() });
    };
    let has_init = match packer::find(project) {
        Err(error @ EngineError::Trust(_)) => return Err(error),
        found => found.is_ok_and(|packer| packer.has_init()),
    };
    let plan = stages::plan(&one.builder, &one.closure, &one.rendered, (has_init, stages::Large::Copied))?;
    let out = project.host.typed(out);
    let digests = stages::write(&project.root, &plan, &out)?;
    let report = ComposeReport {
        builder: one.target.builder.to_string(),
        stage: out.display().to_string(),
        packer_dir: out.join(&plan.packer_dir).display().to_string(),
        copied: digests.len(),
        generated: plan.generated.len(),
    };
    Ok((report, diagnostics))
}
