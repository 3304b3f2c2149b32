//! Google Compute Engine: packer-plugin-googlecompute.

use super::rule::{Fact, Family, RULE, Rule, When};

pub(super) const GOOGLE: Family =
    Family { types: &["googlecompute"], platforms: &["google", "gcp", "gce"], facts: FACTS, rules: RULES };

const FACTS: &[Fact] =
    &[Fact { when: When::Before, line: r"^Instance: (?P<instance>\S+) started in (?P<at>\S+)$", after: "" }];

const RULES: &[Rule] = &[
    Rule {
        what: "instance",
        made: &[r"^Requesting\b.* instance creation", r"^Instance: (?P<name>\S+) started in (?P<at>\S+)$"],
        named_by: &["instance_name"],
        gone: &["^Instance has been deleted"],
        remove: &[
            "gcloud compute instances delete {name} --zone {at|zone} --delete-disks=all[ --project {project_id}] --quiet",
        ],
        look: "gcloud compute instances list[ --project {project_id}] --filter='name~^packer-'",
        ..RULE
    },
    // It outlives the instance for a moment.
    Rule {
        what: "boot disk",
        when: When::Any,
        made: &["^Instance has been deleted"],
        named_by: &["disk_name", "instance", "instance_name"],
        gone: &["^Disk has been deleted"],
        remove: &["gcloud compute disks delete {name} --zone {at|zone}[ --project {project_id}] --quiet"],
        look: "gcloud compute disks list[ --project {project_id}] --filter='-users:*'",
        ..RULE
    },
    Rule {
        what: "disk",
        made: &[r"^Creating persistent disk (?P<name>\S+)$"],
        gone: &[
            r#"^Persistent disk "(?P<name>[^"]+)" successfully deleted"#,
            r#"^Keeping disk "(?P<name>[^"]+)""#,
        ],
        remove: &["gcloud compute disks delete {name} --zone {at|zone}[ --project {project_id}] --quiet"],
        look: "gcloud compute disks list[ --project {project_id}] --filter='-users:*'",
        ..RULE
    },
    Rule {
        what: "image, perhaps half made",
        when: When::Any,
        made: &[r"^Creating image\.\.\.$"],
        named_by: &["image_name"],
        remove: &["gcloud compute images delete {name}[ --project {image_project_id|project_id}] --quiet"],
        look: "gcloud compute images list[ --project {image_project_id|project_id}] --no-standard-images",
        ..RULE
    },
    Rule {
        what: "SSH key of OS Login",
        made: &["^Importing SSH public key for OSLogin"],
        gone: &["^SSH public key for OSLogin has been deleted"],
        look: "gcloud compute os-login ssh-keys list",
        ..RULE
    },
];
