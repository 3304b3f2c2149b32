//! Errors that people meet often.

use super::{Screens, project};
use crate::project::Project;

#[test]
fn a_build_that_fails() {
    let project = project();
    project.write("templates/scripts/linux/greet.sh", "#!/bin/sh\necho no luck >&2\nexit 7\n");
    project.write("state/old.log", "Build 'qemu.base' errored after 5 minutes: Timeout waiting for SSH.\n");
    project.ok(&["validate"]);
    let mut screens = Screens::of(project);
    screens.show("build-failed", &["build"]);
    screens.show("status-failed", &["status"]);
    screens.show("packer-classify", &["packer", "classify", "state/old.log"]);
    screens.end();
}

#[test]
fn inputs_that_changed_since_they_were_validated() {
    let project = project();
    project.ok(&["validate"]);
    project.ok(&["build"]);
    project.edit("templates/scripts/linux/greet.sh", "echo done", "echo really done");
    project.edit("configs/overlays/dev.pkrvars.hcl", "\"hello\"", "\"good morning\"");
    let mut screens = Screens::of(project);
    screens.show("error-drift", &["build"]);
    screens.show("plan-drift", &["plan"]);
    screens.end();
}

#[test]
fn a_state_that_deserves_warnings() {
    let project = Project::with_motd();
    project.ok(&["validate"]);
    let mut screens = Screens::of(project);
    screens.show("state-check-warnings", &["state", "check"]);
    screens.show("diag-state-warnings", &["diag", "state"]);
    screens.end();
}

#[test]
fn words_of_the_command_line() {
    let mut screens = Screens::of(project());
    screens.show("error-nothing-selected", &["plan", "--targets", "linux.file.mtod"]);
    screens.show("error-unknown-environment", &["plan", "--env", "prd"]);
    screens.show("error-unknown-code", &["explain", "NothingSelectd"]);
    screens.show("error-usage", &["pln"]);
    screens.show("error-artifact-not-found", &["artifacts", "show", "linux.file.motd"]);
    screens.end();
    let mut screens = Screens::of(Project::bare());
    screens.show("error-not-a-project", &["plan"]);
    screens.end();
}

#[test]
fn a_tool_that_is_missing() {
    let project = project();
    project.write("templates/linux/file/motd/builder.toml", "requires = [\"x-bake\", \"x-fry\"]\n");
    project.ok(&["validate"]);
    let mut screens = Screens::of(project);
    screens.show("error-tools-missing", &["build"]);
    screens.end();
}

#[test]
fn templates_that_cannot_be_read() {
    let project = project();
    let file = "templates/linux/file/motd/motd.pkr.hcl";
    let good = project.read(file);
    project.edit(file, "default = 1\n}", "default = 1 +\n}");
    let mut screens = Screens::of(project);
    screens.show("error-hcl-syntax", &["validate"]);
    screens.project.write(file, &good);
    screens.project.edit(file, "source \"file\"", "sorce \"file\"");
    screens.show("error-bad-block", &["validate"]);
    screens.project.write(file, &good);
    screens.project.edit("configs/overlays/dev.pkrvars.hcl", "message = \"hello\"\n", "");
    screens.show("error-missing-variable", &["validate"]);
    screens.end();
}
