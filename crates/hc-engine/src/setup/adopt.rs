//! A repository of Packer templates as it is: a hybrid.toml that maps it, and no other file is changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hc_config::settings;

use hc_templates::adopt::{Survey, survey};

use crate::error::{EngineError, Result};
use crate::outcome::adopt::{AdoptReport, AdoptedDoc, UnmappedDoc};
use crate::project::host::Host;
use crate::project::reach::may_reach;
use crate::setup::init::name_of;
use crate::setup::new_files::{NewFile, write_all};
use crate::setup::trust;

/// What hybrid writes while it works and git should not see.
const IGNORE: [&str; 5] = ["/.hybrid/", "/logs/", "/state/", "/artifacts/", "/configs/*/*.auto.pkrvars.hcl"];

/// Maps the repository at `dir`, which is taken relative to the host's working directory.
///
/// # Errors
/// [`EngineError::NothingToAdopt`] when no template builds anything; [`EngineError::WouldOverwrite`] when there is a
/// hybrid.toml.
pub fn adopt(host: &Host, dir: &Path) -> Result<AdoptReport> {
    let root = hc_core::fs::normalize(&host.typed(dir));
    if !root.is_dir() {
        return Err(EngineError::NothingToAdopt { dir: root, found: None });
    }
    let found = survey(&root)?;
    if found.builders.is_empty() {
        return Err(EngineError::NothingToAdopt { dir: root, found: Some(found.unmapped) });
    }
    let text = settings_text(&name_of(&root), &found);
    let file = NewFile { text, executable: false };
    write_all(&root, &BTreeMap::from([(PathBuf::from(settings::FILE_NAME), file)]))?;
    trust::made_here(host, &root);
    Ok(report(dir, &root, found))
}

fn report(dir: &Path, root: &Path, found: Survey) -> AdoptReport {
    let shown = |paths: &[PathBuf]| paths.iter().map(|path| path.display().to_string()).collect();
    let mut examples: Vec<String> = found
        .builders
        .iter()
        .flat_map(|builder| &builder.examples)
        .map(|path| path.display().to_string())
        .collect();
    examples.sort();
    examples.dedup();
    let mut next = Vec::new();
    if dir != Path::new(".") {
        next.push(format!("cd {}", dir.display()));
    }
    next.extend(["hybrid templates list", "hybrid validate", "hybrid plan"].map(str::to_owned));
    AdoptReport {
        root: root.display().to_string(),
        file: settings::FILE_NAME.into(),
        builders: found
            .builders
            .iter()
            .map(|builder| AdoptedDoc {
                id: builder.id.to_string(),
                path: shown_path(&builder.mapping.path),
                source: builder.source.clone(),
                only: builder.mapping.only.clone(),
                var_files: shown(&builder.mapping.var_files),
                missing: builder.missing.clone(),
            })
            .collect(),
        unmapped: found
            .unmapped
            .into_iter()
            .map(|one| UnmappedDoc { path: shown_path(&one.path), reason: one.reason, cure: one.cure })
            .collect(),
        examples,
        ignore: IGNORE.map(str::to_owned).to_vec(),
        next,
    }
}

/// The repository itself is `.`.
fn shown_path(path: &Path) -> String {
    if path.as_os_str().is_empty() { ".".into() } else { path.display().to_string() }
}

/// The text of hybrid.toml. A JSON string is a TOML string.
fn settings_text(name: &str, found: &Survey) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let path = |path: &Path| quoted(&shown_path(path));
    let mut text = format!(
        "# Written by `hybrid init --adopt`. It maps builder ids to Packer directories, which keep their place and\n\
         # their content. Ids may be renamed: <os>.<platform>.<variant>. `only` is the one source of a directory that a\n\
         # builder stands for, `workdir` where packer runs when that is not the root; where a var file is missing, its\n\
         # .example is used.\n\n\
         [project]\nname = {}\ndefault_env = \"dev\"\n",
        quoted(name)
    );
    let further: Vec<String> =
        found.env.iter().filter(|name| !may_reach(name) && *name != "PWD").map(|name| quoted(name)).collect();
    if !further.is_empty() {
        text.push_str("\n# Variables of the environment that the templates read.\n[packer]\n");
        text.push_str(&format!("pass_env = [{}]\n", further.join(", ")));
    }
    if !found.naming.is_empty() {
        text.push_str("\n# Source types that hybrid does not know by itself.\n[naming]\n");
        for (platform, types) in &found.naming {
            let types: Vec<String> = types.iter().map(|kind| quoted(kind)).collect();
            text.push_str(&format!("{platform} = [{}]\n", types.join(", ")));
        }
    }
    for builder in &found.builders {
        text.push_str(&format!("\n[builders.\"{}\"]\npath = {}\n", builder.id, path(&builder.mapping.path)));
        if let Some(only) = &builder.mapping.only {
            text.push_str(&format!("only = {}\n", quoted(only)));
        }
        if let Some(workdir) = &builder.mapping.workdir {
            text.push_str(&format!("workdir = {}\n", path(workdir)));
        }
        match builder.mapping.var_files.as_slice() {
            [] => {}
            [one] => text.push_str(&format!("var_files = [{}]\n", path(one))),
            files => {
                text.push_str("var_files = [\n");
                for file in files {
                    text.push_str(&format!("  {},\n", path(file)));
                }
                text.push_str("]\n");
            }
        }
    }
    text
}
