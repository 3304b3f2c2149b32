//! What a build made, and what went into it: `artifacts/<build>.json` (PKR-6).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hc_core::fs::{FsError, file_names, io_error, read_limited};
use hc_core::{BuildId, BuilderId, Digest, EnvName, RunId, Target};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::error::RecordError;
use crate::layout;
use crate::schema_tag::{SchemaTag, json};

/// Largest record that is read, in bytes.
const LIMIT: u64 = 8 << 20;

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
    /// The region of the images, where all have the same.
    pub region: Option<String>,
    /// Image ids as packer lists them; those of AWS with their region (`eu-west-1:ami-…`).
    pub image_ids: Vec<String>,
    /// Images on platforms, each with everything that it takes to find it; absent where the image is a file, and in records
    /// of older releases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<RecordedImage>,
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

    /// Builder and environment.
    pub fn target(&self) -> Target {
        Target { builder: self.builder.clone(), env: self.env.clone() }
    }

    /// Image ids, or paths of image files.
    pub fn names(&self) -> Vec<String> {
        self.image_ids.iter().cloned().chain(self.files.iter().map(|file| file.path.clone())).collect()
    }

    /// The images on platforms; of a record of an older release, what its ids tell of them.
    pub fn images_on_platforms(&self) -> Vec<RecordedImage> {
        if !self.images.is_empty() {
            return self.images.clone();
        }
        let old = |listed: &String| {
            let (region, id) = match listed.split_once(':').filter(|(_, id)| id.starts_with("ami-")) {
                Some((region, id)) => (Some(region.to_owned()), id),
                None => (None, listed.as_str()),
            };
            let known = if region.is_some() { ("aws", "ami") } else { (self.platform.as_str(), "image") };
            RecordedImage {
                provider: known.0.to_owned(),
                kind: known.1.to_owned(),
                id: id.to_owned(),
                name: None,
                region,
                version: None,
                digest: None,
                tags: Vec::new(),
                place: BTreeMap::new(),
            }
        };
        self.image_ids.iter().map(old).collect()
    }

    /// Reads the record of a build; `None` when it has none.
    ///
    /// # Errors
    /// [`RecordError::Damaged`]: a build whose record is damaged must not pass for one that never was. It may be
    /// revoked, be what others were made from, or have an image that was changed.
    pub fn read(root: &Path, build: &BuildId) -> Result<Option<Self>, RecordError> {
        Ok(Self::read_with_digest(root, build)?.map(|(record, _)| record))
    }

    /// The same with the digest of the bytes that were read, to be compared with what the state sealed.
    ///
    /// # Errors
    /// As [`ArtifactRecord::read`].
    pub fn read_with_digest(root: &Path, build: &BuildId) -> Result<Option<(Self, Digest)>, RecordError> {
        let path = layout::artifact_record(build);
        let Some(bytes) = read_limited(&root.join(&path), LIMIT)? else { return Ok(None) };
        let damaged = |why| RecordError::Damaged { path: path.clone(), what: "the record of its build", why };
        let record: Self = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if record.build_id != *build {
            return Err(damaged(format!("it is the one of {}", record.build_id)));
        }
        Ok(Some((record, Digest::of(&bytes))))
    }

    /// The document as it is stored in [`layout::artifact_record`], together with the state that seals it.
    pub fn to_json(&self) -> String {
        json(self)
    }

    /// Orders builds by the state that recorded them, whatever clocks said; those of older releases by their time.
    pub fn age(&self) -> impl Ord + use<> {
        (self.provenance.serial, self.provenance.run_id.clone())
    }
}

/// One image on a platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecordedImage {
    /// Whose it is: `aws`, `azure`, `gcp`, `vsphere`, `proxmox`, `docker`, …; of a plugin that hybrid does not know, the type of
    /// its source.
    pub provider: String,
    /// What it is: `ami`, `snapshot`, `volume`, `managed-image`, `gallery-version`, `vhd`, `disk`, `image`, `template`, `vm`,
    /// `library-item`, `container-image`.
    pub kind: String,
    /// Its id as the platform names it, without a region.
    pub id: String,
    /// Name that people gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Region or location.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Version, where the platform counts such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Digest by which others may ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Tags; those with a value as `key=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Further coordinates by their names: `datacenter`, `folder`, `resource_group`, `node`, …
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub place: BTreeMap<String, String>,
}

impl RecordedImage {
    /// How a build that starts from it names it: the path in the inventory where that is known, else the id.
    pub fn reference(&self) -> &str {
        self.place.get("inventory_path").unwrap_or(&self.id)
    }

    /// How usual it is to start machines from it, the lowest first; `None` for what none are started from. Where a platform has
    /// an image in several forms, as managed image and as version of a gallery, the first of them counts.
    pub fn rank(&self) -> Option<usize> {
        const KINDS: [&str; 10] = [
            "ami",
            "template",
            "vm",
            "gallery-version",
            "managed-image",
            "image",
            "container-image",
            "library-item",
            "vhd",
            "snapshot",
        ];
        KINDS.iter().position(|kind| *kind == self.kind)
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
    /// Serial of the state that first held this build; absent in records of older releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<u64>,
    /// Combined digest of the inputs.
    pub inputs: Digest,
    /// The image that it started from, for a chained builder.
    pub parent: Option<ParentImage>,
    /// Packer's version.
    pub packer_version: String,
    /// Plugin versions by source address.
    pub plugins: BTreeMap<String, String>,
    /// What the build was seen to use and nothing named (CLO-2): paths of the project; the names in a directory end with
    /// a slash.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observed: Vec<String>,
    /// What may have decided the image and is not among the inputs (CLO-5), in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unrecorded: Vec<String>,
    /// Inputs that another machine may count differently, in words: the digest of the inputs is one of this machine.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_portable: Vec<String>,
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
    /// Digest of its record, which so seals the whole chain; absent in records of older releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Digest>,
    /// Id that the build was given of it, on a platform; absent in records of older releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_id: Option<String>,
    /// Region of that image, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// Ids of the builds that have a record, readable or not. Files with other names than records have are ignored.
///
/// # Errors
/// When `artifacts/` cannot be listed.
pub fn recorded(root: &Path) -> Result<Vec<BuildId>, FsError> {
    let names = file_names(&root.join(layout::ARTIFACTS))?;
    Ok(names.iter().filter_map(|name| name.strip_suffix(".json")?.parse().ok()).collect())
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

    fn record(files: Vec<ArtifactFile>) -> ArtifactRecord {
        let run = RunId::new(OffsetDateTime::UNIX_EPOCH, 1);
        let target: hc_core::Target = "linux.file.motd@dev".parse().unwrap();
        ArtifactRecord {
            schema: SchemaTag::v1("artifact"),
            build_id: BuildId::new(&target, &run),
            builder: target.builder,
            env: target.env,
            platform: "file".into(),
            region: None,
            image_ids: vec![],
            images: vec![],
            files,
            provenance: Provenance {
                run_id: run,
                git_sha: None,
                dirty: false,
                serial: None,
                inputs: Digest::of(b""),
                parent: None,
                packer_version: "1.6.6".into(),
                plugins: BTreeMap::new(),
                observed: Vec::new(),
                unrecorded: Vec::new(),
                not_portable: Vec::new(),
            },
            created_at: OffsetDateTime::UNIX_EPOCH,
            duration_ms: 1,
        }
    }

    #[test]
    fn the_image_is_the_largest_file() {
        let file = |path: &str, size| ArtifactFile { path: path.into(), size: Some(size), blake3: None };
        let record = record(vec![file("SHA256SUMS", 70), file("disk.img", 900), file("other.img", 900)]);
        assert_eq!(record.image().unwrap().path, "disk.img");
    }

    #[test]
    fn what_is_newest_is_told_by_serials_and_not_by_a_clock_that_went_back() {
        let build = |serial, hour| {
            let mut record = record(vec![]);
            record.provenance.serial = serial;
            record.provenance.run_id =
                RunId::new(OffsetDateTime::UNIX_EPOCH + time::Duration::hours(hour), 1);
            record
        };
        let (first, second) = (build(Some(7), 20), build(Some(9), 3));
        assert!(second.age() > first.age());
        // Those of older releases have no serial: they are older, and among themselves the clock is all there is.
        assert!(first.age() > build(None, 30).age());
        assert!(build(None, 30).age() > build(None, 20).age());
    }
}
