//! The sources of hybrid.toml, proven harmless before anything looks at them (SRC-1).

use hc_config::settings::Settings;
use hc_sources::{SourceError, SourceSpec};

pub use super::git::{git_options, transfers};

/// The sources of hybrid.toml.
///
/// # Errors
/// `BadSource`.
pub fn specs(settings: &Settings) -> Result<Vec<SourceSpec>, SourceError> {
    let mut specs: Vec<SourceSpec> = Vec::new();
    for source in &settings.sources {
        let spec = SourceSpec::new(&source.name, &source.url, &source.reference, &settings.mirrors)?
            .with_subdir(source.subdir.as_deref())?
            .with_shallow(source.shallow);
        if specs.iter().any(|known| known.name == spec.name) {
            return Err(SourceError::Duplicate { name: spec.name });
        }
        specs.push(spec);
    }
    Ok(specs)
}

/// The specs that `names` name; all when empty.
///
/// # Errors
/// `UnknownSource`.
pub fn chosen(specs: &[SourceSpec], names: &[String]) -> Result<Vec<SourceSpec>, SourceError> {
    for name in names {
        find(specs, name)?;
    }
    Ok(specs.iter().filter(|spec| names.is_empty() || names.contains(&spec.name)).cloned().collect())
}

/// The spec of a name.
///
/// # Errors
/// `UnknownSource`.
pub fn find<'a>(specs: &'a [SourceSpec], name: &str) -> Result<&'a SourceSpec, SourceError> {
    specs.iter().find(|spec| spec.name == name).ok_or_else(|| SourceError::Unknown {
        name: name.to_owned(),
        known: specs.iter().map(|spec| spec.name.clone()).collect(),
    })
}
