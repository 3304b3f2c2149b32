//! The main job on real packer: render, validate, build, status, drift (issue 2; PKR-5…7, TPL-3, CONFIG-2).

use crate::project::Project;

#[test]
fn building_before_validating_is_refused_and_runs_nothing() {
    let project = Project::with_motd();
    project.run(&["build"]).expect(1).says("error[NeverValidated]").says("hybrid validate");
    assert!(!project.path("artifacts/images").exists());
}

#[test]
fn a_validated_target_builds_and_is_recorded() {
    let project = Project::with_motd();
    project.ok(&["config", "render"]);
    project.ok(&["validate"]);
    let build = project.ok(&["build", "--format", "json"]).json();
    let result = &build["result"]["builds"][0];
    assert_eq!(result["builder"], "linux.file.motd");
    assert_eq!(result["result"]["exit_code"], 0);
    let file = &result["artifact"]["files"][0];
    let image = project.read(file["path"].as_str().unwrap());
    assert_eq!(image, "hello from dev-host\n");
    let status = project.ok(&["status", "--format", "json"]).json();
    assert_eq!(status["result"]["targets"][0]["state"], "fresh");
    let record = project.read(&format!("artifacts/{}.json", result["build_id"].as_str().unwrap()));
    assert!(record.contains("linux.file.motd"));
    assert!(project.read("artifacts/linux.file.motd.hash.json").contains("greet.sh"));
    assert!(project.read("state/packer/logs/linux.file.motd.json").contains("manifest"));
}

#[test]
fn a_pattern_of_inputs_may_name_what_analysis_found_already() {
    let project = Project::with_motd();
    project.write("templates/linux/file/motd/builder.toml", "inputs = [\"templates/scripts/**/gr*.sh\"]\n");
    project.ok(&["validate"]);
    project.write("templates/linux/file/motd/builder.toml", "inputs = [\"templates/scripts/**/gz*.sh\"]\n");
    project.run(&["validate"]).expect(1).says("error[MissingAsset]");
}

#[test]
fn a_link_is_followed_and_what_it_leads_to_is_the_input() {
    let project = Project::with_motd();
    let (link, script) = ("templates/scripts/linux/greet.sh", "templates/scripts/shared/greet-1.sh");
    std::fs::create_dir(project.path("templates/scripts/shared")).unwrap();
    std::fs::rename(project.path(link), project.path(script)).unwrap();
    std::os::unix::fs::symlink("../shared/greet-1.sh", project.path(link)).unwrap();
    project.ok(&["validate"]);
    project.ok(&["build"]);
    project.edit(script, "echo done", "echo really done");
    project.run(&["build"]).expect(1).says("error[DriftDetected]").says(script);
}

#[test]
fn every_kind_of_edit_is_drift_that_names_the_file_and_its_lines() {
    let project = Project::with_motd();
    project.ok(&["validate"]);
    let edits = [
        ("templates/scripts/linux/greet.sh", "echo done", "echo really done"),
        ("templates/common.pkr.hcl", "default = true", "default = false"),
        ("templates/platforms/file.pkr.hcl", "type = string", "type = any"),
        ("templates/linux/file/motd/motd.pkr.hcl", "from", "out of"),
        ("templates/vars/linux/common.pkrvars.hcl", "common-host", "other-host"),
        ("configs/overlays/dev.pkrvars.hcl", "\"hello\"", "\"good morning\""),
        ("templates/linux/file/motd/builder.toml", "A greeting", "A better greeting"),
    ];
    for (file, from, to) in edits {
        let before = project.read(file);
        project.edit(file, from, to);
        let refused = project.run(&["build"]).expect(1).says("error[DriftDetected]").says(file).says(to);
        for (other, _, _) in edits.iter().filter(|(other, _, _)| *other != file) {
            assert!(
                !refused.stderr.contains(other),
                "{other} is named for an edit of {file}:\n{}",
                refused.stderr
            );
        }
        project.write(file, &before);
    }
    assert!(!project.path("artifacts/images").exists());
    project.ok(&["build"]);
}

#[test]
fn rendering_and_composing_twice_gives_the_same_bytes() {
    let project = Project::with_motd();
    project.ok(&["config", "render"]);
    let rendered = project.read("configs/dev/linux.file.motd.auto.pkrvars.hcl");
    project.ok(&["config", "render"]);
    assert_eq!(project.read("configs/dev/linux.file.motd.auto.pkrvars.hcl"), rendered);
    project.ok(&["config", "render", "--check"]);
    assert!(rendered.contains("configs/overlays/dev.pkrvars.hcl:2"), "{rendered}");
    let formatted = std::process::Command::new("packer")
        .args(["fmt", "-check", "-diff"])
        .arg(project.path("configs/dev/linux.file.motd.auto.pkrvars.hcl"))
        .output()
        .unwrap();
    assert!(formatted.status.success(), "{}", String::from_utf8_lossy(&formatted.stdout));
    for out in ["one", "two"] {
        let out = project.path(out);
        project.ok(&["templates", "compose", "--out", out.to_str().unwrap()]);
    }
    let same = std::process::Command::new("diff")
        .arg("-r")
        .arg(project.path("one"))
        .arg(project.path("two"))
        .output()
        .unwrap();
    assert!(same.status.success(), "{}", String::from_utf8_lossy(&same.stdout));

    project.edit("configs/overlays/dev.pkrvars.hcl", "hello", "changed");
    let stale =
        project.run(&["config", "render", "--check"]).expect(1).says("error[RenderStale]: 1 rendered file");
    assert!(stale.stdout.contains("stale") && stale.stdout.contains("\"changed\""), "{}", stale.stdout);
    assert_eq!(project.read("configs/dev/linux.file.motd.auto.pkrvars.hcl"), rendered);
}

#[test]
fn explain_prints_the_chain_of_values() {
    let project = Project::with_motd();
    let shown = project.ok(&["config", "show", "--explain", "hostname"]);
    let common = shown.stdout.find("templates/vars/linux/common.pkrvars.hcl:1").unwrap();
    let overlay = shown.stdout.find("configs/overlays/dev.pkrvars.hcl:3").unwrap();
    assert!(common < overlay, "{}", shown.stdout);
}

#[test]
fn a_failing_provisioner_is_a_clear_failure_with_a_log() {
    let project = Project::with_motd();
    project.write("templates/scripts/linux/greet.sh", "#!/bin/sh\necho no luck >&2\nexit 7\n");
    project.ok(&["validate"]);
    let failed =
        project.run(&["build", "--format", "json"]).expect(1).says("error[BuildFailed]: linux.file.motd");
    let document = failed.json();
    assert_eq!(document["diagnostics"][0]["code"], "BuildFailed");
    let result = &document["result"]["builds"][0]["result"];
    assert_eq!(result["exit_code"], 1);
    let log = project.read(result["log_path"].as_str().unwrap());
    assert!(log.contains("no luck"), "{log}");
    let status = project.ok(&["status"]);
    assert!(status.stdout.contains("failed"), "{}", status.stdout);
}

#[test]
fn one_failing_target_does_not_stop_the_others() {
    let project = Project::with_motd();
    let template = project.read("templates/linux/file/motd/motd.pkr.hcl");
    project.write(
        "templates/linux/file/broken/broken.pkr.hcl",
        &template.replace("motd", "broken").replace("greet.sh", "fail.sh"),
    );
    project.write("templates/scripts/linux/fail.sh", "#!/bin/sh\nexit 1\n");
    project.ok(&["validate"]);
    let document = project.run(&["build", "--format", "json", "--jobs", "2"]).expect(1).json();
    let builds = document["result"]["builds"].as_array().unwrap();
    let code = |name: &str| {
        builds.iter().find(|build| build["builder"] == name).unwrap()["result"]["exit_code"].clone()
    };
    assert_eq!(code("linux.file.motd"), 0);
    assert_eq!(code("linux.file.broken"), 1);
}
