//! What a Hiera configuration pulls in: its data.

use std::path::{Path, PathBuf};

use hc_config::Location;
use hc_provisioners::references;
use hc_records::InputKind;

use super::disk::{Found, is_own};
use super::work::Work;

/// Where data lies when the configuration does not say it.
const DEFAULTS: [&str; 2] = ["data", "hieradata"];

/// Follows the Hiera configurations among the inputs.
pub(super) fn follow(work: &mut Work<'_>) {
    for path in std::mem::take(&mut work.hieras) {
        let Some(text) = work.disk.text(&path) else { continue };
        let dir = path.parent().unwrap_or(Path::new("")).to_owned();
        let named = (references::PUPPET_HIERA.find)(&text).into_iter().map(|found| found.name);
        for name in named.chain(DEFAULTS.map(str::to_owned)) {
            let place = PathBuf::from(name);
            // An absolute path is one of the image.
            if place.has_root() {
                continue;
            }
            let way = work.disk.follow(&dir, &place);
            let inside = match &way.found {
                Found::File(found) => !is_own(found),
                Found::Dir(found) => !is_own(found) && !work.bases.template.starts_with(found),
                _ => false,
            };
            if inside {
                work.add(&way.into(), InputKind::Puppet, &|| Location::whole_file(&path));
            }
        }
    }
}
