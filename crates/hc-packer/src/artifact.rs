//! What packer says that it made: image ids and files, from its stream and from its manifest.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::machine::StreamArtifact;
use crate::manifest::PackerManifest;

/// Image ids and files that the stream and the manifest tell of, both asked, each once.
///
/// Ids that name no image are left out: qemu's is always `VM`, a file builder's `File`.
pub fn gather(stream: &[StreamArtifact], manifest: Option<&PackerManifest>) -> (Vec<String>, Vec<PathBuf>) {
    let mut ids = BTreeSet::new();
    let mut files = BTreeSet::new();
    for artifact in stream {
        ids.extend(artifact.id.split(',').map(str::to_owned));
        files.extend(artifact.files.iter().map(PathBuf::from));
    }
    for build in manifest.into_iter().flat_map(|manifest| &manifest.builds) {
        ids.extend(build.artifact_id.split(',').map(str::to_owned));
        files.extend(build.files.iter().flatten().map(|file| PathBuf::from(&file.name)));
    }
    let empty = |id: &String| id.is_empty() || matches!(id.as_str(), "VM" | "File" | "Null" | "null");
    ids.retain(|id| !empty(id) && !files.contains(Path::new(id)));
    (ids.into_iter().collect(), files.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_files_come_from_both_sources_once() {
        let stream = [StreamArtifact {
            source: "amazon-ebs.x".into(),
            builder_id: "mitchellh.amazonebs".into(),
            id: "eu-west-1:ami-1,us-east-1:ami-2".into(),
            files: vec![],
        }];
        let manifest: PackerManifest = serde_json::from_str(
            r#"{"builds":[{"name":"x","builder_type":"qemu","files":[{"name":"out/x","size":3}],"artifact_id":"VM"}]}"#,
        )
        .unwrap();
        let (ids, files) = gather(&stream, Some(&manifest));
        assert_eq!(ids, ["eu-west-1:ami-1", "us-east-1:ami-2"]);
        assert_eq!(files, [PathBuf::from("out/x")]);
    }
}
