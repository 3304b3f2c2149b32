//! Files beside the state that belong to single builders: trusted manifests, what was observed, log summaries.
//!
//! Their content is the caller's JSON, opaque here; names and digests are ours. They change together with the state. The
//! state remembers a trusted manifest's digest ([`crate::Trust::manifest`]), so that an edit shows.

use std::path::Path;

use hc_core::fs::read_limited;
use hc_core::{BuilderId, Digest, Target};

use crate::disk;
use crate::error::StateError;
use crate::paths;
use crate::store::{Locked, Store};

/// Largest manifest or summary that is read, in bytes.
const SIDECAR_LIMIT: u64 = 256 << 20;

impl Store {
    /// The manifest of the inputs that were trusted last, as its writer left it.
    ///
    /// # Errors
    /// [`StateError::NotRegular`], [`StateError::File`].
    pub fn trusted_manifest(&self, target: &Target) -> Result<Option<Vec<u8>>, StateError> {
        read_limited(&paths::trusted_manifest(self.root(), target), SIDECAR_LIMIT).map_err(disk::refusal)
    }

    /// The log summary of the builder's last build (PKR-11).
    ///
    /// # Errors
    /// [`StateError::NotRegular`], [`StateError::File`].
    pub fn log_summary(&self, builder: &BuilderId) -> Result<Option<Vec<u8>>, StateError> {
        read_limited(&paths::log_summary(self.root(), builder), SIDECAR_LIMIT).map_err(disk::refusal)
    }
}

impl Locked<'_> {
    /// Keeps the manifest of newly trusted inputs together with this change, and returns the digest of its bytes, which
    /// belongs into [`crate::Trust::manifest`] in the same change.
    pub fn write_trusted_manifest(&mut self, target: &Target, json: String) -> Digest {
        let digest = Digest::of(json.as_bytes());
        self.write_beside(paths::trusted_manifest(Path::new(""), target), json);
        digest
    }

    /// Keeps what runs of a target were seen to use beyond its known inputs (CLO-2) together with this change.
    pub fn write_observed(&mut self, target: &Target, json: String) {
        self.write_beside(paths::observed(Path::new(""), target), json);
    }

    /// Keeps the log summary of a builder's last build (PKR-11) together with this change.
    pub fn write_log_summary(&mut self, builder: &BuilderId, json: String) {
        self.write_beside(paths::log_summary(Path::new(""), builder), json);
    }
}
