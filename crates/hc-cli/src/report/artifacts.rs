//! `hybrid artifacts …`.

use hc_core::ExitClass;
use hc_engine::outcome::artifacts::{
    ArtifactDiffReport, ArtifactReport, ArtifactsReport, FileStatus, ImageStatus, RevokedReport, VerifyReport,
};

use hc_records::{ArtifactFile, RecordedImage};

use super::diagnostics::one_line;
use super::{Report, Style, table};

impl Report for ArtifactsReport {
    const SCHEMA: &'static str = "cli-artifacts";

    fn human(&self, style: &Style) -> String {
        let mut rows = Vec::new();
        // On a terminal there is no room for a whole digest; `artifacts show` has it.
        let shown = |digest: hc_core::Digest| match style.columns {
            Some(_) => digest.short().to_string(),
            None => digest.to_string(),
        };
        for artifact in &self.artifacts {
            let took = table::duration(artifact.duration_ms);
            for file in images_first(&artifact.files) {
                rows.push(vec![
                    artifact.build_id.to_string(),
                    file.path.rsplit('/').next().unwrap_or_default().to_owned(),
                    file.size.map_or("-".into(), table::bytes),
                    file.blake3.map_or("-".into(), shown),
                    took.clone(),
                ]);
            }
            for id in &artifact.image_ids {
                rows.push(vec![
                    artifact.build_id.to_string(),
                    id.clone(),
                    "-".into(),
                    "-".into(),
                    took.clone(),
                ]);
            }
        }
        let text = table::table(&["build", "image", "size", "blake3", "took"], rows, style);
        if text.is_empty() { "nothing was built yet\n".into() } else { text }
    }
}

/// The files of an image, what only describes them last.
pub(super) fn images_first(files: &[ArtifactFile]) -> Vec<&ArtifactFile> {
    let describes = |file: &ArtifactFile| {
        let name = file.path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        let ending = name.rsplit('.').next().unwrap_or_default();
        name.ends_with("sums")
            || ["md5", "sha1", "sha256", "sha512", "checksum", "json", "log"].contains(&ending)
    };
    let mut files: Vec<&ArtifactFile> = files.iter().collect();
    files.sort_by_key(|file| describes(file));
    files
}

impl Report for ArtifactReport {
    const SCHEMA: &'static str = "cli-artifact";

    fn human(&self, style: &Style) -> String {
        let artifact = &self.artifact;
        let provenance = &artifact.provenance;
        let commit = match (&provenance.git_sha, provenance.dirty) {
            (Some(sha), false) => sha.clone(),
            (Some(sha), true) => format!("{sha} (with uncommitted changes)"),
            (None, false) => "(no git)".into(),
            (None, true) => "unknown, or none yet".into(),
        };
        let portable = if provenance.not_portable.is_empty() { "" } else { " (not portable)" };
        let mut text = format!(
            "{}\n  builder  {}@{}\n  run      {}\n  commit   {commit}\n  inputs   {}{portable}\n  packer   {}\n",
            style.bold(artifact.build_id.as_str()),
            artifact.builder,
            artifact.env,
            provenance.run_id,
            provenance.inputs,
            provenance.packer_version,
        );
        if let Some(parent) = artifact.provenance.parent.as_ref().filter(|_| self.lineage.is_empty()) {
            text.push_str(&format!("  parent   {}\n", parent.build_id));
        }
        for path in &provenance.observed {
            text.push_str(&format!("  observed {}\n", one_line(path)));
        }
        for what in &provenance.unrecorded {
            text.push_str(&format!("  unknown  {}\n", one_line(what)));
        }
        for what in &provenance.not_portable {
            text.push_str(&format!("  local    {}\n", one_line(what)));
        }
        for image in &artifact.images {
            text.push_str(&format!("  image    {}\n", one_line(&described(image))));
            let places: Vec<String> =
                image.place.iter().map(|(name, value)| format!("{name}={value}")).collect();
            for further in [image.tags.join(" "), places.join(" ")].iter().filter(|text| !text.is_empty()) {
                text.push_str(&format!("             {}\n", one_line(further)));
            }
        }
        if artifact.images.is_empty() {
            for id in &artifact.image_ids {
                text.push_str(&format!("  image    {}\n", one_line(id)));
            }
        }
        for file in &artifact.files {
            let digest = file.blake3.map_or("gone".into(), |digest| digest.to_string());
            text.push_str(&format!(
                "  file     {}  {}  {digest}\n",
                one_line(&file.path),
                file.size.map_or("-".into(), table::bytes)
            ));
        }
        for (depth, parent) in self.lineage.iter().enumerate() {
            let digest = parent.blake3.map(|digest| digest.to_string());
            let id = parent.image_id.as_ref().map(|id| match &parent.region {
                Some(region) => format!("{} in {region}", one_line(id)),
                None => one_line(id),
            });
            let which = digest.or(id).unwrap_or_else(|| "-".into());
            text.push_str(&format!("  {}└─ {}  {which}\n", "   ".repeat(depth), parent.build_id));
        }
        text
    }
}

/// `ami-0ab1 in eu-west-1  ami "web" 1.4.0  sha256:…`.
fn described(image: &RecordedImage) -> String {
    let mut text = image.id.clone();
    image.region.iter().for_each(|region| text.push_str(&format!(" in {region}")));
    text.push_str(&format!("  {} {}", image.provider, image.kind));
    let name = image.name.as_ref().filter(|name| **name != image.id);
    name.iter().for_each(|name| text.push_str(&format!(" {name:?}")));
    image.version.iter().for_each(|version| text.push_str(&format!(" {version}")));
    image.digest.iter().for_each(|digest| text.push_str(&format!("  {digest}")));
    text
}

impl Report for VerifyReport {
    const SCHEMA: &'static str = "cli-artifacts-verify";

    fn human(&self, style: &Style) -> String {
        let rows = self.files.iter().map(|file| {
            let status = match file.status {
                FileStatus::Intact => style.good(file.status.word()),
                FileStatus::Changed | FileStatus::Gone => style.bad(file.status.word()),
            };
            vec![status, file.path.clone(), file.build_id.clone()]
        });
        let mut text = table::table(&["status", "file", "build"], rows.collect(), style);
        let rows = self.images.iter().map(|image| {
            let status = match image.status {
                ImageStatus::Present => style.good(image.status.word()),
                ImageStatus::Unverified => style.warn(image.status.word()),
                ImageStatus::Changed | ImageStatus::Gone => style.bad(image.status.word()),
            };
            let region = image.region.clone().unwrap_or_else(|| "-".into());
            let what = format!("{} {}", image.provider, image.kind);
            vec![status, image.id.clone(), what, region, image.build_id.clone()]
        });
        let images = table::table(&["status", "image", "what", "region", "build"], rows.collect(), style);
        if !text.is_empty() && !images.is_empty() {
            text.push('\n');
        }
        text.push_str(&images);
        for image in self.images.iter().filter(|image| image.status == ImageStatus::Changed) {
            let reason = image.reason.as_deref().unwrap_or_default();
            text.push_str(&format!("{}: {}\n", one_line(&image.id), one_line(reason)));
        }
        text
    }

    fn exit_code(&self) -> ExitClass {
        let intact = self.files.iter().all(|file| file.status == FileStatus::Intact);
        let there = self.images.iter().all(|image| match image.status {
            ImageStatus::Present => true,
            ImageStatus::Unverified => !self.strict,
            ImageStatus::Changed | ImageStatus::Gone => false,
        });
        if intact && there { ExitClass::Success } else { ExitClass::Invalid }
    }
}

impl Report for RevokedReport {
    const SCHEMA: &'static str = "cli-artifacts-revoke";

    fn human(&self, style: &Style) -> String {
        let mut text = format!("{} {}: {}\n", style.warn("revoked"), self.build_id, self.reason);
        for channel in &self.channels {
            text.push_str(&format!("  taken out of channel {channel}\n"));
        }
        text
    }
}

impl Report for ArtifactDiffReport {
    const SCHEMA: &'static str = "cli-artifacts-diff";

    fn human(&self, style: &Style) -> String {
        let mut text = String::new();
        for change in &self.changes {
            text.push_str(&format!("{} {}\n", change.change.word(), style.bold(&one_line(&change.input))));
            for line in &change.lines {
                text.push_str(&format!("    {}\n", one_line(line)));
            }
        }
        if text.is_empty() { "the inputs are the same\n".into() } else { text }
    }
}
