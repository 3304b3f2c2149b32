//! A repository of Packer templates as it is: a hybrid.toml that maps it, and no other file is changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hc_config::settings;
use hc_core::Selector;
use hc_logs::scan::SecretSeverity;

use hc_templates::adopt::{Survey, survey};

use crate::error::{EngineError, Result};
use crate::outcome::adopt::{AdoptReport, AdoptedDoc, AdoptedSecrets, UnmappedDoc};
use crate::prepare::Values;
use crate::project::host::Host;
use crate::project::reach::may_reach;
use crate::project::{Project, ProjectOptions, StatCacheUse};
use crate::setup::init::name_of;
use crate::setup::new_files::{NewFile, write_all};
use crate::setup::trust;
use crate::upkeep::scan::{self, BaselineUse};

/// What hybrid writes while it works and git should not see.
const IGNORE: [&str; 5] = ["/.hybrid/", "/logs/", "/state/", "/artifacts/", "/configs/*/*.auto.pkrvars.hcl"];

/// Maps the repository at `dir`, which is taken relative to the host's working directory. What looks like a secret there
/// is counted; with [`BaselineUse::Write`] it is accepted as what was there before.
///
/// # Errors
/// [`EngineError::NothingToAdopt`] when no template builds anything; [`EngineError::WouldOverwrite`] when there is a
/// hybrid.toml.
pub fn adopt(host: &Host, dir: &Path, baseline: BaselineUse) -> Result<AdoptReport> {
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
    let mut report = report(dir, &root, found);
    report.secrets = secrets(host, &root, BaselineUse::Read)?;
    if baseline == BaselineUse::Write {
        report.secrets = report.secrets.map(|found| accept(host, dir, found)).transpose()?;
    }
    Ok(report)
}

/// Accepts the plaintext secrets that [`adopt`] found in a repository as what was there before, each until its line
/// changes.
///
/// # Errors
/// When the baseline cannot be written.
pub fn accept(host: &Host, dir: &Path, found: AdoptedSecrets) -> Result<AdoptedSecrets> {
    secrets(host, &hc_core::fs::normalize(&host.typed(dir)), BaselineUse::Write)?;
    Ok(AdoptedSecrets { accepted: true, ..found })
}

/// What looks like a secret in the adopted templates. Templates that cannot be looked at are `validate`'s to judge.
fn secrets(host: &Host, root: &Path, baseline: BaselineUse) -> Result<Option<AdoptedSecrets>> {
    // Nothing is remembered: adopting writes nothing that was not asked for.
    let options = ProjectOptions { stat_cache: StatCacheUse::Off, ..ProjectOptions::default() };
    let project = Project::open(root, host.clone(), options)?;
    let env = project.settings.project.default_env.clone();
    let scanned = project
        .select(&Selector::all())
        .and_then(|selection| scan::scan(&project, &selection, &env, &Values::default(), baseline));
    let report = match scanned {
        Ok((report, _)) => report,
        Err(EngineError::Invalid(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let stops = report.findings.iter().filter(|finding| finding.severity == SecretSeverity::Error);
    let files: BTreeSet<&str> = stops.map(|finding| finding.path.as_str()).collect();
    let (findings, files) = (report.errors(), files.len());
    let found = AdoptedSecrets { findings, files, baseline: report.baseline.clone(), accepted: false };
    Ok((findings > 0).then_some(found))
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
        secrets: None,
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
        if !builder.mapping.except.is_empty() {
            let except: Vec<String> = builder.mapping.except.iter().map(|name| quoted(name)).collect();
            text.push_str(&format!("except = [{}]\n", except.join(", ")));
        }
        if !builder.mapping.vars.is_empty() {
            let vars = builder.mapping.vars.iter();
            let vars: Vec<String> =
                vars.map(|(name, value)| format!("{} = {}", quoted(name), quoted(value))).collect();
            text.push_str(&format!("vars = {{ {} }}\n", vars.join(", ")));
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
