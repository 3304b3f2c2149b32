//! `--format json`: one document on stdout, valid against `schemas/`; everything else on stderr.

use std::path::Path;

use serde_json::Value;

use crate::project::Project;

fn schema(name: &str) -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../schemas/{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

#[track_caller]
fn assert_valid(name: &str, document: &Value) {
    let validator = schema(name);
    let errors: Vec<String> =
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}\n{document:#}");
}

#[track_caller]
fn assert_command(project: &Project, code: i32, args: &[&str]) -> Value {
    let mut args = args.to_vec();
    args.extend(["--format", "json"]);
    let document = project.run(&args).expect(code).json();
    let name = document["schema"]["name"].as_str().unwrap();
    assert_valid(name, &document);
    assert_eq!(document["exit_code"], code);
    document
}

#[test]
fn every_command_answers_with_a_document_that_its_schema_accepts() {
    let project = Project::with_motd();
    assert_command(&project, 0, &["init", "beside"]);
    assert_command(&project, 1, &["init", "beside"]);
    assert_command(&project, 0, &["config", "diff", "dev", "prod"]);
    assert_command(&project, 0, &["config", "schema"]);
    assert_command(&project, 0, &["wizard", "--out", "beside/answers.json"]);
    assert_command(&project, 0, &["templates", "list"]);
    assert_command(&project, 0, &["templates", "scan"]);
    assert_command(&project, 0, &["templates", "scan", "--write-baseline"]);
    assert_command(&project, 0, &["config", "render"]);
    assert_command(&project, 0, &["config", "show"]);
    assert_command(&project, 1, &["build"]);
    assert_command(&project, 0, &["plan"]);
    assert_command(&project, 0, &["validate"]);
    assert_command(&project, 0, &["build"]);
    assert_command(&project, 0, &["status"]);
    assert_command(&project, 0, &["artifacts", "list"]);
    assert_command(&project, 0, &["provisioners", "status"]);
    project.write("hybrid.toml", "typo = 1\n");
    assert_command(&project, 1, &["status"]);
}

#[test]
fn every_file_of_a_build_meets_its_schema() {
    let project = Project::with_motd();
    project.ok(&["validate"]);
    let build = project.ok(&["build", "--format", "json"]).json();
    let read = |path: &str| serde_json::from_str::<Value>(&project.read(path)).unwrap();
    assert_valid("state", &read("state/packer-hybrid.json"));
    assert_valid("hash-manifest", &read("artifacts/linux.file.motd.hash.json"));
    let id = build["result"]["builds"][0]["build_id"].as_str().unwrap();
    assert_valid("artifact", &read(&format!("artifacts/{id}.json")));
    assert_valid("packer-result", &build["result"]["builds"][0]["result"]);
}

#[test]
fn schemas_refuse_what_they_should() {
    for (name, document) in [
        ("hybrid-toml", serde_json::json!({ "packer": { "jbos": 1 } })),
        ("builder-toml", serde_json::json!({ "parent": "not a builder id" })),
        ("state", serde_json::json!({})),
    ] {
        assert!(!schema(name).is_valid(&document), "{name} accepts {document}");
    }
}
