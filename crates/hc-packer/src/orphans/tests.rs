//! Lines as the plugins print them, from their sources.

use super::families::{EVERYBODY, FAMILIES};
use super::*;

fn coordinates(source: &str, attributes: &[(&str, &str)]) -> Coordinates {
    let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Coordinates::from([(source.to_owned(), attributes.collect())])
}

/// A log in which `source` says `lines`: one that begins with `!` is an error, one with `-` a message.
fn log(source: &str, lines: &[&str]) -> String {
    let record = |line: &&str| {
        let (level, front, text) = match line.split_at(1) {
            ("!", text) => ("error", "==> ", text),
            ("-", text) => ("message", "    ", text),
            _ => ("say", "==> ", *line),
        };
        let text = text.replace(',', "%!(PACKER_COMMA)").replace('\n', &format!("\\n==> {source}: "));
        format!("1790000000,,ui,{level},{front}{source}: {text}\n")
    };
    lines.iter().map(record).collect()
}

/// `what name` of everything that is left.
fn left(source: &str, attributes: &[(&str, &str)], lines: &[&str]) -> Vec<String> {
    let found = made("somewhere", &coordinates(source, attributes), &log(source, lines));
    found.iter().map(|one| format!("{} {}", one.what, one.name).trim_end().to_owned()).collect()
}

/// The commands of everything that is left.
fn commands(source: &str, attributes: &[(&str, &str)], lines: &[&str]) -> Vec<String> {
    let found = made("somewhere", &coordinates(source, attributes), &log(source, lines));
    found.into_iter().map(|one| one.remove).collect()
}

const AMAZON: &[&str] = &[
    "Prevalidating any provided VPC information",
    "Prevalidating AMI Name: base-1",
    "-Found Image ID: ami-0123456789abcdef0",
    "Creating temporary keypair: packer_6a5f3b21-aaaa-bbbb-cccc-0123456789ab",
    "Creating temporary security group for this instance: packer_6a5f3b25-1111",
    "Authorizing access to port 22 from [0.0.0.0/0] in the temporary security groups...",
    "Creating temporary instance profile for this instance: packer-6a5f3b26-2222",
    "Creating temporary role for this instance: packer-6a5f3b26-2222",
    "Launching a source AWS instance...",
    "-Instance ID: i-0123456789abcdef0",
    "Waiting for instance (i-0123456789abcdef0) to become ready...",
];
const CLEANUP: &[&str] = &[
    "Terminating the source AWS instance...",
    "Cleaning up any extra volumes...",
    "No volumes to clean up, skipping",
    "Detaching temporary role from instance profile...",
    "Removing policy from temporary role...",
    "Deleting temporary role...",
    "Deleting temporary instance profile...",
    "Deleting temporary security group...",
    "Deleting temporary keypair...",
];

#[test]
fn amazon_names_what_it_made_until_it_removes_it() {
    let source = "amazon-ebs.a";
    assert_eq!(
        left(source, &[], AMAZON),
        [
            "key pair packer_6a5f3b21-aaaa-bbbb-cccc-0123456789ab",
            "security group packer_6a5f3b25-1111",
            "instance profile packer-6a5f3b26-2222",
            "IAM role packer-6a5f3b26-2222",
            "instance i-0123456789abcdef0",
        ]
    );
    assert!(left(source, &[], &[AMAZON, CLEANUP].concat()).is_empty());
    let keys = left(
        source,
        &[],
        &[
            AMAZON,
            CLEANUP,
            &["!Error cleaning up keypair. Please delete the key manually: packer_6a5f3b21-aaaa-bbbb-cccc-0123456789ab"],
        ]
        .concat(),
    );
    assert_eq!(keys, ["key pair packer_6a5f3b21-aaaa-bbbb-cccc-0123456789ab"]);
    let still = left(
        source,
        &[],
        &[AMAZON, CLEANUP, &["!Error terminating instance, may still be around: RequestExpired"]].concat(),
    );
    assert_eq!(still, ["instance i-0123456789abcdef0"]);
    let image = [
        "Stopping the source instance...",
        "Creating AMI base-1 from instance i-0123456789abcdef0",
        "Attaching run tags to AMI...",
        "-AMI: ami-00000000000000001",
        "Waiting for AMI to become ready...",
        "Copying/Encrypting AMI (ami-00000000000000001) to other regions...",
        "-Copying to: eu-west-2",
    ];
    let found = left(source, &[], &[AMAZON, CLEANUP, &image].concat());
    assert_eq!(found, ["AMI ami-00000000000000001", "copy of the AMI"]);
    let gone = ["Deregistered AMI id: ami-00000000000000001", "Deleted snapshot: snap-1"];
    assert_eq!(left(source, &[], &[&image[..5], &gone].concat()), Vec::<String>::new());
}

#[test]
fn amazon_commands_have_region_profile_and_endpoint() {
    let attributes =
        [("region", "eu-west-1"), ("profile", "ci"), ("custom_endpoint_ec2", "http://127.0.0.1:5000")];
    let lines = ["Launching a source AWS instance...", "Instance ID: i-0123456789abcdef0"];
    assert_eq!(
        commands("amazon-ebs.a", &attributes, &lines),
        ["aws ec2 terminate-instances --region eu-west-1 --profile ci --endpoint-url http://127.0.0.1:5000 \
             --instance-ids i-0123456789abcdef0"]
    );
    assert_eq!(
        commands("amazon-ebs.a", &[], &lines),
        ["aws ec2 terminate-instances --instance-ids i-0123456789abcdef0"]
    );
    // A spot instance is never named.
    let spot = [
        "Creating Spot Fleet launch template...",
        "Created Spot Fleet launch template: lt-0ab1",
        "Launching a spot AWS instance...",
    ];
    assert_eq!(left("amazon-ebs.a", &[], &spot), ["launch template lt-0ab1", "instance"]);
    assert!(
        commands("amazon-ebs.a", &attributes, &spot)[1]
            .starts_with("aws ec2 describe-instances --region eu-west-1")
    );
    let chroot = ["Creating the root volume...", "Creating snapshot...", "-Snapshot ID: snap-0ab1"];
    assert_eq!(left("amazon-chroot.a", &[], &chroot), ["volume", "snapshot snap-0ab1"]);
    let import = [
        "(amazon-import): Uploading disk.ova to s3://b/packer-import-1.ova",
        "(amazon-import): Started import of s3://b/packer-import-1.ova, task id import-ami-0ab1",
    ];
    // Post-processors speak as `==> NAME (TYPE): …`.
    let lines: String = import
        .iter()
        .map(|line| format!("1790000000,,ui,say,==> qemu.a {}\n", line.replace(',', "%!(PACKER_COMMA)")))
        .collect();
    let found = made("qemu", &Coordinates::new(), &lines);
    assert_eq!(
        found.iter().map(|one| one.remove.as_str()).collect::<Vec<_>>(),
        [
            "aws s3 rm s3://b/packer-import-1.ova",
            "aws ec2 cancel-import-task --import-task-id import-ami-0ab1"
        ]
    );
}

const GROUP: &[&str] = &[
    "Running builder ...",
    "Creating resource group ...",
    " -> ResourceGroupName : 'pkr-Resource-Group-x1y2'",
    " -> Location          : 'westeurope'",
    " -> Tags              :",
    "Validating deployment template ...",
    " -> ResourceGroupName : 'pkr-Resource-Group-x1y2'",
    " -> DeploymentName    : 'pkrdpx1y2'",
    "Deploying deployment template ...",
    " -> ResourceGroupName : 'pkr-Resource-Group-x1y2'",
    " -> DeploymentName    : 'pkrdpx1y2'",
    "Getting the VM's IP address ...",
    " -> ResourceGroupName   : 'pkr-Resource-Group-x1y2'",
    " -> PublicIPAddressName : 'pkripx1y2'",
    " -> NicName             : 'pkrnix1y2'",
];

#[test]
fn azure_names_its_own_group_or_the_things_in_a_group_of_others() {
    let source = "azure-arm.base";
    assert_eq!(left(source, &[], GROUP), ["resource group pkr-Resource-Group-x1y2"]);
    assert_eq!(
        commands(source, &[("subscription_id", "0000-11")], GROUP),
        ["az group delete --subscription 0000-11 --name pkr-Resource-Group-x1y2 --yes"]
    );
    let gone = ["\nCleanup requested, deleting resource group ...", "Resource group has been deleted."];
    assert!(left(source, &[], &[GROUP, &gone[..1]].concat()).len() == 1);
    let gone = left(source, &[], &[&GROUP[..5], &gone].concat());
    assert!(gone.is_empty(), "{gone:?}");

    let mut theirs: Vec<&str> = GROUP.to_vec();
    theirs[1] = "Using existing resource group ...";
    let found = left(source, &[], &theirs);
    assert_eq!(
        found,
        ["deployment pkrdpx1y2", "public address pkripx1y2", "network interface pkrnix1y2"],
        "a group of others is never named"
    );
    let removed = [
        "\nDeleting Virtual Machine deployment and its attached resources...",
        "Deleted -> Microsoft.Network/networkInterfaces : 'pkrnix1y2'",
        "Deleted -> Microsoft.Network/publicIPAddresses : 'pkripx1y2'",
        "Removing the created Deployment object: 'pkrdpx1y2'",
    ];
    assert!(left(source, &[], &[&theirs[..], &removed].concat()).is_empty());
    let image = [
        "Capturing image ...",
        " -> Image ResourceGroupName   : 'images'",
        " -> Image Name                : 'base-1'",
        "Snapshotting OS disk ...",
        " -> Snapshot ID         : '/subscriptions/0/resourceGroups/images/providers/Microsoft.Compute/snapshots/s'",
        "Publishing to Shared Image Gallery ...",
        " -> SIG publish resource group     : 'galleries'",
        " -> SIG gallery name     : 'g'",
        " -> SIG image name     : 'd'",
        " -> SIG image version     : '1.2.3'",
    ];
    assert_eq!(
        commands(source, &[], &image),
        [
            "az image delete --resource-group images --name base-1",
            "az snapshot delete --ids /subscriptions/0/resourceGroups/images/providers/Microsoft.Compute/snapshots/s",
            "az sig image-version delete --resource-group galleries --gallery-name g \
             --gallery-image-definition d --gallery-image-version 1.2.3",
        ]
    );
}

#[test]
fn google_deletes_instance_and_disk_one_after_the_other() {
    let source = "googlecompute.a";
    let lines = [
        "Using image: debian-12-bookworm-v20260101",
        "Creating instance...",
        "-Loading zone: europe-west1-b",
        "-Requesting instance creation...",
        "-Waiting for creation operation to complete...",
        "-Instance has been created!",
        "-Instance: packer-6a5f started in europe-west1-b",
    ];
    let attributes = [("zone", "europe-west1-b"), ("project_id", "p1"), ("image_name", "img")];
    assert_eq!(
        commands(source, &attributes, &lines),
        [
            "gcloud compute instances delete packer-6a5f --zone europe-west1-b --delete-disks=all --project p1 --quiet"
        ]
    );
    assert_eq!(left(source, &attributes, &lines[..4]), ["instance"]);
    let half =
        [&lines[..], &["Deleting instance...", "-Instance has been deleted!", "Deleting disk..."]].concat();
    assert_eq!(left(source, &attributes, &half), ["boot disk packer-6a5f"]);
    let done = [&half[..], &["-Disk has been deleted!", "Creating image..."]].concat();
    assert_eq!(
        commands(source, &attributes, &done),
        ["gcloud compute images delete img --project p1 --quiet"]
    );
    let disk = ["Creating persistent disk data-1"];
    assert_eq!(left(source, &attributes, &disk), ["disk data-1"]);
    let gone = "Persistent disk \"data-1\" successfully deleted";
    assert!(left(source, &attributes, &[disk[0], gone]).is_empty());
}

#[test]
fn vsphere_and_proxmox_are_named_by_their_templates() {
    let attributes = [
        ("vm_name", "base 1"),
        ("folder", "Packer"),
        ("datacenter", "DC0"),
        ("vcenter_server", "127.0.0.1:8989"),
        ("insecure_connection", "true"),
    ];
    let lines =
        ["Finding virtual machine to clone...", "Cloning virtual machine...", "Customizing hardware..."];
    let remove = "govc vm.destroy -u 127.0.0.1:8989 -k=true -dc DC0 Packer/'base 1'";
    assert_eq!(commands("vsphere-clone.a", &attributes, &lines), [remove]);
    let named = log("linux.vsphere-clone.a", &lines);
    let found = made("vsphere", &coordinates("vsphere-clone.a", &attributes), &named);
    assert_eq!(found[0].remove, remove, "a build with a name speaks as NAME.TYPE.SOURCE");
    assert_eq!(left("vsphere-iso.a", &[], &["Creating virtual machine..."]), ["virtual machine"]);
    assert_eq!(commands("vsphere-iso.a", &[], &["Creating virtual machine..."]), ["govc find / -type m"]);
    let gone = ["Power on VM...", "Destroying VM..."];
    assert!(left("vsphere-clone.a", &attributes, &[&lines[..], &gone].concat()).is_empty());

    let lines = ["Creating VM", "Starting VM"];
    let source = "proxmox-clone.a";
    assert_eq!(
        commands(source, &[("vm_id", "101"), ("node", "pve1")], &lines),
        ["pvesh create /nodes/pve1/qemu/101/status/stop; pvesh delete /nodes/pve1/qemu/101"]
    );
    assert_eq!(commands(source, &[("vm_id", "101")], &lines), ["qm stop 101; qm destroy 101"]);
    assert_eq!(
        commands(source, &[("vm_name", "web")], &lines),
        ["pvesh get /cluster/resources --type vm | grep -F web"]
    );
    let gone = ["Stopping VM", "Deleting VM"];
    assert!(left(source, &[("vm_id", "101")], &[&lines[..], &gone].concat()).is_empty());
    let error = "!Error deleting VM. Please delete it manually: 500 can't lock file";
    assert_eq!(
        left(source, &[("vm_id", "101")], &[&lines[..], &gone, &[error]].concat()),
        ["virtual machine 101"]
    );
    let media = ["-Uploaded ISO to local:iso/packer1234.iso", "-Uploaded ISO to local:iso/debian-12.iso"];
    assert_eq!(commands(source, &[], &media), ["pvesm free local:iso/packer1234.iso"]);
}

#[test]
fn smaller_clouds_and_this_machine() {
    let lines = [
        "Creating temporary keypair: packer_6a5f ...",
        "Created temporary keypair: packer_6a5f",
        "Creating volume...",
        "Waiting for volume v (volume id: 11111111-aaaa) to become available...",
        "Volume ID: 11111111-aaaa",
        "Launching server...",
        "Server ID: 22222222-bbbb",
        "Creating floating IP using network 33333333-cccc ...",
        "Created floating IP: '44444444-dddd' (198.51.100.7)",
    ];
    let source = "openstack.a";
    assert_eq!(
        commands(source, &[("cloud", "lab"), ("region", "R1")], &lines),
        [
            "openstack --os-cloud lab --os-region-name R1 keypair delete packer_6a5f",
            "openstack --os-cloud lab --os-region-name R1 volume delete 11111111-aaaa",
            "openstack --os-cloud lab --os-region-name R1 server delete --wait 22222222-bbbb",
            "openstack --os-cloud lab --os-region-name R1 floating ip delete 44444444-dddd",
        ]
    );
    let gone = [
        "Terminating the source server: 22222222-bbbb ...",
        "Deleted temporary floating IP '44444444-dddd' (198.51.100.7)",
        "Deleting volume: 11111111-aaaa ...",
        "Deleting temporary keypair: packer_6a5f ...",
    ];
    assert!(left(source, &[], &[&lines[..], &gone].concat()).is_empty());

    let lines = ["Uploading temporary SSH key for instance...", "Creating server..."];
    assert_eq!(
        commands("hcloud.a", &[("server_name", "build")], &lines),
        ["hcloud ssh-key list", "hcloud server delete build"]
    );
    let gone = ["Destroying server...", "Deleting temporary SSH key..."];
    assert!(left("hcloud.a", &[], &[&lines[..], &gone].concat()).is_empty());
    let lines = ["Importing SSH public key...", "Creating droplet...", "Creating snapshot: base-1"];
    assert_eq!(left("digitalocean.a", &[], &lines), ["SSH key", "droplet", "snapshot, perhaps half made"]);

    let id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let lines = ["Starting docker container...", &format!("-Container ID: {id}")];
    assert_eq!(commands("docker.a", &[], &lines), [format!("docker rm --force {id}")]);
    assert_eq!(commands("docker.a", &[], &lines[..1]), ["docker ps --all"]);
    let gone = format!("Killing the container: {id}");
    assert!(left("docker.a", &[], &[lines[0], lines[1], &gone]).is_empty());
    let lines = ["Creating virtual machine..."];
    assert_eq!(
        commands("virtualbox-iso.a", &[("vm_name", "v")], &lines),
        ["VBoxManage controlvm v poweroff; VBoxManage unregistervm v --delete"]
    );
    let script = made(
        "qemu",
        &Coordinates::new(),
        &log("qemu.a", &["Running local shell script: /tmp/packer-shell12"]),
    );
    assert_eq!((script[0].remove.as_str(), script[0].here), ("rm -f /tmp/packer-shell12", true));
}

#[test]
fn what_scripts_print_is_no_word_of_a_builder() {
    let source = "amazon-ebs.a";
    let printed = [
        "Connected to SSH!",
        "Provisioning with shell script: setup.sh",
        "Instance ID: i-0fffffffffffffff0",
        "    AMI: ami-0fffffffffffffff0",
        "AMI: ami-0fffffffffffffff0",
        "Creating temporary keypair: production",
    ];
    let found = left(source, &[], &[AMAZON, &printed].concat());
    assert_eq!(found.len(), 5, "{found:?}");
    assert!(!found.iter().any(|one| one.contains("0fff") || one.contains("production")), "{found:?}");
    // After a failed attempt the builder speaks again.
    let mut text = log(source, &[AMAZON, &printed, CLEANUP].concat());
    text.push_str("1790000000,,ui,error,Build 'amazon-ebs.a' errored after 3 seconds: x\n");
    text.push_str(&log(source, &["Launching a source AWS instance...", "Instance ID: i-0123456789abcdef1"]));
    let found = made("x", &Coordinates::new(), &text);
    assert_eq!(found.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["i-0123456789abcdef1"]);
}

#[test]
fn a_failed_attempt_leaves_nothing_that_only_the_template_names() {
    let attributes = [("vm_name", "base")];
    let mut text = log("vsphere-clone.a", &["Cloning virtual machine..."]);
    let of = |text: &str| made("vsphere", &coordinates("vsphere-clone.a", &attributes), text);
    assert_eq!(of(&text).len(), 1);
    // It failed because one of that name was there: that is not packer's.
    text.push_str("1790000000,,ui,error,Build 'vsphere-clone.a' errored after 3 seconds: The name 'base' already exists\n");
    assert!(of(&text).is_empty());
}

#[test]
fn a_hostile_name_is_no_command() {
    for name in ["$(reboot)", "a;reboot", "`reboot`", "'a'", "--all", "a\"b", "***"] {
        let line = format!("Creating temporary keypair: {name}");
        let found = made("aws", &Coordinates::new(), &log("amazon-ebs.a", &[&line]));
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        assert_eq!(found[0].name, "", "{name}");
        assert!(found[0].remove.starts_with("aws ec2 describe-key-pairs"), "{name}: {}", found[0].remove);
        let found = made(
            "vsphere",
            &coordinates("vsphere-iso.a", &[("vm_name", name)]),
            &log("vsphere-iso.a", &["Creating virtual machine..."]),
        );
        assert_eq!(found[0].remove, "govc find / -type m", "{name}");
    }
}

#[test]
fn logs_of_people_and_names_that_tell_no_type_are_read_too() {
    let text = "==> base: Launching a source AWS instance...\n    base: Instance ID: i-0123456789abcdef0\n";
    assert_eq!(made("aws-eu", &Coordinates::new(), text)[0].name, "i-0123456789abcdef0");
    assert!(made("qemu", &Coordinates::new(), text).is_empty());
}

#[test]
fn every_rule_is_whole() {
    for compiled in FAMILIES.iter().chain([&*EVERYBODY]) {
        for rule in compiled.family.rules {
            assert!(!rule.what.is_empty() && !rule.made.is_empty(), "{}", rule.what);
            let named = rule.made.iter().any(|made| made.contains("(?P<name>")) || !rule.named_by.is_empty();
            assert_eq!(named, !rule.remove.is_empty(), "{}: what is named is removed by name", rule.what);
            assert!(!rule.look.is_empty(), "{}: whatever names something may be refused", rule.what);
            for key in rule.named_by.iter().filter(|key| **key != "instance") {
                assert!(COORDINATES.contains(key), "{}: {key}", rule.what);
            }
        }
    }
}
