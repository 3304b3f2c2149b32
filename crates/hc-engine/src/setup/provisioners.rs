//! The switches of provisioner stacks: which are on, and how they are moved.

use hc_core::{BuilderId, EnvName};
use hc_provisioners::{Change, STACKS, Switches};

use crate::error::Result;
use crate::outcome::provisioners::{ChangedDoc, ProvisionersReport, SwitchDoc};
use crate::project::Project;
use crate::project::linters::InstalledLinters;
use crate::select::Selection;

/// Where a switch goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// On, after checks.
    On,
    /// Off.
    Off,
}

/// Which switch is moved, and where to.
#[derive(Debug, Clone)]
pub struct Switching<'a> {
    /// Name of the stack.
    pub stack: &'a str,
    /// Only in this environment.
    pub env: Option<&'a EnvName>,
    /// Only for this builder.
    pub builder: Option<&'a BuilderId>,
    /// Where it goes.
    pub turn: Turn,
}

/// Which stacks are on for the selected builders.
///
/// # Errors
/// The problem of the switch file.
pub fn status(project: &Project, selection: &Selection, env: &EnvName) -> Result<ProvisionersReport> {
    Ok(table(&hc_provisioners::change::read(&project.root)?, selection, env))
}

/// Moves a switch; a failed check or linter changes nothing (PROV-2). The report is about the selected builders.
///
/// # Errors
/// `ProjectNotTrusted`, `UnknownStack`, `ProvisionerInvalid` with everything that stands against it.
pub fn switch(
    project: &Project,
    selection: &Selection,
    switching: &Switching<'_>,
) -> Result<ProvisionersReport> {
    let Switching { stack, env, builder, turn } = switching;
    let on = *turn == Turn::On;
    if on {
        project.demand_trust("the linters of the stack, which load its files,")?;
    }
    let linters = InstalledLinters(project);
    let change = Change { stack, on, env: *env, builder: *builder };
    let changed = hc_provisioners::change(&project.root, &change, &linters);
    if changed.is_err() {
        // A linter that was stopped has found nothing.
        project.go_on()?;
    }
    let changed = changed?;
    let mut report =
        table(&changed.switches, selection, env.unwrap_or(&project.settings.project.default_env));
    report.switches.retain(|switch| switch.stack == changed.stack);
    report.changed = Some(ChangedDoc {
        stack: changed.stack.into(),
        on,
        written: changed.written,
        linted_with: changed.linted_with.into_iter().map(str::to_owned).collect(),
        linters_missing: changed.linters_missing.into_iter().map(str::to_owned).collect(),
    });
    Ok(report)
}

fn table(switches: &Switches, selection: &Selection, env: &EnvName) -> ProvisionersReport {
    let mut rows = Vec::new();
    for target in selection.targets(env) {
        for stack in STACKS {
            let effective = switches.effective(stack, &target);
            rows.push(SwitchDoc {
                builder: target.builder.to_string(),
                stack: effective.stack.into(),
                on: effective.on,
                because: effective.because,
            });
        }
    }
    ProvisionersReport { env: env.to_string(), switches: rows, changed: None }
}
