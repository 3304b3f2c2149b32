//! Puts back what a hybrid before the second format of input manifests would have left.

use hc_core::Digest;
use hc_records::input::Links;
use hc_records::{HashManifest, InputManifest, Trees};
use hc_state::{Store, StoreOptions};
use serde_json::{Value, json};

use crate::project::Project;

/// The same inputs as a list of files, as the first format had them.
fn first(project: &Project, now: &InputManifest) -> InputManifest {
    let trees = Trees::open(&hc_state::paths::trees_dir(project.root()));
    let within = now.trees.iter().flat_map(|tree| {
        let node = hc_core::tree::Node::decode(&tree.blake3, &mut |digest| trees.find(digest)).unwrap();
        tree.inputs(&node, Links::LeftOut)
    });
    let plain = |input: hc_records::Input| {
        json!({
            "name": input.name, "kind": input.kind, "blake3": input.blake3, "size": input.size,
        })
    };
    let inputs: Vec<Value> = now.inputs.iter().cloned().chain(within).map(plain).collect();
    let read = json!({ "target": now.target, "combined": now.combined, "inputs": inputs });
    let first = InputManifest::from_json(read.to_string().as_bytes()).unwrap();
    assert_eq!(first.format, 1);
    first
}

/// Makes what is trusted and what was built last of a builder in `dev` look as they did.
pub(crate) fn put_back(project: &Project, builder: &str) {
    let target: hc_core::Target = format!("{builder}@dev").parse().unwrap();
    let trusted = project.read(&format!("state/packer/trusted/dev/{builder}.json"));
    let trusted = first(project, &InputManifest::from_json(trusted.as_bytes()).unwrap());
    let mut hashes = HashManifest::read(project.root(), &target.builder).unwrap().unwrap();
    let built = first(project, &hashes.inputs(&target.env).unwrap());
    let entry = hashes.environments.get_mut(&target.env).unwrap();
    let record = format!("artifacts/{}.json", entry.build_id);
    project.edit(&record, &entry.combined.to_string(), &built.combined.to_string());
    entry.format = 1;
    entry.trees.clear();
    entry.combined = built.combined;
    entry.inputs = built.inputs.iter().map(Into::into).collect();
    let digest = entry.digest();
    project.write(&format!("artifacts/{builder}.hash.json"), &hashes.to_json());
    let seal = Digest::of(project.read(&record).as_bytes());
    let options = StoreOptions::new("test", "host", std::process::id(), 7);
    let store = Store::open(project.root(), options).unwrap();
    let run = "20260101T000000.000Z-00000000".parse().unwrap();
    store
        .with_exclusive(&run, |locked| -> Result<(), hc_state::StateError> {
            let manifest: Digest = locked.write_trusted_manifest(&target, trusted.to_json());
            let record = locked.state_mut().builder_mut(&target);
            let trust = record.trusted.as_mut().unwrap();
            (trust.inputs, trust.manifest) = (trusted.combined, Some(manifest));
            let last = record.last_build.as_mut().unwrap();
            (last.inputs, last.manifest) = (built.combined, Some(digest));
            last.record = Some(seal);
            Ok(())
        })
        .unwrap();
}
