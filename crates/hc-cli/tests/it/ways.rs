//! Ways in which an image depends on something that is not the content of a named file: none of them is silent (CLO-2,
//! CLO-3, CLO-4).

use std::process::Command;

use crate::observed::{ID, adopted, built, hidden, observed, plan_says, works};
use crate::project::Project;

/// A repository of which everything was committed.
fn committed(project: &Project) {
    git(project, &["init", "-q", "-b", "main"]);
    git(project, &["add", "image"]);
    git(project, &["-c", "user.email=a@b", "-c", "user.name=a", "commit", "-qm", "first"]);
}

fn git(project: &Project, args: &[&str]) {
    let done = Command::new("git").args(args).current_dir(project.root()).output().unwrap();
    assert!(done.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn up_to_date(project: &Project) {
    let plan = project.ok(&["plan"]).stdout;
    assert!(plan.contains("up to date") && !plan.contains("need"), "{plan}");
}

#[cfg(unix)]
#[test]
fn a_link_counts_by_where_it_leads_and_not_by_everything_behind_it() {
    if !works() {
        return eprintln!("skipped: temporary files keep no access times here");
    }
    let project =
        adopted(&[format!("cat {}/used.txt", hidden("here")), format!("readlink {}", hidden("version"))]);
    project.write("used.txt", "1\n");
    let link = |target: &str, name: &str| {
        let _ = std::fs::remove_file(project.path(name));
        std::os::unix::fs::symlink(target, project.path(name)).unwrap();
    };
    link(".", "here");
    link("1.0", "version");
    built(&project);
    assert_eq!(observed(&project), ["here", "version"]);
    built(&project);
    project.write("unused.txt", "1\n");
    up_to_date(&project);
    link("2.0", "version");
    plan_says(&project, &["version", "1 to build"]);
    link("1.0", "version");
    up_to_date(&project);
    project.write("used.txt", "2\n");
    plan_says(&project, &["used.txt", "1 to build"]);
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_text_are_inputs() {
    use std::os::unix::ffi::OsStrExt as _;
    if !works() {
        return eprintln!("skipped: temporary files keep no access times here");
    }
    let project = adopted(&[format!("cat {}/*", hidden("odd"))]);
    let at = |name: &[u8]| project.path("odd").join(std::ffi::OsStr::from_bytes(name));
    std::fs::create_dir(project.path("odd")).unwrap();
    std::fs::write(at(b"a\xff"), "1\n").unwrap();
    built(&project);
    built(&project);
    up_to_date(&project);
    std::fs::write(at(b"a\xff"), "2\n").unwrap();
    plan_says(&project, &["1 to build"]);
    std::fs::write(at(b"a\xff"), "1\n").unwrap();
    up_to_date(&project);
    std::fs::rename(at(b"a\xff"), at(b"a\xfe")).unwrap();
    plan_says(&project, &["1 to build"]);
}

#[test]
fn what_git_tells_beyond_the_commit_counts_when_git_was_asked() {
    if !works() {
        return eprintln!("skipped: temporary files keep no access times here");
    }
    let project = adopted(&["git describe --tags --always; git rev-parse --abbrev-ref HEAD"]);
    committed(&project);
    built(&project);
    built(&project);
    up_to_date(&project);
    git(&project, &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    up_to_date(&project);
    git(&project, &["tag", "v2"]);
    plan_says(&project, &[".git", "1 to build"]);
    git(&project, &["tag", "-d", "v2"]);
    up_to_date(&project);
    git(&project, &["checkout", "-q", "-b", "other"]);
    plan_says(&project, &[".git", "1 to build"]);
}

#[test]
fn a_hermetic_stage_does_not_lead_git_to_the_repository_around_it() {
    let project = adopted(&["git rev-parse HEAD"]);
    committed(&project);
    project.edit("hybrid.toml", "[project]", "[packer]\nhermetic = true\n\n[project]");
    project.ok(&["validate"]);
    project.run(&["build"]).expect(1).says("not a git repository");
}

#[test]
fn files_that_a_script_only_asks_for_are_inputs_as_soon_as_they_are_there() {
    for (name, script) in [
        ("scripts/run.sh", "#!/bin/sh\nif [ -e marker ]; then echo yes; fi\n"),
        ("scripts/run.py", "import os\nprint(os.path.exists('marker'))\n"),
    ] {
        let project = adopted(&[format!("{} {name}", if name.ends_with("py") { "python3" } else { "sh" })]);
        project.write(name, script);
        built(&project);
        built(&project);
        up_to_date(&project);
        project.write("marker", "");
        plan_says(&project, &["marker", "1 to build"]);
        built(&project);
        up_to_date(&project);
        std::fs::remove_file(project.path("marker")).unwrap();
        plan_says(&project, &["marker", "1 to build"]);
    }
}

#[test]
fn a_wildcard_of_a_command_names_files_of_the_root_too() {
    let project = adopted(&["cat *.txt > /dev/null"]);
    project.write("one.txt", "1\n");
    project.write("one.md", "1\n");
    built(&project);
    built(&project);
    project.write("two.md", "2\n");
    up_to_date(&project);
    project.write("two.txt", "2\n");
    plan_says(&project, &["two.txt", "1 to build"]);
}

#[test]
fn a_command_that_knows_where_the_project_lies_is_told() {
    for command in ["cat {root}/$(echo used.txt)", "cd {root} && true", "r={root}; cat $r/$(echo used.txt)"] {
        let project = adopted(&["echo"]);
        project.write("used.txt", "1\n");
        let command = command.replace("{root}", &project.root().to_string_lossy());
        project.edit("image/image.pkr.hcl", "\"echo\"", &format!("{command:?}"));
        let ran = project.ok(&["validate"]);
        assert!(ran.stderr.contains("warning[InputUnknown]"), "{command}: {}", ran.stderr);
        project.run(&["validate", "--strict"]).expect(1);
        project.write("image/builder.toml", "inputs = [\"used.txt\"]\n");
        project.ok(&["validate", "--strict"]);
    }
}

#[test]
fn what_programs_take_from_the_environment_counts_where_they_name_it() {
    let mut project = adopted(&["echo built by $USER in $AWS_REGION at $TZ; date"]);
    let settings = project.read("hybrid.toml");
    project.write("hybrid.toml", &format!("{settings}\n[packer]\npass_env = [\"TZ\", \"AWS_REGION\"]\n"));
    project.set_env("USER", "ada");
    project.set_env("AWS_REGION", "eu-1");
    project.set_env("TZ", "UTC");
    built(&project);
    built(&project);
    for (name, other, before) in
        [("USER", "bob", "ada"), ("AWS_REGION", "us-1", "eu-1"), ("TZ", "Asia/Tokyo", "UTC")]
    {
        up_to_date(&project);
        project.set_env(name, other);
        plan_says(&project, &[name, "1 to build"]);
        project.set_env(name, before);
    }
    project.set_env("LANG", "tr_TR.UTF-8");
    project.set_env("AWS_PROFILE", "unnamed");
    project.set_env("LC_ALL", "C");
    up_to_date(&project);
}

#[test]
fn a_variable_that_a_command_names_and_does_not_get_is_told() {
    let mut project = adopted(&["echo $BUILD_LABEL; MINE=1; echo $MINE"]);
    project.set_env("BUILD_LABEL", "7");
    project.set_env("MINE", "7");
    let ran = project.ok(&["validate"]);
    assert!(ran.stderr.contains("warning[EnvNotPassed]: `BUILD_LABEL` is set"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("`MINE`"), "{}", ran.stderr);
    project.edit("hybrid.toml", "[project]", "[packer]\npass_env = [\"BUILD_LABEL\"]\n\n[project]");
    assert!(!project.ok(&["validate"]).stderr.contains("EnvNotPassed"));
    project.ok(&["build"]);
    project.set_env("BUILD_LABEL", "8");
    plan_says(&project, &["BUILD_LABEL", "1 to build"]);
}

#[test]
fn a_variable_of_a_json_template_counts() {
    let mut project = adopted(&["echo"]);
    project.write("image/more.pkr.json", "{\"variable\": {\"label\": {\"default\": \"x\"}}}\n");
    project.set_env("PKR_VAR_label", "1");
    built(&project);
    up_to_date(&project);
    project.set_env("PKR_VAR_label", "2");
    plan_says(&project, &["PKR_VAR_label", "1 to build"]);
}

#[test]
fn what_a_run_turns_out_to_write_is_not_a_change() {
    if !works() {
        return eprintln!("skipped: temporary files keep no access times here");
    }
    let project = adopted(&["date +%N >> run.log; date +%N | tee last.txt"]);
    project.write("run.log", "0\n");
    project.write("last.txt", "0\n");
    built(&project);
    up_to_date(&project);
    project.ok(&["build", "--force"]);
    up_to_date(&project);
    assert_eq!(observed(&project), [""; 0]);
}

#[test]
fn status_says_what_plan_says_before_the_first_build_and_when_nothing_can_be_planned() {
    let project = adopted(&["sh scripts/run.sh"]);
    project.write("scripts/run.sh", "echo 1\n");
    let trusted = |project: &Project| {
        let status = project.ok(&["status", "--format", "json"]).json();
        status["result"]["targets"][0]["trusted"].clone()
    };
    project.ok(&["validate"]);
    assert_eq!(trusted(&project), true);
    project.write("scripts/run.sh", "echo 2\n");
    assert_eq!(trusted(&project), false);
    built(&project);
    assert_eq!(trusted(&project), true);
    project.edit("hybrid.toml", "path = \"image\"", "path = \"image\"\nvar_files = [\"gone.pkrvars.hcl\"]");
    assert_eq!(project.run(&["plan"]).code, 1);
    let status = project.ok(&["status", "--format", "json"]).json();
    let target = &status["result"]["targets"][0];
    assert_eq!((&target["builder"], &target["trusted"]), (&ID.into(), &false.into()), "{target}");
    assert_eq!(target["state"], "stale", "{target}");
}

#[test]
fn language_and_time_zone_are_those_of_no_machine() {
    let mut project =
        adopted(&["echo $(date +%Z) $LC_ALL. | sed 's/^/seen: /'; locale 2>&1 | grep LC_COLLATE"]);
    for (zone, language) in [("UTC", "C"), ("Asia/Tokyo", "tr_TR.UTF-8")] {
        project.set_env("TZ", zone);
        project.set_env("LANG", language);
        project.set_env("LC_ALL", language);
        project.ok(&["validate"]);
        let ran = project.ok(&["build", "--force"]);
        assert!(ran.stderr.contains("seen: UTC ."), "{}", ran.stderr);
        assert!(ran.stderr.contains("LC_COLLATE=\"C.UTF-8\""), "{}", ran.stderr);
    }
    up_to_date(&project);
}

#[test]
fn asking_git_twice_whether_something_changed_sees_the_same_files() {
    if !works() {
        return eprintln!("skipped: temporary files keep no access times here");
    }
    let project = adopted(&["git describe --always --dirty"]);
    project.write("image/used.txt", "1\n");
    committed(&project);
    built(&project);
    assert!(observed(&project).contains(&"image/used.txt".to_owned()), "{:?}", observed(&project));
    // Git tells states of a file apart by whole seconds, and would not look into it again.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    built(&project);
    up_to_date(&project);
    project.write("image/used.txt", "2\n");
    plan_says(&project, &["image/used.txt", "1 to build"]);
    git(&project, &["add", "image/used.txt"]);
    plan_says(&project, &[".git", "1 to build"]);
}
