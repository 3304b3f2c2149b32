//! Where the commits of a sync come from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::sha::Sha;

/// Where commits come from.
pub(crate) enum Objects<'a> {
    /// The urls of the sources.
    Servers,
    /// A bundle, checked and lying in files.
    Bundle(&'a Bundled),
}

/// A bundle that was checked and lies in files.
#[derive(Debug)]
pub(crate) struct Bundled {
    pub(crate) sources: BTreeMap<String, Arrived>,
}

/// The files of one source of a bundle.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) packs: Vec<PathBuf>,
    pub(crate) shallow: Vec<Sha>,
}

impl Bundled {
    pub(crate) fn source(&self, name: &str) -> Option<&Arrived> {
        self.sources.get(name)
    }
}
