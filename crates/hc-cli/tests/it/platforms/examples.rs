//! The example's builders, and what `hybrid init` makes, under today's packers with real plugins: nothing of them is only
//! believed to be right.

use std::path::Path;

use super::results::{How, report};
use super::{packers, plugin};
use crate::project::{Project, Ran};

/// Plugins that are at hand, by name.
const PLUGINS: [&str; 7] = ["amazon", "ansible", "azure", "docker", "proxmox", "qemu", "vsphere"];
/// Builders that people copy, with their platform and its plugin.
const BUILDERS: [(&str, &str, &str); 11] = [
    ("linux.aws.base", "AWS", "amazon"),
    ("linux.azure.gallery", "Azure", "azure"),
    ("linux.docker.base", "Docker", "docker"),
    ("linux.proxmox.clone", "Proxmox", "proxmox"),
    ("linux.qemu.base", "QEMU", "qemu"),
    ("linux.qemu.bios", "QEMU", "qemu"),
    ("linux.qemu.uefi", "QEMU", "qemu"),
    ("linux.qemu.hardened", "QEMU", "qemu"),
    ("linux.qemu.web", "QEMU", "qemu"),
    ("linux.vsphere.clone", "vSphere", "vsphere"),
    ("windows.vsphere.base", "vSphere", "vsphere"),
];

/// Lets a project use this packer, and installs the plugins that are at hand.
pub(super) fn equip(project: &Project, packer: &Path) -> Option<()> {
    let programs: Vec<_> = PLUGINS.iter().map(|name| plugin(name)).collect::<Option<_>>()?;
    let settings = project.read("hybrid.toml");
    let named = format!("[packer]\nbinary = \"{}\"\nplugin_path = \"plugins\"\n", packer.display());
    let settings = match settings.contains("[packer]\n") {
        true => settings.replacen("[packer]\n", &named, 1),
        false => format!("{settings}\n{named}"),
    };
    project.write("hybrid.toml", &settings);
    for program in programs {
        // What no builder asks for is not installed.
        let ran = project.run(&["packer", "plugins", "install", "--from", program.to_str().unwrap()]);
        let unwanted = ran.code == 1 && ran.stderr.contains("no plugin that a builder asks for");
        assert!(ran.code == 0 || unwanted, "{}", ran.stderr);
    }
    Some(())
}

/// Every target that was looked at, with how.
fn looked_at(ran: &Ran) -> Vec<(String, String)> {
    let document = ran.json();
    let targets = document["result"]["targets"].as_array().unwrap().iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    targets.map(|one| (text(&one["builder"]), text(&one["depth"]))).collect()
}

#[test]
fn the_builders_that_people_copy_are_taken_by_packer_and_plugins() {
    for packer in packers() {
        let project = Project::example();
        if equip(&project, &packer).is_none() {
            return;
        }
        let targets = BUILDERS.map(|(builder, ..)| builder).join(",");
        for env in ["dev", "prod"] {
            let seen = looked_at(&project.ok(&[
                "validate",
                "--env",
                env,
                "--targets",
                &targets,
                "--format",
                "json",
            ]));
            for (builder, ..) in BUILDERS {
                assert!(seen.contains(&(builder.to_owned(), "full".to_owned())), "{env} {builder}: {seen:?}");
            }
        }
        // A mistake in what only the plugin knows is found: it is really asked.
        project.edit("templates/linux/aws/base/base.pkr.hcl", "ami_name ", "amy_name ");
        let refused = project.run(&["validate", "--targets", "linux.aws.base"]).expect(1);
        assert!(refused.stdout.contains("amy_name"), "{}", refused.stdout);
        for (builder, platform, plugin) in BUILDERS {
            report(
                platform,
                plugin,
                &packer,
                How::Syntax,
                &format!("`{builder}` of the example, every option known to the plugin"),
            );
        }
    }
}

#[test]
fn what_init_makes_is_taken_by_packer_and_plugins() {
    for packer in packers() {
        for (platform, name, plugin_name) in [
            ("qemu", "QEMU", "qemu"),
            ("vsphere", "vSphere", "vsphere"),
            ("azure", "Azure", "azure"),
            ("aws", "AWS", "amazon"),
            ("docker", "Docker", "docker"),
            ("proxmox", "Proxmox", "proxmox"),
        ] {
            let project = Project::bare();
            project.ok(&["init", "--platforms", platform]);
            if equip(&project, &packer).is_none() {
                return;
            }
            let seen = looked_at(&project.ok(&["validate", "--format", "json"]));
            assert_eq!(seen.len(), 1, "{platform}: {seen:?}");
            assert_eq!(seen[0].1, "full", "{platform}: {seen:?}");
            report(name, plugin_name, &packer, How::Syntax, "what `hybrid init` makes");
        }
    }
}
