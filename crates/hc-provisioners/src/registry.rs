//! The stacks, as data (PROV-4).

/// One provisioner stack.
#[derive(Debug, Clone, Copy)]
pub struct Stack {
    /// Name on the command line.
    pub name: &'static str,
    /// Whether it is on where nobody said otherwise (PROV-1).
    pub default_on: bool,
    /// Variable that switches it in templates.
    pub variable: &'static str,
    /// Directory below the project.
    pub dir: &'static str,
    /// Alternatives of which one must exist below `dir`, with what they are.
    pub assets: &'static [(&'static str, &'static [&'static str])],
    /// Further variables that it sets while it is on.
    pub variables: &'static [(&'static str, &'static str)],
    /// Operating systems and platforms that it cannot work on, with the reason; `*` stands for all.
    pub unsupported: &'static [(&'static str, &'static str, &'static str)],
}

/// All stacks.
pub const STACKS: &[Stack] = &[
    Stack {
        name: "ansible",
        default_on: true,
        variable: "enable_ansible",
        dir: "templates/ansible",
        assets: &[("playbooks", &["playbooks", "playbook.yml", "site.yml"]), ("roles", &["roles"])],
        variables: &[],
        unsupported: &[],
    },
    Stack {
        name: "puppet",
        default_on: false,
        variable: "enable_puppet",
        dir: "templates/puppet",
        assets: &[("manifests", &["manifests"])],
        variables: &[("puppet_mode", "apply")],
        unsupported: &[
            ("*", "file", "a file image has no system that puppet could manage"),
            ("*", "docker", "puppet apply needs a service manager, which containers lack"),
        ],
    },
];

/// The stack of a name.
pub fn find(name: &str) -> Option<&'static Stack> {
    STACKS.iter().find(|stack| stack.name == name)
}

impl Stack {
    /// Why it cannot work on a combination; `None` when it can.
    pub fn unsupported_on(&self, os: &str, platform: &str) -> Option<&'static str> {
        self.unsupported
            .iter()
            .find(|(no_os, no_platform, _)| {
                (*no_os == "*" || *no_os == os) && (*no_platform == "*" || *no_platform == platform)
            })
            .map(|(_, _, reason)| *reason)
    }
}

/// The compatibility matrix as a Markdown table, for the guides.
pub fn matrix_markdown() -> String {
    let mut text = String::from("| stack | default | not on | reason |\n|---|---|---|---|\n");
    for stack in STACKS {
        let default = if stack.default_on { "on" } else { "off" };
        if stack.unsupported.is_empty() {
            text.push_str(&format!("| {} | {default} | – | works on every platform |\n", stack.name));
        }
        for (os, platform, reason) in stack.unsupported {
            text.push_str(&format!("| {} | {default} | {os}.{platform} | {reason} |\n", stack.name));
        }
    }
    text
}
