//! What a killed build left, told from its log: things with the commands that remove them (PKR-10).

use std::process::Stdio;

use hc_test_support::FakePacker;
use serde_json::Value;

use crate::interrupts::wait_until;
use crate::project::Project;

/// A project with `linux.<platform>.base`, whose packer says `lines` and then never ends.
fn killed(platform: &str, kind: &str, source: &str, lines: &str) -> (Project, tempfile::TempDir) {
    let tools = tempfile::tempdir().unwrap();
    std::fs::write(tools.path().join("lines"), lines).unwrap();
    let script = "case \" $* \" in *' build '*) ;; *) exit 0;; esac\ncat \"$FAKE/lines\"\ntouch \"$FAKE/said\"\nexec sleep 120";
    let fake = FakePacker::new(tools.path(), "1.16.0", script).unwrap();
    let project = Project::empty();
    project.write(
        "hybrid.toml",
        &format!(
            "[project]\nname = \"test\"\n\n[packer]\nbinary = \"{}\"\ngrace = \"1s\"\n",
            fake.path().display()
        ),
    );
    project.write("configs/overlays/dev.pkrvars.hcl", "");
    project.write(
        &format!("templates/linux/{platform}/base/base.pkr.hcl"),
        &format!(
            "variable \"hybrid_build_id\" {{\n  type    = string\n  default = \"\"\n}}\n\n\
             variable \"login\" {{\n  type      = string\n  default   = \"sensitive-region-1\"\n  sensitive = true\n}}\n\n\
             source \"{kind}\" \"base\" {{\n{source}}}\n\nbuild {{\n  sources = [\"source.{kind}.base\"]\n}}\n"
        ),
    );
    project.ok(&["validate"]);
    let mut child = project.command(&["build"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("packer has said it", || tools.path().join("said").exists());
    let logs = project.path("logs/packer");
    let size = || -> u64 {
        std::fs::read_dir(&logs).unwrap().flatten().map(|entry| entry.metadata().unwrap().len()).sum()
    };
    wait_until("it is in the log", || lines.is_empty() || size() >= lines.len() as u64);
    child.kill().unwrap();
    child.wait().unwrap();
    (project, tools)
}

fn said(source: &str, lines: &[&str]) -> String {
    lines.iter().map(|line| format!("1790000000,,ui,say,==> {source}: {line}\n")).collect()
}

fn made(project: &Project) -> Vec<Value> {
    let left = project.ok(&["orphans", "--format", "json"]).json();
    left["result"]["orphans"][0]["made"].as_array().unwrap().clone()
}

#[test]
fn a_killed_build_is_cleared_away_by_hand_and_forgotten() {
    let source = "  vm_name         = \"web ${var.hybrid_build_id}\"\n  node            = \"pve1\"\n  vm_id           = 4711\n";
    let (project, _tools) = killed(
        "proxmox",
        "proxmox-clone",
        source,
        &said("proxmox-clone.base", &["Creating VM", "Starting VM"]),
    );
    let shown = project.ok(&["orphans"]).stdout;
    for text in [
        "made       virtual machine 4711",
        "remove it: pvesh create /nodes/pve1/qemu/4711/status/stop; pvesh delete /nodes/pve1/qemu/4711",
        "when it is removed: hybrid orphans --forget",
    ] {
        assert!(shown.contains(text), "{text}:\n{shown}");
    }
    project.ok(&["orphans", "--stop"]);
    assert_eq!(made(&project).len(), 1);
    project.ok(&["orphans", "--forget", "linux.proxmox.base@dev"]);
    assert!(project.ok(&["orphans"]).stdout.contains("no run left anything behind"));
}

#[test]
fn names_of_templates_hold_the_build_and_no_secret() {
    let source = "  vm_name        = \"web ${var.hybrid_build_id}\"\n  vcenter_server = var.login\n  folder         = \"Packer\"\n";
    let (project, _tools) = killed(
        "vsphere",
        "vsphere-clone",
        source,
        &said("vsphere-clone.base", &["Cloning virtual machine..."]),
    );
    let left = made(&project);
    let name = left[0]["name"].as_str().unwrap();
    assert!(name.starts_with("web linux.vsphere.base-dev-"), "{name}");
    assert_eq!(
        left[0]["remove"],
        format!("govc vm.destroy Packer/'{name}'"),
        "a sensitive server is in no command"
    );
    project.ok(&["orphans", "--stop"]);
}

#[test]
fn what_was_removed_again_is_not_named_and_a_group_of_others_never() {
    let lines = [
        "Using existing resource group ...",
        " -> ResourceGroupName : 'production'",
        "Deploying deployment template ...",
        " -> ResourceGroupName : 'production'",
        " -> DeploymentName    : 'pkrdp1'",
        "Getting the VM's IP address ...",
        " -> NicName             : 'pkrni1'",
        "Deleted -> Microsoft.Network/networkInterfaces : 'pkrni1'",
    ];
    let (project, _tools) = killed("azure", "azure-arm", "", &said("azure-arm.base", &lines));
    let left = made(&project);
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(left[0]["remove"], "az deployment group delete --resource-group production --name pkrdp1");
    project.ok(&["orphans", "--stop"]);
}

#[test]
fn a_name_that_is_a_command_is_looked_for_instead() {
    let lines = said(
        "amazon-ebs.base",
        &[
            "Creating temporary keypair: x;reboot;$(id)",
            "Connected to SSH!",
            "Instance ID: i-0123456789abcdef0",
        ],
    );
    let (project, _tools) = killed("aws", "amazon-ebs", "  region = \"eu-west-1\"\n", &lines);
    let left = made(&project);
    assert_eq!(left.len(), 1, "a script's words are no builder's: {left:?}");
    assert_eq!(left[0]["name"], "");
    let shown = project.ok(&["orphans"]).stdout;
    assert!(shown.contains("made       key pair (its name is not in the log)"), "{shown}");
    assert!(shown.contains("look for it: aws ec2 describe-key-pairs --region eu-west-1"), "{shown}");
    assert!(!shown.contains("reboot"), "{shown}");
    project.ok(&["orphans", "--stop"]);
}
