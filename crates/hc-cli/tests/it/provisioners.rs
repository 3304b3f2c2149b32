//! Switching stacks on and off: checked, linted, all or nothing (PROV-1 … PROV-3).

use crate::project::Project;

const SWITCHES: &str = "configs/provisioners.toml";

/// A builder that provisioners can work on, with an Ansible role and a Puppet manifest.
fn project() -> Project {
    let project = Project::empty();
    project.write(
        "templates/linux/null/base/base.pkr.hcl",
        r#"variable "enable_ansible" {
  type    = bool
  default = false
}

variable "enable_puppet" {
  type    = bool
  default = false
}

variable "puppet_mode" {
  type    = string
  default = "none"
}

source "null" "base" {
  communicator = "none"
}

build {
  sources = ["source.null.base"]

  provisioner "shell-local" {
    inline = ["echo ansible ${var.enable_ansible} puppet ${var.enable_puppet} ${var.puppet_mode}"]
  }
}
"#,
    );
    project.write("configs/overlays/dev.pkrvars.hcl", "");
    project.write("configs/overlays/prod.pkrvars.hcl", "");
    project.write(
        "templates/ansible/playbooks/base.yml",
        "---\n- name: Base\n  hosts: all\n  roles:\n    - role: base\n",
    );
    project.write(
        "templates/ansible/roles/base/tasks/main.yml",
        "---\n- name: Greet\n  ansible.builtin.debug:\n    msg: hello\n",
    );
    project.write("templates/puppet/manifests/site.pp", "notify { 'hello': }\n");
    project
}

#[test]
fn enabling_tells_the_templates_and_disabling_leaves_only_the_false() {
    let project = project();
    let rendered = "configs/dev/linux.null.base.auto.pkrvars.hcl";
    project.ok(&["provisioners", "enable", "puppet", "--builder", "linux.null.base"]);
    project.ok(&["config", "render"]);
    let text = project.read(rendered);
    assert!(
        text.contains("enable_puppet") && text.contains("puppet_mode") && text.contains("\"apply\""),
        "{text}"
    );
    project.ok(&["provisioners", "disable", "puppet", "--builder", "linux.null.base", "--env", "dev"]);
    project.ok(&["config", "render"]);
    let text = project.read(rendered);
    assert!(text.contains("enable_puppet") && !text.contains("puppet_mode"), "{text}");
    let status = project.ok(&["provisioners", "status", "--format", "json"]).json();
    let puppet = &status["result"]["switches"][1];
    assert_eq!(puppet["because"], "target linux.null.base@dev");
}

#[test]
fn a_missing_role_a_broken_manifest_and_an_impossible_platform_change_nothing() {
    let project = project();
    project.edit("templates/ansible/playbooks/base.yml", "role: base", "role: bsae");
    project
        .run(&["provisioners", "enable", "ansible"])
        .expect(1)
        .says("error[ProvisionerInvalid]")
        .says("templates/ansible/playbooks/base.yml:5:13")
        .says("did you mean `base`?");
    project.write("templates/puppet/manifests/site.pp", "notify { 'hello':\n");
    project
        .run(&["provisioners", "enable", "puppet"])
        .expect(1)
        .says("error[ProvisionerInvalid]")
        .says("templates/puppet/manifests/site.pp");
    project.write("templates/puppet/manifests/site.pp", "");
    project.write(
        "templates/linux/file/motd/motd.pkr.hcl",
        "source \"file\" \"motd\" {\n  content = \"x\"\n  target  = \"x\"\n}\n\nbuild {\n  sources = [\"source.file.motd\"]\n}\n",
    );
    project
        .run(&["provisioners", "enable", "ansible", "--builder", "linux.file.motd"])
        .expect(1)
        .says("cannot run on `linux.file.motd`");
    project
        .run(&["provisioners", "enable", "chef"])
        .expect(1)
        .says("error[UnknownStack]")
        .says("ansible, puppet");
    assert!(!project.path(SWITCHES).exists());
}

#[test]
fn a_playbook_that_ansible_cannot_read_is_not_switched_on() {
    let project = project();
    project.write("templates/ansible/roles/base/tasks/main.yml", "---\n- name: Greet\n  debug: [\n");
    project
        .run(&["provisioners", "enable", "ansible"])
        .expect(1)
        .says("templates/ansible/roles/base/tasks/main.yml");
    assert!(!project.path(SWITCHES).exists());
}

#[test]
fn a_switch_file_edited_by_hand_is_checked_with_its_lines() {
    let project = project();
    project.write(SWITCHES, "[builder.\"linux.null.bsae\"]\nansible = true\n\n[project]\nanisble = true\n");
    project
        .run(&["validate"])
        .expect(1)
        .says("configs/provisioners.toml:1")
        .says("did you mean `linux.null.base`?")
        .says("configs/provisioners.toml:5")
        .says("did you mean `ansible`?");
}

#[test]
fn a_switched_stack_is_drift_until_it_is_validated() {
    let project = project();
    project.ok(&["validate"]);
    project.ok(&["provisioners", "enable", "puppet"]);
    project.run(&["build"]).expect(1).says("error[DriftDetected]").says("enable_puppet");
    project.ok(&["validate"]);
    project.ok(&["build"]).says("ansible true puppet true apply");
}
