//! What this machine has, and lacks, for the targets of a project.

use std::collections::BTreeSet;

use hc_core::{EnvName, Selector};
use hc_provisioners::change;
use hc_templates::{Builder, Inventory};

use super::packages::{MANAGERS, Manager};
use super::unfinished;
use crate::error::Result;
use crate::outcome::doctor::{CheckDoc, CheckStatus, DoctorReport, InstallDoc, ToolDoc};
use crate::prepare::{Prepared, Values};
use crate::project::{Project, packer, store};
use crate::select::Selection;
use crate::stage::tools::{self, Needs, Purpose};

/// What the machine is checked for.
#[derive(Debug, Clone, Default)]
pub struct DoctorOptions {
    /// Builders; every one when absent.
    pub targets: Option<Selector>,
    /// Environment, whose switches and secrets count; the default one when absent.
    pub env: Option<EnvName>,
    /// Also what the selected builders start from.
    pub with_parents: bool,
    /// Programs that are required besides.
    pub tools: Vec<String>,
    /// What becomes of programs that nothing fails without.
    pub optional: Optional,
}

/// What a program counts as that nothing fails without: linters of the stacks, git outside of a repository.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Optional {
    /// As what it is.
    #[default]
    Useful,
    /// As required.
    Required,
}

/// Checks packer, the tools that the targets require, and that the project can be read.
///
/// # Errors
/// `BadSelector`, `NothingSelected`; never for a machine that lacks something: that is the report.
pub fn doctor(project: &Project, options: &DoctorOptions) -> Result<DoctorReport> {
    let (inventory, problems) = Inventory::load(&project.root, &project.settings.builders);
    let errors = problems.iter().chain(inventory.errors()).filter(|problem| problem.is_error()).count();
    let builders = match errors {
        0 => needed("builders", CheckStatus::Ok, format!("{} can be read", inventory.builders.len())),
        _ => needed("builders", CheckStatus::Bad, format!("{errors} problems; see `hybrid validate`")),
    };
    let mut checks = vec![the_packer(project), builders];
    let needs = needs(project, options, &inventory)?;
    let manager = MANAGERS.into_iter().find(|one| project.host.find_tool(one.program()).is_some());
    let mut tools: Vec<ToolDoc> =
        needs.iter().map(|(command, purposes)| tool(project, command, purposes, manager)).collect();
    if options.optional == Optional::Required {
        tools.iter_mut().for_each(|tool| tool.required = true);
    }
    // What packer is was said above, with its version.
    checks.extend(tools.iter().filter(|tool| tool.command != packer::PROGRAM).map(of_tool));
    checks.push(the_state(project));
    let missing: Vec<String> = tools
        .iter()
        .filter(|tool| tool.required && tool.path.is_none())
        .map(|tool| tool.command.clone())
        .collect();
    let begun = unfinished::packages(project)?;
    if !begun.is_empty() {
        let detail =
            format!("an installation broke off; `hybrid doctor --install` goes on with {}", begun.join(" "));
        checks.push(needed("packages", CheckStatus::Bad, detail));
    }
    let install = manager.and_then(|manager| how(project, manager, &missing, begun));
    // A program that was stopped is not one that is missing.
    project.go_on()?;
    Ok(DoctorReport { checks, tools, missing, install, installed: Vec::new() })
}

/// Everything that is asked for, each program with its purposes.
fn needs(project: &Project, options: &DoctorOptions, inventory: &Inventory) -> Result<Needs> {
    let env = options.env.as_ref().unwrap_or(&project.settings.project.default_env);
    // Without targets every builder that can be read counts, also in a project that has none.
    let selection = match (&options.targets, options.with_parents) {
        (None, false) => None,
        (targets, parents) => {
            let all = Selector::all();
            let selection = project.select(targets.as_ref().unwrap_or(&all))?;
            Some(if parents { selection.with_ancestors() } else { selection })
        }
    };
    let builders: Vec<&Builder> = match &selection {
        Some(selection) => selection.builders().collect(),
        None => inventory.builders.iter().collect(),
    };
    // A broken switch file is told by `validate`; until then the stacks are at their defaults.
    let switches = change::read(&project.root).unwrap_or_default();
    let mut needs = tools::of_project(project);
    let mut merge = |more: Needs| {
        for (program, purposes) in more {
            needs.entry(program).or_default().extend(purposes);
        }
    };
    for builder in builders {
        merge(tools::of_build(builder, env, &switches));
        merge(tools::of_suites(builder));
    }
    for prepared in selection.iter().flat_map(|selection| prepared(project, selection, env)) {
        merge(tools::of_secrets(&prepared));
    }
    for program in &options.tools {
        merge(Needs::from([(program.clone(), [Purpose::Asked].into())]));
    }
    if project.settings.packer.binary.as_os_str() == packer::PROGRAM {
        merge(Needs::from([(packer::PROGRAM.into(), [Purpose::Project("every build")].into())]));
    }
    Ok(needs)
}

/// The targets with their values, as far as they can be had.
fn prepared(project: &Project, selection: &Selection, env: &EnvName) -> Vec<Prepared> {
    project.prepare_sound(selection, env, &Values::default()).map(|sound| sound.prepared).unwrap_or_default()
}

fn tool(project: &Project, command: &str, purposes: &BTreeSet<Purpose>, manager: Option<Manager>) -> ToolDoc {
    let packages = manager.map(|manager| manager.packages(command)).unwrap_or_default();
    ToolDoc {
        command: command.to_owned(),
        path: project.host.find_tool(command).map(|path| path.display().to_string()),
        required: purposes.iter().any(Purpose::is_required),
        needed_by: purposes.iter().map(ToString::to_string).collect(),
        packages: packages.into_iter().map(str::to_owned).collect(),
    }
}

fn of_tool(tool: &ToolDoc) -> CheckDoc {
    let needed_by = tool.needed_by.join(", ");
    let (status, detail) = match (&tool.path, tool.required) {
        (Some(path), _) => (CheckStatus::Ok, path.clone()),
        (None, true) => (CheckStatus::Missing, format!("needed by {needed_by}")),
        (None, false) => (CheckStatus::Missing, format!("optional: {needed_by}")),
    };
    CheckDoc { required: tool.required, ..needed(&tool.command, status, detail) }
}

fn how(project: &Project, manager: Manager, missing: &[String], begun: Vec<String>) -> Option<InstallDoc> {
    let mut packages = manager.packages_of(missing.iter().map(String::as_str));
    packages.extend(begun);
    packages.sort();
    packages.dedup();
    if packages.is_empty() {
        return None;
    }
    let privilege = (!project.host.is_root).then_some("sudo");
    let command = manager.line(&packages, privilege);
    Some(InstallDoc { manager: manager.program().into(), packages, command })
}

fn the_packer(project: &Project) -> CheckDoc {
    match packer::find(project) {
        Ok(found) => {
            let detail = format!("{} at {}", found.version, found.path.display());
            needed("packer", CheckStatus::Ok, detail)
        }
        Err(error) => {
            let check = needed("packer", CheckStatus::Bad, error.to_string());
            CheckDoc { problem: Some(error), ..check }
        }
    }
}

fn the_state(project: &Project) -> CheckDoc {
    match store::read(project) {
        Ok(Some(state)) => needed("state", CheckStatus::Ok, format!("serial {}", state.serial)),
        Ok(None) => needed("state", CheckStatus::Ok, "not written yet".into()),
        Err(error) => needed("state", CheckStatus::Bad, error.to_string()),
    }
}

/// A check of something that a build cannot do without.
fn needed(name: &str, status: CheckStatus, detail: String) -> CheckDoc {
    CheckDoc { name: name.into(), status, detail, required: true, problem: None }
}
