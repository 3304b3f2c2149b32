//! QEMU with the real plugin: virtual machines that start from each other. Minutes long: only with `--include-ignored`.

use super::examples::equip;
use super::packers;
use super::results::{How, report};
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
