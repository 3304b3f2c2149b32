//! Bad input never hurts: one clear error with its place, exit 1, all problems of a run together.

use crate::project::Project;

#[test]
fn names_do_not_steer_the_terminal_and_deep_answers_do_not_end_the_program() {
    let project = Project::with_motd();
    project.edit(
        "templates/linux/file/motd/motd.pkr.hcl",
        "source \"file\" \"motd\"",
        "source \"file\" \"x\\u001b[31m\"",
    );
    assert!(!project.run(&["templates", "list"]).stdout.contains('\u{1b}'));
    project.write("deep.json", &format!("{{\"message\": {}1{}}}", "[".repeat(20_000), "]".repeat(20_000)));
    project.run(&["config", "render", "--from", "deep.json"]).expect(1).says("error[BadAnswers]");
}

#[test]
fn every_problem_of_a_run_is_reported_together_with_its_place() {
    let project = Project::with_motd();
    project
        .write("configs/overlays/dev.pkrvars.hcl", "hostname = \"h\"\nlines = \"many\"\nmesage = \"typo\"\n");
    project.edit("templates/linux/file/motd/motd.pkr.hcl", "greet.sh", "gret.sh");
    let ran = project
        .run(&["validate", "--strict"])
        .expect(1)
        .says("error[MissingVariable]")
        .says("templates/linux/file/motd/motd.pkr.hcl:1:1")
        .says("error[UnknownVariable]")
        .says("configs/overlays/dev.pkrvars.hcl:3:1")
        .says("did you mean `message`?")
        .says("error[WrongType]")
        .says("configs/overlays/dev.pkrvars.hcl:2:")
        .says("error[MissingAsset]")
        .says("gret.sh");
    assert_eq!(ran.stderr.matches("MissingVariable").count(), 1, "{}", ran.stderr);
    assert!(!project.path("configs/dev").exists());
}

#[test]
fn a_link_that_leaves_the_project_is_refused_at_its_place() {
    let project = Project::with_motd();
    let script = project.path("templates/scripts/linux/greet.sh");
    std::fs::remove_file(&script).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", &script).unwrap();
    project
        .run(&["validate"])
        .expect(1)
        .says("error[AssetOutsideProject]: templates/scripts/linux/greet.sh is a link to `/etc/hostname`")
        .says("templates/linux/file/motd/motd.pkr.hcl:20:14");
}

#[test]
fn a_value_of_the_environment_that_packer_is_not_given_is_an_error_at_its_place() {
    let mut project = Project::with_motd();
    let template = "templates/linux/file/motd/motd.pkr.hcl";
    let variable = "\nvariable \"label\" {\n  type    = string\n  default = env(\"BUILD_LABEL\")\n}\n";
    project.write(template, &(project.read(template) + variable));
    project.ok(&["validate"]);
    project.set_env("BUILD_LABEL", "nightly");
    project
        .run(&["validate"])
        .expect(1)
        .says("error[EnvNotPassed]: `BUILD_LABEL` is set, but packer is not given its value")
        .says("`label` would get its value")
        .says("pass_env");
    project
        .write("hybrid.toml", &(project.read("hybrid.toml") + "\n[packer]\npass_env = [\"BUILD_LABEL\"]\n"));
    project.ok(&["validate"]);
}

#[test]
fn a_file_that_is_no_text_says_how_to_make_it_one() {
    let project = Project::with_motd();
    std::fs::write(project.path("configs/overlays/dev.pkrvars.hcl"), b"message = \"gr\xfcn\"\n").unwrap();
    let ran = project.run(&["validate"]).expect(1).says("error[FileNotText]").says("iconv");
    assert!(!ran.stderr.contains("MissingVariable"), "{}", ran.stderr);
}

#[test]
fn a_value_that_is_wrong_is_not_missing_as_well() {
    let project = Project::with_motd();
    for (wrong, code) in [
        ("upper(1, 2)", "BadExpression"),
        ("uper(\"x\")", "UnknownFunction"),
        ("stage", "UnknownReference"),
        ("env(\"A\", \"B\")", "BadSecretReference"),
        ("= \"x\"", "HclSyntax"),
    ] {
        project.write("configs/overlays/dev.pkrvars.hcl", &format!("message = {wrong}\n"));
        let ran =
            project.run(&["validate"]).expect(1).says(&format!("error[{code}]")).says("1 problem found");
        assert!(!ran.stderr.contains("MissingVariable"), "{code}: {}", ran.stderr);
    }
    project.run(&["validate", "--set", "lines=many", "--set", "message=x"]).expect(1).says("type: ");
}

#[test]
fn a_value_that_only_packer_could_compute_is_never_left_out() {
    let project = Project::with_motd();
    for (overlay, place) in [
        ("message = \"built at ${timestamp()}\"", "dev.pkrvars.hcl:1:23"),
        ("message = \"x\"\nlines = length(uuidv4())", "dev.pkrvars.hcl:2:16"),
        ("message = \"x\"\nlines = 1 / 0", "dev.pkrvars.hcl:2:9"),
    ] {
        project.write("configs/overlays/dev.pkrvars.hcl", &format!("{overlay}\n"));
        for command in ["render", "show"] {
            let ran = project.run(&["config", command]).expect(1);
            ran.says("error[BadExpression]").says(place);
        }
        project.run(&["validate", "--strict"]).expect(1).says("error[BadExpression]");
        assert!(!project.path("configs/dev").exists());
    }
    project.write("big.json", "{\"message\": \"x\", \"lines\": 1e99999}");
    project.run(&["config", "render", "--from", "big.json"]).expect(1).says("number is too large");
}

#[test]
fn unknown_keys_only_warn_by_default() {
    let project = Project::with_motd();
    project.edit("configs/overlays/dev.pkrvars.hcl", "message", "mesage = \"x\"\nmessage");
    project.ok(&["validate"]).says("warning[UnknownVariable]");
}

#[test]
fn a_syntax_error_has_line_column_and_snippet() {
    let project = Project::with_motd();
    project
        .write("templates/linux/file/motd/motd.pkr.hcl", "source \"file\" \"motd\" {\n  content = = 1\n}\n");
    project
        .run(&["validate"])
        .expect(1)
        .says("error[HclSyntax]")
        .says("templates/linux/file/motd/motd.pkr.hcl:2:13")
        .says("content = = 1");
}

#[test]
fn a_bad_builder_name_is_an_error_with_the_expected_form() {
    let project = Project::with_motd();
    project.write("templates/linux/file/Bad_Name/x.pkr.hcl", "source \"file\" \"x\" {}\n");
    project.run(&["validate"]).expect(1).says("error[BadBuilderName]").says("kebab-case");
}

#[test]
fn a_wrong_source_name_is_an_error_at_its_label() {
    let project = Project::with_motd();
    project.edit(
        "templates/linux/file/motd/motd.pkr.hcl",
        "source \"file\" \"motd\"",
        "source \"file\" \"mtd\"",
    );
    project.run(&["validate"]).expect(1).says("motd.pkr.hcl:11:15");
}

#[test]
fn no_project_says_how_to_get_one() {
    let dir = tempfile::tempdir().unwrap();
    let project = Project::empty();
    project
        .run(&["status", "--project", dir.path().to_str().unwrap()])
        .expect(1)
        .says("error[NotAProject]")
        .says("hybrid.toml");
}

#[test]
fn no_packer_says_how_to_get_one() {
    let mut project = Project::with_motd();
    project.set_env("PATH", "/nonexistent");
    project.run(&["validate"]).expect(1).says("error[PackerNotFound]").says("hint:");
}

#[test]
fn a_packer_that_is_too_old_is_refused_by_version() {
    let project = Project::with_motd();
    project.write("bin/packer", "#!/bin/sh\necho 'Packer v1.5.4'\n");
    project.write("hybrid.toml", "[packer]\nbinary = \"bin/packer\"\n");
    project.run(&["validate"]).expect(1).says("error[PackerTooOld]").says("1.5.4");
}

#[test]
fn a_selector_that_matches_nothing_is_an_error_with_a_suggestion() {
    let project = Project::with_motd();
    project.run(&["build", "--targets", "mtod"]).expect(1).says("error[NothingSelected]").says("motd");
}

#[test]
fn an_unknown_environment_is_an_error_with_a_suggestion() {
    let project = Project::with_motd();
    project
        .run(&["validate", "--env", "prd"])
        .expect(1)
        .says("error[UnknownEnvironment]")
        .says("did you mean `prod`?");
}

#[test]
fn settings_with_a_typo_say_where_and_what_was_meant() {
    let project = Project::with_motd();
    project.write("hybrid.toml", "[packer]\njbos = 2\n");
    project.run(&["status"]).expect(1).says("hybrid.toml:2:1").says("did you mean `jobs`?");
}

#[test]
fn usage_errors_exit_one() {
    let project = Project::empty();
    project.run(&["biuld"]).expect(1).says("error[Usage]: ").says("build");
    project.run(&["build", "--no-such-flag"]).expect(1).says("error[Usage]: ");
    for words in [&["biuld", "--format", "json"][..], &["--format=json", "build", "--no-such-flag"]] {
        let document = project.run(words).expect(1).json();
        assert_eq!(
            (document["error"]["code"].as_str(), document["exit_code"].as_u64()),
            (Some("Usage"), Some(1))
        );
    }
    let help = project.run(&["state"]).expect(1).says("Commands:");
    assert!(!help.stderr.contains("[Usage]"), "half a command is a question for help: {}", help.stderr);
}

#[test]
fn a_hostile_source_is_refused_before_anything_happens() {
    let project = Project::with_motd();
    project.write("hybrid.toml", "[[sources]]\nname = \"x\"\nurl = \"ext::sh -c id\"\nref = \"main\"\n");
    project.run(&["validate"]).expect(1).says("error[BadSource]").says("https://");
    assert!(!project.path("state").exists());
}

#[test]
fn a_plaintext_secret_stops_validate_with_exit_three_and_is_never_printed() {
    let project = Project::with_motd();
    let key = format!("AKIA{}", "Z7Q2M4X8K1B5N3V6");
    project.edit(
        "templates/scripts/linux/greet.sh",
        "echo greeting",
        &format!("export AWS_ACCESS_KEY_ID={key}"),
    );
    let refused = project.run(&["validate"]).expect(3).says("error[PlaintextSecret]").says("greet.sh:3");
    let elsewhere = format!(
        "{}{}",
        refused.stdout,
        refused.stderr.lines().filter(|line| !line.starts_with("3 |")).collect::<String>()
    );
    assert!(!elsewhere.contains(&key), "{elsewhere}");
    assert!(!project.path("state/packer").exists());
}

#[test]
fn a_list_with_an_error_in_it_is_shown_and_is_no_success() {
    let project = Project::with_motd();
    project.write("templates/linux/file/broken/broken.pkr.hcl", "source \"file\" \"x\" {\n");
    let ran = project.run(&["templates", "list"]).expect(1).says("error[HclSyntax]");
    assert!(ran.stdout.contains("linux.file.motd"), "{}", ran.stdout);
    let json = project.run(&["templates", "list", "--format", "json"]).expect(1).json();
    assert_eq!(json["exit_code"], 1);
    assert_eq!(json["result"]["builders"][0]["id"], "linux.file.motd");
}

#[test]
fn builders_are_named_by_words_and_by_the_first_parts_of_their_ids() {
    let project = Project::with_motd();
    for words in
        [&["linux.file.motd"][..], &["linux.*"], &["linux.file"], &["motd", "file"], &["-t", "linux.f*"]]
    {
        let ran = project.ok(&[&["plan"], words].concat());
        assert!(ran.stdout.contains("linux.file.motd"), "{words:?}: {}", ran.stdout);
    }
    project.run(&["plan", "windows.*"]).expect(1).says("windows.*");
    project.run(&["plan", "motd", "--targets", "file"]).expect(1).says("error[Usage]");
    project.run(&["plan", "a.b.c.d"]).expect(1).says("error[BadSelector]");
}
