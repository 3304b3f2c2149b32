//! `hybrid wizard`, `config schema`, `config diff`: from questions to answers that `--from` takes (issue 5).

use std::io::Write;
use std::process::Stdio;

use crate::project::{Project, Ran};

/// The motd builder, which lacks a port, a list and a secret.
fn project() -> Project {
    let project = Project::with_motd();
    project.write(
        "templates/linux/file/motd/more.pkr.hcl",
        r#"variable "port" {
  type        = number
  description = "Where it listens."

  validation {
    condition     = var.port > 1023
    error_message = "The port must be above 1023."
  }
}

variable "mirrors" {
  type = list(string)
}

variable "mode" {
  type    = string
  default = "quick"

  validation {
    condition     = contains(["quick", "thorough"], var.mode)
    error_message = "The mode must be quick or thorough."
  }
}

variable "vault_password" {
  type      = string
  sensitive = true
}
"#,
    );
    project
}

fn answer(project: &Project, args: &[&str], lines: &str) -> Ran {
    let mut child = project
        .command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The wizard may end before it has read everything.
    let _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
    Ran::from(child.wait_with_output().unwrap())
}

#[test]
fn answers_go_into_a_file_that_the_printed_commands_take() {
    let project = project();
    project.run(&["validate"]).expect(1).says("error[MissingVariable]");
    let ran = answer(
        &project,
        &["wizard", "--format", "json"],
        // A wrong value and an empty one are asked for again.
        "[\"one\", \"two \\\"quoted\\\"\"]\n\n80\n8080\nMOTD_VAULT\n",
    )
    .expect(0)
    .says("Where it listens.")
    .says("must be above 1023");
    let result = ran.json()["result"].clone();
    assert_eq!(result["answers"], serde_json::json!(["mirrors", "port"]));
    let answers: serde_json::Value = serde_json::from_str(&project.read("answers.json")).unwrap();
    assert_eq!(answers, serde_json::json!({ "mirrors": ["one", "two \"quoted\""], "port": 8080 }));
    let overlay = project.read("configs/overlays/dev/file.pkrvars.hcl");
    assert_eq!(
        overlay,
        "# Fetched when packer starts, and never rendered.\nvault_password = env(\"MOTD_VAULT\")\n"
    );
    for command in result["commands"].as_array().unwrap() {
        let words: Vec<&str> = command.as_str().unwrap().split(' ').skip(1).collect();
        let mut run = project.command(&words);
        run.env("MOTD_VAULT", "canary-4711");
        let done = Ran::from(run.output().unwrap()).expect(0);
        assert!(!done.stdout.contains("canary-4711") && !done.stderr.contains("canary-4711"));
    }
}

#[test]
fn answers_are_continued_and_kept() {
    let project = project();
    answer(&project, &["wizard"], "[]\n8080\n\n").expect(0);
    answer(&project, &["wizard"], "").expect(1).says("error[WouldOverwrite]").says("--from answers.json");
    // Every variable is asked for, and every answer stays.
    let lines = "\n".repeat(20);
    let kept = project.read("answers.json");
    answer(&project, &["wizard", "--from", "answers.json", "--all"], &lines).expect(0);
    assert_eq!(project.read("answers.json"), kept);
}

#[test]
fn a_secret_is_never_asked_for_repeated_or_written() {
    let project = project();
    let ran = answer(&project, &["wizard"], "[]\n8080\nhunter2-is-no-name!\nMOTD_VAULT\n").expect(0);
    ran.says("do not type the secret here");
    project.edit("templates/linux/file/motd/more.pkr.hcl", "  sensitive = true\n", "");
    let ran = answer(&project, &["wizard", "--out", "other.json"], "[]\n8080\n").expect(0);
    assert!(
        ran.stdout.contains("add `sensitive = true`") || ran.stdout.contains("not sensitive"),
        "{}",
        ran.stdout
    );
    let everything = ["answers.json", "other.json", "configs/overlays/dev/file.pkrvars.hcl"]
        .map(|path| project.read(path));
    assert!(!everything.concat().contains("hunter2"));
}

#[test]
fn an_input_that_ends_early_writes_nothing() {
    let project = project();
    answer(&project, &["wizard"], "[]\n").expect(1).says("error[WizardEnded]");
    assert!(!project.path("answers.json").exists());
    assert!(!project.path("configs/overlays/dev").exists());
}

#[test]
fn the_schema_of_a_builder_accepts_its_answers_and_refuses_others() {
    let project = project();
    let printed = project.ok(&["config", "schema", "--targets", "linux.file.motd"]);
    let schema = printed.json();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&serde_json::json!({ "port": 8080, "mode": "thorough", "mirrors": ["a"] })));
    for wrong in [
        serde_json::json!({ "port": "many" }),
        serde_json::json!({ "mode": "lazy" }),
        serde_json::json!({ "prot": 1 }),
        serde_json::json!({ "mirrors": [1] }),
    ] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
    assert_eq!(schema["properties"]["vault_password"]["writeOnly"], true);
    assert_eq!(schema["properties"]["hybrid_output_dir"], serde_json::Value::Null);
    assert_eq!(
        schema["x-hybrid-required"],
        serde_json::json!(["hostname", "message", "mirrors", "port", "vault_password"])
    );
}

#[test]
fn environments_differ_where_their_overlays_say() {
    let project = Project::with_motd();
    let diff = project.ok(&["config", "diff", "dev", "prod", "--format", "json"]).json();
    let keys: Vec<&str> = diff["result"]["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["key"].as_str().unwrap())
        .collect();
    assert_eq!(keys, ["hostname", "message"]);
    let same = project.ok(&["config", "diff", "dev", "dev", "--targets", "linux.file.motd"]);
    assert!(same.stdout.contains("same values"), "{}", same.stdout);
    project.run(&["config", "diff", "dev", "prd"]).expect(1).says("did you mean `prod`?");
}
