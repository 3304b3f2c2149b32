//! Images that start from images: order, publication on the way, staleness, revocation, keys of a run (TPL-5).

use serde_json::Value;

use crate::project::Project;

/// `linux.file.base`, `linux.file.web` on top of it, `linux.file.other` beside them.
pub(crate) fn project() -> Project {
    let project = Project::empty();
    project.write("configs/overlays/dev.pkrvars.hcl", "");
    let variables = "variable \"hybrid_output_dir\" {\n  type    = string\n  default = \"output\"\n}\n\n\
                     variable \"hybrid_parent_image\" {\n  type    = string\n  default = \"\"\n}\n";
    project.write("templates/common.pkr.hcl", variables);
    for (name, script) in [("base", "base.sh"), ("web", "web.sh"), ("other", "other.sh")] {
        project.write(
            &format!("templates/linux/file/{name}/{name}.pkr.hcl"),
            &format!(
                "source \"file\" \"{name}\" {{\n  content = \"\"\n  target  = \"${{var.hybrid_output_dir}}/image\"\n}}\n\n\
                 build {{\n  sources = [\"source.file.{name}\"]\n\n  provisioner \"shell-local\" {{\n    \
                 environment_vars = [\"IMAGE=${{var.hybrid_output_dir}}/image\", \"PARENT=${{var.hybrid_parent_image}}\"]\n    \
                 script           = \"${{path.root}}/../../../scripts/linux/{script}\"\n  }}\n}}\n"
            ),
        );
    }
    project.write("templates/scripts/linux/base.sh", "#!/bin/sh\necho base 1 > \"$IMAGE\"\n");
    project
        .write("templates/scripts/linux/web.sh", "#!/bin/sh\n{ cat \"$PARENT\"; echo web; } > \"$IMAGE\"\n");
    project.write("templates/scripts/linux/other.sh", "#!/bin/sh\necho other > \"$IMAGE\"\n");
    let suite = "[suites.smoke]\ncommand = [\"grep\", \"-q\", \"base\", \"{image}\"]\n\n[publish]\nsuites = [\"smoke\"]\n";
    project.write("templates/linux/file/base/builder.toml", suite);
    project
        .write("templates/linux/file/web/builder.toml", &format!("parent = \"linux.file.base\"\n\n{suite}"));
    project.ok(&["validate"]);
    project
}

fn reasons(project: &Project) -> Vec<(String, String)> {
    let plan = project.ok(&["plan", "--format", "json"]).json();
    let targets = plan["result"]["targets"].as_array().unwrap().clone();
    targets
        .iter()
        .map(|one| (one["builder"].as_str().unwrap().to_owned(), one["reasons"].to_string()))
        .filter(|(_, reasons)| reasons != "[]")
        .collect()
}

fn record(project: &Project, builder: &str) -> Value {
    project.ok(&["artifacts", "show", builder, "--format", "json"]).json()["result"]["artifact"].clone()
}

#[test]
fn one_command_builds_tests_and_publishes_the_chain_in_order() {
    let project = project();
    project
        .run(&["build", "--targets", "web"])
        .expect(1)
        .says("error[ParentUnpublished]")
        .says("--with-parents");
    project.run(&["build", "--targets", "base,web"]).expect(1).says("error[ParentUnpublished]");
    project.ok(&["build", "--with-parents", "--targets", "web"]);
    let (base, web) = (record(&project, "linux.file.base"), record(&project, "linux.file.web"));
    assert_eq!(project.read(web["files"][0]["path"].as_str().unwrap()), "base 1\nweb\n");
    assert_eq!(web["provenance"]["parent"]["build_id"], base["build_id"]);
    assert_eq!(web["provenance"]["parent"]["blake3"], base["files"][0]["blake3"]);
    project.ok(&["test", "--targets", "web"]);
    project.ok(&["publish", "--targets", "web"]);

    project.ok(&["build", "--targets", "other"]);
    assert_eq!(reasons(&project), []);
    // A second time nothing of the chain is stale: only what was asked for is built.
    project.ok(&["build", "--with-parents", "--stale", "--targets", "web"]);
    assert_eq!(record(&project, "linux.file.base")["build_id"], base["build_id"]);

    project.edit("templates/scripts/linux/base.sh", "base 1", "base 2");
    let stale: Vec<String> = reasons(&project).into_iter().map(|(builder, _)| builder).collect();
    assert_eq!(stale, ["linux.file.base", "linux.file.web"]);
    project.ok(&["validate"]);
    project.ok(&["build", "--with-parents", "--stale"]);
    assert_eq!(
        project.read(record(&project, "linux.file.web")["files"][0]["path"].as_str().unwrap()),
        "base 2\nweb\n"
    );
    let drawn = project.ok(&["artifacts", "show", "linux.file.web", "--lineage"]);
    assert!(drawn.stdout.contains("└─ linux.file.base-dev-"), "{}", drawn.stdout);
}

#[test]
fn a_revoked_parent_makes_its_children_stale_and_blocks_their_publish() {
    let project = project();
    project.ok(&["build", "--with-parents", "--targets", "web,other"]);
    project.ok(&["test", "--targets", "web"]);
    let base = record(&project, "linux.file.base");
    project.ok(&["artifacts", "revoke", base["build_id"].as_str().unwrap(), "--reason", "CVE-2026-1"]);
    let stale = reasons(&project);
    assert_eq!(stale.len(), 2, "{stale:?}");
    assert!(stale[1].0 == "linux.file.web" && stale[1].1.contains("its ancestor"), "{stale:?}");
    project.run(&["publish", "--targets", "web"]).expect(1).says("its ancestor").says("CVE-2026-1");
}

#[test]
fn a_parent_image_that_was_changed_is_not_built_upon() {
    let project = project();
    project.ok(&["build", "--with-parents", "--targets", "web"]);
    let path = record(&project, "linux.file.base")["files"][0]["path"].as_str().unwrap().to_owned();
    project.write(&path, "base but not the one\n");
    project.run(&["build", "--targets", "web"]).expect(1).says("error[ImageChanged]").says(&path);
}

#[test]
fn a_failing_suite_of_the_parent_stops_the_chain() {
    let project = project();
    project.edit("templates/linux/file/base/builder.toml", "\"base\"", "\"nothing of the kind\"");
    project.ok(&["validate"]);
    project.run(&["build", "--with-parents", "--targets", "web"]).expect(1).says("suites failed");
    project.run(&["artifacts", "show", "linux.file.web"]).expect(1);
}

#[test]
fn the_ssh_key_of_a_run_is_gone_after_it() {
    let project = project();
    project.write(
        "templates/linux/file/other/key.pkr.hcl",
        "variable \"hybrid_ssh_private_key_file\" {\n  type    = string\n  default = \"\"\n}\n\n\
         variable \"hybrid_ssh_public_key\" {\n  type    = string\n  default = \"\"\n}\n",
    );
    project.edit(
        "templates/linux/file/other/other.pkr.hcl",
        "\"PARENT=${var.hybrid_parent_image}\"",
        "\"KEY=${var.hybrid_ssh_private_key_file}\", \"PUBLIC=${var.hybrid_ssh_public_key}\"",
    );
    project.write(
        "templates/scripts/linux/other.sh",
        "#!/bin/sh\nset -e\ntest \"$(stat -c %a \"$KEY\")\" = 600\ntest \"$(ssh-keygen -y -f \"$KEY\" | cut -d' ' -f1,2)\" = \"$(echo \"$PUBLIC\" | cut -d' ' -f1,2)\"\n\
         echo \"$KEY\" > \"$IMAGE\"\ntest ! -e fail\n",
    );
    project.ok(&["validate", "--targets", "other"]);
    project.ok(&["build", "--targets", "other", "--keep-work"]);
    let key = project.read(record(&project, "linux.file.other")["files"][0]["path"].as_str().unwrap());
    let key = std::path::Path::new(key.trim());
    assert!(key.starts_with(project.path(".hybrid/work")) && !key.exists(), "{}", key.display());
}
