//! System calls that fail, and a device that is full: the old state stays, and the error says so.

use std::path::Path;
use std::process::Command;

use hc_state::paths;

use crate::child::{self, FAILED};
use crate::in_place::unshare_works;
use crate::project::{Project, bump, fill, options, run};

/// One commit in a child under strace, with an injected fault; `None` when the fault did not happen any more.
struct Fault<'a> {
    calls: &'a str,
    what: &'a str,
    when: usize,
}

struct Outcome {
    status: Option<i32>,
    text: String,
}

impl Fault<'_> {
    fn happen(&self, root: &Path, order: &str) -> Option<Outcome> {
        let log = root.join("strace.log");
        let log_name = log.to_str().unwrap();
        let trace = format!("trace={}", self.calls);
        let inject = format!("inject={}:{}:when={}", self.calls, self.what, self.when);
        let wrapper = ["strace", "-f", "-qq", "-o", log_name, "-e", &trace, "-e", &inject];
        let output = child::wrapped(&wrapper, root, order).output().unwrap();
        let log = std::fs::read_to_string(&log).unwrap_or_default();
        let happened = log.contains("INJECTED") || log.contains("killed by SIGKILL");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!text.contains("strace: "), "{text}");
        happened.then_some(Outcome { status: output.status.code(), text })
    }
}

/// A strace that is missing is a failure; one that may not trace here is none.
fn strace_works() -> bool {
    Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status().unwrap().success()
}

/// Lets the `when`-th call fail for every `when` until it is never reached.
fn every_occurrence(calls: &str, what: &str, exit: i32) {
    if !strace_works() {
        return eprintln!("skipped: strace cannot trace here");
    }
    let mut seen = 0;
    for when in 1.. {
        let project = Project::with_commits(2);
        let old = project.bytes();
        let fault = Fault { calls, what, when };
        let Some(outcome) = fault.happen(project.root(), "commit") else { break };
        let context = format!("{calls} {what} #{when}: {:?} {}", outcome.status, outcome.text);
        println!("{context}");
        let serial =
            project.store().read().unwrap_or_else(|error| panic!("{context}: {error}")).unwrap().serial;
        match outcome.status {
            Some(0) => assert_eq!(serial, 3, "{context}"),
            Some(status) if status >= FAILED => {
                seen += 1;
                if outcome.text.contains("[CommitUnknown]") {
                    assert_eq!((serial, status), (3, FAILED + 2), "{context}");
                } else {
                    assert_eq!(project.bytes(), old, "{context}");
                    assert_eq!(status, FAILED + exit, "{context}");
                }
            }
            // Killed; or the fault hit the loader, before there was a program.
            _ => {
                seen += usize::from(what.contains("SIGKILL"));
                assert!(serial == 2 && project.bytes() == old || serial == 3, "{context}");
            }
        }
        project.bump().unwrap_or_else(|error| panic!("{context}: {error}"));
        assert_eq!(project.serial(), serial + 1, "{context}");
        project.assert_no_leftovers();
        assert!(when < 400, "{calls} never stops");
    }
    assert!(seen > 0, "no fault reached the store");
}

#[test]
fn open_fails() {
    every_occurrence("openat", "error=EACCES", 1);
}

#[test]
fn write_fails_for_lack_of_space() {
    every_occurrence("write", "error=ENOSPC", 2);
}

#[test]
fn write_fails_in_the_device() {
    every_occurrence("write", "error=EIO", 2);
}

#[test]
fn sync_fails() {
    every_occurrence("fsync", "error=EIO", 2);
}

#[test]
fn rename_fails() {
    every_occurrence("rename,renameat,renameat2", "error=EACCES", 1);
    every_occurrence("rename,renameat,renameat2", "error=EIO", 2);
}

#[test]
fn making_directories_fails() {
    every_occurrence("mkdir,mkdirat", "error=ENOSPC", 2);
}

#[test]
fn killed_at_every_step() {
    for calls in ["fsync", "rename,renameat,renameat2", "link,linkat", "mkdir,mkdirat", "write", "flock"] {
        every_occurrence(calls, "signal=SIGKILL", 0);
    }
}

#[test]
fn a_failing_link_is_replaced_by_a_copy() {
    if !strace_works() {
        return eprintln!("skipped: strace cannot trace here");
    }
    let project = Project::with_commits(2);
    let old = project.bytes();
    let fault = Fault { calls: "link,linkat", what: "error=EPERM", when: 1 };
    let outcome = fault.happen(project.root(), "commit").expect("backups are links");
    assert_eq!(outcome.status, Some(0), "{}", outcome.text);
    assert_eq!(std::fs::read(paths::backup_file(project.root(), 2)).unwrap(), old);
}

#[test]
fn a_file_system_without_locks_is_refused_unless_told_otherwise() {
    if !strace_works() {
        return eprintln!("skipped: strace cannot trace here");
    }
    let project = Project::with_commits(1);
    let fault = Fault { calls: "flock", what: "error=EOPNOTSUPP", when: 1 };
    let outcome = fault.happen(project.root(), "commit").unwrap();
    assert_eq!(outcome.status, Some(FAILED + 1));
    assert!(outcome.text.contains("[StateLocksUnsupported]"), "{}", outcome.text);
    assert_eq!(project.serial(), 1);
    let outcome = fault.happen(project.root(), "commit-without-locks").unwrap();
    assert_eq!(outcome.status, Some(0), "{}", outcome.text);
    assert_eq!(project.serial(), 2);
}

#[test]
fn a_commit_is_durable_in_the_right_order() {
    if !strace_works() {
        return eprintln!("skipped: strace cannot trace here");
    }
    let project = Project::with_commits(2);
    let log = project.root().join("order.log");
    let calls = "trace=write,fsync,linkat,rename,renameat,renameat2";
    let wrapper = ["strace", "-f", "-y", "-qq", "-o", log.to_str().unwrap(), "-e", calls];
    assert!(child::wrapped(&wrapper, project.root(), "commit").status().unwrap().success());
    let log = std::fs::read_to_string(&log).unwrap();
    let in_order = |steps: &[&[&str]]| {
        let mut lines = log.lines();
        for words in steps {
            let found = lines.any(|line| words.iter().all(|word| line.contains(word)));
            assert!(found, "no {words:?} in order in\n{log}");
        }
    };
    // Backup and new state wait for the device together; both are there before the old state is replaced.
    let replaced = &["rename", "/state/.atomicwrite", "packer-hybrid.json"][..];
    let backup = &["linkat(", "packer-hybrid.json", "packer-hybrid.2.json"][..];
    in_order(&[backup, &["fsync(", "/state/backups>"], replaced]);
    in_order(&[&["write(", "/state/.atomicwrite"], &["fsync(", "/state/.atomicwrite"], replaced]);
    in_order(&[replaced, &["fsync(", "/state>"]]);
}

#[test]
fn a_full_device_keeps_the_old_state() {
    if !unshare_works() {
        return eprintln!("skipped: no user namespaces");
    }
    let project = Project::with_commits(1);
    project
        .store()
        .with_exclusive::<_, hc_state::StateError>(&run(1), |locked| {
            fill(locked.state_mut(), 20, 2);
            Ok(())
        })
        .unwrap();
    // The state is copied onto a device that has no room for a second one, and looked at there.
    let script = r#"set -e
        full="$0/full"
        mkdir "$full"
        mount -t tmpfs -o size=64k tmpfs "$full"
        cp -r "$0/state" "$full"
        dd if=/dev/zero of="$full/ballast" bs=4k 2>/dev/null || true
        status=0
        "$1" "$full" commit || status=$?
        cmp "$0/state/packer-hybrid.json" "$full/state/packer-hybrid.json"
        if ls -A "$full/state" | grep -q atomicwrite; then exit 9; fi
        rm "$full/ballast"
        "$1" "$full" commit
        exit $status"#;
    let root = project.root().to_str().unwrap();
    let wrapper = ["unshare", "-Urm", "sh", "-c", script, root];
    let output = child::wrapped(&wrapper, project.root(), "commit").output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(FAILED + 2), "{text}");
    assert!(text.contains("[StateNotCommitted]") || text.contains("[FileUnavailable]"), "{text}");
}

#[test]
fn a_restore_that_fails_can_be_repeated() {
    if !strace_works() {
        return eprintln!("skipped: strace cannot trace here");
    }
    for when in 1.. {
        let project = Project::with_commits(3);
        project.put(b"{ broken");
        let fault = Fault { calls: "fsync", what: "error=EIO", when };
        let Some(outcome) = fault.happen(project.root(), "restore") else { break };
        let context = format!("#{when}: {}", outcome.text);
        if outcome.status != Some(0) && !outcome.text.contains("[CommitUnknown]") {
            assert_eq!(project.bytes(), b"{ broken", "{context}");
            project.store().restore(hc_state::RestorePoint::NewestGood, &run(9)).unwrap();
        }
        let mut options = options();
        options.command = context.clone();
        bump(&hc_state::Store::open(project.root(), options).unwrap())
            .unwrap_or_else(|e| panic!("{context}: {e}"));
        assert!(project.store().audit_log().unwrap().problems.is_empty(), "{context}");
        assert!(when < 50);
    }
}
