//! Amazon: packer-plugin-amazon.

use super::rule::{Fact, Family, RULE, Rule, When};

/// The AMI's name, for its copies in other regions.
const FACTS: &[Fact] =
    &[Fact { when: When::Any, line: r"^Creating AMI (?P<ami>.+) from instance i-[0-9a-f]+$", after: "" }];

pub(super) const AWS: Family =
    Family { types: &["amazon-"], platforms: &["aws", "amazon"], facts: FACTS, rules: RULES };

const RULES: &[Rule] = &[
    Rule {
        what: "instance",
        made: &[
            r"^Launching a (?:source|spot) AWS instance",
            r"^Instance ID: (?P<name>i-[0-9a-f]{8,17})$",
            r"^Waiting for instance \((?P<name>i-[0-9a-f]{8,17})\) to become ready",
        ],
        gone: &["^Terminating the source AWS instance"],
        kept: &["^Error terminating instance, may still be around"],
        remove: &[
            "aws ec2 terminate-instances[ --region {region}][ --profile {profile}][ --endpoint-url {custom_endpoint_ec2}] --instance-ids {name}",
        ],
        look: "aws ec2 describe-instances[ --region {region}][ --profile {profile}][ --endpoint-url {custom_endpoint_ec2}] --filters 'Name=tag:Name,Values=Packer Builder' Name=instance-state-name,Values=pending,running,stopping,stopped --query 'Reservations[].Instances[].[InstanceId,LaunchTime]' --output text",
        ..RULE
    },
    Rule {
        what: "key pair",
        made: &[r"^Creating temporary keypair: (?P<name>\S+)$"],
        gone: &["^Deleting temporary keypair"],
        kept: &[r"^Error cleaning up keypair\. Please delete the key manually: (?P<name>\S+)$"],
        remove: &[
            "aws ec2 delete-key-pair[ --region {region}][ --profile {profile}][ --endpoint-url {custom_endpoint_ec2}] --key-name {name}",
        ],
        look: "aws ec2 describe-key-pairs[ --region {region}][ --profile {profile}][ --endpoint-url {custom_endpoint_ec2}] --filters 'Name=key-name,Values=packer_*'",
        ..RULE
    },
    Rule {
        what: "security group",
        made: &[r"^Creating temporary security group for this instance: (?P<name>\S+)$"],
        gone: &["^Deleting temporary security group"],
        kept: &[r"^Error cleaning up security group\. Please delete the group manually"],
        // By its id: a name is enough only in the default VPC.
        remove: &[
            "aws ec2 delete-security-group[ --region {region}][ --profile {profile}][ --endpoint-url {custom_endpoint_ec2}] --group-id \"$(aws ec2 describe-security-groups[ --region {region}][ --profile {profile}][ --endpoint-url {custom_endpoint_ec2}] --filters Name=group-name,Values={name} --query 'SecurityGroups[].GroupId' --output text)\"",
        ],
        look: "aws ec2 describe-security-groups[ --region {region}][ --profile {profile}][ --endpoint-url {custom_endpoint_ec2}] --filters 'Name=group-name,Values=packer_*'",
        ..RULE
    },
    Rule {
        what: "instance profile",
        made: &[r"^Creating temporary instance profile for this instance: (?P<name>\S+)$"],
        gone: &["^Deleting temporary instance profile"],
        kept: &[r"Please delete the instance profile manually: (?P<name>\S+)$"],
        remove: &[
            "aws iam remove-role-from-instance-profile[ --profile {profile}] --instance-profile-name {name} --role-name {name}; aws iam delete-instance-profile[ --profile {profile}] --instance-profile-name {name}",
        ],
        look: "aws iam list-instance-profiles[ --profile {profile}]",
        ..RULE
    },
    Rule {
        what: "IAM role",
        made: &[r"^Creating temporary role for this instance: (?P<name>\S+)$"],
        gone: &["^Deleting temporary role"],
        kept: &[r"Please delete the role manually: (?P<name>\S+)$"],
        remove: &[
            "aws iam delete-role-policy[ --profile {profile}] --role-name {name} --policy-name {name}; aws iam delete-role[ --profile {profile}] --role-name {name}",
        ],
        look: "aws iam list-roles[ --profile {profile}]",
        ..RULE
    },
    Rule {
        what: "launch template",
        made: &[r"^Created Spot Fleet launch template: (?P<name>lt-[0-9a-f]+)$"],
        // It goes with the instance, without a word.
        gone: &["^Terminating the source AWS instance"],
        remove: &[
            "aws ec2 delete-launch-template[ --region {region}][ --profile {profile}][ --endpoint-url {custom_endpoint_ec2}] --launch-template-id {name}",
        ],
        look: "aws ec2 describe-launch-templates[ --region {region}][ --profile {profile}][ --endpoint-url {custom_endpoint_ec2}] --filters 'Name=launch-template-name,Values=packer-fleet-launch-template-*'",
        ..RULE
    },
    Rule {
        what: "volume",
        made: &["^Creating the root volume"],
        gone: &["^Deleting the created EBS volume"],
        look: "aws ec2 describe-volumes[ --region {region}][ --profile {profile}][ --endpoint-url {custom_endpoint_ec2}] --filters Name=status,Values=available",
        ..RULE
    },
    Rule {
        what: "AMI",
        when: When::Any,
        made: &[r"^AMI: (?P<name>ami-[0-9a-f]{8,17})$"],
        after: "^(?:Creating AMI |Registering the AMI|Attaching run tags to AMI|Skipping attaching run tags)",
        gone: &[
            r"^Deregistered AMI id: (?P<name>ami-[0-9a-f]+)$",
            "^Deregistering the AMI (?:and deleting associated snapshots|because)",
        ],
        remove: &[
            "aws ec2 deregister-image[ --region {region}][ --profile {profile}][ --endpoint-url {custom_endpoint_ec2}] --image-id {name} && for snapshot in $(aws ec2 describe-snapshots[ --region {region}][ --profile {profile}][ --endpoint-url {custom_endpoint_ec2}] --owner-ids self --filters 'Name=description,Values=*'{name}'*' --query 'Snapshots[].SnapshotId' --output text); do aws ec2 delete-snapshot[ --region {region}][ --profile {profile}][ --endpoint-url {custom_endpoint_ec2}] --snapshot-id \"$snapshot\"; done",
        ],
        look: "aws ec2 describe-images[ --region {region}][ --profile {profile}][ --endpoint-url {custom_endpoint_ec2}] --owners self",
        ..RULE
    },
    Rule {
        what: "copy of the AMI",
        when: When::Any,
        made: &["^Copying to: (?P<to>[a-z0-9-]+)$"],
        after: "^(?:Copying/Encrypting AMI|Copying to: )",
        look: "aws ec2 describe-images --region {to}[ --profile {profile}] --owners self[ --filters Name=name,Values={ami}]",
        ..RULE
    },
    Rule {
        what: "snapshot",
        when: When::Any,
        made: &[
            r"^Snapshot ID: (?P<name>snap-[0-9a-f]+)$",
            r"^Requested Snapshot of Volume \S+: (?P<name>snap-[0-9a-f]+)$",
        ],
        gone: &[
            r"^Deleted snapshot: (?P<name>snap-[0-9a-f]+)$",
            "^Removing snapshots? since we cancelled or halted",
        ],
        remove: &[
            "aws ec2 delete-snapshot[ --region {region}][ --profile {profile}][ --endpoint-url {custom_endpoint_ec2}] --snapshot-id {name}",
        ],
        look: "aws ec2 describe-snapshots[ --region {region}][ --profile {profile}][ --endpoint-url {custom_endpoint_ec2}] --owner-ids self",
        ..RULE
    },
    Rule {
        what: "snapshot of a volume",
        when: When::Any,
        made: &[r"^Creating snapshot of EBS Volume (?P<volume>vol-[0-9a-f]+)\.\.\.$"],
        gone: &["^Removing snapshots since we cancelled or halted"],
        look: "aws ec2 describe-snapshots[ --region {region}][ --profile {profile}][ --endpoint-url {custom_endpoint_ec2}] --owner-ids self --filters Name=volume-id,Values={volume}",
        ..RULE
    },
    Rule {
        what: "object of an import",
        when: When::Any,
        made: &[r"^\(amazon-import\): (?:Uploading .+|Completed upload of .+) to (?P<name>s3://\S+)$"],
        gone: &[r"^\(amazon-import\): Deleting import source (?P<name>s3://\S+)$"],
        remove: &["aws s3 rm {name}"],
        look: "aws s3 ls",
        ..RULE
    },
    Rule {
        what: "import task",
        when: When::Any,
        made: &[r"^\(amazon-import\): Started import of s3://\S+, task id (?P<name>import-ami-[0-9a-z]+)$"],
        gone: &[r"^\(amazon-import\): Import task (?P<name>\S+) complete$"],
        remove: &["aws ec2 cancel-import-task --import-task-id {name}"],
        look: "aws ec2 describe-import-image-tasks[ --region {region}][ --profile {profile}]",
        ..RULE
    },
];
