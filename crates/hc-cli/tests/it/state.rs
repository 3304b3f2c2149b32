//! The state as an operator meets it: held, cut, replaced, restored (STATE-2 … STATE-5).

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::project::Project;

const STATE: &str = "state/packer-hybrid.json";

fn serial(project: &Project) -> u64 {
    serde_json::from_str::<Value>(&project.read(STATE)).unwrap()["serial"].as_u64().unwrap()
}

#[test]
fn a_held_state_is_exit_two_with_the_way_out_and_waiting_helps() {
    let project = Project::with_motd();
    project.ok(&["validate"]);
    // `-o`: the program itself does not hold the lock, so that killing flock frees it.
    let hold = |seconds: &str| {
        let mut child = Command::new("flock")
            .arg("-o")
            .arg(project.path("state/.lock"))
            .args(["sh", "-c", "echo held; sleep \"$0\"", seconds])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0]).unwrap();
        child
    };
    let mut holder = hold("60");
    project.run(&["state", "migrate"]).expect(2).says("error[StateLockHeld]").says("--lock-timeout");
    project.ok(&["status"]);
    holder.kill().unwrap();
    holder.wait().unwrap();
    let mut holder = hold("5");
    let waited = project.ok(&["validate", "--lock-timeout", "60s"]);
    assert!(waited.stderr.contains("waiting for the state lock"), "{}", waited.stderr);
    holder.wait().unwrap();
}

#[test]
fn a_cut_state_names_its_backup_and_restore_brings_it_back() {
    let project = Project::with_motd();
    project.ok(&["validate"]);
    project.ok(&["build"]);
    let whole = project.read(STATE);
    project.write(STATE, &whole[..whole.len() / 2]);
    for command in [&["status"][..], &["build"], &["validate"], &["plan"]] {
        project.run(command).expect(1).says("error[StateCorrupt]").says("hybrid state restore");
    }
    assert_eq!(project.read(STATE).len(), whole.len() / 2, "a corrupt state was overwritten");
    let diagnosis = project.run(&["diag", "state", "--format", "json"]).expect(1).json();
    assert_eq!(diagnosis["result"]["findings"][0]["code"], "StateUnusable");
    assert_eq!(diagnosis["result"]["findings"][0]["link"], "hybrid explain StateUnusable");
    project.run(&["state", "check"]).expect(1);
    project.ok(&["state", "restore"]);
    project.ok(&["status"]);
    project.ok(&["validate"]);
    let audit = project.ok(&["state", "show"]);
    assert!(audit.stdout.contains("serial"), "{}", audit.stdout);
}

#[test]
fn a_flipped_bit_that_still_parses_is_seen() {
    let project = Project::with_motd();
    project.ok(&["validate"]);
    let text = project.read(STATE);
    let at = text.find("\"inputs\": \"").unwrap() + 12;
    let other = if &text[at..=at] == "a" { "b" } else { "a" };
    project.write(STATE, &format!("{}{other}{}", &text[..at], &text[at + 1..]));
    project.run(&["status"]).expect(1).says("error[StateCorrupt]");
}

#[test]
fn strange_things_in_the_place_of_the_state_are_refused_untouched() {
    let project = Project::with_motd();
    project.ok(&["validate"]);
    let outside = tempfile::NamedTempFile::new().unwrap();
    let text = project.read(STATE);
    std::fs::write(outside.path(), &text).unwrap();
    let path = project.path(STATE);
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(outside.path(), &path).unwrap();
    project.run(&["validate"]).expect(1).says("error[StateNotRegular]");
    assert_eq!(std::fs::read_to_string(outside.path()).unwrap(), text);
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    project.run(&["validate"]).expect(1).says("error[StateNotRegular]");
    std::fs::remove_dir(&path).unwrap();
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    project.run(&["validate"]).expect(1).says("error[StateNotRegular]");
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_file_system_without_locks_is_refused_unless_somebody_insists() {
    let project = Project::with_motd();
    let inject = |words: &[&str]| {
        let program = project.command(&[]).get_program().to_owned();
        let mut command = project.command(&[]);
        let path = command.get_envs().find(|(name, _)| *name == "PATH").unwrap().1.unwrap().to_owned();
        command = Command::new("strace");
        command
            .args(["-f", "-qq", "-o", "/dev/null", "-e", "inject=flock:error=EOPNOTSUPP"])
            .arg(program)
            .args(words);
        command.current_dir(project.root()).env_clear().env("PATH", path).env("HOME", project.root());
        command.env("HYBRID_TRUST", "1");
        crate::project::Ran::from(command.output().unwrap())
    };
    inject(&["validate"]).expect(1).says("error[StateLocksUnsupported]").says("--unsafe-no-lock");
    inject(&["validate", "--unsafe-no-lock"]).expect(0);
}

#[test]
fn an_older_serial_is_refused() {
    let project = Project::with_motd();
    project.ok(&["validate"]);
    let old = project.read(STATE);
    project.ok(&["build"]);
    assert!(serial(&project) > 1);
    let now = project.read(STATE);
    project.write(STATE, &old);
    project.run(&["validate"]).expect(1).says("error[StateRegressed]");
    project.write(STATE, &now);
    project.ok(&["validate"]);
}
