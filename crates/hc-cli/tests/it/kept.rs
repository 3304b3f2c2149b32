//! A difference is shown down to its lines wherever the old text comes from: a commit, or a pack of kept texts.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::Project;

const SCRIPT: &str = "templates/scripts/linux/greet.sh";

fn git(dir: &Path, args: &[&str]) {
    let who = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
    let mut git = Command::new("git");
    git.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    assert!(git.arg("-C").arg(dir).args(who).args(args).status().unwrap().success(), "git {args:?}");
}

fn commit(dir: &Path) {
    git(dir, &["add", "--all"]);
    git(dir, &["commit", "--quiet", "--allow-empty", "-m", "change"]);
}

/// The project in a repository of its own, everything committed.
fn committed() -> Project {
    let project = Project::with_motd();
    project.write(".gitignore", "/.hybrid/\n/logs/\n/state/\n/configs/dev/\n/artifacts/\n");
    git(project.root(), &["init", "--quiet"]);
    commit(project.root());
    project
}

/// The packs, and old texts with files of their own.
fn packs(project: &Project) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(project.path(".hybrid/objects")).unwrap().flatten();
    entries.map(|entry| entry.path()).filter(|path| !path.ends_with("complete")).collect()
}

/// An edit of the script is refused with its lines.
fn shows_lines(project: &Project) {
    project.edit(SCRIPT, "echo done", "echo really done");
    let refused = project.run(&["build"]).expect(1);
    assert!(refused.stderr.contains(SCRIPT), "{}", refused.stderr);
    refused.says("-4 echo done").says("+4 echo really done");
    project.edit(SCRIPT, "echo really done", "echo done");
}

#[test]
fn what_the_commit_holds_is_not_kept_again_and_shown_all_the_same() {
    let project = committed();
    project.ok(&["validate"]);
    assert_eq!(packs(&project), Vec::<PathBuf>::new());
    shows_lines(&project);
    // With its packs and its caches gone.
    std::fs::remove_dir_all(project.path(".hybrid")).unwrap();
    shows_lines(&project);
    // The commit that was trusted is not the one that is checked out.
    project.edit(SCRIPT, "echo done", "echo really done");
    commit(project.root());
    project.run(&["build"]).expect(1).says("-4 echo done").says("+4 echo really done");
}

#[test]
fn what_no_commit_holds_is_in_one_pack() {
    let project = committed();
    project.edit(SCRIPT, "echo done", "echo not done");
    project.edit("configs/overlays/dev.pkrvars.hcl", "hello", "good morning");
    project.ok(&["validate"]);
    assert_eq!(packs(&project).len(), 1);
    project.edit(SCRIPT, "echo not done", "echo over");
    project.run(&["build"]).expect(1).says("-4 echo not done").says("+4 echo over");
    // Nothing new, nothing written.
    project.edit(SCRIPT, "echo over", "echo not done");
    project.ok(&["validate"]);
    assert_eq!(packs(&project).len(), 1);
}

#[test]
fn without_git_texts_are_kept() {
    let project = Project::with_motd();
    project.ok(&["validate"]);
    assert_eq!(packs(&project).len(), 1);
    shows_lines(&project);
    // Gone with its directory, kept anew by the next run although nothing changed.
    std::fs::remove_dir_all(project.path(".hybrid")).unwrap();
    project.ok(&["validate"]);
    shows_lines(&project);
}

#[test]
fn a_project_below_the_top_of_its_repository_is_found_in_the_commit() {
    let project = Project::bare();
    let inner = Project::with_motd();
    let to = project.path("images/factory");
    std::fs::create_dir_all(project.path("images")).unwrap();
    assert!(Command::new("cp").arg("-r").arg(inner.root()).arg(&to).status().unwrap().success());
    git(project.root(), &["init", "--quiet"]);
    commit(project.root());
    let run =
        |args: &[&str]| crate::project::Ran::from(project.command(args).current_dir(&to).output().unwrap());
    run(&["validate"]).expect(0);
    assert!(
        !std::fs::read_dir(to.join(".hybrid/objects"))
            .unwrap()
            .flatten()
            .any(|one| { one.file_name().to_string_lossy().starts_with("pack-") })
    );
    let script = format!("images/factory/{SCRIPT}");
    project.edit(&script, "echo done", "echo really done");
    run(&["build"]).expect(1).says("-4 echo done").says("+4 echo really done");
}

#[test]
fn line_endings_that_git_converts_are_kept() {
    let project = committed();
    git(project.root(), &["config", "core.autocrlf", "true"]);
    let dos = project.read(SCRIPT).replace('\n', "\r\n");
    project.write("templates/scripts/linux/dos.txt", &dos);
    project.write("templates/linux/file/motd/builder.toml", "inputs = [\"templates/scripts/linux/*.txt\"]\n");
    commit(project.root());
    project.ok(&["validate"]);
    assert_eq!(packs(&project).len(), 1);
    project.edit("templates/scripts/linux/dos.txt", "echo done", "echo really done");
    project.run(&["build"]).expect(1).says("-4 echo done").says("+4 echo really done");
}

#[test]
fn builds_of_other_commits_differ_by_lines_after_all_is_cleaned_and_trusted_anew() {
    let project = committed();
    let build = || {
        project.ok(&["validate"]);
        let build = project.ok(&["build", "--format", "json"]).json();
        build["result"]["builds"][0]["build_id"].as_str().unwrap().to_owned()
    };
    let one = build();
    // Validated at one commit, built at another that does not hold the text.
    project.edit(SCRIPT, "echo done", "echo really done");
    commit(project.root());
    project.ok(&["validate"]);
    git(project.root(), &["reset", "--quiet", "--soft", "HEAD~1"]);
    git(project.root(), &["reflog", "expire", "--expire=now", "--all"]);
    let built = project.ok(&["build", "--format", "json"]).json();
    let two = built["result"]["builds"][0]["build_id"].as_str().unwrap().to_owned();
    git(project.root(), &["gc", "--quiet", "--prune=now"]);
    for _ in 0..2 {
        let diff = project.ok(&["artifacts", "diff", &one, &two]).stdout;
        assert!(diff.contains("-4 echo done") && diff.contains("+4 echo really done"), "{diff}");
        // The second round: nothing that a record names was cleaned away.
        project.ok(&["clean", "--scope", "work", "--older-than", "0s", "--yes"]);
    }
    project.ok(&["clean", "--scope", "artifacts", "--older-than", "0s", "--yes"]);
    shows_lines_of_the_second(&project);
}

fn shows_lines_of_the_second(project: &Project) {
    project.edit(SCRIPT, "echo really done", "echo over");
    project.run(&["build"]).expect(1).says("-4 echo really done").says("+4 echo over");
}

#[test]
fn texts_that_nothing_names_any_more_are_cleaned_away() {
    let project = Project::with_motd();
    project.ok(&["validate"]);
    project.edit(SCRIPT, "echo done", "echo really done");
    project.ok(&["validate"]);
    assert_eq!(packs(&project).len(), 2);
    let texts = |args: &[&str]| {
        let report =
            project.ok(&[&["clean", "--scope", "artifacts", "--format", "json"], args].concat()).json();
        report["result"]["texts"]["count"].as_u64().unwrap()
    };
    assert_eq!(texts(&[]), 0, "nothing is 30 days old");
    assert_eq!(texts(&["--older-than", "0s"]), 1);
    let plan = project.ok(&["clean", "--scope", "artifacts", "--older-than", "0s"]).stdout;
    assert!(plan.contains("kept texts of inputs (1)") && plan.contains("nothing was removed"), "{plan}");
    assert_eq!(texts(&["--older-than", "0s", "--yes"]), 1);
    assert_eq!(texts(&["--older-than", "0s", "--yes"]), 0);
    shows_lines_of_the_second(&project);
}

#[test]
fn damage_costs_lines_and_is_found_by_the_deep_check() {
    let project = Project::with_motd();
    project.ok(&["validate"]);
    let deep = || {
        let ran = project.run(&["state", "check", "--deep", "--format", "json"]);
        ran.json()["result"]["findings"].to_string()
    };
    assert!(!deep().contains("KeptTextsDamaged"));
    let pack = packs(&project).pop().unwrap();
    let good = std::fs::read(&pack).unwrap();
    std::fs::write(&pack, &good[..good.len() / 2]).unwrap();
    let findings = deep();
    assert!(findings.contains("KeptTextsDamaged") && findings.contains("pack-"), "{findings}");
    project.edit(SCRIPT, "echo done", "echo really done");
    let refused = project.run(&["build"]).expect(1).says(SCRIPT);
    assert!(!refused.stderr.contains("-4 echo done"), "{}", refused.stderr);
    project.ok(&["plan"]);
    project.edit(SCRIPT, "echo really done", "echo done");
    // What the finding says to do.
    std::fs::remove_file(&pack).unwrap();
    project.ok(&["validate"]);
    assert!(!deep().contains("KeptTextsDamaged"));
    shows_lines(&project);
}

#[test]
fn texts_that_an_earlier_version_kept_are_shown_and_packed() {
    let project = Project::with_motd();
    project.ok(&["validate"]);
    for pack in packs(&project) {
        std::fs::remove_file(pack).unwrap();
    }
    let text = project.read(SCRIPT);
    let hex = hc_core::Digest::of(text.as_bytes()).to_string();
    let single = format!(".hybrid/objects/{}/{}", &hex[..2], &hex[2..]);
    project.write(&single, &text);
    shows_lines(&project);
    project.ok(&["clean", "--scope", "artifacts", "--older-than", "0s", "--yes"]);
    assert!(!project.path(&single).exists());
    shows_lines(&project);
}

#[test]
fn a_text_with_a_secret_is_neither_kept_nor_shown_from_a_commit() {
    let project = committed();
    // Known from the environment, on two lines of a committed file.
    project
        .write("configs/overlays/dev.pkrvars.hcl", "message = env(\"TOKEN\")\nhostname = \"${env}-host\"\n");
    project.edit(
        "templates/linux/file/motd/motd.pkr.hcl",
        "type        = string",
        "type        = string\n  sensitive   = true",
    );
    project.edit(SCRIPT, "echo done", "echo 'first-half-of-it\nsecond-half-of-it'");
    commit(project.root());
    let mut project = project;
    project.set_env("TOKEN", "first-half-of-it\nsecond-half-of-it");
    project.run(&["validate"]);
    project.edit(SCRIPT, "echo '", "printf '");
    let refused = project.run(&["build"]);
    for half in ["first-half-of-it", "second-half-of-it"] {
        assert!(!refused.stderr.contains(half) && !refused.stdout.contains(half), "{}", refused.stderr);
    }
    for pack in packs(&project) {
        let bytes = std::fs::read(pack).unwrap();
        assert!(!bytes.windows(16).any(|window| window == b"first-half-of-it"));
    }
}
