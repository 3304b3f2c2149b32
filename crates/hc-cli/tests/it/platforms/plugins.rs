//! Real plugins beside real packers: installed, constrained, locked, refused, counted (SRC-6, PKR-7, PKR-8).

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::results::{How, packer_version, plugin_version, report};
use super::{packers, plugin, skipped};
use crate::project::{Project, Ran};

const QEMU: &str = "github.com/hashicorp/qemu";
const BUILDER: &str = "linux.qemu.disk";

/// What a turn has: a packer, and the plugin of qemu in two versions.
struct Given {
    packer: PathBuf,
    new: (PathBuf, String),
    old: (PathBuf, String),
}

/// One turn for each packer that installs plugins from files; none where something is missing.
fn turns() -> Vec<Given> {
    let old = std::env::var_os("HYBRID_TEST_PLUGINS_OLD").unwrap_or_default();
    let old = Path::new(&old).join("qemu/packer-plugin-qemu");
    let (Some(new), true) = (plugin("qemu"), old.is_file()) else {
        skipped("HYBRID_TEST_PLUGINS and HYBRID_TEST_PLUGINS_OLD have no two versions of qemu");
        return Vec::new();
    };
    let version = |program: &PathBuf| plugin_version(program).unwrap();
    let (new, old) = ((new.clone(), version(&new)), (old.clone(), version(&old)));
    assert_ne!(new.1, old.1);
    let modern = packers().into_iter().filter(|packer| installs_files(packer));
    modern.map(|packer| Given { packer, new: new.clone(), old: old.clone() }).collect()
}

/// Whether a packer installs plugins from files: 1.11 and newer.
fn installs_files(packer: &Path) -> bool {
    let version = packer_version(packer);
    let parts: Vec<u64> = version.split('.').map(|part| part.parse().unwrap_or(0)).collect();
    parts.get(..2) >= Some(&[1, 11])
}

/// A project with one builder of a qemu disk, which asks for its plugin as `asks` says.
fn project(packer: &Path, asks: &str) -> Project {
    let project = Project::empty();
    let binary = packer.display();
    project.write(
        "hybrid.toml",
        &format!("[project]\nname = \"test\"\n\n[packer]\nbinary = \"{binary}\"\nplugin_path = \"plugins\"\nretries = 0\n"),
    );
    project.write("configs/overlays/dev.pkrvars.hcl", "");
    // With a shared layer the stage is composed, and packer is told what builder.toml asks for.
    project.write("templates/platforms/qemu.pkr.hcl", "");
    project.write("templates/linux/qemu/disk/builder.toml", asks);
    project.write(
        "templates/linux/qemu/disk/disk.pkr.hcl",
        "source \"qemu\" \"disk\" {\n  accelerator  = \"none\"\n  communicator = \"none\"\n  disk_image   = true\n  \
         iso_url      = \"disk.qcow2\"\n  iso_checksum = \"none\"\n}\n\nbuild {\n  sources = [\"source.qemu.disk\"]\n}\n",
    );
    project
}

fn asks(constraint: &str) -> String {
    format!("[plugins]\n\"{QEMU}\" = \"{constraint}\"\n")
}

/// Installs a plugin beside others, by packer alone.
fn by_packer(project: &Project, packer: &Path, program: &Path, source: &str) {
    let mut install = Command::new(packer);
    install.args(["plugins", "install", "--path"]).arg(program).arg(source);
    install.env_clear().env("HOME", project.root()).env("PATH", std::env::var_os("PATH").unwrap());
    install.env("PACKER_PLUGIN_PATH", project.path("plugins")).env("CHECKPOINT_DISABLE", "1");
    let output = install.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

fn install(project: &Project, program: &Path) -> Ran {
    project.run(&["packer", "plugins", "install", "--from", program.to_str().unwrap()])
}

/// Version and verdict of each row.
fn rows(project: &Project) -> Vec<(Option<String>, String)> {
    let status = project.ok(&["packer", "plugins", "status", "--format", "json"]).json();
    let row = |row: &Value| {
        (row["installed"].as_str().map(str::to_owned), row["verdict"].as_str().unwrap().to_owned())
    };
    status["result"]["plugins"].as_array().unwrap().iter().map(row).collect()
}

/// How the one target was validated, with the note.
fn validated(project: &Project) -> (String, String) {
    let validated = project.ok(&["validate", "--format", "json"]).json();
    let target = &validated["result"]["targets"][0];
    (target["depth"].to_string(), target["note"].to_string())
}

/// The installed binary of a version.
fn installed(project: &Project, version: &str) -> PathBuf {
    let platform = hc_packer::Platform::of_this_program();
    project.path("plugins").join(QEMU).join(format!("packer-plugin-qemu_v{version}_x5.0_{platform}"))
}

/// Whether the builder's inputs are those that were validated.
fn is_trusted(project: &Project, builder: &str) -> bool {
    let plan = project.ok(&["plan", "--targets", builder, "--format", "json"]).json();
    plan["result"]["targets"][0]["trusted"].as_bool().unwrap()
}

/// A build is refused, and says that this input is new.
fn drifted(project: &Project, input: &str) {
    project.run(&["build"]).expect(1).says("error[DriftDetected]").says(&format!("added {input}"));
}

#[test]
fn a_compiled_plugin_is_installed_locked_and_then_the_only_one() {
    for Given { packer, new, old } in turns() {
        let project = project(&packer, &asks(">= 1.0.0"));
        assert_eq!(rows(&project), [(None, "missing".to_owned())]);
        let (depth, note) = validated(&project);
        assert!(depth.contains("syntax") && note.contains(&format!("{QEMU} >= 1.0.0")), "{depth} {note}");

        install(&project, &old.0).expect(0);
        assert_eq!(rows(&project), [(Some(old.1.clone()), "not locked".to_owned())]);
        project.ok(&["packer", "plugins", "lock"]);
        assert_eq!(rows(&project), [(Some(old.1.clone()), "as locked".to_owned())]);
        assert!(validated(&project).0.contains("full"), "packer looked at the source's options");
        let state = project.read("state/packer-hybrid.json");
        assert!(state.contains(QEMU) && state.contains(&format!("\"version\": \"{}\"", old.1)), "{state}");
        assert!(is_trusted(&project, BUILDER));

        // What nobody locked is not even asked for its version.
        install(&project, &new.0).expect(3).says("error[PluginDiffers]").says("plugins.lock has sha256:");
        assert!(!installed(&project, &new.1).exists());
        // Packer would start the newer one that lies beside it.
        by_packer(&project, &packer, &new.0, QEMU);
        assert_eq!(rows(&project), [(Some(new.1.clone()), "differs".to_owned())]);
        assert!(!is_trusted(&project, BUILDER));
        let said = format!("has version {}, plugins.lock has version {}", new.1, old.1);
        project.run(&["build"]).expect(3).says("error[PluginDiffers]").says(&said);
        project.run(&["validate"]).expect(3).says("error[PluginDiffers]").says(&said);
        std::fs::remove_file(installed(&project, &new.1)).unwrap();
        assert!(is_trusted(&project, BUILDER));
        report(
            "QEMU",
            "qemu",
            &packer,
            How::Syntax,
            "plugins installed from binaries, locked, another version refused",
        );
    }
}

#[test]
fn another_version_is_drift_without_a_lock_and_constraints_choose() {
    for Given { packer, new, old } in turns() {
        let project = project(&packer, &asks(&format!("<= {}", old.1)));
        install(&project, &old.0).expect(0);
        by_packer(&project, &packer, &new.0, QEMU);
        assert_eq!(rows(&project)[0].0.as_ref(), Some(&old.1), "the newest that fits");
        project.ok(&["validate"]);

        // The same template with the other binary is not what was validated.
        project.write("templates/linux/qemu/disk/builder.toml", &asks(">= 1.0.0"));
        assert_eq!(rows(&project)[0].0.as_ref(), Some(&new.1));
        drifted(&project, &format!("{QEMU} {}", new.1));
        project.ok(&["validate"]);
        std::fs::remove_file(installed(&project, &new.1)).unwrap();
        let refused = project.run(&["build"]).expect(1).says("error[DriftDetected]");
        assert!(refused.stderr.contains(&new.1), "{}", refused.stderr);

        // Two builders may take different versions; one lock has one of them.
        by_packer(&project, &packer, &new.0, QEMU);
        let template =
            project.read("templates/linux/qemu/disk/disk.pkr.hcl").replace("\"disk\"", "\"other\"");
        project
            .write("templates/linux/qemu/other/other.pkr.hcl", &template.replace("qemu.disk", "qemu.other"));
        project.write("templates/linux/qemu/other/builder.toml", &asks(&format!("= {}", old.1)));
        let both = [&old.1, &new.1].map(|version| (Some(version.clone()), "not locked".to_owned()));
        assert_eq!(rows(&project), both);
        project.ok(&["validate"]);
        assert!(is_trusted(&project, BUILDER) && is_trusted(&project, "linux.qemu.other"));
        project.write("templates/linux/qemu/disk/builder.toml", &asks(&format!("= {}", new.1)));
        project
            .run(&["packer", "plugins", "lock"])
            .expect(1)
            .says("error[PluginInvalid]")
            .says("in a version that all builders take");
        report(
            "QEMU",
            "qemu",
            &packer,
            How::Syntax,
            "two versions side by side: constraints choose, another binary is drift",
        );
    }
}

#[test]
fn a_constraint_that_nothing_meets_is_told_before_packer_runs_in_vain() {
    for Given { packer, new, old } in turns() {
        let project = project(&packer, &asks(&format!("> {}", old.1)));
        install(&project, &old.0)
            .expect(1)
            .says("error[PluginInvalid]")
            .says(&format!("it is version {}, builders ask for > {}", old.1, old.1));
        assert_eq!(rows(&project), [(None, "missing".to_owned())]);
        let (depth, note) = validated(&project);
        assert!(depth.contains("syntax") && note.contains(&format!("{QEMU} > {}", old.1)), "{depth} {note}");
        let elsewhere = project.path("packer-plugin-docker");
        std::fs::copy(&new.0, &elsewhere).unwrap();
        install(&project, &elsewhere)
            .expect(1)
            .says("error[PluginInvalid]")
            .says("no plugin that a builder asks for");
        install(&project, &new.0).expect(0);
        assert_eq!(rows(&project)[0].0.as_ref(), Some(&new.1));
        // The same with the block of a template instead of builder.toml.
        project.write("templates/linux/qemu/disk/builder.toml", "");
        project.write(
            "templates/linux/qemu/disk/plugins.pkr.hcl",
            &format!("packer {{\n  required_plugins {{\n    qemu = {{\n      version = \"> {}\"\n      source  = \"{QEMU}\"\n    }}\n  }}\n}}\n", new.1),
        );
        assert_eq!(rows(&project), [(None, "missing".to_owned())]);
        assert!(validated(&project).1.contains(&format!("{QEMU} > {}", new.1)));
        report("QEMU", "qemu", &packer, How::Syntax, "`required_plugins` that nothing meets are named");
    }
}

#[test]
fn packer_in_place_is_told_by_the_template_alone() {
    for Given { packer, new, old } in turns() {
        let project = project(&packer, &asks(&format!("<= {}", old.1)));
        std::fs::remove_file(project.path("templates/platforms/qemu.pkr.hcl")).unwrap();
        by_packer(&project, &packer, &old.0, QEMU);
        project.ok(&["validate"]);
        by_packer(&project, &packer, &new.0, QEMU);
        assert_eq!(rows(&project)[0].0.as_ref(), Some(&new.1), "what packer starts");
        let path = installed(&project, &new.1).display().to_string();
        project
            .run(&["validate"])
            .expect(1)
            .says("error[PluginInvalid]")
            .says(&format!("packer would start {path} where builder.toml asks for {QEMU} <= {}", old.1));
        project.write(
            "templates/linux/qemu/disk/plugins.pkr.hcl",
            &format!("packer {{\n  required_plugins {{\n    qemu = {{\n      version = \"<= {}\"\n      source  = \"{QEMU}\"\n    }}\n  }}\n}}\n", old.1),
        );
        project.ok(&["validate"]);
        assert_eq!(rows(&project)[0].0.as_ref(), Some(&old.1));
        report(
            "QEMU",
            "qemu",
            &packer,
            How::Syntax,
            "a template in place gets the plugin that it asks for itself",
        );
    }
}

#[test]
fn a_plugin_that_nobody_asks_for_counts_where_packer_starts_it() {
    for Given { packer, new, old } in turns() {
        let project = project(&packer, "");
        by_packer(&project, &packer, &old.0, QEMU);
        let status = project.ok(&["packer", "plugins", "status", "--format", "json"]).json();
        let row = &status["result"]["plugins"][0];
        assert_eq!(
            (row["source"].as_str(), row["asked_for"].as_bool()),
            (Some(QEMU), Some(false)),
            "{status}"
        );
        project.ok(&["validate"]);
        let state = project.read("state/packer-hybrid.json");
        assert!(state.contains(QEMU) && state.contains(&format!("\"version\": \"{}\"", old.1)), "{state}");
        by_packer(&project, &packer, &new.0, QEMU);
        drifted(&project, &format!("{QEMU} {}", new.1));

        // It is locked and refused like those that are asked for.
        project.ok(&["packer", "plugins", "lock"]);
        project.ok(&["validate"]);
        project.write("plugins.lock", "schema = 1\n");
        project.run(&["validate"]).expect(1).says("error[PluginNotLocked]").says(QEMU);
        report(
            "QEMU",
            "qemu",
            &packer,
            How::Syntax,
            "a plugin that nothing asks for is an input, locked and recorded",
        );
    }
}

#[test]
fn what_packer_passes_over_is_not_taken_for_the_plugin() {
    for Given { packer, new, old } in turns() {
        let project = project(&packer, &asks(">= 1.0.0"));
        by_packer(&project, &packer, &old.0, QEMU);
        by_packer(&project, &packer, &new.0, QEMU);
        let note = PathBuf::from(format!("{}_SHA256SUM", installed(&project, &new.1).display()));
        let noted = std::fs::read_to_string(&note).unwrap();
        std::fs::remove_file(&note).unwrap();
        assert_eq!(rows(&project)[0].0.as_ref(), Some(&old.1), "packer has no checksum of the newer one");
        std::fs::write(&note, noted.replace(|one: char| one.is_ascii_digit(), "0")).unwrap();
        project.run(&["validate"]).expect(1).says("error[PluginInvalid]").says("packer passes over it");
        project.run(&["packer", "plugins", "install", "--from", new.0.to_str().unwrap()]).expect(0);
        project.ok(&["validate"]);
        report(
            "QEMU",
            "qemu",
            &packer,
            How::Syntax,
            "a plugin whose checksum is missing or wrong is not taken",
        );
    }
}

#[test]
fn a_development_build_is_another_version() {
    for Given { packer, new, .. } in turns() {
        let project = project(&packer, &asks(">= 1.0.0"));
        // The real one, which says of itself that it is a development build of the next version.
        let (core, next) = (new.1.rsplit_once('.').unwrap().0, "99-dev");
        let dev = format!("{core}.{next}");
        let script = format!(
            "#!/bin/sh\nif [ \"$1\" = describe ]; then '{real}' describe | sed 's/\"version\":\"[^\"]*\"/\"version\":\"{dev}\"/'; else exec '{real}' \"$@\"; fi\n",
            real = new.0.display()
        );
        project.write("bin/packer-plugin-qemu", &script);
        by_packer(&project, &packer, &new.0, QEMU);
        install(&project, &project.path("bin/packer-plugin-qemu")).expect(0);
        assert_eq!(rows(&project), [(Some(dev.clone()), "not locked".to_owned())]);
        project.ok(&["packer", "plugins", "lock"]);
        assert!(project.read("plugins.lock").contains(&format!("version = \"{dev}\"")));
        assert!(validated(&project).0.contains("full"));
        assert!(project.read("state/packer-hybrid.json").contains(&format!("\"version\": \"{dev}\"")));
        // The lock names the build, so the release of any version is not it.
        std::fs::remove_file(installed(&project, &dev)).unwrap();
        let said = format!("has version {}, plugins.lock has version {dev}", new.1);
        project.run(&["validate"]).expect(3).says("error[PluginDiffers]").says(&said);
        report("QEMU", "qemu", &packer, How::Syntax, "development builds are locked and told as such");
    }
}

#[test]
fn an_old_packer_says_by_name_what_it_cannot() {
    let Some(program) = plugin("qemu") else { return };
    let old = packer_of_path();
    let Some(old) = old.filter(|packer| !installs_files(packer)) else {
        return skipped("the packer on PATH is not older than 1.11");
    };
    let project = project(&old, &asks(">= 1.0.0"));
    install(&project, &program)
        .expect(1)
        .says("error[PackerTooOld]")
        .says("cannot install plugins from files");
    let plugins = project.run(&["packer", "plugins", "install"]).expect(1);
    assert!(plugins.stderr.contains("brings its plugins along"), "{}", plugins.stderr);
    // What is bundled is used, and what lies in the directory of plugins does not count.
    project.write("templates/linux/qemu/disk/builder.toml", &asks(">= 1.0.0"));
    project.ok(&["validate"]);
    project.write(
        "templates/linux/qemu/disk/plugins.pkr.hcl",
        &format!("packer {{\n  required_plugins {{\n    qemu = {{\n      version = \">= 1.0.0\"\n      source  = \"{QEMU}\"\n    }}\n  }}\n}}\n"),
    );
    project.run(&["validate"]).expect(1).says("error[PackerTooOld]").says("does not know `required_plugins`");
    report(
        "QEMU",
        "qemu",
        &old,
        How::Syntax,
        "an old packer says by name what it cannot: `required_plugins`, installing",
    );
}

/// The packer on `PATH`.
fn packer_of_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join("packer")).find(|program| program.is_file())
}
