//! What may decide an image and is not among its inputs, by name (CLO-5): nothing here can be gated, so it is said.

use hc_config::secrets::SecretRef;

use crate::prepare::Prepared;
use crate::project::git::Commit;
use crate::stage::mirror::{Blind, Mirror};

/// Sources and post-processors that start no machine and fetch nothing.
const LOCAL: [&str; 5] = ["file", "null", "manifest", "checksum", "compress"];

/// What escapes the gate in a build of a target, in words.
pub(super) fn of(prepared: &Prepared, mirror: Option<&Mirror>, commit: &Commit) -> Vec<String> {
    let builder = &prepared.builder;
    let mut said: Vec<String> = commit.unrecorded().into_iter().collect();
    let is_local = |kind: &str| LOCAL.contains(&kind);
    if !builder.sources.iter().all(|source| is_local(&source.kind)) || !builder.provisioners.is_empty() {
        said.push("what the build fetched over the network, in its machine or on this one".into());
    }
    if !builder.provisioners.is_empty() || !builder.post_processors.iter().all(|kind| is_local(kind)) {
        said.push("files outside of the project that programs of this machine read by themselves".into());
    }
    said.extend(mirror.and_then(Mirror::blind).map(|blind| {
        let what = match blind {
            Blind::Files => "files of the project beyond the known inputs",
            Blind::Git => "what git says of the project",
        };
        format!("{what}: the file system keeps no access times")
    }));
    for (name, var) in &prepared.resolution.vars {
        let from = match &var.secret {
            None => continue,
            Some(SecretRef::Command(_)) => "a command",
            Some(SecretRef::Env(_)) => "the environment",
            Some(SecretRef::File(_)) => "a file of secrets",
            Some(SecretRef::Vault(..)) => "a vault",
        };
        said.push(format!("the value of `{name}`, which {from} gives"));
    }
    said
}
