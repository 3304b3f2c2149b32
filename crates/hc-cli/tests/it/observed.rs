//! What a build uses beyond its known inputs is noticed, kept and gated (CLO-1, CLO-2, CLO-6).

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use crate::project::{Project, Ran};

pub(crate) const ID: &str = "other.null.image";

/// Whether what a build reads is noticed here: elsewhere than on Linux, only if temporary files keep access times.
pub(crate) fn works() -> bool {
    if cfg!(target_os = "linux") {
        return true;
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "x").unwrap();
    let times = std::fs::FileTimes::new().set_accessed(SystemTime::UNIX_EPOCH);
    std::fs::File::options().write(true).open(file.path()).unwrap().set_times(times).unwrap();
    std::fs::read(file.path()).unwrap();
    file.path().metadata().unwrap().accessed().unwrap() != SystemTime::UNIX_EPOCH
}

/// A repository that was adopted: one builder whose provisioner runs `commands` on this machine.
pub(crate) fn adopted(commands: &[impl std::fmt::Debug]) -> Project {
    let project = Project::bare();
    let inline = commands.iter().map(|command| format!("{command:?}")).collect::<Vec<_>>().join(", ");
    project.write(
        "image/image.pkr.hcl",
        &format!(
            "source \"null\" \"image\" {{\n  communicator = \"none\"\n}}\n\nbuild {{\n  sources = \
             [\"source.null.image\"]\n\n  provisioner \"shell-local\" {{\n    inline = [{inline}]\n  }}\n}}\n"
        ),
    );
    project.write(
        "hybrid.toml",
        &format!("[project]\nname = \"test\"\n\n[builders.\"{ID}\"]\npath = \"image\"\n"),
    );
    project
}

/// The path in words of a shell that no analysis sees through: every letter is the next one.
pub(crate) fn hidden(path: &str) -> String {
    let next = |letter: char| match letter {
        'a'..='y' => char::from(letter as u8 + 1),
        other => other,
    };
    format!("$(echo {} | tr b-z a-y)", path.chars().map(next).collect::<String>())
}

/// Everything that the last build was seen to use, by the record that a plan compares with.
pub(crate) fn observed(project: &Project) -> Vec<String> {
    let path = format!("state/packer/observed/dev/{ID}.json");
    if !project.path(&path).exists() {
        return Vec::new();
    }
    let read: serde_json::Value = serde_json::from_str(&project.read(&path)).unwrap();
    read["paths"].as_array().unwrap().iter().map(|path| path.as_str().unwrap().to_owned()).collect()
}

pub(crate) fn plan_says(project: &Project, words: &[&str]) {
    let plan = project.ok(&["plan"]).stdout;
    for word in words {
        assert!(plan.contains(word), "no {word:?} in: {plan}");
    }
}

pub(crate) fn built(project: &Project) -> Ran {
    project.ok(&["validate"]);
    project.ok(&["build"])
}

#[test]
fn what_nothing_names_is_reported_at_its_first_use_and_gated_from_then_on() {
    if !works() {
        return eprintln!("skipped: temporary files keep no access times here");
    }
    let project = adopted(&["sh scripts/run.sh"]);
    project.write("scripts/run.sh", &format!("cat {}\n", hidden("notes/today.txt")));
    project.write("notes/today.txt", "hello\n");
    project.write("notes/unused.txt", "nobody reads this\n");
    let first = built(&project);
    assert!(first.stderr.contains("warning[InputObserved]"), "{}", first.stderr);
    assert!(first.stderr.contains("`notes/today.txt`"), "{}", first.stderr);
    assert!(observed(&project).contains(&"notes/today.txt".to_owned()));
    assert!(!observed(&project).contains(&"notes/unused.txt".to_owned()));
    // It was built from something that nobody validated: the image is not stale, and the next build waits.
    plan_says(&project, &["0 to build", "need `hybrid validate` first"]);
    project.run(&["build"]).expect(1).says("error[DriftDetected]").says("added notes/today.txt");
    let second = built(&project);
    assert!(!second.stderr.contains("InputObserved"), "{}", second.stderr);
    plan_says(&project, &["0 to build"]);
    project.write("notes/unused.txt", "changed\n");
    assert!(!project.ok(&["plan"]).stdout.contains("1 to build"));
    project.write("notes/today.txt", "changed\n");
    plan_says(&project, &["notes/today.txt", "1 to build"]);
    project.run(&["build"]).expect(1).says("changed notes/today.txt").says("-1 hello").says("+1 changed");
    let status = project.ok(&["status", "--format", "json"]).json();
    let target = &status["result"]["targets"][0];
    assert_eq!((&target["state"], &target["trusted"]), (&"stale".into(), &false.into()), "{target}");
}

#[test]
fn what_is_not_used_any_more_is_not_an_input_any_more() {
    if !works() {
        return eprintln!("skipped: temporary files keep no access times here");
    }
    let project = adopted(&[format!("cat $(cat {})", hidden("which.txt"))]);
    project.write("which.txt", "one.txt\n");
    project.write("one.txt", "1\n");
    project.write("two.txt", "2\n");
    built(&project);
    assert_eq!(observed(&project), ["one.txt", "which.txt"]);
    project.write("which.txt", "two.txt\n");
    built(&project);
    assert_eq!(observed(&project), ["two.txt", "which.txt"]);
    built(&project);
    project.write("one.txt", "changed\n");
    plan_says(&project, &["0 to build"]);
    std::fs::remove_file(project.path("two.txt")).unwrap();
    plan_says(&project, &["two.txt", "1 to build"]);
}

#[test]
fn names_in_a_directory_are_noticed_and_the_projects_own_directories_are_not() {
    if !works() {
        return eprintln!("skipped: temporary files keep no access times here");
    }
    let project = adopted(&[
        format!("ls {} | wc -l", hidden("parts")),
        "ls -a . logs state .hybrid > /dev/null".into(),
    ]);
    project.write("parts/a", "a\n");
    project.write("parts/b", "b\n");
    built(&project);
    assert_eq!(observed(&project), ["./", "parts/"]);
    built(&project);
    plan_says(&project, &["0 to build"]);
    project.write("parts/c", "c\n");
    plan_says(&project, &["parts/", "1 to build"]);
}

/// Packer lists both itself, when it reads the template.
#[test]
fn names_in_the_root_and_beside_the_template_count_when_a_program_lists_them() {
    if !works() {
        return eprintln!("skipped: temporary files keep no access times here");
    }
    for (command, seen, other) in
        [("ls | wc -l", "./", "new.txt"), ("ls im* | wc -l", "image/", "image/new.txt")]
    {
        let silent = adopted(&["echo"]);
        built(&silent);
        assert!(observed(&silent).is_empty(), "{:?}", observed(&silent));
        let project = adopted(&[command]);
        let first = built(&project);
        assert!(first.stderr.contains("warning[InputObserved]"), "{}", first.stderr);
        assert!(observed(&project).contains(&seen.to_owned()), "{command}: {:?}", observed(&project));
        built(&project);
        plan_says(&project, &["0 to build"]);
        project.write(other, "\n");
        plan_says(&project, &[seen, "1 to build"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_read_that_asks_for_no_trace_is_noticed() {
    let project = adopted(&[format!("dd iflag=noatime if={} of=/dev/null", hidden("secretly.txt"))]);
    project.write("secretly.txt", "1\n");
    built(&project);
    assert_eq!(observed(&project), ["secretly.txt"]);
    built(&project);
    project.write("secretly.txt", "2\n");
    plan_says(&project, &["secretly.txt", "1 to build"]);
}

#[test]
fn links_and_large_files_are_noticed_too() {
    if !works() {
        return eprintln!("skipped: temporary files keep no access times here");
    }
    let project = adopted(&[
        format!("cat {}", hidden("link.txt")),
        format!("head -c 4 {} > /dev/null", hidden("large.bin")),
        format!("cat {}", hidden("there/file.txt")),
    ]);
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("file.txt"), "outside\n").unwrap();
    project.write("target.txt", "target\n");
    project.write("large.bin", &"x".repeat(3 << 20));
    project.write("large-unused.bin", &"x".repeat(3 << 20));
    std::os::unix::fs::symlink("target.txt", project.path("link.txt")).unwrap();
    std::os::unix::fs::symlink(outside.path(), project.path("there")).unwrap();
    built(&project);
    assert_eq!(observed(&project), ["large.bin", "link.txt", "target.txt", "there"]);
    built(&project);
    plan_says(&project, &["0 to build"]);
    std::fs::write(outside.path().join("file.txt"), "changed\n").unwrap();
    plan_says(&project, &["there", "1 to build"]);
    built(&project);
    project.write("large.bin", &"y".repeat(3 << 20));
    plan_says(&project, &["large.bin", "1 to build"]);
}

#[test]
fn what_a_build_makes_lands_where_packer_would_have_put_it_and_is_not_an_input() {
    if !works() {
        return eprintln!("skipped: temporary files keep no access times here");
    }
    let project = adopted(&["mkdir -p out/deep && echo image > out/deep/image.txt"]);
    project.write("out/README", "of the repository\n");
    let text = project.read("image/image.pkr.hcl");
    let with_manifest = text.trim_end().trim_end_matches('}').to_owned()
        + "\n  post-processor \"manifest\" {\n    output = \"manifest.json\"\n  }\n}\n";
    project.write("image/image.pkr.hcl", &with_manifest);
    built(&project);
    assert_eq!(project.read("out/deep/image.txt"), "image\n");
    assert_eq!(project.read("out/README"), "of the repository\n");
    plan_says(&project, &["0 to build"]);
    project.ok(&["build"]);
    // Packer reads its manifest and appends to it: an output, whatever it read.
    assert_eq!(project.read("manifest.json").matches("\"packer_run_uuid\"").count(), 2);
    assert_eq!(observed(&project), Vec::<String>::new());
    plan_says(&project, &["0 to build"]);
}

#[test]
fn what_commands_write_and_do_not_read_is_not_an_input() {
    if !works() {
        return eprintln!("skipped: temporary files keep no access times here");
    }
    let project = adopted(&["echo note > note.log && date >> dates.log", "cat parts/a.txt | tee copy.txt"]);
    project.write("parts/a.txt", "a\n");
    built(&project);
    plan_says(&project, &["0 to build"]);
    project.ok(&["build"]);
    plan_says(&project, &["0 to build"]);
    assert!(!project.ok(&["plan"]).stdout.contains("need"));
    // What reads one of them makes it an input.
    project.edit("image/image.pkr.hcl", "echo note > note.log", "cat note.log");
    let read = built(&project);
    assert!(read.stderr.contains("`note.log`"), "{}", read.stderr);
    built(&project);
    project.write("note.log", "changed\n");
    plan_says(&project, &["note.log", "1 to build"]);
}

#[test]
fn a_hermetic_build_sees_its_inputs_and_nothing_else() {
    let hide = format!("test ! -e {}", hidden("notes.txt"));
    let project = adopted(&["sh scripts/run.sh".to_owned(), hide, "test ! -e .git".into(), "ls".into()]);
    project.write("scripts/run.sh", ". scripts/lib/common.sh\n");
    project.write("scripts/lib/common.sh", "echo common\n");
    project.write("notes.txt", "notes\n");
    std::os::unix::fs::symlink("lib", project.path("scripts/link")).unwrap();
    project.edit("scripts/run.sh", "scripts/lib", "scripts/link");
    git(project.root(), &["init", "--quiet"]);
    project.ok(&["validate", "--hermetic"]);
    project.ok(&["build", "--hermetic"]);
    // Without it the file is there, and packer's script fails by it.
    project.run(&["build"]).expect(1);
    let settings = project.read("hybrid.toml");
    project.write("hybrid.toml", &format!("{settings}\n[packer]\nhermetic = true\n"));
    built(&project);
}

#[test]
fn the_commit_is_an_input_of_what_asks_git() {
    if !works() {
        return eprintln!("skipped: temporary files keep no access times here");
    }
    let project = adopted(&["git rev-parse HEAD > commit.txt"]);
    project.write("readme.txt", "one\n");
    git(project.root(), &["init", "--quiet"]);
    let commit = |message: &str| {
        git(project.root(), &["add", "readme.txt", "image"]);
        git(project.root(), &["commit", "--quiet", "-m", message]);
    };
    commit("one");
    let first = built(&project);
    assert!(first.stderr.contains("the commit of the repository"), "{}", first.stderr);
    assert_eq!(observed(&project), [".git"]);
    built(&project);
    plan_says(&project, &["0 to build"]);
    project.write("readme.txt", "two\n");
    commit("two");
    plan_says(&project, &[".git", "1 to build"]);
}

fn git(dir: &Path, args: &[&str]) {
    let who = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
    let done = Command::new("git").arg("-C").arg(dir).args(who).args(args).status().unwrap();
    assert!(done.success(), "git {args:?}");
}

#[test]
fn a_failed_build_leaves_the_repository_as_it_was_and_keeps_its_stage() {
    if !works() {
        return eprintln!("skipped: temporary files keep no access times here");
    }
    let project =
        adopted(&[format!("cat {}", hidden("notes.txt")), "echo half > half.txt".into(), "exit 7".into()]);
    project.write("notes.txt", "notes\n");
    project.ok(&["validate"]);
    project.run(&["build"]).expect(1);
    assert!(!project.path("half.txt").exists());
    // It was used, so it counts.
    plan_says(&project, &["need `hybrid validate` first"]);
    assert_eq!(observed(&project), ["notes.txt"]);
}

#[test]
fn a_named_input_that_is_replaced_in_place_stays_an_input() {
    if !works() {
        return eprintln!("skipped: temporary files keep no access times here");
    }
    let project = adopted(&["sed -i s/a/b/ notes.txt", "cat notes.txt > copy.txt"]);
    project.write("notes.txt", "a\n");
    built(&project);
    project.write("notes.txt", "a and more\n");
    plan_says(&project, &["notes.txt", "1 to build"]);
}

#[test]
fn an_access_time_that_is_set_back_hides_nothing() {
    if !works() {
        return eprintln!("skipped: temporary files keep no access times here");
    }
    let project = adopted(&[format!(
        "tar --create --atime-preserve=replace {} | cat > image.tar",
        hidden("notes.txt")
    )]);
    project.write("notes.txt", "a\n");
    built(&project);
    assert!(observed(&project).contains(&"notes.txt".to_owned()));
}

#[test]
fn a_file_that_is_moved_away_unread_is_used() {
    if !works() {
        return eprintln!("skipped: temporary files keep no access times here");
    }
    let project = adopted(&["mkdir -p out".to_owned(), format!("mv {} out/image.txt", hidden("notes.txt"))]);
    project.write("notes.txt", "a\n");
    built(&project);
    assert_eq!(observed(&project), ["notes.txt"]);
    assert_eq!((project.read("out/image.txt"), project.read("notes.txt")), ("a\n".into(), "a\n".into()));
}

/// In a mount namespace of its own, where `.hybrid` lies on a file system without access times.
#[cfg(target_os = "linux")]
#[test]
fn where_no_access_times_are_kept_the_kernel_tells_what_is_read() {
    let project =
        adopted(&[format!("cat {}", hidden("notes.txt")), format!("ls {} | wc -l", hidden("parts"))]);
    project.write("notes.txt", "1\n");
    project.write("parts/a", "a\n");
    project.write("unused.txt", "1\n");
    std::fs::create_dir_all(project.path(".hybrid")).unwrap();
    let mount = "mount -t tmpfs -o noatime none .hybrid";
    let inside = |then: &str| {
        let script = format!("{mount} && {then}");
        let args = ["--user", "--map-root-user", "--mount", "sh", "-c", &script];
        let mut command = Command::new("unshare");
        command
            .args(args)
            .current_dir(project.root())
            .env_clear()
            .envs(project.command(&[]).get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.output().unwrap()
    };
    if !inside("true").status.success() {
        return eprintln!("skipped: no file system can be mounted here");
    }
    let hybrid = env!("CARGO_BIN_EXE_hybrid");
    let ran = inside(&format!("{hybrid} validate && {hybrid} build"));
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && !said.contains("NotObserved"), "{said}");
    assert!(said.contains("used `notes.txt`") && said.contains("the files in `parts`"), "{said}");
    assert_eq!(observed(&project), ["notes.txt", "parts/"]);
    project.ok(&["validate"]);
    project.write("unused.txt", "2\n");
    plan_says(&project, &["0 to build"]);
    project.write("notes.txt", "2\n");
    plan_says(&project, &["notes.txt", "1 to build"]);
}
