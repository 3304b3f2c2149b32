//! Real plugins beside real packers: installed, locked, refused, counted (SRC-6, PKR-8).

use super::results::{How, packer_version, plugin_version, report};
use super::{packers, plugin, project};

/// The first version of packer that installs plugins from files.
fn installs_files(packer: &std::path::Path) -> bool {
    let version = packer_version(packer);
    let mut parts = version.split('.').map(|part| part.parse::<u64>().unwrap_or(0));
    (parts.next(), parts.next()) >= (Some(1), Some(11))
}

#[test]
fn what_packer_would_start_is_what_is_shown() {
    let Some(program) = plugin("amazon") else { return };
    for packer in packers().into_iter().filter(|packer| installs_files(packer)) {
        let Some(project) = project(&packer, &["amazon"]) else { return };
        project.write(
            "templates/linux/amazon/base/builder.toml",
            "[plugins]\n\"github.com/hashicorp/amazon\" = \">= 1.0.0\"\n",
        );
        project
            .write("hybrid.toml", &(project.read("hybrid.toml") + "\n[naming]\namazon = [\"amazon-ebs\"]\n"));
        project.write(
            "templates/linux/amazon/base/base.pkr.hcl",
            "source \"amazon-ebs\" \"base\" {}\n\nbuild {\n  sources = [\"source.amazon-ebs.base\"]\n}\n",
        );
        let status = project.ok(&["packer", "plugins", "status", "--format", "json"]).json();
        let shown = &status["result"]["plugins"][0];
        assert_eq!(shown["installed"].as_str().map(str::to_owned), plugin_version(&program), "{status}");
        assert_eq!(shown["verdict"], "not locked", "{status}");
        report("AWS", "amazon", &packer, How::Syntax, "the installed plugin is found");
    }
}
