//! What packer says that it made: image ids and files, from its stream and from its manifest.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::images::{self, Configured, Said};

/// Image ids and files that a run told of, each once. What is known of the images from their ids alone is enough for them.
pub(crate) fn gather(said: &Said) -> (Vec<String>, Vec<PathBuf>) {
    let files: BTreeSet<PathBuf> = said.files().map(PathBuf::from).collect();
    let images = images::read(said, &Configured::default());
    // A plugin that is not known may call its file an id.
    let ids: BTreeSet<String> = images.iter().map(images::PlatformImage::listed).collect();
    let ids = ids.into_iter().filter(|id| !files.contains(Path::new(id)));
    (ids.collect(), files.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::StreamArtifact;
    use crate::manifest::PackerManifest;

    #[test]
    fn ids_and_files_come_from_both_sources_once() {
        let stream = [StreamArtifact {
            source: "amazon-ebs.x".into(),
            builder_id: "mitchellh.amazonebs".into(),
            id: "eu-west-1:ami-1,us-east-1:ami-2".into(),
            ..StreamArtifact::default()
        }];
        let manifest: PackerManifest = serde_json::from_str(
            r#"{"builds":[{"name":"x","builder_type":"qemu","files":[{"name":"out/x","size":3}],"artifact_id":"VM"}]}"#,
        )
        .unwrap();
        let (ids, files) = gather(&Said::new(&stream, Some(&manifest), &[]));
        assert_eq!(ids, ["eu-west-1:ami-1", "us-east-1:ami-2"]);
        assert_eq!(files, [PathBuf::from("out/x")]);
    }
}
