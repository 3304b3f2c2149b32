//! QEMU with the real plugin: virtual machines that start from each other. Minutes long: only with `--include-ignored`.

use super::examples::equip;
use super::results::{How, report};
use super::{packers, skipped};
use crate::project::Project;

#[test]
#[ignore = "starts virtual machines"]
fn machines_are_built_tested_and_published_on_each_other() {
    for packer in packers() {
        let project = Project::example();
        if equip(&project, &packer).is_none() {
            return;
        }
        let targets = "linux.qemu.web,linux.qemu.hardened";
        project.ok(&["packer", "plugins", "lock", "--targets", "qemu"]);
        project.ok(&["validate", "--targets", "qemu,linux.rootfs.bootable"]);
        project.ok(&["build", "--with-parents", "--targets", targets]);
        project.ok(&["test", "--targets", targets]);
        project.ok(&["publish", "--targets", targets]);
        project.ok(&["artifacts", "verify"]);
        let record = project.ok(&["artifacts", "show", "linux.qemu.web", "--format", "json"]).json();
        let provenance = &record["result"]["artifact"]["provenance"];
        assert!(provenance["plugins"]["github.com/hashicorp/qemu"].is_string(), "{record:#}");
        let parent = provenance["parent"]["build_id"].as_str().unwrap();
        assert!(parent.starts_with("linux.qemu.base-"), "{record:#}");
        report(
            "QEMU",
            "qemu",
            &packer,
            How::Built,
            "the chain of `./demo --vm`: seed, base, web and hardened, each started, tested, published",
        );
    }
}

#[test]
#[ignore = "starts virtual machines"]
fn disks_start_by_their_own_boot_loader_under_bios_and_uefi() {
    let needed = ["/usr/share/ovmf/OVMF.fd", "/usr/bin/mcopy", "/usr/sbin/sfdisk", "/usr/sbin/mkfs.vfat"];
    if let Some(lacking) = needed.iter().find(|file| !std::path::Path::new(file).is_file()) {
        return skipped(&format!(
            "there is no {lacking}: `hybrid doctor --install --targets linux.qemu.uefi --with-parents`"
        ));
    }
    for packer in packers() {
        let project = Project::example();
        if equip(&project, &packer).is_none() {
            return;
        }
        let targets = "linux.qemu.bios,linux.qemu.uefi";
        project.ok(&["validate", "--targets", &format!("{targets},linux.rootfs.disk")]);
        project.ok(&["build", "--with-parents", "--targets", targets]);
        // Its suite starts the image without a kernel of the host and asks the machine what started it.
        let tested = project.ok(&["test", "--targets", targets]);
        let said = tested.stderr + &tested.stdout;
        for firmware in ["bios", "uefi"] {
            assert!(said.contains(&format!("{firmware}: its own boot loader started it")), "{said}");
            let id = format!("linux.qemu.{firmware}");
            let record = project.ok(&["artifacts", "show", &id, "--format", "json"]).json();
            let files = record["result"]["artifact"]["files"].to_string();
            assert!(files.contains("disk.qcow2") && !files.contains("vmlinuz"), "{files}");
            report(
                "QEMU",
                "qemu",
                &packer,
                How::Built,
                &format!(
                    "`{id}` of the example: started by the boot loader on its disk, provisioned, tested"
                ),
            );
        }
    }
}
