//! cloud-init user data of a target: which files, merged into the variable that the template declares (CONFIG-6).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hc_config::cloudinit::{self, FILE_VARIABLE, Part, VARIABLE};
use hc_config::{Diagnostic, Location};
use hc_core::Digest;
use hc_core::fs::{normalize, read_text};
use hc_templates::{Builder, builder_toml};

use super::read;
use crate::error::{EngineError, Result};
use crate::project::Project;

/// User data is small: platforms take 16 to 256 KiB.
const LIMIT: u64 = 1 << 20;

/// The files of `--cloudinit`, relative to the project.
///
/// # Errors
/// `BadCloudinit` for a file outside of the project: it could not be hashed and recorded with the inputs.
pub fn given(project: &Project, files: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let inside = |file: &PathBuf| {
        let full = normalize(&project.host.typed(file));
        full.strip_prefix(normalize(&project.root))
            .map(Path::to_owned)
            .map_err(|_| EngineError::CloudinitOutside { path: file.clone() })
    };
    files.iter().map(inside).collect()
}

/// User data of one builder.
#[derive(Debug, Clone, Default)]
pub struct UserData {
    /// The files that it is made of, weakest first, relative to the project.
    pub files: Vec<PathBuf>,
    /// Digests of their texts as they were read.
    pub(crate) read: BTreeMap<PathBuf, (Digest, u64)>,
    /// Where the strongest of them stands, and the merged text; `None` when the builder takes none or something is wrong.
    pub merged: Option<(Location, String)>,
}

/// Merges the user data of the project, of the builder, and of the command line, when the builder takes any.
///
/// # Errors
/// `BadCloudinit` for each file that is missing, that cloud-init would ignore, or that it could not read.
pub fn user_data(
    project: &Project,
    builder: &Builder,
    takes: bool,
    given: &[PathBuf],
) -> (UserData, Vec<Diagnostic>) {
    let own = &builder.metadata.cloudinit;
    if !takes {
        let problem = || {
            Diagnostic::error(
                "BadCloudinit",
                format!("`{}` has user data that its template does not take", builder.id),
            )
            .at(Location::whole_file(&builder.dir.join(builder_toml::FILE_NAME)))
            .hint(format!("declare the variable `{VARIABLE}` (text) or `{FILE_VARIABLE}` (path), and hand it to the source"))
        };
        let problems = if own.is_empty() { Vec::new() } else { vec![problem()] };
        return (UserData::default(), problems);
    }
    let files: Vec<PathBuf> =
        project.settings.cloudinit.files.iter().chain(own).chain(given).cloned().collect();
    let (mut parts, mut problems) = (Vec::new(), Vec::new());
    for path in &files {
        match read_text(&project.root.join(path), LIMIT) {
            Ok(Some(text)) => parts.push(Part { path: path.clone(), text }),
            Ok(None) => problems.push(
                Diagnostic::error("BadCloudinit", format!("{} does not exist", path.display()))
                    .hint("paths of user data are relative to the project"),
            ),
            Err(error) => problems.push(Diagnostic::unreadable(path, &error)),
        }
    }
    let merged = match parts.last() {
        Some(last) if problems.is_empty() => cloudinit::merge(&parts)
            .map(|text| (Location::whole_file(&last.path), text))
            .map_err(|found| problems.extend(found))
            .ok(),
        _ => None,
    };
    let read = parts.iter().map(|part| (part.path.clone(), read::digest(&part.text))).collect();
    (UserData { files, read, merged }, problems)
}
