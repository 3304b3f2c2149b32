//! Everything that decides an image: the input manifest of a prepared target (PKR-7).

mod digests;
mod files;
pub mod plugins;
mod sources;

use hc_records::{Input, InputKind, InputManifest, layout};

use crate::error::Result;
use crate::prepare::Prepared;
use crate::project::Project;

pub use digests::{Digests, Remembered};

/// How paths below the sources begin. As text: taking paths apart takes longer than all the rest.
const SOURCES: &[u8] = b"sources/";

/// Everything that decides the image of a target (PKR-7).
///
/// `packer_version` is an input: another packer can make another image.
///
/// # Errors
/// When a file cannot be read.
pub fn collect(
    project: &Project,
    prepared: &Prepared,
    packer_version: &str,
    digests: &mut Digests,
) -> Result<InputManifest> {
    let files = files::of(prepared);
    let mut inputs = Vec::with_capacity(files.len() + 4);
    // A commit stands for all files of its tree (SRC-1).
    for pin in sources::referred(project, files.iter().map(|(path, _)| path.as_path()))? {
        inputs.push(Input::text(InputKind::Source, layout::source(&pin.name), pin.sha.as_str()));
    }
    for (path, kind) in files {
        if path.as_os_str().as_encoded_bytes().starts_with(SOURCES) {
            continue;
        }
        let (blake3, size) = digests.of(&project.root, &path)?;
        let name = path.into_os_string().into_string();
        let name = name.unwrap_or_else(|name| name.to_string_lossy().into_owned());
        let name = if cfg!(windows) { name.replace('\\', "/") } else { name };
        inputs.push(Input { name, kind, blake3, size });
    }
    // Values without a file of their own: switches, answers, --set. A secret's reference counts, never its value.
    for (name, var) in &prepared.resolution.vars {
        let Some(origin) = var.chain.last().filter(|origin| origin.location.is_none()) else { continue };
        inputs.push(Input::text(InputKind::Value, name, &format!("{} {}", origin.layer, var.value.to_hcl())));
    }
    inputs.extend(plugins::inputs(project, prepared, digests)?);
    inputs.push(Input::text(InputKind::Packer, "packer", packer_version));
    Ok(InputManifest::new(prepared.target.clone(), inputs))
}
