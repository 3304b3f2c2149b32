//! Azure: packer-plugin-azure.
//!
//! Whatever is in a resource group of packer's own goes with it. In a group that was there before, each thing is one of its
//! own, and the group is never named.

use super::rule::{Fact, Family, RULE, Rule, When};

pub(super) const AZURE: Family =
    Family { types: &["azure-"], platforms: &["azure"], facts: FACTS, rules: RULES };

const FACTS: &[Fact] = &[
    Fact {
        when: When::Before,
        line: r"^-> ResourceGroupName\s*: '(?P<group>[^']+)'$",
        after: "^(?:Creating|Using existing) resource group",
    },
    Fact { when: When::Any, line: r"^-> Image ResourceGroupName\s*: '(?P<image_group>[^']+)'$", after: "" },
    Fact {
        when: When::Any,
        line: r"^-> SIG publish resource group\s*: '(?P<gallery_group>[^']+)'$",
        after: "",
    },
    Fact { when: When::Any, line: r"^-> SIG gallery name\s*: '(?P<gallery>[^']+)'$", after: "" },
    Fact { when: When::Any, line: r"^-> SIG image name\s*: '(?P<definition>[^']+)'$", after: "" },
];

const GROUP: &str = "resource group";

const RULES: &[Rule] = &[
    Rule {
        what: GROUP,
        made: &[r"^-> ResourceGroupName\s*: '(?P<name>[^']+)'$"],
        after: "^Creating resource group",
        gone: &[
            "^Resource group has been deleted",
            r"^Not waiting for Resource Group delete as requested by user\. Resource Group Name is (?P<name>\S+)$",
        ],
        remove: &["az group delete[ --subscription {subscription_id}] --name {name} --yes"],
        look: "az group list[ --subscription {subscription_id}] --output table",
        ..RULE
    },
    Rule {
        what: "virtual machine",
        made: &[r"^-> ComputeName\s*: '(?P<name>[^']+)'$"],
        gone: &[r"^Deleted -> Microsoft\.Compute/virtualMachines : '(?P<name>[^']+)'$"],
        inside: GROUP,
        remove: &[
            "az vm delete[ --subscription {subscription_id}] --resource-group {group} --name {name} --yes",
        ],
        look: "az vm list[ --subscription {subscription_id}][ --resource-group {group}] --output table",
        ..RULE
    },
    Rule {
        what: "network interface",
        made: &[r"^-> NicName\s*: '(?P<name>[^']+)'$"],
        gone: &[r"^Deleted -> Microsoft\.Network/networkInterfaces : '(?P<name>[^']+)'$"],
        inside: GROUP,
        remove: &[
            "az network nic delete[ --subscription {subscription_id}] --resource-group {group} --name {name}",
        ],
        look: "az resource list[ --subscription {subscription_id}][ --resource-group {group}] --output table",
        ..RULE
    },
    Rule {
        what: "public address",
        made: &[r"^-> PublicIPAddressName\s*: '(?P<name>[^']+)'$"],
        gone: &[r"^Deleted -> Microsoft\.Network/publicIPAddresses : '(?P<name>[^']+)'$"],
        inside: GROUP,
        remove: &[
            "az network public-ip delete[ --subscription {subscription_id}] --resource-group {group} --name {name}",
        ],
        look: "az resource list[ --subscription {subscription_id}][ --resource-group {group}] --output table",
        ..RULE
    },
    Rule {
        what: "key vault",
        // One that people named is theirs.
        made: &[r"^-> Key Vault Name\s*: '(?P<name>pkrkv[a-z0-9]+)'$"],
        gone: &["^Deleting KeyVault created during build"],
        inside: GROUP,
        remove: &["az keyvault delete[ --subscription {subscription_id}] --name {name}"],
        look: "az resource list[ --subscription {subscription_id}][ --resource-group {group}] --output table",
        ..RULE
    },
    Rule {
        what: "disk",
        when: When::Any,
        made: &[r"^-> (?:Managed OS Disk|Managed Additional Disk \d+)\s*: '(?P<name>/subscriptions/[^']+)'$"],
        gone: &[
            r"^Deleted -> [^:]*[Dd]isk\S* : '(?P<name>[^']+)'$",
            r"^Deleted Additional Disk -> \d+: '(?P<name>[^']+)'$",
        ],
        inside: GROUP,
        remove: &["az disk delete --ids {name} --yes"],
        look: "az resource list[ --subscription {subscription_id}][ --resource-group {group}] --output table",
        ..RULE
    },
    Rule {
        what: "deployment",
        made: &[r"^-> DeploymentName\s*: '(?P<name>[^']+)'$"],
        gone: &[
            r"^Removing the created Deployment object: '(?P<name>[^']+)'$",
            r"^Deleting Virtual Machine deployment and its attached resources",
        ],
        inside: GROUP,
        remove: &[
            "az deployment group delete[ --subscription {subscription_id}] --resource-group {group} --name {name}",
        ],
        look: "az resource list[ --subscription {subscription_id}][ --resource-group {group}] --output table",
        ..RULE
    },
    Rule {
        what: "image, perhaps half made",
        when: When::Any,
        made: &[r"^-> Image Name\s*: '(?P<name>[^']+)'$"],
        after: "^-> Image ResourceGroupName",
        remove: &[
            "az image delete[ --subscription {subscription_id}] --resource-group {image_group} --name {name}",
        ],
        look: "az image list[ --subscription {subscription_id}] --output table",
        ..RULE
    },
    Rule {
        what: "snapshot",
        when: When::Any,
        made: &[
            r"^-> Snapshot ID\s*: '(?P<name>/subscriptions/[^']+)'$",
            r#"^Creating snapshot "(?P<name>/subscriptions/[^"]+)"$"#,
        ],
        gone: &[r#"^Deleting snapshot "(?P<name>/subscriptions/[^"]+)"$"#],
        kept: &[r#"^error deleting snapshot "(?P<name>/subscriptions/[^"]+)""#],
        remove: &["az snapshot delete --ids {name}"],
        look: "az snapshot list[ --subscription {subscription_id}] --output table",
        ..RULE
    },
    Rule {
        what: "image version, perhaps half made",
        when: When::Any,
        made: &[r"^-> SIG image version\s*: '(?P<name>[^']+)'$"],
        after: "^-> SIG image name",
        remove: &[
            "az sig image-version delete[ --subscription {subscription_id}] --resource-group {gallery_group} --gallery-name {gallery} --gallery-image-definition {definition} --gallery-image-version {name}",
        ],
        look: "az sig list[ --subscription {subscription_id}] --output table",
        ..RULE
    },
    // azure-chroot
    Rule {
        what: "attached disk",
        made: &[r#"^Creating disk "(?P<name>/subscriptions/[^"]+)"$"#],
        gone: &[r#"^Deleting disk "(?P<name>/subscriptions/[^"]+)"$"#],
        kept: &["^error deleting disk '(?P<name>/subscriptions/[^']+)'"],
        remove: &["az disk delete --ids {name} --yes"],
        look: "az disk list[ --subscription {subscription_id}] --output table",
        ..RULE
    },
    Rule {
        what: "image made of a disk",
        when: When::Any,
        made: &[r"^Creating image (?:version )?(?P<name>/subscriptions/\S+)$"],
        remove: &["az resource delete --ids {name}"],
        look: "az image list[ --subscription {subscription_id}] --output table",
        ..RULE
    },
];
