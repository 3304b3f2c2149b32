//! Input manifests beside each other, with what was stored of their directories.

use hc_records::drift::{self, Drift};
use hc_records::{InputManifest, Trees};

use crate::project::Project;

/// What differs between two manifests.
pub fn compare(project: &Project, old: &InputManifest, new: &InputManifest) -> Drift {
    let trees = Trees::open(&hc_state::paths::trees_dir(&project.root));
    drift::compare(old, new, &mut |digest| trees.find(digest))
}

/// Whether two manifests say the same: by their digests, or by their contents where one is of an older format.
pub fn is_same(project: &Project, old: &InputManifest, new: &InputManifest) -> bool {
    old.combined == new.combined || (old.format < new.format && compare(project, old, new).is_empty())
}
