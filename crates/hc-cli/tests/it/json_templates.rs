//! Templates in JSON: legacy ones and HCL written as JSON, adopted, hashed, gated and built as they are (TPL-4, CLO-3).

use serde_json::Value;

use crate::adopt::{adopt, ids, reason};
use crate::project::Project;

/// A legacy template whose script, output and greeting are made of variables, some of which only var files know.
const LEGACY: &str = r#"{
  "_comment": "nothing",
  "variables": {
    "name": "plain",
    "greeting": "hello {{user `name`}} of {{env `JT_SITE`}}",
    "script": "scripts/{{user `name`}}.sh",
    "password": null
  },
  "sensitive-variables": ["password"],
  "builders": [
    {"type": "file", "name": "text", "content": "{{user `greeting`}}, {{user `extra`}}", "target": "out/{{user `name`}}.txt"},
    {"type": "null", "name": "dry", "communicator": "none"}
  ],
  "provisioners": [
    {"type": "shell-local", "script": "{{user `script`}}", "environment_vars": ["SECRET={{user `password`}}"]},
    {"type": "shell-local", "inline": ["echo only dry"], "only": ["dry"]}
  ],
  "post-processors": [[{"type": "manifest", "name": "list", "output": "out/{{build_name}}.json"}]]
}
"#;

const MAKEFILE: &str = r#"NAMES := alpha beta
COMMON := $(foreach f,$(abspath config/common.json),-var-file="$(f)")
ALL := $(addprefix validate-,$(NAMES))

$(ALL):
	packer validate $(COMMON) -var-file="$(abspath images/$(subst validate-,,$@).json)" -var 'extra=from make' -only=text image.json

dry:
	packer build $(COMMON) -except=list -only=dry image.json
"#;

fn legacy() -> Project {
    let mut project = Project::bare();
    project.set_env("JT_SITE", "home");
    project.write("build/image.json", LEGACY);
    project.write("build/Makefile", MAKEFILE);
    project
        .write("build/config/common.json", "{\"extra\": \"common {{user `name`}}\", \"password\": \"\"}\n");
    for name in ["alpha", "beta"] {
        project.write(&format!("build/images/{name}.json"), &format!("{{\"name\": \"{name}\"}}\n"));
        project.write(
            &format!("build/scripts/{name}.sh"),
            "#!/bin/sh\nset -eu\necho \"the secret is $SECRET\"\n. ./scripts/library.sh\n",
        );
    }
    project.write("build/scripts/plain.sh", "#!/bin/sh\necho plain\n");
    project.write("build/scripts/library.sh", "echo library\n");
    project.write("build/scripts/unrelated.sh", "echo unrelated\n");
    project
}

fn inputs(project: &Project, builder: &str) -> Vec<String> {
    let text = project.read(&format!("artifacts/{builder}.hash.json"));
    let manifest: Value = serde_json::from_str(&text).unwrap();
    let dev = &manifest["environments"]["dev"];
    let inputs = dev["inputs"].as_array().or(dev["manifest"]["inputs"].as_array());
    let inputs = inputs.unwrap_or_else(|| panic!("{manifest:#}"));
    inputs.iter().map(|input| input["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_legacy_template_is_adopted_as_its_makefile_builds_it_and_built_as_it_is() {
    let project = legacy();
    let before = project.read("build/image.json");
    let report = adopt(&project);
    assert_eq!(
        ids(&report),
        ["linux.file.alpha", "linux.file.beta", "linux.null.dry"].map(|id| id.replace("linux", "other"))
    );
    let alpha = &report["builders"][0];
    assert_eq!(alpha["path"], "build/image.json");
    assert_eq!(
        alpha["var_files"],
        serde_json::json!(["build/config/common.json", "build/images/alpha.json"])
    );
    assert_eq!(alpha["only"], "text");
    let settings = project.read("hybrid.toml");
    assert!(
        settings.contains("workdir = \"build\"") && settings.contains("except = [\"list\"]"),
        "{settings}"
    );
    assert!(settings.contains("vars = { \"extra\" = \"from make\" }"), "{settings}");
    assert!(settings.contains("pass_env = [\"JT_SITE\"]"), "{settings}");

    project.ok(&["validate"]);
    project.ok(&["build"]);
    assert_eq!(project.read("build/image.json"), before);
    assert_eq!(project.read("build/out/alpha.txt"), "hello alpha of home, from make");
    assert!(project.path("build/out/text.json").exists() && !project.path("build/out/dry.json").exists());

    let named = inputs(&project, "other.file.alpha");
    for input in
        ["build/image.json", "build/images/alpha.json", "build/scripts/alpha.sh", "build/scripts/library.sh"]
    {
        assert!(named.iter().any(|name| name == input), "{input} is not in {named:?}");
    }
    for input in ["build/images/beta.json", "build/scripts/beta.sh", "build/scripts/unrelated.sh"] {
        assert!(!named.iter().any(|name| name == input), "{input} is in {named:?}");
    }
}

#[test]
fn whatever_a_legacy_template_is_made_of_is_gated() {
    let mut project = legacy();
    adopt(&project);
    project.ok(&["validate"]);
    for (file, from, to) in [
        ("build/image.json", "hello", "hullo"),
        ("build/images/alpha.json", "\"name\"", "\"extra\": \"x\", \"name\""),
        ("build/scripts/alpha.sh", "set -eu", "set -u"),
        ("build/scripts/library.sh", "library", "other"),
        ("hybrid.toml", "from make", "from elsewhere"),
    ] {
        let old = project.read(file);
        project.edit(file, from, to);
        project.run(&["build", "--targets", "other.file.alpha"]).expect(1).says("error[DriftDetected]");
        project.write(file, &old);
    }
    project.set_env("JT_SITE", "elsewhere");
    project.run(&["build", "--targets", "other.file.alpha"]).expect(1).says("error[DriftDetected]");
}

#[test]
fn values_of_a_legacy_template_are_known_beforehand_and_overlays_beat_them() {
    let project = legacy();
    adopt(&project);
    let shown =
        |key: &str| project.ok(&["config", "show", "--targets", "other.file.alpha", "--explain", key]).stdout;
    assert!(shown("script").contains("scripts/alpha.sh"), "{}", shown("script"));
    assert!(shown("extra").contains("from make"), "{}", shown("extra"));
    project.write("configs/overlays/dev.pkrvars.hcl", "name = \"beta\"\nextra = \"over {{user `name`}}\"\n");
    project.ok(&["validate", "--targets", "other.file.alpha"]);
    project.ok(&["build", "--targets", "other.file.alpha"]);
    assert_eq!(project.read("build/out/beta.txt"), "hello beta of home, over beta");
    assert!(inputs(&project, "other.file.alpha").iter().any(|name| name == "build/scripts/beta.sh"));
}

#[test]
fn a_legacy_template_gets_secrets_without_a_file_and_shows_none() {
    let mut project = legacy();
    adopt(&project);
    project.write("configs/overlays/dev.pkrvars.hcl", "password = env(\"JT_PASSWORD\")\n");
    project.set_env("JT_PASSWORD", "canary-secret-4711");
    project.edit("build/scripts/alpha.sh", "set -eu", "set -eu\ntest \"$SECRET\" = canary-secret-4711");
    project.ok(&["validate", "--targets", "other.file.alpha"]);
    let ran = project.ok(&["build", "--targets", "other.file.alpha", "--keep-work"]);
    assert!(ran.stderr.contains("the secret is ***"), "{}", ran.stderr);
    let mut files = Vec::new();
    crate::secrets::files(project.root(), &mut files);
    for file in files.iter().filter(|file| !file.ends_with("alpha.sh")) {
        let bytes = std::fs::read(file).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("canary-secret"), "{} holds it", file.display());
    }
}

#[test]
fn a_template_that_a_script_fills_in_is_mapped_with_the_reason_and_works_once_that_has_run() {
    let project = legacy();
    std::fs::rename(project.path("build/image.json"), project.path("build/image.json.tmpl")).unwrap();
    let report = adopt(&project);
    assert_eq!(ids(&report).len(), 3);
    assert!(
        reason(&report, "build/image.json.tmpl")
            .contains("a script of the repository makes build/image.json")
    );
    project.run(&["validate"]).expect(1).says("build/image.json.tmpl: run that first");
    std::fs::copy(project.path("build/image.json.tmpl"), project.path("build/image.json")).unwrap();
    project.ok(&["validate"]);
}

#[test]
fn a_legacy_template_without_scripts_takes_what_lies_beside_it() {
    let project = Project::bare();
    project.write("image.json", LEGACY);
    project.write("variables.json", "{\"password\": \"x\", \"extra\": \"y\"}");
    project.write("scripts/plain.sh", "#!/bin/sh\necho plain\n");
    project.write("package.json", "{\"name\": \"web\", \"private\": true, \"scripts\": {}}");
    let report = adopt(&project);
    assert_eq!(ids(&report), ["other.file.text", "other.null.dry"]);
    assert_eq!(report["builders"][0]["var_files"], serde_json::json!(["variables.json"]));
    assert_eq!(report["unmapped"], serde_json::json!([]));
    project.ok(&["validate"]);
    project.ok(&["build", "--targets", "other.file.text"]);
    assert_eq!(project.read("out/plain.txt"), "hello plain of , y");
}

#[test]
fn hcl_in_json_works_in_every_place() {
    let project = Project::with_motd();
    let hcl = project.read("templates/linux/file/motd/motd.pkr.hcl");
    std::fs::remove_file(project.path("templates/linux/file/motd/motd.pkr.hcl")).unwrap();
    drop(hcl);
    project.write(
        "templates/linux/file/motd/motd.pkr.json",
        r#"{
  "variable": {"message": {"type": "string"}, "lines": {"type": "number", "default": 1}},
  "source": {"file": {"motd": {"content": "${var.message} from ${var.hostname}\n", "target": "${var.hybrid_output_dir}/motd"}}},
  "build": {
    "sources": ["source.file.motd"],
    "provisioner": {"shell-local": {"script": "${path.root}/../../../scripts/linux/greet.sh"}},
    "post-processor": {"manifest": {"output": "${var.hybrid_manifest}"}}
  }
}
"#,
    );
    let listed = project.ok(&["templates", "list", "--format", "json"]).json();
    assert_eq!(listed["result"]["builders"][0]["id"], "linux.file.motd");
    project.ok(&["validate"]);
    project.ok(&["build"]);
    let named = inputs(&project, "linux.file.motd");
    assert!(named.iter().any(|name| name == "templates/scripts/linux/greet.sh"), "{named:?}");
    project.edit("templates/scripts/linux/greet.sh", "greeting", "other");
    project.run(&["build"]).expect(1).says("error[DriftDetected]");
    project.edit("templates/linux/file/motd/motd.pkr.json", "var.message", "var.mesage");
    project.run(&["validate"]).expect(1).says("mesage").says("motd.pkr.json:3:");
}

#[test]
fn adopted_hcl_in_json_is_mapped_with_its_var_files() {
    let project = Project::bare();
    project.write(
        "app/app.pkr.json",
        r#"{"variable": {"who": {"type": "string"}}, "source": {"null": {"app": {"communicator": "none"}}},
  "build": [{"sources": ["null.app"], "provisioner": [{"shell-local": {"inline": ["echo ${var.who}"]}}]}]}"#,
    );
    project.write("app/app.pkrvars.json", "{\"who\": \"me ${x}\"}");
    let report = adopt(&project);
    assert_eq!(ids(&report), ["other.null.app"]);
    assert_eq!(report["builders"][0]["var_files"], serde_json::json!(["app/app.pkrvars.json"]));
    project.ok(&["validate"]);
    project.ok(&["build"]);
    project.edit("app/app.pkrvars.json", "me", "you");
    project.run(&["build"]).expect(1).says("error[DriftDetected]").says("app/app.pkrvars.json");
}

#[test]
fn json_that_packer_cannot_read_is_told_with_its_place() {
    let project = legacy();
    adopt(&project);
    project.edit("build/images/alpha.json", "\"name\": \"alpha\"", "\"name\": \"alpha\",");
    project
        .run(&["validate", "--targets", "other.file.alpha"])
        .expect(1)
        .says("error[JsonSyntax]")
        .says("build/images/alpha.json:1:");
    project.edit("build/image.json", "\"type\": \"null\", ", "");
    project.run(&["validate"]).expect(1).says("error[JsonSyntax]").says("this builder has no `type`");
    project.write("build/image.json", "{\"name\": \"no template\"}");
    project.run(&["validate"]).expect(1).says("has no list `builders`");
}
