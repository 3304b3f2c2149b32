//! A repository from elsewhere: git's configuration in it, and programs in the place of git, are never run.

use std::path::Path;
use std::process::Command;

use crate::project::{Project, Ran};

fn git(dir: &Path, args: &[&str]) {
    let status = Command::new("git").arg("-C").arg(dir).args(args).env("HOME", dir).status().unwrap();
    assert!(status.success(), "git {args:?}");
}

/// A program in the project that writes `ran` when it runs.
fn evil(project: &Project, path: &str) -> String {
    let marker = project.path("ran").display().to_string();
    project.write(path, &format!("#!/bin/sh\necho \"$0 $@\" >> {marker}\nexit 0\n"));
    let status = Command::new("chmod").args(["+x", path]).current_dir(project.root()).status().unwrap();
    assert!(status.success());
    project.path(path).display().to_string()
}

#[track_caller]
fn nothing_ran(project: &Project, why: &str) {
    let ran = std::fs::read_to_string(project.path("ran")).unwrap_or_default();
    assert_eq!(ran, "", "{why}");
}

/// Settings of git that run a program.
const RUNS: [&str; 12] = [
    "core.fsmonitor",
    "core.sshCommand",
    "core.pager",
    "core.alternateRefsCommand",
    "diff.external",
    "diff.x.command",
    "diff.x.textconv",
    "filter.x.clean",
    "filter.x.smudge",
    "filter.x.process",
    "credential.helper",
    "remote.origin.uploadpack",
];

fn arm(dir: &Path, program: &str) {
    for key in RUNS {
        git(dir, &["config", key, program]);
    }
    git(dir, &["config", "filter.x.required", "true"]);
}

/// Everything that asks git about the project.
const COMMANDS: [&[&str]; 7] = [
    &["templates", "scan"],
    &["validate"],
    &["plan"],
    &["build", "--force"],
    &["status"],
    &["config", "show"],
    &["diag", "state"],
];

#[track_caller]
fn everything_runs_nothing(project: &Project) {
    for args in COMMANDS {
        let ran = project.run(args);
        assert!([0, 1].contains(&ran.code), "{args:?}: {}", ran.stderr);
        nothing_ran(project, &format!("{args:?}"));
    }
}

#[test]
fn the_configuration_of_the_repository_runs_nothing() {
    let project = Project::with_motd();
    project.write(".gitattributes", "* filter=x diff=x\n");
    git(project.root(), &["init", "-q"]);
    git(project.root(), &["add", "-A"]);
    git(project.root(), &["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "-m", "x"]);
    let program = evil(&project, ".git/evil");
    arm(project.root(), &program);
    // Same size, other content: only the content tells.
    project.edit("configs/overlays/prod.pkrvars.hcl", "welcome", "WELCOME");
    everything_runs_nothing(&project);
    let record = newest(&project);
    assert_eq!(record["provenance"]["dirty"], true);
    assert_eq!(record["provenance"]["git_sha"].as_str().unwrap().len(), 40);
}

#[test]
fn an_embedded_bare_repository_is_not_the_projects() {
    let project = Project::with_motd();
    let program = evil(&project, "hooks/evil");
    git(project.root(), &["init", "-q", "--bare", "bare"]);
    // Its parts lie in the project's root, as a clone can bring them.
    for part in ["HEAD", "config", "objects", "refs"] {
        std::fs::rename(project.path("bare").join(part), project.path(part)).unwrap();
    }
    let config = project.read("config");
    project.write("config", &format!("{config}\tworktree = .\n\tfsmonitor = {program}\n"));
    everything_runs_nothing(&project);
    assert_eq!(newest(&project)["provenance"]["git_sha"], serde_json::Value::Null);
}

#[test]
fn a_program_of_the_project_is_not_found_by_a_relative_path() {
    let path = std::env::var("PATH").unwrap();
    for lookup in [format!(".:{path}"), format!(":{path}"), format!("bin:{path}")] {
        let mut project = Project::with_motd();
        git(project.root(), &["init", "-q"]);
        for name in ["git", "packer", "ssh-keygen", "ssh", "apt-get", "sudo"] {
            evil(&project, name);
            evil(&project, &format!("bin/{name}"));
        }
        project.set_env("PATH", &lookup);
        everything_runs_nothing(&project);
        project.ok(&["doctor"]);
        nothing_ran(&project, "doctor");
    }
}

#[test]
fn a_repository_that_cannot_be_read_is_unknown_and_not_clean() {
    let project = Project::with_motd();
    git(project.root(), &["init", "-q"]);
    git(project.root(), &["add", "-A"]);
    git(project.root(), &["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "-m", "x"]);
    project.write(".git/HEAD", "garbage\n");
    project.ok(&["validate"]).says("warning[GitUnreadable]");
    project.ok(&["build"]).says("warning[GitUnreadable]");
    let record = newest(&project);
    let provenance = &record["provenance"];
    assert_eq!((&provenance["git_sha"], &provenance["dirty"]), (&serde_json::Value::Null, &true.into()));
    let unrecorded = provenance["unrecorded"].to_string();
    assert!(unrecorded.contains("the commit of the project"), "{unrecorded}");
    let shown = project.ok(&["artifacts", "show", record["build_id"].as_str().unwrap()]).stdout;
    assert!(shown.contains("commit   unknown"), "{shown}");
}

#[test]
fn who_owns_the_repository_makes_no_difference() {
    let project = Project::with_motd();
    git(project.root(), &["init", "-q"]);
    project.write(".gitignore", ".hybrid/\nartifacts/\nstate/\nlogs/\nconfigs/dev/\n");
    git(project.root(), &["add", "-A"]);
    git(project.root(), &["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "-m", "x"]);
    let owned =
        Command::new("chown").args(["-R", "65534", "."]).current_dir(project.root()).status().unwrap();
    if !owned.success() {
        return eprintln!("skipped: only root can give files away");
    }
    let without = |ran: Ran| assert!(!ran.stderr.contains("GitUnreadable"), "{}", ran.stderr);
    without(project.ok(&["validate"]));
    without(project.ok(&["build"]));
    assert_eq!(newest(&project)["provenance"]["dirty"], false);
    project.edit("templates/scripts/linux/greet.sh", "done", "gone");
    project.ok(&["validate"]);
    project.ok(&["build"]);
    assert_eq!(newest(&project)["provenance"]["dirty"], true);
    assert_eq!(newest(&project)["provenance"]["git_sha"].as_str().unwrap().len(), 40);
}

/// The record of the newest build.
fn newest(project: &Project) -> serde_json::Value {
    let entries = std::fs::read_dir(project.path("artifacts")).unwrap().flatten();
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    let records = names.filter(|name| name.ends_with(".json") && !name.ends_with(".hash.json"));
    let newest = records
        .max_by_key(|name| project.path("artifacts").join(name).metadata().unwrap().modified().unwrap());
    serde_json::from_str(&project.read(&format!("artifacts/{}", newest.unwrap()))).unwrap()
}
