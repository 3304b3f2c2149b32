//! The directory that packer runs on: made once, hashed while it is made (TPL-3).

mod listen;
pub mod media;
pub mod mirror;
mod observe;
pub mod place;
pub mod ssh_key;
pub mod tools;

use std::borrow::Cow;

use hc_config::cloudinit::FILE_VARIABLE;
use hc_config::{Diagnostic, Dialect, Location};
use hc_core::fs::{create_dirs, write_atomic};
use hc_packer::Packer;
use hc_templates::compose::{self, Large};

use crate::error::{EngineError, Result};
use crate::inputs::Digests;
use crate::prepare::Prepared;
use crate::project::Project;

use mirror::Mirror;
use place::Place;

/// What packer is to do in a stage.
pub enum Purpose {
    /// To check the template; in a mirror that is left of another check, if there is one.
    Check(Box<Option<Mirror>>),
    /// To build.
    Build,
}

/// Makes the stage: composed of layers and files, or for a builder without layers a mirror of the repository, made out
/// of an earlier one where there is one.
///
/// # Errors
/// When a file of the project cannot be copied, or two files would have one name.
pub fn make(
    project: &Project,
    packer: &Packer,
    prepared: &Prepared,
    place: &Place,
    digests: &mut Digests,
    purpose: Purpose,
) -> Result<Option<Mirror>> {
    let is_build = matches!(purpose, Purpose::Build);
    let (earlier, large) = match purpose {
        Purpose::Check(earlier) => (*earlier, Large::Linked),
        Purpose::Build => (None, Large::Copied),
    };
    create_dirs(&place.work)?;
    if prepared.declared.contains_key(FILE_VARIABLE) {
        let text = prepared.user_data.merged.as_ref().map_or("", |(_, text)| text);
        write_atomic(&place.user_data(), text.as_bytes(), 0o600)?;
    }
    if prepared.builder.in_place {
        let values = match prepared.builder.dialect() {
            Dialect::Legacy => Cow::Owned(hc_config::render::legacy(&prepared.resolution)),
            Dialect::Hcl | Dialect::HclJson => Cow::Borrowed(&prepared.rendered),
        };
        write_atomic(&place.work.join(place::rendered_name(prepared)), values.as_bytes(), 0o644)?;
        // What is known beforehand is little, and made anew.
        let earlier = earlier.or_else(|| match prepared.hermetic {
            true => None,
            false => mirror::claim(project, &prepared.target),
        });
        let mut mirror = mirror::make(project, prepared, &place.stage, earlier)?;
        create_dirs(&place.cwd)?;
        if is_build || !mirror.is_observed() {
            mirror.listen();
        }
        mirror.lend(digests);
        return Ok(Some(mirror));
    }
    let plan = plan(packer, prepared, large)?;
    digests.adopt(compose::write(&project.root, &plan, &place.stage)?);
    create_dirs(&place.cwd)?;
    Ok(None)
}

/// What the stage of a builder consists of.
///
/// # Errors
/// When two files would have one name.
pub fn plan(packer: &Packer, prepared: &Prepared, large: Large) -> Result<compose::StagePlan> {
    let how = (packer.has_init(), large);
    let planned = compose::plan(&prepared.builder, &prepared.closure, &prepared.rendered, how);
    planned.map_err(|collision| {
        let place = Location::whole_file(&collision.path);
        let problem = Diagnostic::error(collision.code(), collision.to_string())
            .at(place)
            .hint("rename the file of the builder");
        EngineError::Invalid(vec![problem])
    })
}
