//! `hybrid trust`: a person looks at what a project names, and trusts it on this machine or no longer.

use std::collections::BTreeMap;
use std::path::Path;

use hc_config::secrets::SecretRef;
use hc_core::Selector;
use hc_templates::Inventory;
use time::format_description::well_known::Rfc3339;

use crate::error::{Result, TrustError};
use crate::outcome::trust::{ProgramDoc, TrustReport};
use crate::prepare::Values;
use crate::project::named::{Named, named};
use crate::project::trusted::Trusted;
use crate::project::{Host, Project};

/// Everything that a project names and that commands run, those inside the project first. Nothing is run to find out.
pub fn programs(project: &Project) -> Vec<Named> {
    let mut all = named(project);
    let (inventory, _) = Inventory::load(&project.root, &project.settings.builders);
    for builder in &inventory.builders {
        for (name, suite) in &builder.metadata.suites {
            all.extend(Named::command(format!("suite {name} of {}", builder.id), &suite.command));
        }
    }
    all.extend(secrets(project));
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for builder in &inventory.builders {
        for kind in builder.provisioners.iter().chain(&builder.post_processors) {
            *kinds.entry(kind).or_default() += 1;
        }
    }
    for (kind, count) in kinds {
        let noun = if count == 1 { "builder" } else { "builders" };
        all.push(Named { purpose: format!("packer, for {count} {noun}"), words: kind.into(), inside: false });
    }
    all.sort_by_key(|one| !one.inside);
    all
}

/// Commands that give secrets, in every environment.
fn secrets(project: &Project) -> Vec<Named> {
    let Ok(selection) = project.select(&Selector::all()) else { return Vec::new() };
    let mut found: Vec<Named> = Vec::new();
    for env in project.environments().unwrap_or_default() {
        for builder in selection.builders() {
            let (prepared, _) = project.inspect(&selection, builder, &env, &Values::default());
            for (name, var) in &prepared.resolution.vars {
                let Some(SecretRef::Command(words)) = &var.secret else { continue };
                let named = Named::command(format!("secret {name}"), words);
                found.extend(named.filter(|named| !found.contains(named)));
            }
        }
    }
    found
}

/// How a project stands.
pub fn show(project: &Project) -> TrustReport {
    report(project, false)
}

/// Trusts a project on this machine.
///
/// # Errors
/// `TrustUnusable` without a home, or when the list cannot be written.
pub fn trust(project: &Project) -> Result<TrustReport> {
    let list = list(&project.host)?;
    let changed = list.since(&project.root).is_none();
    if changed {
        list.trust(&project.host, &project.root)?;
    }
    Ok(report(project, changed))
}

/// Trusts the project in `root` no longer; it need not be there any more.
///
/// # Errors
/// `TrustUnusable` without a home, or when the list cannot be written.
pub fn revoke(host: &Host, root: &Path) -> Result<TrustReport> {
    let list = list(host)?;
    let changed = list.revoke(host, root)?;
    let (root, path) = (root.display().to_string(), list.path().display().to_string());
    Ok(TrustReport { root, trusted: false, since: None, changed, list: Some(path), programs: Vec::new() })
}

/// Trusts a project that a person has just made. Where that cannot be written down, its first run asks.
pub(super) fn made_here(host: &Host, root: &Path) {
    let Some(list) = Trusted::of(host) else { return };
    let trusted = root
        .canonicalize()
        .map_err(|error| error.to_string())
        .and_then(|root| list.trust(host, &root).map_err(|error| error.to_string()));
    if let Err(why) = trusted {
        tracing::warn!("the new project is not trusted yet: {why}");
    }
}

fn list(host: &Host) -> Result<Trusted> {
    let list = Trusted::of(host).ok_or_else(|| TrustError::Unusable {
        path: "hybrid/trusted.json".into(),
        why: "neither HOME nor XDG_STATE_HOME is an absolute path".into(),
    });
    Ok(list?)
}

fn report(project: &Project, changed: bool) -> TrustReport {
    let list = Trusted::of(&project.host);
    let since = list.as_ref().and_then(|list| list.since(&project.root));
    let doc = |one: Named| ProgramDoc { purpose: one.purpose, words: one.words, inside: one.inside };
    TrustReport {
        root: project.root.display().to_string(),
        trusted: since.is_some(),
        since: since.and_then(|at| at.format(&Rfc3339).ok()),
        changed,
        list: list.map(|list| list.path().display().to_string()),
        programs: programs(project).into_iter().map(doc).collect(),
    }
}
