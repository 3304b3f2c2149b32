//! Evidence cannot be walked around: records are sealed by the state, verdicts belong to their suites, revocations only
//! grow, and publishing is one decision (PKR-7, STATE-3, STATE-4).

use std::path::Path;

use serde_json::Value;

use crate::chain;
use crate::project::Project;
use crate::publish::{build_id, built, state};

/// What an editor of records changes.
type Edit = fn(&mut Value);
/// What becomes of a log.
type Damage = fn(&str) -> String;

/// Puts another value into the JSON document `file`, as an editor of records would.
fn set(project: &Project, file: &str, edit: impl FnOnce(&mut Value)) {
    let mut document: Value = serde_json::from_str(&project.read(file)).unwrap();
    edit(&mut document);
    project.write(file, &format!("{document:#}\n"));
}

fn hook(project: &Project, script: &str) {
    project.write("hooks/hook.sh", &format!("#!/bin/sh\nset -eu\n{script}\n"));
    project.write("hybrid.toml", "[publish]\nhooks = [[\"hooks/hook.sh\", \"{image}\"]]\n");
}

fn tested() -> Project {
    let project = built();
    project.ok(&["test", "--suite", "smoke"]);
    project
}

fn nothing_published(project: &Project) {
    let channels = &state(project)["channels"];
    let published = channels.as_object().unwrap().values().map(|targets| targets.as_object().unwrap().len());
    assert_eq!(published.sum::<usize>(), 0, "{channels}");
}

#[test]
fn a_record_that_was_edited_is_refused_whatever_was_edited() {
    let project = tested();
    let record = format!("artifacts/{}.json", build_id(&project));
    let image = format!("artifacts/images/{}/motd", build_id(&project));
    let edits: [(&str, Edit); 4] = [
        ("its image was taken out", |record| record["files"] = Value::Array(Vec::new())),
        ("it names another image", |record| record["image_ids"] = serde_json::json!(["eu-west-1:ami-0bad"])),
        ("it has no digest", |record| record["files"][0]["blake3"] = Value::Null),
        ("it has another commit", |record| record["provenance"]["git_sha"] = Value::String("0".repeat(40))),
    ];
    for (what, edit) in edits {
        let before = project.read(&record);
        let bytes = std::fs::read(project.path(&image)).unwrap();
        project.write(&image, "swapped\n");
        set(&project, &record, edit);
        project
            .run(&["publish"])
            .expect(1)
            .says("error[PublishRefused]")
            .says("does not say what the state says");
        let plan = project.ok(&["plan", "--format", "json"]).json();
        assert_eq!(plan["result"]["targets"][0]["stale"], true, "{what}: {plan}");
        project.run(&["test", "--suite", "smoke"]).expect(1).says("error[RecordChanged]");
        let checked = project.run(&["state", "check", "--format", "json"]).expect(1).json().to_string();
        assert!(checked.contains("BuildRecordChanged"), "{what}: {checked}");
        let verified = project.run(&["artifacts", "verify", "--format", "json"]).expect(1).json().to_string();
        assert!(verified.contains(&record), "{what}: {verified}");
        project.write(&record, &before);
        std::fs::write(project.path(&image), bytes).unwrap();
    }
    nothing_published(&project);
    project.ok(&["publish"]);
}

#[test]
fn a_verdict_counts_for_the_suite_that_gave_it() {
    let project = built();
    project.write("tests/lib.sh", "wanted=hello\n");
    project.write("tests/greets.sh", "#!/bin/sh\n. \"$(dirname \"$0\")/lib.sh\"\ngrep \"$wanted\" \"$1\"\n");
    project.ok(&["test", "--suite", "smoke"]);
    for (file, from, to) in [("tests/greets.sh", "grep", "true"), ("tests/lib.sh", "hello", ".")] {
        let before = project.read(file);
        project.edit(file, from, to);
        project.run(&["publish"]).expect(1).says("suite smoke was changed after it passed");
        project.write(file, &before);
    }
    project.ok(&["publish"]);
}

#[test]
fn what_changes_while_hooks_run_is_seen_before_the_channel_moves() {
    let hybrid = env!("CARGO_BIN_EXE_hybrid");
    let revoke = format!("{hybrid} artifacts revoke \"$HYBRID_BUILD_ID\" --reason 'found meanwhile'");
    let cases = [
        (revoke.as_str(), "was revoked"),
        ("chmod u+w \"$1\"; echo other > \"$1\"", "was changed after it was built"),
        ("echo ' ' >> \"$HYBRID_ARTIFACT\"", "does not say what the state says"),
        ("echo '#' >> tests/greets.sh", "was changed after it passed"),
    ];
    for (script, said) in cases {
        let project = tested();
        hook(&project, script);
        project.ok(&["validate"]);
        project
            .run(&["publish"])
            .expect(1)
            .says("error[PublishRefused]")
            .says(said)
            .says("the hooks have already run for linux.file.motd-dev");
        nothing_published(&project);
    }
}

#[test]
fn two_builders_are_published_together_or_not_at_all() {
    let project = chain::project();
    project.ok(&["build", "--targets", "base,other"]);
    let suite = "[suites.smoke]\ncommand = [\"true\"]\n";
    project.write("templates/linux/file/other/builder.toml", suite);
    project.ok(&["validate"]);
    project.ok(&["build", "--targets", "base,other"]);
    project.ok(&["test", "--targets", "base,other"]);
    hook(&project, "echo \"$HYBRID_BUILDER\" >> told\ntest \"$HYBRID_BUILDER\" != linux.file.other");
    project.ok(&["validate"]);
    project
        .run(&["publish", "--targets", "base,other"])
        .expect(2)
        .says("error[PublishHookFailed]")
        .says("nothing was put into the channel")
        .says("the hooks have already run for linux.file.base-dev");
    nothing_published(&project);
    project.write("hooks/hook.sh", "#!/bin/sh\n");
    let serial = state(&project)["serial"].as_u64().unwrap();
    project.ok(&["publish", "--targets", "base,other"]);
    let after = state(&project);
    assert_eq!(after["channels"]["stable"].as_object().unwrap().len(), 2);
    assert_eq!(after["serial"].as_u64(), Some(serial + 1), "both moved in one commit");
}

#[test]
fn a_revoked_build_stays_revoked_whatever_state_comes_back() {
    let project = tested();
    project.ok(&["publish"]);
    let before = project.read("state/packer-hybrid.json");
    let serial = state(&project)["serial"].to_string();
    project.ok(&["artifacts", "revoke", &build_id(&project), "--reason", "CVE-2026-1234"]);

    project.ok(&["state", "restore", &serial]);
    project.run(&["publish"]).expect(1).says("was revoked").says("CVE-2026-1234");
    nothing_published(&project);

    // The file itself is put back, and every newer backup removed.
    project.write("state/packer-hybrid.json", &before);
    for backup in std::fs::read_dir(project.path("state/backups")).unwrap() {
        std::fs::remove_file(backup.unwrap().path()).unwrap();
    }
    project.run(&["publish", "--channel", "other"]).expect(1).says("was revoked");
    let shown = project.ok(&["state", "show", "--format", "json"]).json().to_string();
    assert!(shown.contains("CVE-2026-1234"), "{shown}");
}

#[test]
fn a_damaged_or_missing_record_keeps_nobody_from_revoking_a_build() {
    let project = tested();
    project.ok(&["publish"]);
    let build = build_id(&project);
    project.write("artifacts/linux.file.motd-dev-20200101T000000.000Z-00000000.json", "{");
    project.ok(&["artifacts", "show", &build]);
    project.write(&format!("artifacts/{build}.json"), "{");
    project.ok(&["artifacts", "revoke", &build, "--reason", "first"]);
    nothing_published(&project);
    std::fs::remove_file(project.path(&format!("artifacts/{build}.json"))).unwrap();
    project.ok(&["artifacts", "revoke", &build, "--reason", "again"]);
    let other = build.replace("motd", "other");
    project.run(&["artifacts", "revoke", &other, "--reason", "no such"]).expect(1);
}

#[test]
fn the_next_entry_of_the_audit_log_hides_no_cut() {
    let damage: [(&str, Damage); 2] = [
        ("cut", |log| log.lines().take(1).map(|line| format!("{line}\n")).collect()),
        ("garbled", |log| format!("{}\n{{garbled\n", log.lines().next().unwrap())),
    ];
    for (what, damage) in damage {
        let project = built();
        let build = build_id(&project);
        project.ok(&["artifacts", "revoke", &build, "--reason", "first"]);
        project.ok(&["artifacts", "revoke", &build, "--reason", "second"]);
        let whole = project.read("state/audit.log");
        project.write("state/audit.log", &damage(&whole));
        project
            .run(&["artifacts", "revoke", &build, "--reason", "third"])
            .expect(1)
            .says("error[AuditBroken]");
        project.run(&["state", "check"]).expect(1);
        // Moved away as evidence, it goes on under its number, and that stays visible.
        std::fs::rename(project.path("state/audit.log"), project.path("audit.evidence")).unwrap();
        project.ok(&["artifacts", "revoke", &build, "--reason", "third"]);
        let checked = project.run(&["state", "check", "--format", "json"]).json().to_string();
        assert!(checked.contains("begins with entry 3"), "{what}: {checked}");
    }
}

#[test]
fn a_child_is_not_built_on_a_parent_whose_record_was_edited() {
    let project = chain::project();
    project.ok(&["build", "--with-parents", "--targets", "web"]);
    let build = state(&project)["builders"]["linux.file.base@dev"]["last_build"]["build_id"].clone();
    let record = format!("artifacts/{}.json", build.as_str().unwrap());
    let image = format!("artifacts/images/{}/image", build.as_str().unwrap());
    let whole = project.read(&record);
    for digest in [Value::Null, Value::String(blake3("swapped\n"))] {
        project.write(&image, "swapped\n");
        set(&project, &record, |record| record["files"][0]["blake3"] = digest);
        project.run(&["build", "--rebuild", "--targets", "web"]).expect(1).says("error[RecordChanged]");
        project.ok(&["test", "--targets", "web"]);
        project.run(&["publish", "--targets", "web"]).expect(1).says("its ancestor cannot be proven");
    }
    project.write(&record, &whole);
    project.write(&image, "base 1\n");
    project.ok(&["publish", "--targets", "web"]);
}

fn blake3(text: &str) -> String {
    hc_core::Digest::of(text.as_bytes()).to_string()
}

#[test]
fn the_last_serial_is_the_last() {
    let project = built();
    let path = project.path("state/packer-hybrid.json");
    put_serial(&path, u64::MAX);
    project.run(&["validate"]).expect(1).says("error[StateSerialExhausted]");
    assert_eq!(state(&project)["serial"].as_u64(), Some(u64::MAX));
}

/// Writes another serial, with the digest that belongs to it.
fn put_serial(path: &Path, serial: u64) {
    let mut state = hc_state::codec::decode(&std::fs::read(path).unwrap()).unwrap();
    state.serial = serial;
    std::fs::write(path, hc_state::codec::encode(&state).unwrap()).unwrap();
}
