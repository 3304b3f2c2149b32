//! The first hour with a repository: one broken template among many, hundreds of equal findings, hundreds of builders
//! (issue 19).

use hc_test_support::FakePacker;
use serde_json::Value;

use crate::project::Project;

/// A project with `linux.file.motd`, which is sound, and `linux.file.note`, which is not yet broken.
fn two() -> Project {
    let project = Project::with_motd();
    let note = project.read("templates/linux/file/motd/motd.pkr.hcl").replace("motd", "note");
    project.write("templates/linux/file/note/note.pkr.hcl", &note);
    project
}

fn target<'a>(answer: &'a Value, list: &str, builder: &str) -> Option<&'a Value> {
    answer["result"][list].as_array().unwrap().iter().find(|one| one["builder"] == builder)
}

/// What breaks a builder.
type Break = fn(&Project);

/// Ways to break `linux.file.note`, each with its code.
const BREAKS: [(&str, Break); 7] = [
    ("HclSyntax", |project| project.write("templates/linux/file/note/note.pkr.hcl", "source \"file\" {{\n")),
    ("MissingAsset", |project| {
        project.edit("templates/linux/file/note/note.pkr.hcl", "greet.sh", "gone.sh");
    }),
    ("AssetOutsideProject", |project| {
        project.edit("templates/linux/file/note/note.pkr.hcl", "greet.sh", "link.sh");
        std::os::unix::fs::symlink("/etc/hostname", project.path("templates/scripts/linux/link.sh")).unwrap();
    }),
    ("AssetOutsideProject", |project| {
        let template = project.path("templates/linux/file/note/note.pkr.hcl");
        std::fs::rename(&template, project.path("elsewhere.hcl")).unwrap();
        std::os::unix::fs::symlink(project.path("elsewhere.hcl"), template).unwrap();
    }),
    ("SettingsInvalid", |project| {
        project.write("templates/linux/file/note/builder.toml", "descripton = \"typo\"\n");
    }),
    ("UnknownParent", |project| {
        project.write("templates/linux/file/note/builder.toml", "parent = \"linux.file.nobody\"\n");
    }),
    ("ParentCycle", |project| {
        project.write("templates/linux/file/note/builder.toml", "parent = \"linux.file.note\"\n");
    }),
];

#[test]
fn a_broken_builder_stops_none_of_its_neighbours() {
    for (at, (code, break_it)) in BREAKS.into_iter().enumerate() {
        let project = two();
        break_it(&project);
        let error = format!("error[{code}]");
        let checked = project.run(&["validate", "--format", "json"]).expect(1).says(&error).json();
        let motd = target(&checked, "targets", "linux.file.motd");
        assert_eq!(motd.unwrap()["valid"], true, "{at} {code}: {checked:#}");
        assert_eq!(target(&checked, "targets", "linux.file.note").unwrap()["valid"], false, "{at} {code}");

        let planned = project.run(&["plan", "--format", "json"]).expect(1).says(&error).json();
        assert_eq!(target(&planned, "targets", "linux.file.motd").unwrap()["trusted"], true, "{at} {code}");
        assert_eq!(planned["result"]["broken"], serde_json::json!(["linux.file.note"]), "{at} {code}");

        let built = project.run(&["build", "--format", "json"]).expect(1).says(&error).json();
        assert_eq!(built["result"]["builds"].as_array().unwrap().len(), 1, "{at} {code}: {built:#}");
        assert_eq!(target(&built, "skipped", "linux.file.note").unwrap()["reason"], "its files have errors");

        let listed = project.run(&["templates", "list"]);
        assert!(listed.stdout.contains("linux.file.motd"), "{at} {code}: {}", listed.stdout);
        project.ok(&["templates", "list", "--targets", "motd"]);
        // Who names a sound one hears nothing of the others.
        for command in ["validate", "plan", "build"] {
            let alone = project.ok(&[command, "--targets", "linux.file.motd"]);
            assert!(!alone.stderr.contains(code), "{at} {code}: {command}: {}", alone.stderr);
        }
        project.run(&["validate", "--targets", "linux.file.note"]).expect(1).says(&error);
        // All or nothing.
        project.run(&["config", "render"]).expect(1).says(&error);
        assert!(!project.path("configs/dev").exists(), "{at} {code}");
    }
}

#[test]
fn what_starts_from_a_broken_builder_waits_for_it() {
    let project = two();
    project.write("templates/linux/file/note/builder.toml", "parent = \"linux.file.base\"\n");
    project.write("templates/linux/file/base/base.pkr.hcl", "source {{\n");
    project.run(&["validate"]).expect(1).says("error[HclSyntax]");
    let built = project.run(&["build", "--format", "json"]).expect(1).json();
    assert_eq!(target(&built, "builds", "linux.file.motd").unwrap()["result"]["exit_code"], 0);
    assert_eq!(target(&built, "skipped", "linux.file.note").unwrap()["reason"], "its parent was not built");
}

#[test]
fn a_plaintext_secret_in_one_builder_still_stops_all() {
    let project = two();
    project.write("templates/scripts/linux/greet.sh", "#!/bin/sh\nexport AWS_KEY=AKIAQ3EGVLNXJ5YNZ4WQ\n");
    project.write("templates/linux/file/bad/bad.pkr.hcl", "source {{\n");
    project.run(&["validate"]).expect(3).says("error[PlaintextSecret]");
}

#[test]
fn a_linked_script_of_the_project_is_the_script_that_it_points_to() {
    let project = two();
    let link = project.path("templates/scripts/linux/link.sh");
    std::os::unix::fs::symlink("greet.sh", &link).unwrap();
    project.edit("templates/linux/file/note/note.pkr.hcl", "greet.sh", "link.sh");
    project.ok(&["validate"]);
    project.ok(&["build", "--targets", "note"]);
    project.write("templates/scripts/linux/greet.sh", "#!/bin/sh\necho changed\n");
    project.run(&["build", "--targets", "note"]).expect(1).says("error[DriftDetected]");
}

#[test]
fn equal_findings_are_told_together_with_the_way_out() {
    let project = two();
    for at in 0..40 {
        project.write(
            &format!("templates/scripts/linux/old-{at}.sh"),
            "#!/bin/sh\nexport AWS_KEY=AKIAQ3EGVLNXJ5YNZ4WQ\nexport OTHER=AKIAQ3EGVLNXJ5YNZ4WR\n",
        );
    }
    project
        .write("templates/linux/file/note/builder.toml", "inputs = [\"templates/scripts/linux/old-*.sh\"]\n");
    let refused = project
        .run(&["validate"])
        .expect(3)
        .says("80 in 40 files")
        .says("hybrid templates scan --write-baseline");
    let lines = refused.stderr.lines().count();
    assert!(lines < 30, "{lines} lines:\n{}", refused.stderr);
    let all = project.run(&["validate", "--format", "json"]).expect(3).json();
    assert_eq!(all["diagnostics"].as_array().unwrap().len(), 80);
    project.ok(&["templates", "scan", "--write-baseline"]);
    project.ok(&["validate"]);
}

/// Two directories of many sources each, mapped.
fn many(count: usize) -> Project {
    let project = Project::bare();
    for dir in ["one", "two"] {
        let mut text = String::new();
        let mut names = Vec::new();
        for at in 0..count {
            text.push_str(&format!("source \"null\" \"{dir}-{at}\" {{\n  communicator = \"none\"\n}}\n\n"));
            names.push(format!("\"source.null.{dir}-{at}\""));
        }
        text.push_str(&format!("build {{\n  sources = [{}]\n}}\n", names.join(", ")));
        project.write(&format!("{dir}/images.pkr.hcl"), &text);
    }
    project.ok(&["init", "--adopt"]);
    project
}

#[test]
fn adopting_counts_the_secrets_and_accepts_them_where_asked() {
    let repository = || {
        let project = Project::bare();
        let text = "source \"null\" \"x\" {\n  communicator = \"none\"\n}\nbuild {\n  sources = [\"source.null.x\"]\n  \
                    provisioner \"shell-local\" {\n    inline = [\"export AWS_KEY=AKIAQ3EGVLNXJ5YNZ4WQ\"]\n  }\n}\n";
        project.write("x/x.pkr.hcl", text);
        project
    };
    let project = repository();
    let adopted = project.ok(&["init", "--adopt"]);
    assert!(adopted.stdout.contains("1 plaintext secrets in 1 files"), "{}", adopted.stdout);
    assert!(adopted.stdout.contains("hybrid templates scan --write-baseline"), "{}", adopted.stdout);
    project.run(&["validate"]).expect(3);
    let project = repository();
    project.ok(&["init", "--adopt", "--baseline"]);
    project.ok(&["validate"]);
    project.edit("x/x.pkr.hcl", "AKIAQ3EGVLNXJ5YNZ4WQ", "AKIAQ3EGVLNXJ5YNZ4WR");
    project.run(&["validate"]).expect(3).says("error[PlaintextSecret]");
}

#[test]
fn one_packer_looks_at_all_sources_of_a_directory() {
    let mut project = many(30);
    let tools = tempfile::tempdir().unwrap();
    let fake = FakePacker::new(tools.path(), "1.16.0", "exit 0").unwrap();
    project.set_env("PATH", &format!("{}:/usr/bin:/bin", tools.path().display()));
    let checked = project.ok(&["validate", "--format", "json"]).says("validated 60 of 60 targets").json();
    assert_eq!(checked["result"]["targets"].as_array().unwrap().len(), 60);
    // Two that begin at once may count as one.
    assert!((1..=2).contains(&fake.calls()), "one process for each directory, not {}", fake.calls());
}

#[test]
fn a_source_that_packer_refuses_is_the_only_one_refused() {
    let mut project = many(30);
    let tools = tempfile::tempdir().unwrap();
    let script =
        r#"case "$*" in *null.two-7,*|*null.two-7\ *) echo 'Error: bad source two-7'; exit 1;; esac"#;
    let fake = FakePacker::new(tools.path(), "1.16.0", script).unwrap();
    project.set_env("PATH", &format!("{}:/usr/bin:/bin", tools.path().display()));
    let checked = project.run(&["validate", "--format", "json"]).expect(1).json();
    let targets = checked["result"]["targets"].as_array().unwrap();
    let refused: Vec<&str> = targets
        .iter()
        .filter(|one| one["valid"] == false)
        .map(|one| one["builder"].as_str().unwrap())
        .collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(refused[0].contains("two-7"), "{refused:?}");
    assert!(fake.calls() < 15, "{} processes", fake.calls());
    let result = &targets.iter().find(|one| one["valid"] == false).unwrap()["result"];
    assert_eq!((&result["exit_code"], &result["retryable"]), (&1.into(), &false.into()));
    let log = project.read(result["log_path"].as_str().unwrap());
    assert!(log.contains("bad source two-7"), "{log}");
}

#[test]
fn a_network_that_failed_is_not_a_wrong_template() {
    let mut project = two();
    let tools = tempfile::tempdir().unwrap();
    let script = "echo 'Error: Get \"https://example.com/\": dial tcp 192.0.2.1:443: i/o timeout'; exit 1";
    FakePacker::new(tools.path(), "1.16.0", script).unwrap();
    project.set_env("PATH", &format!("{}:/usr/bin:/bin", tools.path().display()));
    let checked = project.run(&["validate", "--format", "json"]).expect(2).json();
    let result = &target(&checked, "targets", "linux.file.motd").unwrap()["result"];
    assert_eq!((&result["exit_code"], &result["retryable"]), (&2.into(), &true.into()), "{checked:#}");
    assert!(result["started_at"].is_string() && result["command"].is_array());
}

#[test]
fn a_shell_is_offered_builders_and_environments() {
    let project = two();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = project.ok(&["completions", shell]).stdout;
        assert!(script.contains("COMPLETE"), "{shell}: {script}");
    }
    let offered = |words: &[&str]| {
        let mut command = project.command(&[&["--", "hybrid"], words].concat());
        command.env("COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", words.len().to_string());
        command
            .env("_CLAP_COMPLETE_COMP_TYPE", "9")
            .env("_CLAP_IFS", "\n")
            .env("_CLAP_COMPLETE_SPACE", "false");
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert_eq!(offered(&["build", "--targets", "linux.file.m"]).trim(), "linux.file.motd");
    assert_eq!(offered(&["build", "--targets", "motd,linux.file.n"]).trim(), "motd,linux.file.note");
    assert_eq!(offered(&["plan", "linux.file.n"]).trim(), "linux.file.note");
    assert_eq!(offered(&["plan", "--env", ""]).split_whitespace().collect::<Vec<_>>(), ["dev", "prod"]);
}

#[test]
fn the_generated_workflow_keeps_the_state_and_separates_trust_from_builds() {
    let bare = Project::bare();
    bare.ok(&["init", "x"]);
    let workflow = bare.read("x/.github/workflows/images.yml");
    let jobs: Vec<&str> = workflow.split("\n  build:").collect();
    let (trust, build) = (jobs[0], jobs[1]);
    assert!(trust.contains("environment: trusted-inputs") && trust.contains("hybrid validate"), "{workflow}");
    assert!(build.contains("hybrid build") && !build.contains("hybrid validate"), "{workflow}");
    assert!(build.contains("clean: false") && build.contains("images/state/"), "{workflow}");
}

#[test]
fn nothing_is_to_be_committed_that_git_ignores() {
    let project = two();
    project.write(".gitignore", "/configs/dev/\n");
    assert!(
        std::process::Command::new("git")
            .args(["init", "-q"])
            .current_dir(project.root())
            .status()
            .unwrap()
            .success()
    );
    let ignored = project.run(&["config", "render", "--check"]).expect(1).says("error[RenderStale]");
    assert!(!ignored.stderr.contains("commit"), "{}", ignored.stderr);
    project.write(".gitignore", "");
    project.run(&["config", "render", "--check"]).expect(1).says("commit the result");
}

#[test]
fn what_no_plugin_can_bring_is_not_trusted() {
    let project = two();
    project.edit("templates/linux/file/note/note.pkr.hcl", "\"manifest\"", "\"manifst\"");
    let checked = project.run(&["validate", "--format", "json"]).expect(1).json();
    let note = target(&checked, "targets", "linux.file.note").unwrap();
    assert_eq!(note["valid"], false, "{checked:#}");
    assert!(note["packer_output"].as_str().unwrap().contains("did you mean `manifest`?"), "{checked:#}");
    assert_eq!(target(&checked, "targets", "linux.file.motd").unwrap()["valid"], true);
}

#[test]
fn a_missing_plugin_is_named_with_its_version_and_the_way_to_it() {
    let mut project = two();
    let tools = tempfile::tempdir().unwrap();
    let script = "case \"$*\" in *-syntax-only*) exit 0;; esac\n\
                  printf 'Error: Missing plugins\\n\\nThe following plugins are required, but not installed:\\n\\n\
                  * github.com/hashicorp/qemu >= 1.1.0\\n\\nDid you run packer init for this project ?\\n'; exit 1";
    FakePacker::new(tools.path(), "1.16.0", script).unwrap();
    project.set_env("PATH", &format!("{}:/usr/bin:/bin", tools.path().display()));
    let checked = project.ok(&["validate"]);
    let wanted = "lacks the plugin github.com/hashicorp/qemu >= 1.1.0; only the syntax was checked; \
                  `hybrid packer plugins install`";
    assert!(checked.stdout.contains(wanted), "{}", checked.stdout);
    assert_eq!(checked.stdout.matches("only the syntax").count(), 1, "{}", checked.stdout);
}

#[test]
fn a_source_that_a_build_renames_is_built_by_that_name() {
    let project = Project::bare();
    project.write(
        "x/x.pkr.hcl",
        "source \"null\" \"a\" {\n  communicator = \"none\"\n}\nsource \"null\" \"b\" {\n  communicator = \"none\"\n}\n\
         build {\n  sources = [\"sources.null.b\"]\n  source \"sources.null.a\" {\n    name = \"renamed\"\n  }\n  \
         provisioner \"shell-local\" {\n    inline = [\"echo this is ${source.name}\"]\n  }\n}\n",
    );
    let adopted = project.ok(&["init", "--adopt", "--format", "json"]).json();
    let only: Vec<&str> = adopted["result"]["builders"]
        .as_array()
        .unwrap()
        .iter()
        .map(|builder| builder["only"].as_str().unwrap())
        .collect();
    assert_eq!(only, ["null.b", "null.renamed"], "{adopted:#}");
    project.ok(&["validate"]);
    for (name, only) in [("b", "null.b"), ("renamed", "null.renamed")] {
        let builder =
            adopted["result"]["builders"].as_array().unwrap().iter().find(|one| one["only"] == only);
        project.ok(&["build", builder.unwrap()["id"].as_str().unwrap()]).says(&format!("this is {name}"));
    }
}

#[test]
fn an_only_that_names_nothing_is_not_trusted() {
    let project = Project::bare();
    project.write(
        "x/x.pkr.hcl",
        "source \"null\" \"a\" {\n  communicator = \"none\"\n}\nbuild {\n  sources = [\"null.a\"]\n}\n",
    );
    project.write(
        "hybrid.toml",
        "[project]\nname = \"x\"\n\n[builders.\"linux.null.a\"]\npath = \"x\"\nonly = \"null.nothing\"\n",
    );
    let mut project = project;
    let tools = tempfile::tempdir().unwrap();
    let script = "printf \"Warning: an 'only' option was passed, but not all matches were found for the given \
                  build.\\n\\nThe configuration is valid.\\n\"";
    FakePacker::new(tools.path(), "1.16.0", script).unwrap();
    project.set_env("PATH", &format!("{}:/usr/bin:/bin", tools.path().display()));
    let refused = project.run(&["validate"]).expect(1);
    assert!(refused.stdout.contains("not all matches were found"), "{}", refused.stdout);
}

#[test]
fn a_variable_that_nobody_declares_is_shown_with_its_place() {
    let project = two();
    project.edit("templates/linux/file/note/note.pkr.hcl", "var.message", "var.mesage");
    project
        .run(&["validate"])
        .expect(1)
        .says("error[UndeclaredVariable]: no variable `mesage` is declared")
        .says("templates/linux/file/note/note.pkr.hcl:12:20")
        .says("did you mean `var.message`?");
}
