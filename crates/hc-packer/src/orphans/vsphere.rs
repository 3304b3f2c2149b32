//! vSphere: packer-plugin-vsphere. Its log names no virtual machine, the template does.

use super::rule::{Family, RULE, Rule, When};

pub(super) const VSPHERE: Family =
    Family { types: &["vsphere"], platforms: &["vsphere", "vcenter", "esxi"], facts: &[], rules: RULES };

const RULES: &[Rule] = &[
    Rule {
        what: "virtual machine",
        made: &["^Cloning virtual machine", "^Creating virtual machine"],
        named_by: &["vm_name"],
        gone: &["^Destroying VM"],
        remove: &[
            "govc vm.destroy[ -u {vcenter_server}][ -k={insecure_connection}][ -dc {datacenter}] [{folder}/]{name}",
        ],
        look: "govc find[ -u {vcenter_server}][ -k={insecure_connection}] / -type m",
        ..RULE
    },
    Rule {
        what: "item of a content library, perhaps half made",
        when: When::Any,
        made: &[
            "^Importing .+ template .+ to Content Library '(?P<library>[^']+)' as the item '(?P<name>[^']+)'",
        ],
        remove: &["govc library.rm[ -u {vcenter_server}][ -k={insecure_connection}] /{library}/{name}"],
        look: "govc library.ls[ -u {vcenter_server}][ -k={insecure_connection}]",
        ..RULE
    },
    // The post-processor vsphere-template.
    Rule {
        what: "template",
        when: When::Any,
        made: &[r"^\(vsphere-template\): Registering virtual machine as a template: (?P<name>.+)$"],
        remove: &[
            "govc vm.destroy[ -u {vcenter_server}][ -k={insecure_connection}][ -dc {datacenter}] {name}",
        ],
        look: "govc find[ -u {vcenter_server}][ -k={insecure_connection}] / -type m",
        ..RULE
    },
];
