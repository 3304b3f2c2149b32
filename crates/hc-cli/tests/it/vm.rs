//! Real virtual machines of the example project: what packer saw is the stage, and an interrupt leaves nothing
//! (PKR-10, TPL-3). Minutes long: only under `./check --full`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::project::Project;

const TARGET: &str = "linux.qemu.hardened";

/// Starts a build and returns once its machine is awaited.
fn awaiting_ssh(project: &Project) -> Child {
    let mut child = project
        .command(&["build", "--with-parents", "--targets", TARGET])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut seen = String::new();
    while !seen.contains("Waiting for SSH") {
        assert!(stderr.read_line(&mut seen).unwrap() > 0, "the build ended:\n{seen}");
    }
    // Somebody has to read on, or the build would wait for room in the pipe.
    std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
    child
}

/// Programs whose command line names the project.
fn processes_of(project: &Project) -> Vec<String> {
    let root = project.root().display().to_string();
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(&root))
        .collect()
}

#[test]
#[ignore = "starts virtual machines"]
fn an_edit_during_the_build_stays_out_and_an_interrupt_leaves_nothing() {
    let project = Project::example();
    let selected = format!("{TARGET},linux.rootfs.bootable");
    project.ok(&["validate", "--targets", &selected]);
    let mut child = awaiting_ssh(&project);
    project.edit("templates/scripts/linux/vm-harden.sh", "set -eu\n", "set -eu\ntouch /etc/altered\n");
    assert!(child.wait().unwrap().success());
    let record = project.ok(&["artifacts", "show", TARGET, "--format", "json"]).json();
    let files = record["result"]["artifact"]["files"].as_array().unwrap().clone();
    let image =
        files.iter().find_map(|file| file["path"].as_str().filter(|path| path.ends_with(".qcow2"))).unwrap();
    let raw = project.path("disk.raw");
    let converted = Command::new("qemu-img")
        .args(["convert", "-O", "raw"])
        .arg(project.path(image))
        .arg(&raw)
        .status()
        .unwrap();
    assert!(converted.success());
    let listed = Command::new("debugfs").args(["-R", "ls -p /etc"]).arg(&raw).output().unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("hybrid-release") && !listed.contains("altered"), "{listed}");
    std::fs::remove_file(raw).unwrap();
    let plan = project.ok(&["plan", "--targets", TARGET, "--format", "json"]).json();
    assert!(plan["result"]["targets"][0]["changed"].to_string().contains("vm-harden.sh"), "{plan}");

    project.ok(&["validate", "--targets", &selected]);
    let before = std::fs::read_dir(project.path("artifacts/images")).unwrap().count();
    let mut child = awaiting_ssh(&project);
    assert!(processes_of(&project).iter().any(|line| line.contains("qemu-system")));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(processes_of(&project), Vec::<String>::new());
    assert_eq!(std::fs::read_dir(project.path("artifacts/images")).unwrap().count(), before);
    let orphans = project.ok(&["orphans", "--format", "json"]).json();
    assert_eq!(orphans["result"]["orphans"].as_array().unwrap().len(), 0);
}
