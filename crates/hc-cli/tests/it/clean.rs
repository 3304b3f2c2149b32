//! What may go and what stays; bundles and logs for whoever has to understand a failure (SEC-2, DIAG-1, LOG-1).

use std::process::Command;

use crate::project::Project;

fn build(project: &Project, greeting: &str) -> String {
    project.write("configs/overlays/dev.pkrvars.hcl", &format!("message = \"{greeting}\"\n"));
    project.ok(&["validate"]);
    let built = project.ok(&["build", "--format", "json"]).json();
    built["result"]["builds"][0]["build_id"].as_str().unwrap().to_owned()
}

fn planned(project: &Project, args: &[&str]) -> Vec<String> {
    let report = project.ok(&[&["clean"], args, &["--format", "json"]].concat()).json();
    let removals = report["result"]["removals"].as_array().unwrap().clone();
    removals.iter().map(|one| one["path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn superseded_builds_go_and_evidence_stays() {
    let project = Project::with_motd();
    project.write("templates/linux/file/motd/builder.toml", "[suites.smoke]\ncommand = [\"true\"]\n");
    let (one, two, three) = (build(&project, "one"), build(&project, "two"), build(&project, "three"));
    assert_eq!(planned(&project, &["--scope", "artifacts"]), Vec::<String>::new(), "nothing is 30 days old");
    let plan = planned(&project, &["--scope", "artifacts", "--older-than", "0s"]);
    assert!(
        plan.iter().any(|path| path.contains(&one)) && plan.iter().any(|path| path.contains(&two)),
        "{plan:?}"
    );
    assert!(!plan.iter().any(|path| path.contains(&three)), "{plan:?}");
    assert!(project.path(&format!("artifacts/{one}.json")).exists(), "a plan removed something");

    project.run(&["clean", "--build", &three, "--yes"]).expect(3).says("error[EvidenceKept]");
    project.ok(&["test"]);
    project.ok(&["publish"]);
    let four = build(&project, "four");
    project.run(&["clean", "--build", &three, "--yes"]).expect(3).says("published");
    project.ok(&["clean", "--scope", "all", "--older-than", "0s", "--yes"]);
    for (build, stays) in [(&one, false), (&two, false), (&three, true), (&four, true)] {
        assert_eq!(project.path(&format!("artifacts/{build}.json")).exists(), stays, "{build}");
        assert_eq!(project.path(&format!("artifacts/images/{build}")).exists(), stays, "{build}");
    }
    assert!(project.path("artifacts/linux.file.motd.hash.json").exists());
    project.ok(&["state", "show"]);
    project.ok(&["artifacts", "verify"]);
    project.ok(&["build"]);
}

#[test]
fn work_of_failed_builds_goes_and_links_are_not_followed() {
    let project = Project::with_motd();
    project.edit("templates/scripts/linux/greet.sh", "echo done", "exit 3");
    project.ok(&["validate"]);
    project.run(&["build"]).expect(1);
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("precious"), "x").unwrap();
    std::os::unix::fs::symlink(outside.path(), project.path(".hybrid/work/link")).unwrap();
    assert!(planned(&project, &["--scope", "work", "--older-than", "0s"]).len() == 2);
    project.ok(&["clean", "--scope", "work", "--older-than", "0s", "--yes"]);
    assert!(std::fs::read_dir(project.path(".hybrid/work")).unwrap().next().is_none());
    assert!(outside.path().join("precious").exists());
    project.run(&["clean"]).expect(1);
}

#[test]
fn a_bundle_holds_logs_and_state_and_no_secret() {
    let project = Project::with_motd();
    let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    project.edit(
        "templates/scripts/linux/greet.sh",
        "echo done",
        "sh -c \"echo gh\"\"p_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8\"; exit 3",
    );
    project.ok(&["validate"]);
    project.run(&["build"]).expect(1);
    project.write("logs/packer/foreign.log", &format!("token {token}\n"));
    let bundle = project.ok(&["diag", "bundle", "--out", "b.tar.zst", "--format", "json"]).json();
    assert!(bundle["result"]["replaced"].as_u64().unwrap() >= 1, "{bundle}");
    let listed = Command::new("tar").args(["--zstd", "-tf"]).arg(project.path("b.tar.zst")).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    for name in [
        "manifest.json",
        "scrub-manifest.json",
        "state/packer-hybrid.json",
        "doctor.json",
        "logs/hybrid.jsonl",
    ] {
        assert!(listed.contains(name), "{name} is not in\n{listed}");
    }
    let text = Command::new("tar").args(["--zstd", "-xOf"]).arg(project.path("b.tar.zst")).output().unwrap();
    assert!(!String::from_utf8_lossy(&text.stdout).contains(&token));
}

#[test]
fn logs_of_the_last_run_are_read_back() {
    let project = Project::with_motd();
    project.ok(&["validate"]);
    project.ok(&["build"]);
    let last = project.ok(&["logs", "last", "--format", "json"]).json();
    let lines = last["result"]["lines"].as_array().unwrap().clone();
    assert!(lines.len() >= 2, "{last}");
    assert!(lines.iter().all(|line| line["run_id"] == lines[0]["run_id"]));
    let human = project.ok(&["logs"]).stdout;
    assert!(human.lines().count() > lines.len() && human.contains("started"), "{human}");
    project.run(&["logs", "yesterday"]).expect(1).says("error[BadRunId]").says("hybrid status");
}

#[test]
fn a_running_build_is_followed_to_its_end() {
    use std::io::BufRead as _;
    let project = Project::with_motd();
    project.edit(
        "templates/linux/file/motd/motd.pkr.hcl",
        "build {\n",
        "build {\n  provisioner \"shell-local\" {\n    inline = [\"sleep 2\"]\n  }\n",
    );
    project.ok(&["validate"]);
    let mut build = project.command(&["build"]).stderr(std::process::Stdio::null()).spawn().unwrap();
    let state = || project.ok(&["logs", "--format", "json"]).json()["result"]["lines"].to_string();
    while !state().contains("build") {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let mut follow = project
        .command(&["logs", "last", "--follow", "--format", "json"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let lines: Vec<serde_json::Value> = std::io::BufReader::new(follow.stdout.take().unwrap())
        .lines()
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
        .collect();
    assert!(follow.wait().unwrap().success() && build.wait().unwrap().success());
    assert!(lines.len() > 1, "{lines:?}");
    assert_eq!(lines.last().unwrap()["message"], "ended");
    let run = lines[0]["run_id"].as_str().unwrap().to_owned();
    assert!(lines.iter().all(|line| line["run_id"] == run.as_str()));
    // A run that has ended is printed and done.
    assert!(project.ok(&["logs", &run, "--follow"]).stdout.contains("ended"));
}

#[test]
fn size_and_age_of_logs_come_from_the_environment_under_both_names() {
    let mut project = Project::with_motd();
    project.set_env("HYBRIDCORE_LOG_MAX_BYTES", "300");
    project.set_env("HYBRID_LOG_MAX_DAYS", "1");
    for _ in 0..4 {
        project.ok(&["validate", "--log-keep", "2"]);
    }
    let logs = std::fs::read_dir(project.path("logs")).unwrap().flatten();
    let rotated = logs.filter(|entry| entry.file_name().to_string_lossy().starts_with("hybrid")).count();
    assert!(rotated > 2, "{rotated}");
}

#[test]
fn following_a_killed_run_ends_and_words_of_others_do_not_end_it() {
    let project = Project::with_motd();
    project.edit(
        "templates/linux/file/motd/motd.pkr.hcl",
        "build {\n",
        "build {\n  provisioner \"shell-local\" {\n    inline = [\"sleep 30\"]\n  }\n",
    );
    project.ok(&["validate"]);
    let mut build = project.command(&["build"]).stderr(std::process::Stdio::null()).spawn().unwrap();
    let lines = || project.ok(&["logs", "--format", "json"]).json()["result"]["lines"].to_string();
    while !lines().contains("hybrid build") {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let last = project.ok(&["logs", "last", "--format", "json"]).json();
    let mut line = last["result"]["lines"][0].clone();
    for message in ["ended", "failed: not really"] {
        (line["component"], line["message"]) = ("packer".into(), message.into());
        let log = std::fs::File::options().append(true).open(project.path("logs/hybrid.jsonl"));
        std::io::Write::write_all(&mut log.unwrap(), format!("{line}\n").as_bytes()).unwrap();
    }
    let mut follow = project
        .command(&["logs", "last", "--follow"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(600));
    assert!(follow.try_wait().unwrap().is_none(), "it ended while the build runs");
    build.kill().unwrap();
    build.wait().unwrap();
    let followed = crate::project::Ran::from(follow.wait_with_output().unwrap());
    followed.expect(0).says("warning[RunInterrupted]").says("is gone");
    project.run(&["orphans", "--stop"]);
}

#[test]
fn a_builder_named_instead_of_its_build_is_evidence_too() {
    let project = Project::with_motd();
    let one = build(&project, "one");
    project
        .run(&["clean", "--build", "linux.file.motd", "--yes"])
        .expect(3)
        .says("error[EvidenceKept]")
        .says(&one);
    assert!(project.path(&format!("artifacts/{one}.json")).exists());
}

#[test]
fn a_cache_is_what_lies_among_caches() {
    for dir in
        ["state", "artifacts", "artifacts/images", "logs", ".hybrid", "templates", ".", ".hybrid/cache/../.."]
    {
        let project = Project::with_motd();
        let one = build(&project, "one");
        project.write("hybrid.toml", &format!("[packer]\ncache_dir = \"{dir}\"\n"));
        let plan = project.ok(&["clean", "--scope", "cache", "--older-than", "0s", "--yes"]).stdout;
        assert!(plan.contains("stays"), "{dir}: {plan}");
        assert!(project.path(&format!("artifacts/images/{one}/motd")).exists(), "{dir}");
        assert!(
            project.path("templates/linux").exists() && project.path("state/packer-hybrid.json").exists(),
            "{dir}"
        );
    }
    let project = Project::with_motd();
    project.write(".hybrid/cache/packer/download.iso", "x");
    project.ok(&["validate"]);
    project.ok(&["clean", "--scope", "cache", "--older-than", "0s", "--yes"]);
    assert!(!project.path(".hybrid/cache/packer/download.iso").exists());
}

#[test]
fn an_entry_of_a_build_that_was_recorded_takes_no_image() {
    let project = Project::with_motd();
    let one = build(&project, "one");
    let run = &one[one.len() - 29..];
    let entry = |output: &str| {
        format!(
            r#"{{"schema":{{"name":"journal","version":1}},"build_id":"{one}","target":"linux.file.motd@dev","run_id":"{run}",
            "pid":1,"host":"elsewhere","started_at":"2020-01-01T00:00:00Z","work":".hybrid/work/{run}/x",
            "output":"artifacts/images/{output}","log":"logs/packer/{one}.log","names":{{}}}}"#
        )
    };
    let image = project.path(&format!("artifacts/images/{one}/motd"));
    project.write(&format!(".hybrid/journal/{one}.json"), &entry(&one));
    project.ok(&["orphans", "--stop"]);
    assert!(image.exists() && !project.path(&format!(".hybrid/journal/{one}.json")).exists());
    // In the name of another build.
    let forged = one.replace("-dev-", "-prod-");
    project.write(
        &format!(".hybrid/journal/{forged}.json"),
        &entry(&one).replace(&format!("\"build_id\":\"{one}\""), &format!("\"build_id\":\"{forged}\"")),
    );
    project.run(&["orphans", "--stop"]).expect(3).says("error[PathOutsideProject]");
    assert!(image.exists());
}

#[test]
fn the_stage_of_a_running_validate_stays() {
    let project = Project::with_motd();
    let outside = tempfile::tempdir().unwrap();
    let script = "case \" $* \" in *' validate '*) sleep 6; ls \"$PWD\" >/dev/null;; esac";
    let fake = hc_test_support::FakePacker::new(outside.path(), "1.11.2", script).unwrap();
    project.write("hybrid.toml", &format!("[packer]\nbinary = \"{}\"\n", fake.path().display()));
    let mut validate = project.command(&["validate"]).stderr(std::process::Stdio::null()).spawn().unwrap();
    let work = || std::fs::read_dir(project.path(".hybrid/work")).into_iter().flatten().flatten().count();
    while work() == 0 {
        assert!(validate.try_wait().unwrap().is_none(), "it has no work directory");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    std::thread::sleep(std::time::Duration::from_millis(300));
    let plan = project.ok(&["clean", "--scope", "work", "--older-than", "0s", "--yes"]).stdout;
    assert!(plan.contains("nothing to clean") && work() == 1, "{plan}");
    assert!(validate.wait().unwrap().success());
}
