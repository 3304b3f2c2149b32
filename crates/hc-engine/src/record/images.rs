//! Images on platforms as records hold them.

use std::collections::BTreeSet;

use hc_packer::Built;
use hc_packer::images::PlatformImage;
use hc_records::RecordedImage;

use crate::prepare::{Prepared, configured};
use crate::project::Project;

/// The images on platforms that a run made, with what the template says of their places. A coordinate that holds a secret is
/// left out.
pub fn of(project: &Project, prepared: &Prepared, built: &Built) -> Vec<RecordedImage> {
    if built.image_ids.is_empty() {
        return Vec::new();
    }
    let is_open = |text: &String| project.redactor.redact(text) == text.as_str();
    let images = built.images(&configured::open(project, prepared)).into_iter();
    images.map(|image| recorded(image, &is_open)).collect()
}

fn recorded(image: PlatformImage, is_open: &dyn Fn(&String) -> bool) -> RecordedImage {
    RecordedImage {
        provider: image.provider,
        kind: image.kind.word().to_owned(),
        id: image.id,
        name: image.name,
        region: image.region,
        version: image.version,
        digest: image.digest,
        tags: image.tags.into_iter().filter(is_open).collect(),
        place: image.place.into_iter().filter(|(_, value)| is_open(value)).collect(),
    }
}

/// The ids among those that packer listed which are ids of images; what the configuration says may leave out some.
pub fn listed(ids: &[String], images: &[RecordedImage]) -> Vec<String> {
    let is_one = |listed: &&String| {
        let is = |image: &RecordedImage| {
            listed
                .strip_suffix(image.id.as_str())
                .is_some_and(|region| region.is_empty() || region.ends_with(':'))
        };
        images.is_empty() || images.iter().any(is)
    };
    ids.iter().filter(is_one).cloned().collect()
}

/// The region of images, where all that have one have the same.
pub fn only_region(images: &[RecordedImage]) -> Option<String> {
    let regions: BTreeSet<&String> = images.iter().filter_map(|image| image.region.as_ref()).collect();
    regions.first().filter(|_| regions.len() == 1).map(|region| (*region).clone())
}
