//! Every command on a project that works.

use std::os::unix::fs::symlink;

use super::{Screens, on_path, project};
use crate::project::Project;

#[test]
fn commands_before_a_build() {
    let mut screens = Screens::of(project());
    screens.show("templates-list", &["templates", "list"]);
    screens.show("config-show", &["config", "show"]);
    screens.show("config-show-explain", &["config", "show", "--explain", "hostname"]);
    screens.show("config-diff", &["config", "diff", "dev", "prod"]);
    screens.show("provisioners-status", &["provisioners", "status"]);
    screens.show("packer-plugins-status", &["packer", "plugins", "status"]);
    screens.show("sources-status", &["sources", "status"]);
    screens.show("cache-list", &["cache", "list"]);
    screens.show("orphans", &["orphans"]);
    screens.show("explain", &["explain", "NothingSelected"]);
    screens.show("plan-first", &["plan"]);
    screens.show("status-first", &["status"]);
    screens.show("validate", &["validate"]);
    screens.end();
}

#[test]
fn commands_from_a_build_to_a_channel() {
    let mut screens = Screens::of(project());
    screens.project.ok(&["validate"]);
    screens.show("build", &["build"]);
    screens.show("test", &["test"]);
    screens.show("publish", &["publish"]);
    screens.show("status", &["status"]);
    screens.show("plan", &["plan"]);
    screens.show("logs-last", &["logs", "last"]);
    screens.show("artifacts-list", &["artifacts", "list"]);
    screens.show("artifacts-show", &["artifacts", "show", "linux.file.motd"]);
    screens.show("artifacts-show-lineage", &["artifacts", "show", "--lineage", "linux.file.motd"]);
    screens.show("artifacts-verify", &["artifacts", "verify"]);
    screens.show("state-check", &["state", "check"]);
    screens.show("diag-state", &["diag", "state"]);
    screens.show("clean-artifacts", &["clean", "--scope", "artifacts", "--older-than", "0s"]);
    screens.end();
}

#[test]
fn two_images_that_differ() {
    let project = project();
    let build = || {
        project.ok(&["validate"]);
        let build = project.ok(&["build", "--format", "json"]).json();
        build["result"]["builds"][0]["build_id"].as_str().unwrap().to_owned()
    };
    let one = build();
    project.edit("templates/scripts/linux/greet.sh", "echo done", "echo really done");
    project.edit("configs/overlays/dev.pkrvars.hcl", "\"hello\"", "\"good morning\"");
    let two = build();
    let mut screens = Screens::of(project);
    screens.show("artifacts-diff", &["artifacts", "diff", &one, &two]);
    screens.end();
}

#[test]
fn what_a_machine_has_and_lacks() {
    let mut project = Project::with_motd();
    project.write("templates/linux/file/motd/builder.toml", "requires = [\"x-bake\"]\n");
    project.write("bin/x-roast", "#!/bin/sh\n");
    project.write("bin/packer", "#!/bin/sh\necho 'Packer v1.6.6'\n");
    symlink(on_path("sh").canonicalize().unwrap(), project.path("bin/sh")).unwrap();
    let bin = project.path("bin").display().to_string();
    project.set_env("PATH", &bin);
    let mut screens = Screens::of(project);
    screens.show("doctor-missing", &["doctor", "--tool", "x-fry"]);
    screens.project.write("templates/linux/file/motd/builder.toml", "requires = [\"x-roast\"]\n");
    screens.show("doctor", &["doctor"]);
    screens.show("packer-show", &["packer", "show"]);
    screens.end();
}
