//! Wherever a command is killed, the next one completes or undoes what it began (PKR-7, STATE-1, STATE-3).
//!
//! Every system call that changes a file is slowed down by strace, so that a kill at regular times meets each of them.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::project::Project;
use crate::publish::state;

/// System calls that change files or wait until they are safe.
const CALLS: &str =
    "fsync,fdatasync,syncfs,rename,renameat,renameat2,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir";

/// A project with an image that was tested, ready to be copied.
fn ready() -> Project {
    let project = Project::with_motd();
    project.write("templates/linux/file/motd/builder.toml", "[suites.smoke]\ncommand = [\"true\"]\n");
    project.ok(&["validate"]);
    project.ok(&["build"]);
    project.ok(&["test"]);
    project
}

/// Runs a command and kills it after a time; whether it came to its end.
fn killed(project: &Project, args: &[&str], after: Duration, delay_us: u32) -> bool {
    let pid =
        project.path("../").join(format!("{}.pid", project.root().file_name().unwrap().to_string_lossy()));
    let hybrid = project.command(args);
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", &format!("trace={CALLS}"), "-e"]);
    command.arg(format!("inject={CALLS}:delay_enter={delay_us}"));
    command
        .args(["sh", "-c", "echo $$ > \"$0\"; exec \"$@\""])
        .arg(&pid)
        .arg(hybrid.get_program())
        .args(args);
    command.current_dir(project.root()).env_clear();
    command.envs(hybrid.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    while read(&pid).is_none() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    while start.elapsed() < after && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let ended = child.try_wait().unwrap().is_some();
    if let Some(pid) = read(&pid).filter(|_| !ended) {
        let id = rustix::process::Pid::from_raw(pid).unwrap();
        // It may end by itself in this very moment.
        let _ = rustix::process::kill_process(id, rustix::process::Signal::KILL);
    }
    child.wait().unwrap();
    let _ = std::fs::remove_file(&pid);
    // What packer started ends by itself.
    std::thread::sleep(Duration::from_millis(150));
    ended
}

fn read(pid: &Path) -> Option<i32> {
    std::fs::read_to_string(pid).ok()?.trim().parse().ok()
}

/// A copy with its times, as a machine has it that was switched off.
fn copy(project: &Project) -> Project {
    let copy = Project::bare();
    let from = format!("{}/.", project.root().display());
    assert!(Command::new("cp").arg("-a").arg(from).arg(copy.root()).status().unwrap().success());
    copy
}

/// Kills a command at `points` times up to its end, and lets `look` judge what the next commands make of it.
fn sweep(from: &Project, args: &[&str], points: u32, look: impl Fn(&Project, &str)) {
    let delay = 10_000;
    let whole = copy(from);
    let start = Instant::now();
    assert!(killed(&whole, args, Duration::from_secs(120), delay), "{args:?} did not end");
    let took = start.elapsed();
    for point in 0..points {
        let project = copy(from);
        let after = took * point / points;
        killed(&project, args, after, delay);
        look(&project, &format!("{args:?} killed after {after:?} of {took:?}"));
        let temporaries = Command::new("find")
            .args(["state", "-name", ".atomicwrite*"])
            .current_dir(project.root())
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&temporaries.stdout), "", "{args:?} after {after:?}");
    }
}

/// The image that is there can be tested and published, and another one built.
fn goes_on(project: &Project, what: &str) {
    for args in [&["test"][..], &["publish"], &["build", "--rebuild"]] {
        let ran = project.run(args);
        assert_eq!(ran.code, 0, "{what}, then {args:?}: {}", ran.stderr);
    }
    let state = state(project);
    let open = state["runs"].as_array().unwrap().iter().filter(|run| run["outcome"] == "running").count();
    assert_eq!(open, 0, "{what}: {}", state["runs"]);
    assert!(!project.path("state/.pending.json").exists(), "{what}");
    let begun = hc_records::journal::builds(project.root()).unwrap();
    assert_eq!(begun, Vec::<String>::new(), "{what}");
}

fn every(points: u32) {
    let project = ready();
    sweep(&project, &["build", "--rebuild"], points, goes_on);
    sweep(&project, &["test"], points / 4, goes_on);
    sweep(&project, &["publish"], points / 4, goes_on);
    let edited = copy(&project);
    edited.edit("configs/overlays/dev.pkrvars.hcl", "hello", "hello again");
    sweep(&edited, &["validate"], points / 2, |project, what| {
        let ran = project.run(&["plan"]);
        assert_eq!(ran.code, 0, "{what}: {}", ran.stderr);
        project.ok(&["validate"]);
        project.ok(&["build"]);
        goes_on(project, what);
    });
}

#[test]
fn a_killed_command_leaves_what_the_next_one_completes_or_undoes() {
    every(12);
}

#[test]
#[ignore = "minutes: kills at many more times"]
fn a_killed_command_leaves_what_the_next_one_completes_or_undoes_at_every_point() {
    every(120);
}

#[test]
fn a_killed_render_leaves_all_files_new_or_all_files_old() {
    let project = Project::with_motd();
    let template = project.read("templates/linux/file/motd/motd.pkr.hcl");
    for name in 0..12 {
        let name = format!("extra-{name}");
        let template =
            template.replace("\"motd\"", &format!("\"{name}\"")).replace(".motd\"", &format!(".{name}\""));
        project.write(&format!("templates/linux/file/{name}/{name}.pkr.hcl"), &template);
    }
    project.ok(&["config", "render"]);
    project.edit("configs/overlays/dev.pkrvars.hcl", "hello", "hello again");
    sweep(&project, &["config", "render"], 12, |project, what| {
        project.ok(&["config", "show"]);
        let files = hc_core::fs::file_names(&project.path("configs/dev")).unwrap();
        let files: Vec<&String> = files.iter().filter(|name| !hc_core::fs::is_temporary(name)).collect();
        assert_eq!(files.len(), 13, "{what}");
        let is_new = |name: &&&String| project.read(&format!("configs/dev/{name}")).contains("hello again");
        let new = files.iter().filter(is_new).count();
        assert!(new == 0 || new == 13, "{what}: {new} of 13 files are new");
    });
}
