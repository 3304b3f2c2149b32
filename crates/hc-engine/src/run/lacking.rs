//! What packer lacks when it does not know a part of a template: a plugin that can be installed, or nothing that anybody
//! could install, because the name is mistyped.

use std::sync::LazyLock;

use hc_config::suggest;
use hc_packer::Packer;
use hc_templates::{Builder, requirements};
use regex::Regex;

/// What packer brings along, by kind.
const CORE: [(&str, &[&str]); 4] = [
    ("source", &["null", "file"]),
    (
        "provisioner",
        &[
            "breakpoint",
            "file",
            "powershell",
            "shell",
            "shell-local",
            "sleep",
            "windows-restart",
            "windows-shell",
            "hcp-sbom",
        ],
    ),
    ("post-processor", &["artifice", "checksum", "compress", "manifest", "shell-local"]),
    ("datasource", &["http", "null", "hcp-packer-artifact", "hcp-packer-version"]),
];

/// Plugins by the first part of the names that they bring, with their address where it is HashiCorp's.
const FAMILIES: [(&str, Option<&str>); 46] = [
    ("alicloud", Some("alicloud")),
    ("amazon", Some("amazon")),
    ("ansible", Some("ansible")),
    ("azure", Some("azure")),
    ("chef", Some("chef")),
    ("cloudstack", Some("cloudstack")),
    ("converge", Some("converge")),
    ("digitalocean", None),
    ("docker", Some("docker")),
    ("exoscale", None),
    ("external", None),
    ("external-raw", None),
    ("git", None),
    ("googlecompute", Some("googlecompute")),
    ("goss", None),
    ("hcloud", None),
    ("huaweicloud", None),
    ("hyperone", None),
    ("hyperv", Some("hyperv")),
    ("inspec", Some("inspec")),
    ("jdcloud", Some("jdcloud")),
    ("linode", None),
    ("lxc", Some("lxc")),
    ("lxd", Some("lxd")),
    ("ncloud", None),
    ("nutanix", None),
    ("openstack", Some("openstack")),
    ("oracle", Some("oracle")),
    ("outscale", None),
    ("parallels", None),
    ("profitbricks", None),
    ("proxmox", Some("proxmox")),
    ("puppet", Some("puppet")),
    ("qemu", Some("qemu")),
    ("salt", Some("salt")),
    ("scaleway", None),
    ("sshkey", None),
    ("tencentcloud", None),
    ("triton", Some("triton")),
    ("ucloud", Some("ucloud")),
    ("utm", None),
    ("vagrant", Some("vagrant")),
    ("virtualbox", Some("virtualbox")),
    ("vmware", None),
    ("vsphere", None),
    ("yandex", Some("yandex")),
];
/// Names of plugins whose parts are not called after them.
const FURTHER: [&str; 2] = ["windows-update", "comment"];

/// What packer lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lack {
    /// Plugins that the template asks for, as packer lists them: address and constraint.
    Required(Vec<String>),
    /// Whatever brings a part of this name.
    Type {
        /// `source`, `provisioner`, `post-processor` or `datasource`.
        what: &'static str,
        /// The name.
        name: String,
    },
}

static REQUIRED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^\* (\S+/\S+/\S+.*)$").expect("a fixed pattern compiles"));
static TYPE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)(?:unknown (builder|source|provisioner|post-processor|data ?source) type[^a-z]*|The (builder|source|provisioner|post-processor|datasource) )([a-z0-9._-]+)"#)
        .expect("a fixed pattern compiles")
});
static ABSENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)Missing plugins?|no plugin installed for ([a-z0-9./_-]+)")
        .expect("a fixed pattern compiles")
});

/// What packer lacks, by what it says when it refuses a template.
pub(super) fn of(output: &str) -> Option<Lack> {
    let typed: Vec<Lack> = TYPE
        .captures_iter(output)
        .filter_map(|found| {
            let what = found.get(1).or(found.get(2))?.as_str().to_lowercase().replace(' ', "");
            let what = if what == "builder" { "source" } else { &what };
            let (what, _) = CORE.iter().find(|(known, _)| *known == what)?;
            Some(Lack::Type { what, name: found[3].to_owned() })
        })
        .collect();
    // A mistake says more than a plugin that could be installed.
    let mistaken = |lack: &&Lack| matches!(lack, Lack::Type { name, .. } if family(name).is_none());
    if let Some(lack) = typed.iter().find(mistaken).or(typed.first()) {
        return Some(lack.clone());
    }
    let absent = ABSENT.captures(output)?;
    let listed: Vec<String> =
        REQUIRED.captures_iter(output).map(|found| found[1].trim().to_owned()).collect();
    let named = absent.get(1).map(|name| name.as_str().to_owned());
    Some(Lack::Required(if listed.is_empty() { named.into_iter().collect() } else { listed }))
}

impl Lack {
    /// What to say of a name that no plugin can bring, as far as is known; `None` where one can.
    pub(super) fn is_mistaken(&self, packer: &Packer, builder: &Builder) -> Option<String> {
        let Self::Type { what, name } = self else { return None };
        if family(name).is_some() || is_asked_for(builder, name) {
            return None;
        }
        let core = CORE.iter().find(|(known, _)| known == what).map_or(&[][..], |(_, names)| names);
        let known = core.iter().copied().chain(FAMILIES.iter().map(|(name, _)| *name));
        match suggest::nearest(name, known) {
            Some(near) => Some(format!(
                "Neither packer nor a plugin that this builder asks for has a {what} `{name}`; did you mean `{near}`?"
            )),
            // Older packers take plugins without being told their names.
            None if packer.has_init() => Some(format!(
                "Neither packer nor a plugin that this builder asks for has a {what} `{name}`; name its plugin in \
                 `required_plugins`, or under [plugins] of builder.toml."
            )),
            None => None,
        }
    }

    /// Why only the syntax was checked, and how that changes.
    pub(super) fn note(&self, packer: &Packer, builder: &Builder) -> String {
        let install = "`hybrid packer plugins install`".to_owned();
        let (lacked, cure) = match self {
            Self::Required(plugins) => {
                let named = if plugins.is_empty() { &wanted(builder) } else { plugins };
                let several = if named.len() > 1 { "the plugins" } else { "the plugin" };
                let lacked = if named.is_empty() {
                    "a plugin".into()
                } else {
                    format!("{several} {}", named.join(", "))
                };
                (lacked, install)
            }
            Self::Type { name, .. } => {
                let address = family(name).flatten();
                let address = address.map(|plugin| format!(" (github.com/hashicorp/{plugin})"));
                let cure = match is_asked_for(builder, name) {
                    true => install,
                    false => format!(
                        "name it{} under [plugins] of builder.toml or in `required_plugins`, then {install}",
                        address.unwrap_or_default()
                    ),
                };
                (format!("the plugin of `{name}`"), cure)
            }
        };
        let cure = if packer.has_init() { format!("; {cure}") } else { String::new() };
        format!("packer {} lacks {lacked}; only the syntax was checked{cure}", packer.version)
    }
}

/// The addresses of what a builder asks for.
fn wanted(builder: &Builder) -> Vec<String> {
    requirements::plugins(builder).into_keys().collect()
}

/// The plugin that brings a part of this name, where it is known: its address may not be.
fn family(name: &str) -> Option<Option<&'static str>> {
    if FURTHER.contains(&name) {
        return Some(None);
    }
    FAMILIES.iter().find(|(plugin, _)| brings(plugin, name)).map(|(_, address)| *address)
}

/// Whether a plugin that the builder asks for brings a part of this name.
fn is_asked_for(builder: &Builder, name: &str) -> bool {
    requirements::plugins(builder).keys().any(|source| {
        let plugin = source.rsplit('/').next().unwrap_or(source);
        brings(plugin, name)
    })
}

/// Whether a part of this name belongs to `plugin`: it is called so, or begins so.
fn brings(plugin: &str, name: &str) -> bool {
    name.strip_prefix(plugin).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}
