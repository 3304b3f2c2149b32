//! From a build to a channel: suites are recorded, and nothing that does not agree is published (STATE-4, PKR-7).

use serde_json::Value;

use crate::project::Project;

/// A built project with a suite that wants the right greeting.
pub(crate) fn built() -> Project {
    let project = Project::with_motd();
    project.write(
        "templates/linux/file/motd/builder.toml",
        "[suites.smoke]\ncommand = [\"tests/greets.sh\", \"{image}\"]\n\n[suites.slow]\ncommand = [\"sleep\", \"60\"]\n\
         timeout = \"1s\"\n\n[publish]\nsuites = [\"smoke\"]\n",
    );
    project.write(
        "tests/greets.sh",
        "#!/bin/sh\necho testing $HYBRID_BUILD_ID\ntest \"$1\" = \"$HYBRID_IMAGE\"\ngrep hello \"$1\"\n",
    );
    project.ok(&["validate"]);
    project.ok(&["build"]);
    project
}

pub(crate) fn state(project: &Project) -> Value {
    serde_json::from_str(&project.read("state/packer-hybrid.json")).unwrap()
}

pub(crate) fn build_id(project: &Project) -> String {
    let id = &state(project)["builders"]["linux.file.motd@dev"]["last_build"]["build_id"];
    id.as_str().unwrap().to_owned()
}

#[test]
fn a_tested_image_is_published_once() {
    let project = built();
    project.write("hooks/tell.sh", "#!/bin/sh\necho \"$HYBRID_CHANNEL $1\" >> told\n");
    project.write("hybrid.toml", "[publish]\nhooks = [[\"hooks/tell.sh\", \"{image}\"]]\n");
    project.run(&["publish"]).expect(1).says("error[PublishRefused]").says("suite smoke never ran");
    project.run(&["state", "check"]).expect(1);
    project.ok(&["test", "--suite", "smoke"]).says("hello from dev-host");
    project.ok(&["state", "check"]);
    let provenance = &state(&project)["builders"]["linux.file.motd@dev"]["provenance"][0];
    assert_eq!((provenance["suite"].as_str(), provenance["passed"].as_bool()), (Some("smoke"), Some(true)));
    assert!(project.read(provenance["links"][0].as_str().unwrap()).contains("testing linux.file.motd"));

    let published = project.ok(&["publish", "--channel", "canary", "--format", "json"]).json();
    assert_eq!(published["result"]["published"][0]["build_id"], build_id(&project).as_str());
    let again = project.ok(&["publish", "--channel", "canary", "--format", "json"]).json();
    assert_eq!(again["result"]["published"][0]["already"], true);
    assert_eq!(project.read("told").lines().count(), 1);
    assert!(project.read("told").starts_with("canary artifacts/images/"));
    assert_eq!(
        state(&project)["channels"]["canary"]["linux.file.motd@dev"]["build_id"],
        build_id(&project).as_str()
    );
}

#[test]
fn every_disagreement_refuses_the_publish_and_is_named() {
    let project = built();
    project.ok(&["test", "--suite", "smoke"]);
    let build = build_id(&project);
    let image = format!("artifacts/images/{build}/motd");
    let record = format!("artifacts/{build}.json");
    let cases = [
        ("templates/scripts/linux/greet.sh", "echo done", "echo other", "templates/scripts/linux/greet.sh"),
        (image.as_str(), "hello", "jello", image.as_str()),
        // Not even white space.
        (record.as_str(), "\"size\": 20", "\"size\": 20 ", record.as_str()),
        (record.as_str(), "\"blake3\": \"", "\"blake3\": \"0", record.as_str()),
        (
            "artifacts/linux.file.motd.hash.json",
            "\"size\": ",
            "\"size\": 1",
            "artifacts/linux.file.motd.hash.json",
        ),
    ];
    for (file, from, to, named) in cases {
        let before = project.read(file);
        if !before.contains(from) {
            panic!("{file} holds no {from}: {before}");
        }
        project.edit(file, from, to);
        project.run(&["publish"]).expect(1).says("error[PublishRefused]").says(named);
        std::fs::write(project.path(file), before).unwrap();
    }
    std::fs::remove_file(project.path(&image)).unwrap();
    project.run(&["publish"]).expect(1).says("is gone");
    assert!(state(&project)["channels"].get("stable").is_none());
}

#[test]
fn failing_and_hanging_suites_are_recorded_and_refuse_the_publish() {
    let project = built();
    project.edit("tests/greets.sh", "grep hello", "grep goodbye");
    project.run(&["test"]).expect(1).says("suite smoke failed").says("suite slow failed");
    project.run(&["publish"]).expect(1).says("suites failed").says("slow, smoke");
    project.run(&["state", "check"]).expect(1);
    project
        .run(&["test", "--suite", "smoek"])
        .expect(1)
        .says("error[UnknownSuite]")
        .says("did you mean `smoke`?");
}

#[test]
fn a_hook_that_fails_leaves_the_channel_where_it_was() {
    let project = built();
    project.ok(&["test", "--suite", "smoke"]);
    project.write(
        "hybrid.toml",
        "[publish]\nhooks = [[\"sh\", \"-c\", \"echo no route to gallery; exit 3\"]]\n",
    );
    project.run(&["publish"]).expect(2).says("error[PublishHookFailed]").says("no route to gallery");
    assert!(state(&project)["channels"].get("stable").is_none());
}

#[test]
fn a_revoked_build_leaves_its_channels_and_cannot_come_back() {
    let project = built();
    project.ok(&["test", "--suite", "smoke"]);
    project.ok(&["publish"]);
    let build = build_id(&project);
    project.run(&["artifacts", "revoke", &build, "--reason", " "]).expect(1).says("error[BadReason]");
    project.ok(&["artifacts", "revoke", &build, "--reason", "CVE-2026-1234"]);
    assert!(state(&project)["channels"]["stable"].get("linux.file.motd@dev").is_none());
    project.run(&["publish"]).expect(1).says("was revoked").says("CVE-2026-1234");
    let plan = project.ok(&["plan", "--format", "json"]).json();
    assert!(plan["result"]["targets"][0]["reasons"].to_string().contains("revoked"), "{plan}");
}

#[test]
fn a_secret_that_came_after_validate_stops_build_and_publish_with_exit_three() {
    let project = built();
    project.ok(&["test", "--suite", "smoke"]);
    let key = format!("AKIA{}", "Z7Q2M4X8K1B5N3V6");
    project.edit(
        "templates/scripts/linux/greet.sh",
        "echo greeting",
        &format!("export AWS_ACCESS_KEY_ID={key}"),
    );
    project.run(&["build"]).expect(3).says("error[PlaintextSecret]");
    project.run(&["publish"]).expect(3).says("error[PlaintextSecret]");
}

#[test]
fn a_build_with_a_damaged_record_does_not_pass_for_none() {
    let project = Project::with_motd();
    project.ok(&["validate"]);
    let built = project.ok(&["build", "--format", "json"]).json();
    let id = built["result"]["builds"][0]["build_id"].as_str().unwrap().to_owned();
    project.ok(&["artifacts", "revoke", &id, "--reason", "wrong greeting"]);
    assert!(project.ok(&["plan"]).stdout.contains("revoked"));
    let path = format!("artifacts/{id}.json");
    let record = project.read(&path);
    let other = id.replace("linux.file.motd", "linux.file.other");
    for damaged in ["", "{", &record.replace(&id, &other)] {
        project.write(&path, damaged);
        for command in [&["artifacts", "list"][..], &["artifacts", "verify"]] {
            project.run(command).expect(1).says("error[RecordDamaged]").says(&path);
        }
        let plan = project.ok(&["clean", "--scope", "artifacts"]).stdout;
        assert!(plan.contains(&path) && plan.contains("all builds and logs stay"), "{plan}");
        assert!(project.ok(&["plan"]).stdout.contains(&format!("{path} is not the record of its build")));
    }
    // Of no concern to others.
    project.ok(&["artifacts", "list", "--targets", "linux.file.other"]);
    project.write("artifacts/notes.json", "{");
    project.write(&path, &record);
    project.ok(&["artifacts", "list"]);
}
