//! Naming rules: sources are called after their builder and have a type of its platform (TPL-2).

use std::collections::BTreeMap;

use hc_config::{Diagnostic, Severity, suggest};
use hc_core::id::is_kebab;

use crate::inventory::{Builder, SourceBlock};

/// Source types of each platform that Packer's plugins name.
const TYPES: &[(&str, &[&str])] = &[
    ("aws", &["amazon-ebs", "amazon-ebssurrogate", "amazon-ebsvolume", "amazon-chroot", "amazon-instance"]),
    ("azure", &["azure-arm", "azure-chroot", "azure-dtl"]),
    ("cloudstack", &["cloudstack"]),
    ("digitalocean", &["digitalocean"]),
    ("docker", &["docker"]),
    ("file", &["file"]),
    ("gcp", &["googlecompute", "googlecompute-export", "googlecompute-import"]),
    ("hcloud", &["hcloud"]),
    ("hyperv", &["hyperv-iso", "hyperv-vmcx"]),
    ("lxc", &["lxc"]),
    ("lxd", &["lxd"]),
    ("null", &["null"]),
    ("nutanix", &["nutanix"]),
    ("openstack", &["openstack"]),
    ("oracle", &["oracle-oci", "oracle-classic"]),
    ("parallels", &["parallels-iso", "parallels-pvm", "parallels-macvm", "parallels-ipsw"]),
    ("proxmox", &["proxmox-iso", "proxmox-clone"]),
    ("qemu", &["qemu"]),
    ("scaleway", &["scaleway"]),
    ("utm", &["utm-iso", "utm-utm"]),
    ("vagrant", &["vagrant"]),
    ("virtualbox", &["virtualbox-iso", "virtualbox-ovf", "virtualbox-vm"]),
    ("vmware", &["vmware-iso", "vmware-vmx"]),
    ("vsphere", &["vsphere-iso", "vsphere-clone", "vsphere-supervisor"]),
];

/// The platform whose plugin a source type belongs to.
pub fn platform_of(kind: &str) -> Option<&'static str> {
    TYPES.iter().find(|(_, types)| types.contains(&kind)).map(|(platform, _)| *platform)
}

/// Checks the sources of a builder; `extra` adds types per platform (hybrid.toml `[naming]`).
///
/// In an adopted repository names are older than our rules and free; a type that does not belong to the platform is
/// a warning, and only the source that the builder stands for is looked at.
pub fn check(builder: &Builder, extra: &BTreeMap<String, Vec<String>>) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let platform = builder.id.platform();
    let known = TYPES.iter().find(|(name, _)| *name == platform).map_or(&[][..], |(_, types)| types);
    let allowed: Vec<&str> =
        known.iter().copied().chain(extra.get(platform).into_iter().flatten().map(String::as_str)).collect();
    let expected = builder.id.variant();
    let meant = |source: &&SourceBlock| match &builder.only {
        Some(only) => only.ends_with(&source.address()),
        None => true,
    };
    for source in builder.sources.iter().filter(meant) {
        let iso = source.kind == format!("{platform}-iso");
        if !iso && !allowed.contains(&source.kind.as_str()) {
            let hint = match suggest::nearest(&source.kind, allowed.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if allowed.is_empty() => {
                    format!(
                        "expected `{platform}-iso`, or allow the type: `{platform} = [\"{}\"]` under [naming] of hybrid.toml",
                        source.kind
                    )
                }
                None => format!("types of this platform: {}", allowed.join(", ")),
            };
            diagnostics.push(
                Diagnostic::error(
                    "BadSourceType",
                    format!("source type `{}` does not belong to platform `{platform}`", source.kind),
                )
                .at(source.kind_location.clone())
                .hint(hint),
            );
        }
        // Several sources in one builder may add to the variant: `base`, `base-uefi`.
        let fits = source.name == expected
            || source.name.strip_prefix(expected).is_some_and(|rest| rest.starts_with('-'));
        if !builder.adopted && (!fits || !is_kebab(&source.name)) {
            diagnostics.push(
                Diagnostic::error(
                    "BadSourceName",
                    format!("source `{}` is not named after its builder", source.name),
                )
                .at(source.name_location.clone())
                .label(format!("expected `{expected}`"))
                .hint(format!("rename it to `{expected}`, also where `build` refers to it")),
            );
        }
    }
    if builder.adopted {
        for diagnostic in &mut diagnostics {
            diagnostic.severity = Severity::Warning;
        }
    }
    diagnostics
}
