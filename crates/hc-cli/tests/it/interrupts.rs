//! Stopped and killed builds: packer cleans up, the run is recorded, locks go when they should (PKR-10, STATE-2).

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::project::{Project, Ran};

/// A build that takes a minute, and says when it has begun.
fn slow() -> Project {
    let project = Project::with_motd();
    project.write(
        "templates/scripts/linux/greet.sh",
        "#!/bin/sh\necho $$ > \"$HYBRID_TEST_MARK\"\nsleep 60\necho done\n",
    );
    project
        .write("hybrid.toml", "[project]\nname = \"test\"\n\n[packer]\npass_env = [\"HYBRID_TEST_MARK\"]\n");
    project
}

fn started(project: &mut Project) -> Child {
    let mark = project.path("mark").display().to_string();
    project.set_env("HYBRID_TEST_MARK", &mark);
    project.ok(&["validate"]);
    let child = project
        .command(&["build"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("the provisioner runs", || project.path("mark").is_file() && !project.read("mark").is_empty());
    child
}

#[track_caller]
pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(20), "20 s over, and still not: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn send(signal: &str, pid: u32) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}

fn script_lives(project: &Project) -> bool {
    let pid: u32 = project.read("mark").trim().parse().unwrap();
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

pub(crate) fn last_run(project: &Project) -> Value {
    let state: Value = serde_json::from_str(&project.read("state/packer-hybrid.json")).unwrap();
    state["runs"].as_array().unwrap().last().unwrap().clone()
}

#[test]
fn a_signal_stops_packer_cleanly_and_the_run_is_recorded_as_interrupted() {
    for signal in ["-INT", "-TERM"] {
        let mut project = slow();
        let child = started(&mut project);
        let begin = Instant::now();
        send(signal, child.id());
        let ran = Ran::from(child.wait_with_output().unwrap()).expect(130).says("error[Interrupted]");
        assert!(begin.elapsed() < Duration::from_secs(15), "{signal}: {:?}\n{}", begin.elapsed(), ran.stderr);
        wait_until("the script is gone", || !script_lives(&project));
        let run = last_run(&project);
        assert_eq!(
            (run["outcome"].as_str(), run["exit_code"].as_i64()),
            (Some("interrupted"), Some(130)),
            "{run}"
        );
        assert!(std::fs::read_dir(project.path("artifacts/images")).unwrap().next().is_none());
        project.edit("templates/scripts/linux/greet.sh", "sleep 60\n", "");
        project.ok(&["validate"]);
        project.ok(&["build"]);
    }
}

#[test]
fn a_second_build_of_a_target_is_told_who_builds_it() {
    let mut project = slow();
    let mut first = started(&mut project);
    let refused = project.run(&["build"]).expect(2).says("error[StateLockHeld]").says("hybrid build");
    assert!(refused.stderr.contains(&first.id().to_string()), "{}", refused.stderr);
    send("-TERM", first.id());
    assert_eq!(first.wait().unwrap().code(), Some(130));
}

#[test]
fn a_killed_hybrid_frees_the_state_at_once_and_the_target_with_the_last_child() {
    let mut project = slow();
    let mut child = started(&mut project);
    send("-KILL", child.id());
    child.wait().unwrap();
    project.ok(&["provisioners", "status"]);
    project.ok(&["state", "check", "--format", "json"]);
    assert!(script_lives(&project));
    project.run(&["build"]).expect(2).says("error[StateLockHeld]");
    let status = project.ok(&["status"]);
    let told = format!("{}{}", status.stdout, status.stderr);
    assert!(told.contains("interrupted"), "{told}");
    project.ok(&["orphans", "--stop"]);
    wait_until("the script is gone", || !script_lives(&project));
    project.edit("templates/scripts/linux/greet.sh", "sleep 60\n", "");
    project.ok(&["validate"]);
    project.ok(&["build"]);
}

#[test]
fn a_daemon_of_a_build_is_named_and_ended_and_a_reader_of_the_lock_is_not() {
    let project = Project::with_motd();
    project.write(
        "templates/scripts/linux/greet.sh",
        "#!/bin/sh\nsetsid sleep 300 > /dev/null 2>&1 < /dev/null &\necho started\n",
    );
    project.ok(&["validate"]);
    project.ok(&["build"]);
    let lock = project.path("state/locks/linux.file.motd@dev.lock");
    let mut reader = Command::new("tail").arg("-f").arg(&lock).stdout(Stdio::null()).spawn().unwrap();
    let listed = project.ok(&["orphans"]).stdout;
    assert!(listed.contains("still runs sleep (pid ") && !listed.contains("tail"), "{listed}");
    project.run(&["plan"]).says("warning[OrphanLives]");
    let refused = project.run(&["build"]).expect(2).says("error[StateLockHeld]").says("sleep (pid ");
    assert!(!refused.stderr.contains("tail"), "{}", refused.stderr);
    let stopped = project.ok(&["orphans", "--stop"]).stdout;
    assert!(stopped.contains("ended      sleep (pid "), "{stopped}");
    assert!(reader.try_wait().unwrap().is_none(), "who only reads the lock file was ended");
    reader.kill().unwrap();
    reader.wait().unwrap();
    project.ok(&["orphans"]);
    project.ok(&["build"]);
    project.ok(&["orphans", "--stop"]);
}
