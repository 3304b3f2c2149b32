//! OpenStack, Hetzner Cloud, DigitalOcean: packer-plugin-openstack, -hcloud, -digitalocean.

use super::rule::{Family, RULE, Rule, When};

pub(super) const OPENSTACK: Family =
    Family { types: &["openstack"], platforms: &["openstack"], facts: &[], rules: OF_OPENSTACK };
pub(super) const HCLOUD: Family =
    Family { types: &["hcloud"], platforms: &["hcloud", "hetzner"], facts: &[], rules: OF_HCLOUD };
pub(super) const DIGITALOCEAN: Family =
    Family { types: &["digitalocean"], platforms: &["digitalocean"], facts: &[], rules: OF_DIGITALOCEAN };

const OF_OPENSTACK: &[Rule] = &[
    Rule {
        what: "server",
        made: &["^Launching server", r"^Server ID: (?P<name>[0-9a-fA-F-]{8,36})$"],
        gone: &[r"^Terminating the source server: (?P<name>\S+) \.\.\.$"],
        kept: &["^Error terminating server"],
        remove: &["openstack[ --os-cloud {cloud}][ --os-region-name {region}] server delete --wait {name}"],
        look: "openstack[ --os-cloud {cloud}][ --os-region-name {region}] server list",
        ..RULE
    },
    Rule {
        what: "volume",
        made: &[
            "^Creating volume",
            r"^Waiting for volume .* \(volume id: (?P<name>[0-9a-fA-F-]{8,36})\) to become available",
            r"^Volume ID: (?P<name>[0-9a-fA-F-]{8,36})$",
        ],
        gone: &[r"^Deleting volume: (?P<name>\S+) \.\.\.$"],
        kept: &[
            r"^Error cleaning up volume\. Please delete the volume manually: (?P<name>\S+)$",
            r#"^Error cleaning up volume "(?P<name>[^"]+)""#,
        ],
        remove: &["openstack[ --os-cloud {cloud}][ --os-region-name {region}] volume delete {name}"],
        look: "openstack[ --os-cloud {cloud}][ --os-region-name {region}] volume list",
        ..RULE
    },
    Rule {
        what: "floating ip",
        made: &[
            "^Creating floating IP using network",
            r"^Created floating IP: '(?P<name>[0-9a-fA-F-]{8,36})' \(",
        ],
        gone: &["^Deleted temporary floating IP '(?P<name>[^']+)'"],
        remove: &["openstack[ --os-cloud {cloud}][ --os-region-name {region}] floating ip delete {name}"],
        look: "openstack[ --os-cloud {cloud}][ --os-region-name {region}] floating ip list --status DOWN",
        ..RULE
    },
    Rule {
        what: "key pair",
        made: &[r"^Creat(?:ing|ed) temporary keypair: (?P<name>\S+)(?: \.\.\.)?$"],
        gone: &[r"^Deleting temporary keypair: (?P<name>\S+) \.\.\.$"],
        kept: &[r"^Error cleaning up keypair\. Please delete the key manually: (?P<name>\S+)$"],
        remove: &["openstack[ --os-cloud {cloud}][ --os-region-name {region}] keypair delete {name}"],
        look: "openstack[ --os-cloud {cloud}][ --os-region-name {region}] keypair list",
        ..RULE
    },
    Rule {
        what: "copy of the source image",
        made: &[r"^Created image with ID (?P<name>[0-9a-fA-F-]{8,36})$"],
        gone: &["^Deleting temporary external source image: "],
        remove: &["openstack[ --os-cloud {cloud}][ --os-region-name {region}] image delete {name}"],
        look: "openstack[ --os-cloud {cloud}][ --os-region-name {region}] image list --private",
        ..RULE
    },
    Rule {
        what: "image, perhaps half made",
        when: When::Any,
        made: &["^Creating the image: ", r"^Image: (?P<name>[0-9a-fA-F-]{8,36})$"],
        remove: &["openstack[ --os-cloud {cloud}][ --os-region-name {region}] image delete {name}"],
        look: "openstack[ --os-cloud {cloud}][ --os-region-name {region}] image list --private[ --name {image_name}]",
        ..RULE
    },
];

const OF_HCLOUD: &[Rule] = &[
    Rule {
        what: "server",
        made: &[r"^Creating server\.\.\.$"],
        named_by: &["server_name"],
        gone: &["^Destroying server"],
        kept: &[r"^Could not destroy server \(please destroy it manually\)"],
        remove: &["hcloud server delete {name}"],
        look: "hcloud server list --sort created:desc",
        ..RULE
    },
    Rule {
        what: "SSH key",
        made: &["^Uploading temporary SSH key for instance"],
        gone: &["^Deleting temporary SSH key"],
        kept: &["^Error cleaning up ssh key. Please delete the key manually"],
        look: "hcloud ssh-key list",
        ..RULE
    },
    Rule {
        what: "snapshot, perhaps half made",
        when: When::Any,
        made: &[r"^Creating snapshot\.\.\.$"],
        look: "hcloud image list --type snapshot",
        ..RULE
    },
];

const OF_DIGITALOCEAN: &[Rule] = &[
    Rule {
        what: "droplet",
        made: &[r"^Creating droplet\.\.\.$"],
        named_by: &["droplet_name"],
        gone: &["^Destroying droplet"],
        kept: &["^Error destroying droplet. Please destroy it manually"],
        remove: &["doctl compute droplet delete {name} --force"],
        look: "doctl compute droplet list --format ID,Name,Created",
        ..RULE
    },
    Rule {
        what: "SSH key",
        made: &["^Importing SSH public key"],
        gone: &["^Deleting temporary ssh key"],
        kept: &["^Error cleaning up ssh key. Please delete the key manually"],
        look: "doctl compute ssh-key list",
        ..RULE
    },
    Rule {
        what: "snapshot, perhaps half made",
        when: When::Any,
        made: &["^Creating snapshot: .+$"],
        look: "doctl compute snapshot list[ {snapshot_name}]",
        ..RULE
    },
];
