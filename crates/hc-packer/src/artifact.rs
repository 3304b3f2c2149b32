//! What a build made, and what went into it: the records of `artifacts/` (PKR-6, PKR-7, PKR-11).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hc_core::fs::{FsError, io_error};
use hc_core::{BuildId, BuilderId, Digest, EnvName, RunId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::machine::StreamArtifact;
use crate::manifest::Manifest;

/// Which schema a record follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SchemaTag {
    /// Name of the file in `schemas/` without its ending.
    pub name: String,
    /// Version of the format.
    pub version: u32,
}

impl SchemaTag {
    /// Version 1 of a format.
    pub fn v1(name: &str) -> Self {
        Self { name: name.into(), version: 1 }
    }
}

/// What one build made: `artifacts/<build>.json` (PKR-6).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArtifactRecord {
    /// Which schema this document follows.
    pub schema: SchemaTag,
    /// Unique id of the build.
    pub build_id: BuildId,
    /// The builder.
    pub builder: BuilderId,
    /// The environment.
    pub env: EnvName,
    /// The platform, for tools that sort by it.
    pub platform: String,
    /// Region, where an image id names one (`eu-west-1:ami-…`).
    pub region: Option<String>,
    /// Image ids as the platform names them.
    pub image_ids: Vec<String>,
    /// Image files.
    pub files: Vec<ArtifactFile>,
    /// Where it all came from.
    pub provenance: Provenance,
    /// When the build ended.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub created_at: OffsetDateTime,
    /// How long the build took, in milliseconds.
    pub duration_ms: u64,
}

impl ArtifactRecord {
    /// The file that is the image: the largest one, because checksums and manifests lie beside it.
    pub fn image(&self) -> Option<&ArtifactFile> {
        // The first of equals: `max_by_key` would take the last.
        self.files.iter().rev().max_by_key(|file| file.size)
    }
}

/// One image file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArtifactFile {
    /// Path, relative to the project where it lies inside.
    pub path: String,
    /// Size in bytes; null when packer names a file that is gone.
    pub size: Option<u64>,
    /// BLAKE3 of the content.
    pub blake3: Option<Digest>,
}

/// Where an image came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Provenance {
    /// The run.
    pub run_id: RunId,
    /// Commit of the project; null outside git.
    pub git_sha: Option<String>,
    /// Whether the working tree had changes that no commit holds.
    pub dirty: bool,
    /// Combined digest of the inputs.
    pub inputs: Digest,
    /// The image that it started from, for a chained builder.
    pub parent: Option<ParentImage>,
    /// Packer's version.
    pub packer_version: String,
    /// Plugin versions by source address.
    pub plugins: BTreeMap<String, String>,
}

/// The image that a chained build started from (TPL-5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ParentImage {
    /// Its build.
    pub build_id: BuildId,
    /// Digest of its file; null where the platform has no files.
    pub blake3: Option<Digest>,
}

/// `artifacts/<builder>.hash.json`: what went into the newest build of every environment (PKR-7).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HashManifest {
    /// Which schema this document follows.
    pub schema: SchemaTag,
    /// The builder.
    pub builder: BuilderId,
    /// One entry per environment.
    pub environments: BTreeMap<EnvName, HashEntry>,
}

/// What went into one build.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HashEntry {
    /// The build.
    pub build_id: BuildId,
    /// Image ids, or paths of image files.
    pub artifacts: Vec<String>,
    /// Combined digest of the inputs.
    pub combined: Digest,
    /// The image that the build started from, for a chained builder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ParentImage>,
    /// Combined digest of the build before this one.
    pub previous: Option<Digest>,
    /// Every input, sorted by kind and name.
    pub inputs: Vec<HashedInput>,
}

/// One input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HashedInput {
    /// What it is: `template`, `script`, …
    pub kind: String,
    /// Path relative to the project, or a name for what is no file.
    pub name: String,
    /// Digest of its content.
    pub blake3: Digest,
    /// Size in bytes.
    pub size: u64,
}

/// `state/packer/logs/<builder>.json`: where the logs of a builder are and how long they are kept (PKR-11).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LogSummary {
    /// Which schema this document follows.
    pub schema: SchemaTag,
    /// The builder.
    pub builder: BuilderId,
    /// The environment of the newest build.
    pub env: EnvName,
    /// The newest build.
    pub build_id: BuildId,
    /// Image ids, or paths of image files.
    pub artifacts: Vec<String>,
    /// Packer's manifest, relative to the project.
    pub manifest_path: Option<String>,
    /// Raw log, relative to the project.
    pub log_path: Option<String>,
    /// How many replacements the redactor made in the log, by rule; null when it was not counted.
    pub scrub_manifest: Option<BTreeMap<String, u64>>,
    /// `evidence`, `standard` or `ephemeral`.
    pub retention_class: String,
    /// When the log may be removed, RFC 3339; null: never.
    #[serde(with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub expires_at: Option<OffsetDateTime>,
    /// Logs of earlier builds, of any environment, that were still there when the newest one was recorded.
    #[serde(default)]
    pub earlier: Vec<RetainedLog>,
}

/// A raw log of an earlier build, and how long it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RetainedLog {
    /// The log, relative to the project.
    pub path: String,
    /// `evidence`, `standard` or `ephemeral`.
    pub retention_class: String,
    /// When it may be removed, RFC 3339; null: never.
    #[serde(with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub expires_at: Option<OffsetDateTime>,
}

impl LogSummary {
    /// Every log that it tells of, the newest build's first.
    pub fn logs(&self) -> Vec<RetainedLog> {
        let newest = self.log_path.as_ref().map(|path| RetainedLog {
            path: path.clone(),
            retention_class: self.retention_class.clone(),
            expires_at: self.expires_at,
        });
        newest.into_iter().chain(self.earlier.iter().cloned()).collect()
    }
}

/// Image ids and files that the stream and the manifest tell of, both asked, each once.
///
/// Ids that name no image are left out: qemu's is always `VM`, a file builder's `File`.
pub fn gather(stream: &[StreamArtifact], manifest: Option<&Manifest>) -> (Vec<String>, Vec<PathBuf>) {
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

/// Looks at image files: size and digest. Relative paths are packer's, relative to `cwd`.
///
/// # Errors
/// [`FsError`] when a file that exists cannot be read.
pub fn inspect(files: &[PathBuf], cwd: &Path, root: &Path) -> Result<Vec<ArtifactFile>, FsError> {
    let mut found = Vec::new();
    for file in files {
        let full = hc_core::fs::normalize(&cwd.join(file));
        let path = full.strip_prefix(root).unwrap_or(&full).to_string_lossy().into_owned();
        if full.is_file() {
            let (digest, size) = Digest::of_file(&full).map_err(io_error("read", &full))?;
            found.push(ArtifactFile { path, size: Some(size), blake3: Some(digest) });
        } else if !full.is_dir() {
            found.push(ArtifactFile { path, size: None, blake3: None });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_is_the_largest_file() {
        let file = |path: &str, size| ArtifactFile { path: path.into(), size: Some(size), blake3: None };
        let run = RunId::new(OffsetDateTime::UNIX_EPOCH, 1);
        let target: hc_core::Target = "linux.file.motd@dev".parse().unwrap();
        let record = ArtifactRecord {
            schema: SchemaTag::v1("artifact"),
            build_id: BuildId::new(&target, &run),
            builder: target.builder,
            env: target.env,
            platform: "file".into(),
            region: None,
            image_ids: vec![],
            files: vec![file("SHA256SUMS", 70), file("disk.img", 900), file("other.img", 900)],
            provenance: Provenance {
                run_id: run,
                git_sha: None,
                dirty: false,
                inputs: Digest::of(b""),
                parent: None,
                packer_version: "1.6.6".into(),
                plugins: BTreeMap::new(),
            },
            created_at: OffsetDateTime::UNIX_EPOCH,
            duration_ms: 1,
        };
        assert_eq!(record.image().unwrap().path, "disk.img");
    }

    #[test]
    fn ids_and_files_come_from_both_sources_once() {
        let stream = [StreamArtifact {
            source: "amazon-ebs.x".into(),
            builder_id: "mitchellh.amazonebs".into(),
            id: "eu-west-1:ami-1,us-east-1:ami-2".into(),
            files: vec![],
        }];
        let manifest: Manifest = serde_json::from_str(
            r#"{"builds":[{"name":"x","builder_type":"qemu","files":[{"name":"out/x","size":3}],"artifact_id":"VM"}]}"#,
        )
        .unwrap();
        let (ids, files) = gather(&stream, Some(&manifest));
        assert_eq!(ids, ["eu-west-1:ami-1", "us-east-1:ami-2"]);
        assert_eq!(files, [PathBuf::from("out/x")]);
    }
}
