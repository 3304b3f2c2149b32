//! Proxmox VE: packer-plugin-proxmox. Its log names no virtual machine, the template may: by its number.

use super::rule::{Family, RULE, Rule};

pub(super) const PROXMOX: Family =
    Family { types: &["proxmox"], platforms: &["proxmox", "pve"], facts: &[], rules: RULES };

const RULES: &[Rule] = &[
    Rule {
        what: "virtual machine",
        made: &["^Creating VM$"],
        named_by: &["vm_id"],
        gone: &["^Deleting VM$"],
        kept: &["^Error (?:stopping|deleting) VM. Please (?:stop and )?delete it manually"],
        remove: &[
            "pvesh create /nodes/{node}/qemu/{name}/status/stop; pvesh delete /nodes/{node}/qemu/{name}",
            "qm stop {name}; qm destroy {name}",
        ],
        look: "pvesh get /cluster/resources --type vm[ | grep -F {vm_name|template_name}]",
        ..RULE
    },
    // Made of `cd_files`; a medium that was downloaded is meant to stay.
    Rule {
        what: "generated medium",
        made: &[r"^Uploaded ISO to (?P<name>\S+:iso/packer\d+\.iso)$"],
        gone: &[r"^Deleted generated ISO from (?P<name>\S+)$"],
        remove: &["pvesm free {name}"],
        look: "pvesm status",
        ..RULE
    },
];
