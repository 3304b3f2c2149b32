//! What is wrong with `[iso]` of builder.toml, so that `validate` says it and not a build hours later (PKR-9).

use hc_config::{Diagnostic, Location};
use hc_packer::iso::{Checksum, IsoError, usable};
use hc_templates::{Builder, builder_toml};

use crate::project::Project;

/// Largest builder.toml that is read, in bytes.
const TEXT_LIMIT: u64 = 1 << 20;

/// What is wrong with `[iso]` of builder.toml, so that `validate` says it and not a build hours later.
pub(super) fn problems(project: &Project, builder: &Builder) -> Vec<Diagnostic> {
    let Some(iso) = &builder.metadata.iso else { return Vec::new() };
    let path = builder.dir.join(builder_toml::FILE_NAME);
    let text =
        hc_core::fs::read_text(&project.root.join(&path), TEXT_LIMIT).ok().flatten().unwrap_or_default();
    let place = |value: &str| match text.find(value) {
        Some(at) => Location::new(&path, &text, at..at + value.len()),
        None => Location::whole_file(&path),
    };
    let url = usable(&iso.url).err().map(|error| (error, &iso.url, "write the url with its scheme"));
    let digits = "write `sha256:` and 64 hexadecimal digits; a checksum file's line has them";
    let checksum = iso.checksum.parse::<Checksum>().err();
    let checksum = checksum.map(|error| (IsoError::from(error), &iso.checksum, digits));
    let problem = |(error, value, hint): (IsoError, &String, &str)| {
        Diagnostic::error(error.code(), error.to_string()).at(place(value)).hint(hint)
    };
    url.into_iter().chain(checksum).map(problem).collect()
}
