//! `packer upgrade-check` between packers that really differ (PKR-12).

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::results::{How, packer_version, report};
use super::{packers, skipped};
use crate::project::Project;

/// Every packer before 1.16 of those at hand, each with the newest from 1.16 on.
fn pairs() -> Vec<(PathBuf, PathBuf)> {
    let number = |packer: &Path| -> Vec<u64> {
        packer_version(packer).split('.').map(|part| part.parse().unwrap_or(0)).collect()
    };
    let (new, old): (Vec<_>, Vec<_>) =
        packers().into_iter().partition(|packer| number(packer) >= vec![1, 16]);
    let Some(newest) = new.into_iter().max_by_key(|packer| number(packer)).filter(|_| !old.is_empty()) else {
        skipped("HYBRID_TEST_PACKERS has no packer before 1.16 beside one from 1.16 on");
        return Vec::new();
    };
    old.into_iter().map(|packer| (packer, newest.clone())).collect()
}

/// A builder of a file with this content.
fn builder(project: &Project, name: &str, before: &str, content: &str) {
    project.write(
        &format!("templates/linux/file/{name}/{name}.pkr.hcl"),
        &format!(
            "{before}variable \"hybrid_output_dir\" {{\n  type    = string\n  default = \"output\"\n}}\n\n\
             source \"file\" \"{name}\" {{\n  content = {content}\n  target  = \"${{var.hybrid_output_dir}}/{name}\"\n}}\n\n\
             build {{\n  sources = [\"source.file.{name}\"]\n}}\n"
        ),
    );
}

fn step<'a>(report: &'a Value, name: &str, step: &str) -> &'a Value {
    let targets = report["result"]["targets"].as_array().unwrap();
    let target = targets.iter().find(|one| one["builder"] == format!("linux.file.{name}")).unwrap();
    target["steps"].as_array().unwrap().iter().find(|one| one["name"] == step).unwrap()
}

fn is_same(report: &Value, name: &str) -> bool {
    ["fmt", "validate", "build"].iter().all(|one| step(report, name, one)["same"] == true)
}

#[test]
fn what_really_differs_is_shown_with_who_has_to_agree() {
    for (from, to) in pairs() {
        let project = Project::empty();
        project.write("configs/overlays/dev.pkrvars.hcl", "");
        builder(&project, "plain", "", "\"the same\"");
        let optional = "variable \"disk\" {\n  type    = object({ size = string, name = optional(string, \"root\") })\n  default = { size = \"8G\" }\n}\n\n";
        builder(&project, "optional", optional, "var.disk.name");
        builder(&project, "parsed", "", "unix_timestamp_parse(0)[\"rfc3339\"]");
        builder(&project, "version", "", "\"built by ${packer.version}\"");
        let (old, new) = (from.to_str().unwrap(), to.to_str().unwrap());
        let check = ["packer", "upgrade-check", "--from", old, "--to", new, "--smoke", "linux.file"];
        let document = project.ok(&[&check[..], &["--format", "json"]].concat()).json();

        assert!(is_same(&document, "plain"), "{document:#}");
        for (name, said) in [("optional", "ptional attribute"), ("parsed", "unix_timestamp_parse")] {
            let validated = step(&document, name, "validate");
            assert_eq!(
                (validated["from"].as_str(), validated["to"].as_str()),
                (Some("refused"), Some("valid")),
                "{name}"
            );
            assert!(validated["only_from"].to_string().contains(said), "{validated:#}");
            assert_eq!(step(&document, name, "build")["to"], "success");
        }
        // Both succeed, and make two images.
        let built = step(&document, "version", "build");
        assert_eq!(
            (built["from"].as_str(), built["to"].as_str(), built["same"].as_bool()),
            (Some("success"), Some("success"), Some(false))
        );
        assert_eq!(
            (built["only_from"].as_array().unwrap().len(), built["only_to"].as_array().unwrap().len()),
            (1, 1)
        );
        let sign_offs = document["result"]["sign_offs"].to_string();
        assert!(
            sign_offs.contains(&format!(
                "packer {} instead of {}",
                packer_version(&to),
                packer_version(&from)
            )),
            "{sign_offs}"
        );
        assert!(
            sign_offs
                .contains("owner of linux.file.optional: validate: refused → valid; build: config → success"),
            "{sign_offs}"
        );
        assert!(
            sign_offs
                .contains("owner of linux.file.version: build: success under both, but makes something else"),
            "{sign_offs}"
        );
        assert!(!sign_offs.contains("linux.file.plain"), "{sign_offs}");

        // The other way round the new one refuses, which is what the exit code says.
        let back = ["packer", "upgrade-check", "--from", new, "--to", old, "--targets", "optional"];
        let worse = project.run(&back).expect(1);
        assert!(worse.stdout.contains("worse"), "{}", worse.stdout);
        project.ok(&["packer", "upgrade-check", "--from", new, "--to", old, "--targets", "plain"]);
        for packer in [&from, &to] {
            report(
                "Files",
                "core",
                packer,
                How::Built,
                "`upgrade-check`: what only one of two packers knows, and what makes another image",
            );
        }
    }
}

#[test]
fn a_warning_of_one_packer_is_a_difference() {
    let Some(path) = std::env::var_os("PATH") else { return };
    let old = std::env::split_paths(&path).map(|dir| dir.join("packer")).find(|program| program.is_file());
    let (Some(old), Some(new)) = (old, packers().pop()) else { return };
    if packer_version(&old) == packer_version(&new) {
        return skipped("the packer on PATH is the newest of HYBRID_TEST_PACKERS");
    }
    let project = Project::empty();
    project.write("configs/overlays/dev.pkrvars.hcl", "");
    builder(&project, "plain", "", "\"the same\"");
    builder(&project, "warned", "", "\"the same\"");
    // Each says in its own words that nobody declares the variable.
    project.write("templates/linux/file/warned/more.auto.pkrvars.hcl", "nobody_declares = \"x\"\n");
    let (old, new) = (old.to_str().unwrap(), new.to_str().unwrap());
    let document =
        project.ok(&["packer", "upgrade-check", "--from", old, "--to", new, "--format", "json"]).json();
    let validated = step(&document, "warned", "validate");
    assert_eq!((validated["from"].as_str(), validated["to"].as_str()), (Some("valid"), Some("valid")));
    assert!(validated["only_to"].to_string().contains("nobody_declares"), "{validated:#}");
    assert_eq!(step(&document, "plain", "validate")["same"], true, "{document:#}");
    let sign_offs = document["result"]["sign_offs"].to_string();
    assert!(
        sign_offs.contains("owner of linux.file.warned: validate: valid under both, but says something else"),
        "{sign_offs}"
    );
    report("Files", "core", Path::new(new), How::Built, "`upgrade-check`: a warning in other words");
}

#[test]
fn plugins_that_are_no_longer_bundled_are_a_difference() {
    let Some(path) = std::env::var_os("PATH") else { return };
    let old = std::env::split_paths(&path).map(|dir| dir.join("packer")).find(|program| program.is_file());
    let Some(old) = old.filter(|packer| packer_version(packer).starts_with("1.6.")) else {
        return skipped("the packer on PATH brings no plugins along");
    };
    for new in packers() {
        let Some(project) = super::project(&new, &["qemu"]) else { return };
        project.write("templates/platforms/qemu.pkr.hcl", "");
        project.write(
            "templates/linux/qemu/disk/builder.toml",
            "[plugins]\n\"github.com/hashicorp/qemu\" = \">= 1.0.0\"\n",
        );
        project.write(
            "templates/linux/qemu/disk/disk.pkr.hcl",
            "source \"qemu\" \"disk\" {\n  communicator = \"none\"\n  iso_url      = \"disk.iso\"\n  iso_checksum = \"none\"\n}\n\nbuild {\n  sources = [\"source.qemu.disk\"]\n}\n",
        );
        let both = ["--from", old.to_str().unwrap(), "--to", new.to_str().unwrap()];
        let shown = project.ok(&[&["packer", "upgrade-check"], &both[..]].concat()).stdout;
        assert!(shown.contains("plugins   differs  bundled"), "{shown}");
        assert!(shown.contains("linux.qemu.disk plugins: + github.com/hashicorp/qemu 1."), "{shown}");
        assert!(shown.contains("security: plugins come from elsewhere than the packer binary"), "{shown}");
        report(
            "QEMU",
            "qemu",
            &new,
            How::Syntax,
            "`upgrade-check` from a packer that brings its plugins along",
        );
    }
}
