//! How runs end when something is in the way: the state is locked, one target violates a rule of security (PKR-4, STATE-2).

use std::fs::File;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::interrupts::{last_run, send, wait_until};
use crate::project::{Project, Ran};

/// A build that waits for `go`, and says by `mark` that it has begun.
fn waiting() -> Project {
    let mut project = Project::with_motd();
    project.write(
        "templates/scripts/linux/greet.sh",
        "#!/bin/sh\ntouch \"$HYBRID_TEST_DIR/mark\"\nwhile ! [ -e \"$HYBRID_TEST_DIR/go\" ]; do sleep 0.05; done\n",
    );
    project
        .write("hybrid.toml", "[project]\nname = \"test\"\n\n[packer]\npass_env = [\"HYBRID_TEST_DIR\"]\n");
    let dir = project.root().display().to_string();
    project.set_env("HYBRID_TEST_DIR", &dir);
    project.ok(&["validate"]);
    project
}

fn start(project: &Project, args: &[&str]) -> Child {
    let mut command = project.command(args);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The state lock, held by this test.
fn hold(project: &Project) -> File {
    let file = File::options().read(true).write(true).open(project.path("state/.lock")).unwrap();
    file.lock().unwrap();
    file
}

#[test]
fn the_end_of_a_build_waits_for_the_state_as_long_as_it_takes() {
    let project = waiting();
    let build = start(&project, &["build"]);
    wait_until("the build has begun", || project.path("mark").exists());
    let mut held = hold(&project);
    project.write("go", "");
    // Long at first, then again and again: whatever is written at the end finds the lock held.
    for pause in [1500, 400, 400, 400] {
        std::thread::sleep(Duration::from_millis(pause));
        drop(held);
        held = hold(&project);
    }
    drop(held);
    Ran::from(build.wait_with_output().unwrap()).expect(0).says("waiting for the state lock, held by");
    let run = last_run(&project);
    assert_eq!((run["outcome"].as_str(), run["exit_code"].as_i64()), (Some("succeeded"), Some(0)), "{run}");
}

#[test]
fn a_request_to_stop_ends_that_wait_and_says_what_is_left() {
    let project = waiting();
    let log = File::create(project.path("stderr")).unwrap();
    let mut build =
        project.command(&["build"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
    wait_until("the build has begun", || project.path("mark").exists());
    let held = hold(&project);
    project.write("go", "");
    wait_until("it waits", || project.read("stderr").contains("waiting for the state lock"));
    send("-INT", build.id());
    assert_eq!(build.wait().unwrap().code(), Some(130));
    let said = project.read("stderr");
    for word in ["error[Interrupted]", "is not in the state", "the state is locked", "hybrid orphans"] {
        assert!(said.contains(word), "{word}:\n{said}");
    }
    drop(held);
    let left = project.ok(&["orphans"]).stdout;
    assert!(left.contains("linux.file.motd"), "{left}");
    // The files of this test count as inputs.
    project.ok(&["validate"]);
    project.ok(&["build"]);
    assert_eq!(last_run(&project)["outcome"], "succeeded");
}

#[test]
fn what_validate_found_waits_for_the_state_too() {
    let project = waiting();
    let held = hold(&project);
    let validate = start(&project, &["validate"]);
    std::thread::sleep(Duration::from_secs(2));
    drop(held);
    Ran::from(validate.wait_with_output().unwrap()).expect(0);
    assert_eq!(last_run(&project)["outcome"], "succeeded");
}

/// Three builders: one that violates a rule, one that takes a minute, one whose turn comes last.
fn violating() -> Project {
    let project = Project::with_motd();
    let template = project.read("templates/linux/file/motd/motd.pkr.hcl");
    for (name, script) in [
        (
            "motd",
            "#!/bin/sh\nsleep 2\necho 'connection refused'\necho 'a key of production was printed'\nexit 1\n",
        ),
        ("slow", "#!/bin/sh\nsleep 60\n"),
        ("third", "#!/bin/sh\ntouch \"$HYBRID_TEST_DIR/third\"\n"),
    ] {
        let text = template.replace("motd", name).replace("greet.sh", &format!("{name}.sh"));
        project.write(&format!("templates/linux/file/{name}/{name}.pkr.hcl"), &text);
        project.write(&format!("templates/scripts/linux/{name}.sh"), script);
        project.write(&format!("templates/linux/file/{name}/builder.toml"), "description = \"A greeting\"\n");
    }
    project.write(
        "hybrid.toml",
        "[project]\nname = \"test\"\n\n[packer]\npass_env = [\"HYBRID_TEST_DIR\"]\nretries = 0\n\n\
         [[packer.rules]]\nid = \"again\"\npattern = \"connection refused\"\nclass = \"transient\"\nscope = \"provisioner\"\n\
         hint = \"try again\"\n\n\
         [[packer.rules]]\nid = \"leak\"\npattern = \"key of production\"\nclass = \"security\"\nscope = \"provisioner\"\n",
    );
    project
}

#[test]
fn a_violation_of_security_ends_all_other_builds() {
    let mut project = violating();
    let dir = project.root().display().to_string();
    project.set_env("HYBRID_TEST_DIR", &dir);
    project.ok(&["validate"]);
    let start = Instant::now();
    let ran = project.run(&["build", "--jobs", "2"]).expect(3);
    assert!(start.elapsed() < Duration::from_secs(40), "{:?}\n{}", start.elapsed(), ran.stderr);
    assert!(!project.path("third").exists(), "{}", ran.stderr);
    let told = format!("{}{}", ran.stdout, ran.stderr);
    assert!(
        told.contains("another target violated a security rule") && !told.contains("try again"),
        "{told}"
    );
    assert_eq!(
        (last_run(&project)["exit_code"].as_i64(), &last_run(&project)["outcome"]),
        (Some(3), &"failed".into())
    );
}

#[test]
fn a_request_to_stop_is_heard_while_any_program_hangs() {
    let project = Project::example();
    let dir = project.root().display().to_string();
    let hang = format!("touch '{dir}/hangs'; exec sleep 60");
    // What packer is asked, and which command asks it.
    for (case, args) in [("version", vec!["doctor"]), ("version", vec!["plan"]), ("fmt", vec!["fmt"])] {
        let _ = std::fs::remove_file(project.path("hangs"));
        let script = format!("#!/bin/sh\n[ \"$1\" = {case} ] && {{ {hang}; }}\necho 'Packer v1.6.6'\n");
        project.write("bin/packer", &script);
        let mut command = project.command(&args);
        let path = format!("{dir}/bin:{}", std::env::var("PATH").unwrap());
        command.env("PATH", path).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        wait_until("the program hangs", || project.path("hangs").exists());
        let start = Instant::now();
        send("-INT", child.id());
        Ran::from(child.wait_with_output().unwrap()).expect(130).says("error[Interrupted]");
        assert!(start.elapsed() < Duration::from_secs(10), "{args:?}: {:?}", start.elapsed());
    }
}
