//! Things of this machine: packer-plugin-docker, -virtualbox, and scripts of shell-local. What qemu makes is in the
//! directory of the build.

use super::rule::{Family, RULE, Rule, When};

pub(super) const DOCKER: Family =
    Family { types: &["docker", "podman"], platforms: &["docker", "podman"], facts: &[], rules: OF_DOCKER };
pub(super) const VIRTUALBOX: Family =
    Family { types: &["virtualbox-"], platforms: &["virtualbox"], facts: &[], rules: OF_VIRTUALBOX };
pub(super) const EVERYBODY: Family = Family { types: &[], platforms: &[], facts: &[], rules: OF_EVERYBODY };

const OF_DOCKER: &[Rule] = &[
    Rule {
        what: "container",
        made: &["^Starting docker container", "^Container ID: (?P<name>[0-9a-f]{12,64})$"],
        gone: &["^Killing the container: (?P<name>[0-9a-f]+)$"],
        remove: &["docker rm --force {name}"],
        look: "docker ps --all",
        ..RULE
    },
    Rule {
        what: "image",
        when: When::Any,
        made: &["^Image ID: (?P<name>(?:sha256:)?[0-9a-f]{12,64})$"],
        after: "^Committing the container",
        remove: &["docker image rm {name}"],
        look: "docker images",
        ..RULE
    },
];

const OF_VIRTUALBOX: &[Rule] = &[
    Rule {
        what: "virtual machine",
        made: &[r"^Creating virtual machine\.\.\.$", "^Importing VM: "],
        named_by: &["vm_name"],
        gone: &["^Deregistering and deleting (?:imported )?VM", "^Keeping virtual machine registered"],
        kept: &["^Error deleting VM: "],
        remove: &["VBoxManage controlvm {name} poweroff; VBoxManage unregistervm {name} --delete"],
        look: "VBoxManage list vms",
        ..RULE
    },
    Rule {
        what: "snapshot",
        when: When::Any,
        made: &["^Creating snapshot (?P<name>.+) on virtual machine (?P<at>.+)$"],
        remove: &["VBoxManage snapshot {at} delete {name}"],
        look: "VBoxManage list vms",
        ..RULE
    },
];

const OF_EVERYBODY: &[Rule] = &[Rule {
    what: "temporary script",
    when: When::Any,
    made: &[r"^Running local shell script: (?P<name>/tmp/packer-shell\d+)$"],
    remove: &["rm -f {name}"],
    look: "ls -d /tmp/packer-shell*",
    here: true,
    ..RULE
}];
