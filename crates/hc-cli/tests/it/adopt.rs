//! `hybrid init --adopt`: repositories of the shapes that people have, mapped without changing a file (issue 5).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::project::Project;

const NULL: &str = r#"variable "who" {
  type = string
}

source "null" "NAME" {
  communicator = "none"
}

build {
  sources = ["source.null.NAME"]

  provisioner "shell-local" {
    inline = ["echo ${var.who}"]
  }
}
"#;

/// Nested by operating system, distribution and version; shared var files above, of which two are only examples.
fn nested() -> Project {
    let project = Project::bare();
    for (dir, name) in [("linux/debian/12", "linux-debian"), ("linux/ubuntu/24-04-lts", "linux-ubuntu")] {
        let text = NULL.replace("NAME", name)
            + "\nvariable \"site\" {\n  type = string\n}\n\nvariable \"password\" {\n  type      = string\n  sensitive = true\n}\n";
        project.write(&format!("builds/{dir}/{name}.pkr.hcl"), &text);
        project.write(&format!("builds/{dir}/{name}.pkrvars.hcl.example"), "who = \"from the example\"\n");
    }
    project.write("builds/site.pkrvars.hcl.example", "site     = \"sfo\"\npassword = \"example\"\n");
    project.write("builds/unrelated.pkrvars.hcl", "nobody_declares_this = 1\n");
    project.write("builds/linux/debian/12/data/ks.pkrtpl.hcl", "${not} hcl { at all\n");
    project.write("legacy/centos.json.tmpl", r#"{"builders": [{"type": "qemu"}], "provisioners": []}"#);
    project.write("package.json", r#"{"name": "no template"}"#);
    project.write("plugins/plugins.pkr.hcl", "packer {\n  required_version = \">= 1.6.0\"\n}\n");
    project
}

fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut dirs = vec![root.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else {
                found.insert(path.strip_prefix(root).unwrap().to_owned(), std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

pub(crate) fn adopt(project: &Project) -> Value {
    project.ok(&["init", "--adopt", "--format", "json"]).json()["result"].clone()
}

pub(crate) fn ids(report: &Value) -> Vec<&str> {
    report["builders"].as_array().unwrap().iter().map(|builder| builder["id"].as_str().unwrap()).collect()
}

#[track_caller]
pub(crate) fn reason<'a>(report: &'a Value, path: &str) -> &'a str {
    let unmapped = report["unmapped"].as_array().unwrap();
    let one = unmapped.iter().find(|one| one["path"] == path);
    one.unwrap_or_else(|| panic!("{path} is not in {unmapped:#?}"))["reason"].as_str().unwrap()
}

#[test]
fn a_nested_repository_is_mapped_and_everything_works_on_it() {
    let project = nested();
    let before = files(project.root());
    let report = adopt(&project);
    assert_eq!(ids(&report), ["linux.null.debian-12", "linux.null.ubuntu-24-04-lts"]);
    let debian = &report["builders"][0];
    assert_eq!(debian["path"], "builds/linux/debian/12");
    assert_eq!(
        debian["var_files"],
        serde_json::json!(["builds/site.pkrvars.hcl", "builds/linux/debian/12/linux-debian.pkrvars.hcl"])
    );
    assert_eq!(report["examples"].as_array().unwrap().len(), 3);
    assert!(reason(&report, "legacy/centos.json.tmpl").contains("legacy JSON"));
    assert!(reason(&report, "plugins").contains("no source block"));
    assert!(reason(&report, "builds/unrelated.pkrvars.hcl").contains("no template"));

    let mut after = files(project.root());
    assert!(after.remove(Path::new("hybrid.toml")).is_some());
    assert_eq!(before, after, "adopting changed more than hybrid.toml");

    let listed = project.ok(&["templates", "list", "--format", "json"]).json();
    assert_eq!(listed["result"]["builders"].as_array().unwrap().len(), 2);
    project.ok(&["plan"]);
    project.ok(&["fmt", "--check"]);
    let checked = project.ok(&["validate", "--format", "json"]).json();
    for target in checked["result"]["targets"].as_array().unwrap() {
        assert_eq!(target["valid"], true, "{target:#}");
    }
    project.ok(&["config", "render"]);
    let rendered = project.read("configs/dev/linux.null.debian-12.auto.pkrvars.hcl");
    assert!(rendered.contains("from the example"), "{rendered}");
    project.ok(&["build", "--targets", "linux.null.debian-12"]);

    // Adopting anew sees the same, whatever hybrid has written meanwhile.
    project.write("configs/overlays/dev.pkrvars.hcl", "who = \"overlay\"\n");
    std::fs::remove_file(project.path("hybrid.toml")).unwrap();
    assert_eq!(adopt(&project)["builders"], report["builders"]);
}

#[test]
fn a_copied_example_takes_over_without_a_change_of_the_mapping() {
    let project = nested();
    adopt(&project);
    project.ok(&["plan"]).says("warning[ExampleValues]");
    project.write("builds/linux/debian/12/linux-debian.pkrvars.hcl", "who = \"mine\"\n");
    let shown = project.ok(&["config", "show", "--targets", "linux.null.debian-12", "--explain", "who"]);
    assert!(shown.stdout.contains("mine") && !shown.stdout.contains("example"), "{}", shown.stdout);
}

#[test]
fn one_template_with_a_var_file_per_image_is_a_builder_per_image_and_source() {
    let project = Project::bare();
    project.write(
        "packer_templates/sources.pkr.hcl",
        r#"source "null" "vm" {
  communicator = "none"
}

source "file" "vm" {
  content = var.os_name
  target  = "out.txt"
}

source "qemu" "vm" {
  iso_url      = "x"
  iso_checksum = "none"
}
"#,
    );
    project.write(
        "packer_templates/builder.pkr.hcl",
        r#"variable "os_name" {
  type = string
}

variable "os_arch" {
  type = string
}

variable "sources_enabled" {
  type    = list(string)
  default = ["source.null.vm", "source.file.vm"]
}

build {
  sources = var.sources_enabled
}
"#,
    );
    for (os, stem, more) in [
        ("debian", "debian-12.4-x86_64", ""),
        ("windows", "windows-11-x86_64", ""),
        ("freebsd", "freebsd-14-aarch64", "sources_enabled = [\"source.null.vm\"]\n"),
    ] {
        let text = format!("os_name = \"{os}\"\nos_arch = \"any\"\n{more}");
        project.write(&format!("os_pkrvars/{os}/{stem}.pkrvars.hcl"), &text);
    }
    let report = adopt(&project);
    assert_eq!(
        ids(&report),
        [
            "freebsd.null.14-aarch64",
            "linux.file.debian-12-4-x86-64",
            "linux.null.debian-12-4-x86-64",
            "windows.file.11-x86-64",
            "windows.null.11-x86-64",
        ]
    );
    assert_eq!(report["builders"][1]["only"], "file.vm");
    assert_eq!(report["builders"][1]["var_files"].as_array().unwrap().len(), 1);
    // Packer 1.6 takes no variable in `sources`, so only hybrid looks at it here.
    let planned = project.ok(&["plan", "--format", "json"]);
    assert!(!planned.stderr.contains("BadSource"), "{}", planned.stderr);
    assert_eq!(planned.json()["result"]["targets"].as_array().unwrap().len(), 5);
}

#[test]
fn sibling_var_files_go_where_their_names_and_variables_point() {
    let project = Project::bare();
    for os in ["ubuntu", "windows"] {
        project.write(&format!("templates/{os}/main.pkr.hcl"), &NULL.replace("NAME", "main"));
        project.write(&format!("vars/{os}.pkrvars.hcl"), &format!("who = \"{os}\"\n"));
    }
    project.write("vars/common.pkrvars.hcl", "who = \"all\"\n");
    project.write("vars/prod.pkrvars.hcl", "who = \"prod\"\n");
    let report = adopt(&project);
    assert_eq!(ids(&report), ["linux.null.ubuntu", "windows.null.base"]);
    for (at, os) in ["ubuntu", "windows"].iter().enumerate() {
        assert_eq!(
            report["builders"][at]["var_files"],
            serde_json::json!(["vars/common.pkrvars.hcl", format!("vars/{os}.pkrvars.hcl")])
        );
    }
    assert!(reason(&report, "vars/prod.pkrvars.hcl").contains("environment `prod`"));
    // The layout below templates/ is not hybrid's; the mapping speaks for it.
    let listed = project.ok(&["templates", "list"]);
    assert!(!listed.stderr.contains("BadBuilderName"), "{}", listed.stderr);
    project.ok(&["validate"]);
}

#[test]
fn named_builds_and_several_sources_of_one_platform_stay_apart() {
    let project = Project::bare();
    project.write(
        "images/rhel9/rhel.pkr.hcl",
        r#"source "null" "rhel-small" {
  communicator = "none"
}

source "null" "rhel-large" {
  communicator = "none"
}

build {
  name    = "all"
  sources = ["source.null.rhel-small", "null.rhel-large"]
}
"#,
    );
    let report = adopt(&project);
    assert_eq!(ids(&report), ["linux.null.rhel9-rhel-large", "linux.null.rhel9-rhel-small"]);
    assert_eq!(report["builders"][0]["only"], "all.null.rhel-large");
    project.ok(&["validate"]);
    let built = project.ok(&["build", "--targets", "linux.null.rhel9-rhel-small"]);
    assert!(!built.stdout.contains("rhel-large"), "{}", built.stdout);
}

#[test]
fn named_builds_of_one_source_are_builders_of_their_own() {
    let project = Project::bare();
    project.write(
        "images/ubuntu/templates/source.pkr.hcl",
        "source \"null\" \"image\" {\n  communicator = \"none\"\n}\n",
    );
    for version in ["22_04", "24_04"] {
        project.write(
            &format!("images/ubuntu/templates/build.ubuntu-{version}.pkr.hcl"),
            &format!(
                "build {{\n  name    = \"ubuntu-{version}\"\n  sources = [\"source.null.image\"]\n\n  provisioner \"shell-local\"                  {{\n    inline = [\"echo this is {version}\"]\n  }}\n}}\n"
            ),
        );
    }
    let report = adopt(&project);
    assert_eq!(ids(&report), ["linux.null.ubuntu-22-04", "linux.null.ubuntu-24-04"]);
    assert_eq!(report["builders"][1]["only"], "ubuntu-24_04.null.image");
    project.ok(&["validate"]);
    let built = project.ok(&["build", "--targets", "linux.null.ubuntu-24-04"]);
    assert!(built.stderr.contains("this is 24_04"), "{}", built.stderr);
    assert!(!built.stderr.contains("this is 22_04"), "{}", built.stderr);
}

#[test]
fn templates_that_stand_alone_in_one_directory_are_built_by_file() {
    let project = Project::bare();
    for name in ["debian", "windows-2022"] {
        let text = NULL.replace("NAME", "machine").replace("echo ", &format!("echo {name} says "));
        project.write(&format!("{name}.pkr.hcl"), &text.replace("type = string", "default = \"hello\""));
    }
    project.write("made/by.tpl.pkrvars.hcl", "who = \"${filled_in_later}\"\n");
    let report = adopt(&project);
    assert_eq!(ids(&report), ["linux.null.debian", "windows.null.2022"]);
    assert_eq!(report["builders"][0]["path"], "debian.pkr.hcl");
    assert!(reason(&report, "made/by.tpl.pkrvars.hcl").contains("not known here"));
    project.ok(&["validate"]);
    let built = project.ok(&["build", "--targets", "linux.null.debian"]);
    assert!(built.stderr.contains("debian says hello"), "{}", built.stderr);
    assert!(!built.stderr.contains("windows-2022 says"), "{}", built.stderr);
}

#[test]
fn what_cannot_be_read_is_named_and_hides_nothing_else() {
    let project = nested();
    project.write("broken/broken.pkr.hcl", "source \"null\" \"x\" {\n  a = = 1\n}\n");
    project.write("empty/empty.pkr.hcl", "source \"null\" \"x\" {\n  communicator = \"none\"\n}\n");
    let report = adopt(&project);
    assert_eq!(ids(&report).len(), 2);
    assert!(reason(&report, "broken").contains("broken/broken.pkr.hcl:2:7"), "{}", reason(&report, "broken"));
    assert!(reason(&report, "empty").contains("no build block"));
}

#[test]
fn a_template_that_lacks_a_value_does_not_stop_its_neighbours() {
    let project = nested();
    project.write("tests/probe/probe.pkr.hcl", &NULL.replace("NAME", "probe"));
    let report = adopt(&project);
    assert_eq!(report["builders"][2]["id"], "other.null.tests-probe");
    assert_eq!(report["builders"][2]["missing"], serde_json::json!(["who"]));
    assert_eq!(report["builders"][0]["missing"], serde_json::json!([]));
    project.ok(&["plan"]).says("warning[MissingVariable]");
    project.ok(&["validate", "--targets", "linux"]);
    project.run(&["validate", "--strict"]).expect(1).says("error[MissingVariable]");
}

#[test]
fn there_must_be_something_to_adopt_and_nothing_is_overwritten() {
    let bare = Project::bare();
    bare.run(&["init", "--adopt"]).expect(1).says("error[NothingToAdopt]");
    bare.write("old/image.json.tmpl", r#"{"builders": [{"type": "qemu"}]}"#);
    bare.run(&["init", "--adopt"]).expect(1).says("old/image.json.tmpl: legacy JSON template that scripts");
    bare.run(&["init", "--adopt", "nowhere"]).expect(1).says("error[NothingToAdopt]");
    let project = nested();
    project.write("hybrid.toml", "# mine\n");
    project.run(&["init", "--adopt"]).expect(1).says("error[WouldOverwrite]");
    assert_eq!(project.read("hybrid.toml"), "# mine\n");
}

#[test]
fn passwords_that_nobody_tracks_or_that_are_public_stop_nothing() {
    let project = nested();
    adopt(&project);
    let git = |args: &[&str]| {
        let done =
            std::process::Command::new("git").arg("-C").arg(project.root()).args(args).output().unwrap();
        assert!(done.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&done.stderr));
    };
    git(&["init", "-q"]);
    // The example holds a password and passes; the real file does not, until git ignores it.
    project.ok(&["validate"]);
    project.write("builds/site.pkrvars.hcl", "site     = \"sfo\"\npassword = \"Tr0ub4dor-and-3\"\n");
    project
        .run(&["validate"])
        .expect(3)
        .says("error[PlaintextSecret]")
        .says("builds/site.pkrvars.hcl:2")
        .says("[[security.allow]]");
    project.write(".gitignore", "*.pkrvars.hcl\n");
    project.ok(&["validate"]);
    project.write(".gitignore", "\n");
    let settings = project.read("hybrid.toml");
    let allow =
        "\n[[security.allow]]\nrule = \"hardcoded-password\"\npath = \"builds/*.pkrvars.hcl\"\nreason = ";
    project.write("hybrid.toml", &format!("{settings}{allow}\"\"\n"));
    project.run(&["validate"]).expect(1).says("has no reason");
    project.write("hybrid.toml", &format!("{settings}{allow}\"public: for throw-away machines\"\n"));
    project.ok(&["validate"]);
}

#[test]
fn a_secret_of_an_overlay_beats_the_var_files_of_the_repository() {
    let mut project = Project::bare();
    project.set_env("IMAGE_PASSWORD", "canary-0815");
    project.write(
        "image/image.pkr.hcl",
        r#"variable "password" {
  type      = string
  sensitive = true
}

variable "size" {
  type = number
}

source "file" "image" {
  content = "${var.size} ${var.password}"
  target  = "out.txt"
}

build {
  sources = ["source.file.image"]
}
"#,
    );
    project.write("image/image.pkrvars.hcl", "size     = 7\npassword = \"xxxxxxxx\"\n");
    adopt(&project);
    project.write("configs/overlays/dev.pkrvars.hcl", "password = env(\"IMAGE_PASSWORD\")\n");
    project.ok(&["validate"]);
    project.ok(&["build"]);
    assert_eq!(project.read("out.txt"), "7 canary-0815");
    std::fs::rename(project.path("image/image.pkrvars.hcl"), project.path("image/image.auto.pkrvars.hcl"))
        .unwrap();
    project.edit("hybrid.toml", "image.pkrvars.hcl", "image.auto.pkrvars.hcl");
    project.run(&["plan"]).expect(1).says("error[SecretBeaten]").says("image/image.auto.pkrvars.hcl:2");
}

#[test]
fn odd_names_become_ids_and_stay_paths() {
    use std::os::unix::ffi::OsStrExt;
    let project = Project::bare();
    let long = "very-long-".repeat(12);
    let odd =
        ["we ird/\u{dc}n\u{ef}code \"quoted\" \\ back", "a/$(touch x)/b", "UPPER_case.v1", &long, "日本"];
    for dir in odd {
        project.write(&format!("{dir}/image.pkr.hcl"), &NULL.replace("NAME", "image"));
        project.write(&format!("{dir}/image.pkrvars.hcl"), "who = \"me\"\n");
    }
    let bytes = project.root().join(std::ffi::OsStr::from_bytes(b"latin-\xe9"));
    std::fs::create_dir(&bytes).unwrap();
    std::fs::write(bytes.join("image.pkr.hcl"), NULL.replace("NAME", "image")).unwrap();
    let report = adopt(&project);
    assert_eq!(ids(&report).len(), odd.len(), "{:#}", report["builders"]);
    assert_eq!(report["unmapped"].as_array().unwrap().len(), 1, "{:#}", report["unmapped"]);
    let listed = project.ok(&["templates", "list", "--format", "json"]).json();
    let mut dirs: Vec<&str> = listed["result"]["builders"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["dir"].as_str().unwrap())
        .collect();
    dirs.sort_unstable();
    let mut expected = odd.to_vec();
    expected.sort_unstable();
    assert_eq!(dirs, expected);
    project.ok(&["validate"]);
}

#[test]
fn packer_runs_where_the_paths_of_a_repository_lead_to_something() {
    let project = Project::bare();
    let template =
        NULL.replace("NAME", "app").replace("inline = [\"echo ${var.who}\"]", "script = \"scripts/a.sh\"");
    project.write("images/app/app.pkr.hcl", &template.replace("type = string", "default = \"x\""));
    project.write("images/app/scripts/a.sh", "#!/bin/sh\ntouch scripts/ran\n");
    let script = project.path("images/app/scripts/a.sh");
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    adopt(&project);
    assert!(
        project.read("hybrid.toml").contains("workdir = \"images/app\""),
        "{}",
        project.read("hybrid.toml")
    );
    project.ok(&["validate"]);
    project.ok(&["build"]);
    assert!(project.path("images/app/scripts/ran").exists());
    project.edit("images/app/scripts/a.sh", "touch", "touch -c");
    project.run(&["build"]).expect(1).says("error[DriftDetected]").says("images/app/scripts/a.sh");
}
