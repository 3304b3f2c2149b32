//! One target with everything that is known of it before anything is hashed or run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hc_config::Location;
use hc_config::resolve::Resolution;
use hc_config::variables::VariableDecl;
use hc_core::Target;
use hc_records::{InputKind, layout};
use hc_templates::Builder;
use hc_templates::closure::Closure;

use super::cloudinit::UserData;
use super::read::Read;
use crate::project::reach::Reach;

/// A target ready to be hashed. Holds resolved values, so it cannot print itself.
#[derive(Clone)]
pub struct Prepared {
    /// Builder and environment.
    pub target: Target,
    /// The builder.
    pub builder: Builder,
    /// Its variables.
    pub declared: BTreeMap<String, VariableDecl>,
    /// Their values.
    pub resolution: Resolution,
    /// Files that gave values, with what they are.
    pub layer_files: Vec<(PathBuf, InputKind)>,
    /// Its cloud-init user data.
    pub user_data: UserData,
    /// Files that the templates refer to.
    pub closure: Closure,
    /// The text of `configs/<env>/<builder>.auto.pkrvars.hcl`.
    pub rendered: String,
    /// Whether packer sees nothing of the repository but the inputs.
    pub hermetic: bool,
    /// What values were read from.
    pub(crate) read: Read,
}

impl Prepared {
    /// Path of the rendered variables, relative to the project.
    pub fn rendered_path(&self) -> PathBuf {
        layout::rendered(&self.target).into()
    }

    /// Which variables of the caller's environment reach packer.
    pub fn reach(&self) -> Reach {
        Reach::of_parts(&self.builder, &self.declared, &self.closure)
    }

    /// The variable that takes the path of packer's manifest, where the template declares it.
    pub fn manifest_variable(&self) -> Option<&'static str> {
        const NAME: &str = "hybrid_manifest";
        self.declared.contains_key(NAME).then_some(NAME)
    }

    /// Variables whose value is a secret, and which a var file of the builder sets as well.
    pub fn secrets_beaten_by<'a>(&'a self, file: &'a Path) -> impl Iterator<Item = (&'a str, &'a Location)> {
        self.resolution.vars.iter().filter(|(_, var)| var.secret.is_some()).filter_map(move |(name, var)| {
            let mut places = var.chain.iter().filter_map(|origin| origin.location.as_ref());
            places.find(|place| place.path == file).map(|place| (name.as_str(), place))
        })
    }
}
