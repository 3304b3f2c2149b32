//! What the requirement documents ask: the project's schema of variables, a run log that knows targets, a diagnosis that
//! says what to do (issue 19).

use crate::project::Project;

#[test]
fn the_schema_of_the_project_is_met_or_nothing_is_written() {
    let project = Project::with_motd();
    project.edit(
        "hybrid.toml",
        "name = \"test\"\n",
        "name = \"test\"\n\n[config]\nschema = \"variables.json\"\n",
    );
    project.write(
        "variables.json",
        r#"{"type": "object", "required": ["owner"], "properties": {
            "message": {"type": "string", "maxLength": 4}, "hostname": {"pattern": "^[a-z]+$"}, "lines": {"maximum": 3}}}"#,
    );
    let values = ["--set", "lines=12"];
    let refused = project
        .run(&[&["validate"], &values[..]].concat())
        .expect(1)
        .says("configs/overlays/dev.pkrvars.hcl:2:")
        .says("configs/overlays/dev.pkrvars.hcl:3:")
        .says("given by --set")
        .says("\"owner\" is a required property");
    assert_eq!(refused.stderr.matches("error[ValidationFailed]").count(), 4, "{}", refused.stderr);
    for command in [&["config", "render"][..], &["plan"], &["build"]] {
        project.run(&[command, &values[..]].concat()).expect(1).says("error[ValidationFailed]");
    }
    assert!(!project.path("configs/dev").exists());
    project.write("variables.json", r#"{"type": "object", "properties": {"message": {"type": "string"}}}"#);
    project.ok(&["validate"]);
    for text in ["{", "{\"type\": 1}", "{\"$ref\": \"other.json\"}"] {
        project.write("variables.json", text);
        project.run(&["validate"]).expect(1).says("error[SchemaInvalid]");
    }
}

#[test]
fn a_secret_is_not_fetched_to_be_checked_by_a_schema() {
    let project = Project::with_motd();
    project.edit(
        "hybrid.toml",
        "name = \"test\"\n",
        "name = \"test\"\n\n[config]\nschema = \"variables.json\"\n",
    );
    project.edit(
        "templates/linux/file/motd/motd.pkr.hcl",
        "variable \"lines\" {",
        "variable \"token\" {\n  type      = string\n  sensitive = true\n}\n\nvariable \"lines\" {",
    );
    project.write("configs/overlays/dev.pkrvars.hcl", "message = \"hello\"\ntoken = env(\"NOWHERE_SET\")\n");
    project
        .write("variables.json", r#"{"required": ["token"], "properties": {"token": {"type": "string"}}}"#);
    project.ok(&["validate"]);
}

/// The message and the fields of the lines about a target.
fn logged(project: &Project, filter: &[&str]) -> Vec<(String, serde_json::Value)> {
    let answer = project.ok(&[&["logs", "--format", "json"], filter].concat()).json();
    let lines = answer["result"]["lines"].as_array().unwrap();
    lines.iter().map(|line| (line["message"].as_str().unwrap().to_owned(), line.clone())).collect()
}

#[test]
fn the_run_log_knows_targets_builds_hashes_and_reasons() {
    let project = Project::with_motd();
    project.ok(&["validate"]);
    project.ok(&["build"]);
    project.write("templates/scripts/linux/greet.sh", "#!/bin/sh\nset -eu\necho other\necho done\n");
    project.run(&["build"]).expect(1).says("error[DriftDetected]");
    for target in ["linux.file.motd", "linux.file.motd@dev", "dev"] {
        let lines = logged(&project, &["--target", target]);
        let find = |message: &str| {
            let line = lines.iter().find(|(said, _)| said == message);
            &line.unwrap_or_else(|| panic!("{target}: no `{message}` in {lines:#?}")).1["fields"]
        };
        let hash = find("trusted")["hash"].as_str().unwrap();
        assert_eq!(find("build begins")["hash"], hash);
        assert_eq!(find("build begins")["reason"], "never built");
        let ended = find("build ended");
        assert!(ended["build"].as_str().unwrap().starts_with("linux.file.motd-dev-"), "{ended}");
        assert_eq!((&ended["class"], &ended["hash"]), (&"success".into(), &hash.into()));
        assert_eq!(find("refused")["reason"], "the inputs differ from the validated ones");
        assert_eq!(find("changed")["input"], "templates/scripts/linux/greet.sh");
        let lines: Vec<&str> = lines.iter().map(|(said, _)| said.as_str()).collect();
        assert!(lines.contains(&"-3 echo greeting") && lines.contains(&"+3 echo other"), "{lines:#?}");
    }
}

#[test]
fn what_fmt_and_the_scanner_write_is_logged() {
    let project = Project::with_motd();
    project.write("configs/overlays/dev.pkrvars.hcl", "message=\"hello\"\n");
    project.ok(&["fmt"]);
    project.ok(&["templates", "scan", "--write-baseline"]);
    let lines = logged(&project, &[]);
    let find = |message: &str| &lines.iter().find(|(said, _)| said == message).unwrap().1["fields"];
    assert_eq!(find("formatted")["file"], "configs/overlays/dev.pkrvars.hcl");
    assert!(find("baseline written")["baseline"].is_string());
}

#[test]
fn paths_of_a_stage_are_shown_as_those_of_the_project() {
    let project = Project::with_motd();
    project.ok(&["validate"]);
    let built = project.ok(&["build"]).says("Running local shell script: templates/scripts/linux/greet.sh");
    assert!(!built.stderr.contains("/stage/"), "{}", built.stderr);
}

#[test]
fn one_packer_formats_a_whole_tree_and_nothing_else() {
    let mut project = Project::with_motd();
    let tools = tempfile::tempdir().unwrap();
    let fake = hc_test_support::FakePacker::new(tools.path(), "1.16.0", "exit 0").unwrap();
    project.set_env("PATH", &format!("{}:/usr/bin:/bin", tools.path().display()));
    let formatted = project.ok(&["fmt", "--format", "json"]).json();
    let results = formatted["result"]["results"].as_array().unwrap();
    assert_eq!((fake.calls(), results.len()), (2, 2), "templates and configs: {formatted:#}");
    assert_eq!(results[0]["exit_code"], 0);
    // A template that belongs to no builder is not ours to format.
    project.write("templates/other/x.pkr.hcl", "a=1\n");
    project.run(&["fmt", "--targets", "motd"]);
    for call in 3..=fake.calls() {
        let words = fake.args(call).unwrap().join(" ");
        assert!(!words.contains("templates -recursive") && !words.contains("other"), "{words}");
    }
}

#[test]
fn files_that_are_not_formatted_are_named_whatever_packer_it_is() {
    let listed = std::env::var("HYBRID_TEST_PACKERS").unwrap_or_default();
    for packer in listed.split(':').filter(|one| !one.is_empty()).chain(["packer"]) {
        let project = Project::with_motd();
        project.edit(
            "hybrid.toml",
            "name = \"test\"\n",
            &format!("name = \"test\"\n\n[packer]\nbinary = \"{packer}\"\n"),
        );
        project.write("configs/overlays/dev.pkrvars.hcl", "message=\"hello\"\n");
        project.write("templates/vars/linux/common.pkrvars.hcl", "hostname=\"common-host\"\n");
        let named = |args: &[&str], code: i32| {
            let answer = project.run(&[&["fmt", "--format", "json"], args].concat()).expect(code).json();
            answer["result"]["files"].clone()
        };
        let both = serde_json::json!([
            "configs/overlays/dev.pkrvars.hcl",
            "templates/vars/linux/common.pkrvars.hcl"
        ]);
        assert_eq!(named(&["--check"], 1), both, "{packer}");
        assert_eq!(named(&[], 0), both, "{packer}");
        assert_eq!(named(&["--check"], 0), serde_json::json!([]), "{packer}");
        project.write("configs/overlays/dev.pkrvars.hcl", "message {\n");
        project.run(&["fmt"]).expect(1).says("error[HclSyntax]").says("configs/overlays/dev.pkrvars.hcl");
    }
}

#[test]
fn a_diagnosis_tells_drift_and_provenance_and_fails_on_errors() {
    let project = Project::with_motd();
    project.write(
        "templates/linux/file/motd/builder.toml",
        "[suites.look]\ncommand = [\"/bin/true\"]\n\n[publish]\nsuites = [\"look\"]\n",
    );
    project.ok(&["validate"]);
    project.ok(&["build"]);
    project.ok(&["test"]);
    let sound = project.ok(&["diag", "state", "--format", "json"]).json();
    let tested = &sound["result"]["provenance"][0];
    assert_eq!((&tested["suite"], &tested["passed"]), (&"look".into(), &true.into()), "{sound:#}");
    assert!(tested["at"].as_str().unwrap().starts_with("20"), "{tested}");
    assert!(tested["links"].as_array().unwrap().len() >= 2, "{tested}");

    project.write("templates/scripts/linux/greet.sh", "#!/bin/sh\necho other\n");
    let drifted = project.run(&["diag", "state"]).expect(1);
    assert!(drifted.stdout.contains("error[DriftDetected]"), "{}", drifted.stdout);
    assert!(drifted.stdout.contains("hybrid explain DriftDetected"), "{}", drifted.stdout);
    let logged = project.ok(&["logs", "last"]).stdout;
    assert!(logged.contains("DriftDetected"), "{logged}");
    project.run(&["build"]).expect(1).says("hybrid explain TemplateChanged");
    for page in [
        "TemplateChanged",
        "ValueChanged",
        "ProvisionerChanged",
        "SourceChanged",
        "PackerChanged",
        "ParentChanged",
    ] {
        project.ok(&["explain", page]);
    }
    // What cannot be looked at is said, and is not an error of the state.
    project.write("templates/linux/file/motd/motd.pkr.hcl", "source {{\n");
    let unknown = project.ok(&["diag", "state"]);
    assert!(unknown.stdout.contains("warning[DriftUnknown]"), "{}", unknown.stdout);
}

#[test]
fn plugins_are_installed_as_far_as_can_be_and_all_that_are_missing_are_named() {
    let mut project = Project::with_motd();
    for (name, plugin) in [("one", "github.com/a/one"), ("two", "github.com/a/two")] {
        let template = project.read("templates/linux/file/motd/motd.pkr.hcl").replace("motd", name);
        project.write(&format!("templates/linux/file/{name}/{name}.pkr.hcl"), &template);
        project.write(
            &format!("templates/linux/file/{name}/builder.toml"),
            &format!("[plugins]\n\"{plugin}\" = \">= 1.0.0\"\n"),
        );
    }
    let tools = tempfile::tempdir().unwrap();
    let fake = hc_test_support::FakePacker::new(tools.path(), "1.16.0", "echo no network; exit 1").unwrap();
    project.set_env("PATH", &format!("{}:/usr/bin:/bin", tools.path().display()));
    project.run(&["packer", "plugins", "lock"]).expect(1).says("github.com/a/one, github.com/a/two");
    project
        .run(&["packer", "plugins", "install"])
        .expect(2)
        .says("error[PluginInstallFailed]")
        .says("github.com/a/one")
        .says("github.com/a/two");
    assert_eq!(fake.calls(), 2);
    let one = project.run(&["packer", "plugins", "install", "--targets", "two"]).expect(2);
    assert!(!one.stderr.contains("github.com/a/one"), "{}", one.stderr);
}
