//! Records that an earlier release wrote must still parse and mean the same.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail where it stands")]

mod kept;

use std::path::{Path, PathBuf};

use hc_core::{Digest, EnvName};
use hc_records::{ArtifactRecord, HashManifest, InputManifest, LogSummary, RecordError, layout};
use serde_json::Value;

fn fixture(name: &str) -> Vec<u8> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/0.1.0");
    std::fs::read(dir.join(name)).unwrap()
}

fn value(name: &str) -> Value {
    serde_json::from_slice(&fixture(name)).unwrap()
}

/// A project that holds one record of the release at its place.
fn project(path: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().to_owned();
    std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
    std::fs::write(root.join(path), bytes).unwrap();
    (dir, root)
}

#[test]
fn manifests_of_inputs_combine_to_the_digest_that_was_trusted() {
    for name in ["inputs.json", "trusted.json"] {
        let manifest = InputManifest::from_json(&fixture(name)).unwrap();
        assert_eq!(manifest.combined.to_string(), value(name)["combined"].as_str().unwrap(), "{name}");
        assert_eq!(manifest.inputs.len(), value(name)["inputs"].as_array().unwrap().len(), "{name}");
    }
    let trusted = InputManifest::from_json(&fixture("trusted.json")).unwrap();
    assert_eq!(trusted.to_json().as_bytes(), fixture("trusted.json"));
}

#[test]
fn a_hash_manifest_has_the_digest_that_the_state_knows() {
    let builder = "linux.file.motd".parse().unwrap();
    let (_dir, root) = project(&layout::hash_manifest(&builder), &fixture("hash-manifest.json"));
    let manifest = HashManifest::read(&root, &builder).unwrap().unwrap();
    let env: EnvName = "dev".parse().unwrap();
    let last = value("state.json");
    let last = last["builders"]["linux.file.motd@dev"]["last_build"].clone();
    assert_eq!(manifest.environments[&env].digest().to_string(), last["manifest"].as_str().unwrap());
    assert_eq!(manifest.inputs(&env).unwrap().combined.to_string(), last["inputs"].as_str().unwrap());
    assert_eq!(manifest.to_json().as_bytes(), fixture("hash-manifest.json"));
}

#[test]
fn an_artifact_record_and_a_log_summary_read_and_write_the_same_bytes() {
    let record: ArtifactRecord = serde_json::from_slice(&fixture("artifact.json")).unwrap();
    let (_dir, root) = project(&layout::artifact_record(&record.build_id), &fixture("artifact.json"));
    assert_eq!(ArtifactRecord::read(&root, &record.build_id).unwrap().unwrap(), record);
    assert_eq!(record.to_json().as_bytes(), fixture("artifact.json"));
    let summary = LogSummary::from_json(&fixture("log-summary.json")).unwrap();
    assert_eq!(summary.to_json().as_bytes(), fixture("log-summary.json"));
    assert_eq!(summary.logs().len(), 1);
}

#[test]
fn an_unknown_kind_of_input_is_refused_and_not_dropped() {
    let text = String::from_utf8(fixture("hash-manifest.json")).unwrap();
    let builder = "linux.file.motd".parse().unwrap();
    let newer = text.replacen("\"kind\": \"script\"", "\"kind\": \"firmware\"", 1);
    assert_ne!(newer, text);
    let (_dir, root) = project(&layout::hash_manifest(&builder), newer.as_bytes());
    let error = HashManifest::read(&root, &builder).unwrap_err();
    assert!(matches!(error, RecordError::Damaged { .. }), "{error}");
    assert!(InputManifest::from_json(text.replace("script", "firmware").as_bytes()).is_none());
}

#[test]
fn the_digest_of_a_kind_is_pinned() {
    use hc_records::{Input, InputKind};
    let inputs = [InputKind::Template, InputKind::Cloudinit, InputKind::Packer, InputKind::Parent]
        .map(|kind| Input::text(kind, "x", "y"));
    let manifest = InputManifest::new("linux.file.motd@dev".parse().unwrap(), inputs.to_vec());
    let mut pinned = hc_core::digest::Combiner::new("hybrid inputs 2");
    pinned.field(b"linux.file.motd@dev");
    for kind in ["Template", "Cloudinit", "Packer", "Parent"] {
        pinned.field(b"input");
        pinned.field(kind.as_bytes());
        pinned.field(b"x");
        pinned.field(Digest::of(b"y").as_bytes());
    }
    assert_eq!(manifest.combined, pinned.finish());
}

#[test]
fn the_stored_documents_of_every_release_parse_and_are_what_the_state_says() {
    for release in ["0.1.0", "0.1.0-sealed"] {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(release);
        let read = |name: &str| std::fs::read(dir.join(name)).unwrap();
        let record: ArtifactRecord = serde_json::from_slice(&read("artifact.json")).unwrap();
        assert_eq!(record.to_json().as_bytes(), read("artifact.json"), "{release}");
        let state: Value = serde_json::from_slice(&read("state.json")).unwrap();
        let known = &state["builders"][record.target().to_string()];
        let last = &known["last_build"];
        let (_dir, root) = project(&layout::hash_manifest(&record.builder), &read("hash-manifest.json"));
        let hashes = HashManifest::read(&root, &record.builder).unwrap().unwrap();
        let entry = &hashes.environments[&record.env];
        assert_eq!(last["manifest"].as_str().unwrap(), entry.digest().to_string(), "{release}");
        assert_eq!(last["inputs"].as_str().unwrap(), record.provenance.inputs.to_string(), "{release}");
        let trusted = read("trusted.json");
        let of_state = known["trusted"]["manifest"].as_str();
        assert_eq!(of_state.unwrap(), Digest::of(&trusted).to_string(), "{release}");
        let trusted = InputManifest::from_json(&trusted).unwrap();
        assert_eq!(trusted.format, if release == "0.1.0" { 1 } else { 2 });
        LogSummary::from_json(&read("log-summary.json")).unwrap();
        if let Some(seal) = last["record"].as_str() {
            assert_eq!(seal, Digest::of(&read("artifact.json")).to_string());
            let parent = record.provenance.parent.as_ref().unwrap();
            let of_parent = &state["builders"]["linux.file.base@dev"]["last_build"]["record"];
            assert_eq!(of_parent.as_str().unwrap(), parent.record.unwrap().to_string());
            assert_eq!(record.provenance.serial, last["serial"].as_u64());
        }
    }
}
