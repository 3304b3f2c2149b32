//! What the environment decides is an input (CLO-4).

use crate::project::Project;

fn drifts_by(project: &Project, name: &str) {
    project.run(&["build"]).expect(1).says("error[DriftDetected]").says(name);
    project.ok(&["validate"]);
    project.ok(&["build"]);
}

#[test]
fn a_variable_that_packer_takes_from_the_environment_is_an_input() {
    let mut project = Project::with_motd();
    project.set_env("PKR_VAR_lines", "1");
    project.set_env("PKR_VAR_unknown", "1");
    project.ok(&["validate"]);
    project.ok(&["build"]);
    project.set_env("PKR_VAR_unknown", "2");
    assert!(project.ok(&["plan"]).stdout.contains("up to date"));
    // The overlay gives this one, and what hybrid renders beats the environment.
    project.set_env("PKR_VAR_message", "other");
    assert!(project.ok(&["plan"]).stdout.contains("up to date"));
    project.set_env("PKR_VAR_lines", "2");
    drifts_by(&project, "changed PKR_VAR_lines");
}

#[test]
fn what_is_passed_by_name_is_an_input_and_of_secrets_only_the_name() {
    let mut project = Project::with_motd();
    project.set_env("BUILD_LABEL", "one");
    project.set_env("BUILD_TOKEN", "one");
    let settings = project.read("hybrid.toml");
    project.write("hybrid.toml", &format!("{settings}\n[packer]\npass_env = [\"BUILD_*\"]\n"));
    project.ok(&["validate"]);
    project.ok(&["build"]);
    project.set_env("BUILD_TOKEN", "two");
    project.set_env("OTHER", "two");
    assert!(project.ok(&["plan"]).stdout.contains("up to date"));
    project.set_env("BUILD_LABEL", "two");
    drifts_by(&project, "changed BUILD_LABEL");
    project.set_env("BUILD_NUMBER", "7");
    drifts_by(&project, "added BUILD_NUMBER");
}
