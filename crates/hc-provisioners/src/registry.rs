//! The stacks, as data (PROV-4): directories, variables, checks, linters, and where each can work.
//!
//! A new stack is a new entry of [`STACKS`]; everything else in this crate goes over what is written here.

use crate::references::{self, Reference};

/// One provisioner stack.
#[derive(Debug, Clone, Copy)]
pub struct Stack {
    /// Name on the command line.
    pub name: &'static str,
    /// What it is, for people.
    pub summary: &'static str,
    /// Whether it is on where nobody said otherwise (PROV-1).
    pub default_on: bool,
    /// Variable that switches it in templates.
    pub variable: &'static str,
    /// Further variables that it sets while it is on; overlays may say otherwise.
    pub variables: &'static [Variable],
    /// Programs that a template which uses it needs on the building machine.
    pub programs: &'static [&'static str],
    /// Provisioners of packer that start those programs.
    pub provisioners: &'static [&'static str],
    /// Directory below the project.
    pub dir: &'static str,
    /// What must exist below `dir`.
    pub assets: &'static [Asset],
    /// Names that its files use and that must lead somewhere.
    pub references: &'static [Reference],
    /// Programs that check its files, run where they are installed.
    pub linters: &'static [Linter],
    /// Where it works; the first rule that matches decides.
    pub matrix: &'static [Rule],
}

/// A variable of a stack.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// Name in templates.
    pub name: &'static str,
    /// Value where no overlay gives another.
    pub default: &'static str,
    /// All values that make sense.
    pub values: &'static [&'static str],
    /// What it decides.
    pub meaning: &'static str,
}

/// Something that a stack cannot do without.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    /// What it is, in the singular with its article.
    pub what: &'static str,
    /// Files or non-empty directories below the stack's directory; one of them is enough.
    pub alternatives: &'static [&'static str],
}

/// A program that checks files of a stack. It runs in the stack's directory.
#[derive(Debug, Clone, Copy)]
pub struct Linter {
    /// Program.
    pub program: &'static str,
    /// Arguments before the paths.
    pub args: &'static [&'static str],
    /// Files and directories to check; those that exist are given to the program.
    pub paths: &'static [&'static str],
    /// Gives the single files with this ending below `paths`, for programs that take no directories.
    pub files_ending: Option<&'static str>,
    /// Configuration that the program needs and gets, unless the project has its own.
    pub config: Option<LinterConfig>,
}

/// Configuration of a linter.
#[derive(Debug, Clone, Copy)]
pub struct LinterConfig {
    /// Argument before the file's path.
    pub flag: &'static str,
    /// Files below the stack's directory that people use instead.
    pub own: &'static [&'static str],
    /// The text.
    pub text: &'static str,
}

/// `ansible-lint` takes everything below a directory called `templates` for Jinja templates, checks none of it, and
/// says that all is well. So it is told what is what.
const ANSIBLE_LINT_KINDS: &str = r#"---
kinds:
  - playbook: "**/playbooks/*.{yml,yaml}"
  - playbook: "**/{playbook,site}.yml"
  - tasks: "**/roles/*/tasks/*.{yml,yaml}"
  - handlers: "**/roles/*/handlers/*.{yml,yaml}"
  - vars: "**/roles/*/{defaults,vars}/*.{yml,yaml}"
  - meta: "**/roles/*/meta/main.{yml,yaml}"
"#;

/// Whether a stack works on an operating system and platform.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Operating system, or `*`.
    pub os: &'static str,
    /// Platform, or `*`.
    pub platform: &'static str,
    /// The verdict.
    pub verdict: Verdict,
}

/// What a rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It works: by which way.
    Works(&'static str),
    /// It cannot work: why.
    Cannot(&'static str),
}

const fn rule(os: &'static str, platform: &'static str, verdict: Verdict) -> Rule {
    Rule { os, platform, verdict }
}

/// All stacks.
pub const STACKS: &[Stack] = &[
    Stack {
        name: "ansible",
        summary: "Ansible playbooks and roles",
        default_on: true,
        variable: "enable_ansible",
        variables: &[],
        programs: &["ansible-playbook"],
        provisioners: &["ansible"],
        dir: "templates/ansible",
        assets: &[Asset { what: "a playbook", alternatives: &["playbooks", "playbook.yml", "site.yml"] }],
        references: &[references::ANSIBLE_ROLES, references::ANSIBLE_COLLECTIONS],
        linters: &[
            Linter {
                program: "ansible-lint",
                args: &["--offline", "--nocolor", "-p"],
                paths: &["playbooks", "playbook.yml", "site.yml", "roles"],
                files_ending: None,
                config: Some(LinterConfig {
                    flag: "-c",
                    own: &[".ansible-lint", ".config/ansible-lint.yml"],
                    text: ANSIBLE_LINT_KINDS,
                }),
            },
            Linter {
                program: "ansible-playbook",
                args: &["--syntax-check", "--inventory", "localhost,"],
                paths: &["playbooks", "playbook.yml", "site.yml"],
                files_ending: Some(".yml"),
                config: None,
            },
            Linter {
                program: "yamllint",
                args: &["--format", "parsable"],
                paths: &["playbooks", "playbook.yml", "site.yml", "roles", "requirements.yml"],
                files_ending: None,
                config: None,
            },
        ],
        matrix: &[
            rule("*", "file", Verdict::Cannot("a file has no system that Ansible could configure")),
            rule("*", "rootfs", Verdict::Works("over the chroot connection; the image gets python3")),
            rule("windows", "*", Verdict::Works("over WinRM, with the ansible.windows collection")),
            rule("*", "*", Verdict::Works("over SSH; the image needs python3")),
        ],
    },
    Stack {
        name: "puppet",
        summary: "Puppet manifests and modules",
        default_on: false,
        variable: "enable_puppet",
        variables: &[Variable {
            name: "puppet_mode",
            default: "apply",
            values: &["apply", "server"],
            meaning: "apply the catalogue during the build, or set the agent up for its first boot",
        }],
        // The agent runs in the image.
        programs: &[],
        provisioners: &[],
        dir: "templates/puppet",
        assets: &[Asset { what: "a manifest", alternatives: &["manifests"] }],
        references: &[references::PUPPET_CLASSES, references::PUPPET_HIERA],
        linters: &[Linter {
            program: "puppet",
            args: &["parser", "validate", "--color=false"],
            paths: &["manifests", "modules"],
            files_ending: Some(".pp"),
            config: None,
        }],
        matrix: &[
            rule("*", "file", Verdict::Cannot("a file has no system that Puppet could configure")),
            rule(
                "windows",
                "*",
                Verdict::Cannot("the stack installs the agent of a Unix system and runs it there"),
            ),
            rule("*", "rootfs", Verdict::Works("`puppet apply` under chroot; the image gets the agent")),
            rule("*", "*", Verdict::Works("`puppet apply` over SSH; the image needs the agent")),
        ],
    },
];

/// The stack of a name.
pub fn find(name: &str) -> Option<&'static Stack> {
    STACKS.iter().find(|stack| stack.name == name)
}

/// Names of all stacks, in the order of the registry.
pub fn names() -> impl Iterator<Item = &'static str> {
    STACKS.iter().map(|stack| stack.name)
}

impl Stack {
    /// What the matrix says of a combination. Where no rule matches it works: rules name the exceptions.
    pub fn verdict(&self, os: &str, platform: &str) -> Verdict {
        let fits = |pattern: &str, name: &str| pattern == "*" || pattern == name;
        self.matrix
            .iter()
            .find(|rule| fits(rule.os, os) && fits(rule.platform, platform))
            .map_or(Verdict::Works("over the communicator of the builder"), |rule| rule.verdict)
    }

    /// Why it cannot work on a combination; `None` when it can.
    pub fn unsupported_on(&self, os: &str, platform: &str) -> Option<&'static str> {
        match self.verdict(os, platform) {
            Verdict::Cannot(reason) => Some(reason),
            Verdict::Works(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_first_matching_rule_decides() {
        let puppet = find("puppet").unwrap();
        assert!(puppet.unsupported_on("windows", "vsphere").is_some());
        assert!(puppet.unsupported_on("linux", "file").is_some());
        assert!(puppet.unsupported_on("linux", "rootfs").is_none());
        let ansible = find("ansible").unwrap();
        assert_eq!(
            ansible.verdict("windows", "vsphere"),
            Verdict::Works("over WinRM, with the ansible.windows collection")
        );
        assert!(ansible.unsupported_on("windows", "file").is_some());
    }

    #[test]
    fn entries_are_consistent() {
        let mut variables = BTreeSet::new();
        for stack in STACKS {
            assert!(variables.insert(stack.variable), "{} is used twice", stack.variable);
            for variable in stack.variables {
                assert!(variables.insert(variable.name), "{} is used twice", variable.name);
                assert!(variable.values.is_empty() || variable.values.contains(&variable.default));
            }
            let last = stack.matrix.last().unwrap();
            assert_eq!(
                (last.os, last.platform),
                ("*", "*"),
                "{}: the last rule is for everything else",
                stack.name
            );
        }
    }
}
