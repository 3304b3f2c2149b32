//! Which programs the targets of a project need on this machine, and what for. The one answer that `doctor`, `build` and
//! the scripts of a repository go by: `requires` of builder.toml, the stacks that are on, and hybrid itself.

use std::collections::{BTreeMap, BTreeSet};

use hc_config::secrets::SecretRef;
use hc_core::{EnvName, Target};
use hc_provisioners::{STACKS, Switches, programs};
use hc_sources::spec::Transport;
use hc_templates::Builder;

use super::ssh_key;
use crate::prepare::Prepared;
use crate::project::{Project, sources};

/// What a program is needed for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Building: who needs it, and why.
    Build(String),
    /// A test suite: of which builder, and its name.
    Suite(String),
    /// Hybrid itself: for what.
    Project(&'static str),
    /// The command line asked for it.
    Asked,
    /// Useful, and nothing fails without it: for what.
    Optional(&'static str),
}

impl Purpose {
    /// Whether something fails without the program.
    pub const fn is_required(&self) -> bool {
        !matches!(self, Self::Optional(_))
    }
}

impl std::fmt::Display for Purpose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Build(what) | Self::Suite(what) => f.write_str(what),
            Self::Project(what) | Self::Optional(what) => f.write_str(what),
            Self::Asked => f.write_str("--tool"),
        }
    }
}

/// Programs with everything that they are needed for.
pub type Needs = BTreeMap<String, BTreeSet<Purpose>>;

fn add(needs: &mut Needs, program: &str, purpose: Purpose) {
    needs.entry(program.to_owned()).or_default().insert(purpose);
}

/// What a build of the builder starts on this machine, packer left aside.
pub fn of_build(builder: &Builder, env: &EnvName, switches: &Switches) -> Needs {
    let mut needs = Needs::new();
    let purpose = || Purpose::Build(builder.id.to_string());
    for program in &builder.metadata.requires {
        add(&mut needs, program, purpose());
    }
    let target = Target { builder: builder.id.clone(), env: env.clone() };
    for stack in STACKS {
        let on = switches.effective(stack, &target).on;
        for program in programs::needed(stack, &builder.documents, on) {
            add(&mut needs, program, purpose());
        }
    }
    let (declared, _) = hc_config::variables::collect(&builder.documents);
    if [ssh_key::PRIVATE, ssh_key::PUBLIC].iter().any(|name| declared.contains_key(*name)) {
        add(&mut needs, ssh_key::PROGRAM, purpose());
    }
    needs
}

/// What the suites of the builder start. A command with a slash is a file of the project.
pub fn of_suites(builder: &Builder) -> Needs {
    let mut needs = Needs::new();
    for (name, suite) in &builder.metadata.suites {
        let own = suite.command.first().filter(|program| !program.contains('/'));
        for program in suite.requires.iter().chain(own) {
            add(&mut needs, program, Purpose::Suite(format!("{} (suite {name})", builder.id)));
        }
    }
    needs
}

/// What the secrets of a target are fetched with.
pub fn of_secrets(prepared: &Prepared) -> Needs {
    let mut needs = Needs::new();
    let vault = "vault".to_owned();
    for reference in prepared.resolution.vars.values().filter_map(|var| var.secret.as_ref()) {
        let program = match reference {
            SecretRef::Command(words) => words.first().filter(|program| !program.contains('/')),
            SecretRef::Vault(..) => Some(&vault),
            SecretRef::Env(_) | SecretRef::File(_) => None,
        };
        if let Some(program) = program {
            add(&mut needs, program, Purpose::Build(format!("{} (secrets)", prepared.target.builder)));
        }
    }
    needs
}

/// What hybrid starts for the project, packer left aside, and the linters of the stacks.
pub fn of_project(project: &Project) -> Needs {
    let mut needs = Needs::new();
    let settings = &project.settings;
    let hooks = settings.publish.hooks.iter().filter_map(|hook| hook.first());
    for program in hooks.filter(|program| !program.contains('/')) {
        add(&mut needs, program, Purpose::Project("publish hooks"));
    }
    // A source that cannot be read is refused when the project is opened.
    for source in sources::specs(settings).unwrap_or_default() {
        match source.transport() {
            Transport::File => add(&mut needs, "git", Purpose::Project("sources over file://")),
            Transport::Ssh if settings.git.ssh_command.is_none() => {
                add(&mut needs, "ssh", Purpose::Project("sources over ssh"));
            }
            _ => {}
        }
    }
    for linter in STACKS.iter().flat_map(|stack| stack.linters) {
        add(&mut needs, linter.program, Purpose::Optional("checks of `provisioners enable`"));
    }
    needs
}
