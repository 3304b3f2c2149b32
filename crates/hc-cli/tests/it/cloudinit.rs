//! cloud-init user data: merged from project, builder and command line, given as text or as a file (CONFIG-6).

use std::process::Command;

use crate::project::Project;

const TEMPLATE: &str = r#"variable "hybrid_output_dir" {
  type    = string
  default = "output"
}

variable "hybrid_manifest" {
  type    = string
  default = "packer-manifest.json"
}

@VARIABLE@

source "file" "seed" {
  target  = "${var.hybrid_output_dir}/user-data"
  content = @CONTENT@
}

build {
  sources = ["source.file.seed"]

  post-processor "manifest" {
    output = var.hybrid_manifest
  }
}
"#;

/// A builder whose image is its user data.
fn project(variable: &str, content: &str) -> Project {
    let project = Project::empty();
    let declaration = format!("variable \"{variable}\" {{\n  type    = string\n  default = \"\"\n}}");
    let template = TEMPLATE.replace("@VARIABLE@", &declaration).replace("@CONTENT@", content);
    project.write("templates/linux/file/seed/seed.pkr.hcl", &template);
    project.write(
        "hybrid.toml",
        "[project]\nname = \"test\"\n\n[cloudinit]\nfiles = [\"templates/cloudinit/all.yaml\"]\n",
    );
    project.write("configs/overlays/dev.pkrvars.hcl", "");
    project
        .write("templates/cloudinit/all.yaml", "#cloud-config\npackages: [vim]\nlocale: C\nssh_pwauth: no\n");
    project.write(
        "templates/cloudinit/seed.yaml",
        "#cloud-config\npackages:\n  - curl\nwrite_files:\n  - path: /etc/x\n    permissions: 0600\n",
    );
    project
        .write("templates/linux/file/seed/builder.toml", "cloudinit = [\"templates/cloudinit/seed.yaml\"]\n");
    project.write("extra.yaml", "#cloud-config\nlocale: de_DE.UTF-8\n");
    project
}

/// The user data in the image, as PyYAML (which cloud-init reads with) understands it.
fn in_image(project: &Project) -> serde_json::Value {
    let record = project.ok(&["artifacts", "show", "linux.file.seed", "--format", "json"]).json();
    let path = record["result"]["artifact"]["files"][0]["path"].as_str().unwrap().to_owned();
    let script = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
    let output = Command::new("python3").args(["-c", script]).arg(project.path(&path)).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn project_builder_and_command_line_are_merged_as_text_and_as_a_file() {
    for (variable, content) in [
        ("cloudinit_user_data", "var.cloudinit_user_data"),
        (
            "hybrid_cloudinit_file",
            "var.hybrid_cloudinit_file == \"\" ? \"\" : file(var.hybrid_cloudinit_file)",
        ),
    ] {
        let project = project(variable, content);
        project.ok(&["validate", "--cloudinit", "extra.yaml"]);
        project.run(&["build"]).expect(1).says("DriftDetected").says("extra.yaml");
        project.ok(&["build", "--cloudinit", "extra.yaml"]);
        let wanted = serde_json::json!({
            "packages": ["vim", "curl"],
            "locale": "de_DE.UTF-8",
            "ssh_pwauth": false,
            "write_files": [{ "path": "/etc/x", "permissions": 0o600 }],
        });
        assert_eq!(in_image(&project), wanted);
        project.edit("templates/cloudinit/all.yaml", "vim", "nano");
        project
            .run(&["build", "--cloudinit", "extra.yaml"])
            .expect(1)
            .says("cloudinit/all.yaml")
            .says("nano");
    }
}

#[test]
fn what_cloud_init_would_not_take_stops_before_anything_is_built() {
    let project = project("cloudinit_user_data", "var.cloudinit_user_data");
    project.write("templates/cloudinit/seed.yaml", "#cloud-config\nusers:\n  - name: [a\nb: c\n");
    project.run(&["validate"]).expect(1).says("error[BadCloudinit]").says("templates/cloudinit/seed.yaml:4:");
    project.write("templates/cloudinit/seed.yaml", "users: []\n");
    project.run(&["validate"]).expect(1).says("cloud-init would ignore this file");
    project.write(
        "templates/cloudinit/seed.yaml",
        "#cloud-config\nchpasswd: { list: \"root:x\" }\napi: AKIAIOSFODNN7EXAMPLZ\n",
    );
    project.run(&["validate"]).expect(3).says("PlaintextSecret").says("templates/cloudinit/seed.yaml:3");
    project.write("templates/linux/file/seed/builder.toml", "cloudinit = [\"nowhere.yaml\"]\n");
    project.run(&["validate"]).expect(1).says("nowhere.yaml does not exist");
    project.run(&["validate", "--cloudinit", "/etc/hostname"]).expect(1).says("outside of the project");
}

#[test]
fn user_data_that_nobody_takes_is_an_error() {
    let project = Project::with_motd();
    project.write("extra.yaml", "#cloud-config\nlocale: C\n");
    project
        .run(&["validate", "--cloudinit", "extra.yaml"])
        .expect(1)
        .says("takes user data")
        .says("cloudinit_user_data");
}
