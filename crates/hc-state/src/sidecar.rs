//! Files beside the state that belong to single builders: trusted manifests, what was observed, log summaries.
//!
//! Their content is the caller's JSON, opaque here; names, locking, atomic writes and digests are ours. The
//! state remembers a trusted manifest's digest ([`crate::Trust::manifest`]), so that an edit shows.

use std::path::{Path, PathBuf};

use hc_core::fs::{read_limited, sweep_temporaries, write_atomic};
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
    /// Writes the manifest of newly trusted inputs and returns the digest of its bytes, which belongs into
    /// [`crate::Trust::manifest`] in the same change.
    ///
    /// # Errors
    /// [`StateError::NotRegular`], [`StateError::ReadOnly`], [`StateError::File`]; the old manifest is intact then.
    pub fn write_trusted_manifest(&mut self, target: &Target, json: &[u8]) -> Result<Digest, StateError> {
        self.write_sidecar(&paths::trusted_manifest(self.store.root(), target), json)?;
        Ok(Digest::of(json))
    }

    /// Writes what runs of a target were seen to use beyond its known inputs (CLO-2).
    ///
    /// # Errors
    /// As [`Locked::write_trusted_manifest`].
    pub fn write_observed(&mut self, target: &Target, json: &[u8]) -> Result<(), StateError> {
        self.write_sidecar(&paths::observed(self.store.root(), target), json)
    }

    /// Writes the log summary of a builder's last build (PKR-11) and returns its path.
    ///
    /// # Errors
    /// As [`Locked::write_trusted_manifest`].
    pub fn write_log_summary(&mut self, builder: &BuilderId, json: &[u8]) -> Result<PathBuf, StateError> {
        let path = paths::log_summary(self.store.root(), builder);
        self.write_sidecar(&path, json)?;
        Ok(path)
    }

    fn write_sidecar(&self, path: &Path, json: &[u8]) -> Result<(), StateError> {
        let root = paths::state_dir(self.store.root());
        let mut dirs: Vec<&Path> = path.ancestors().skip(1).take_while(|dir| *dir != root).collect();
        dirs.reverse();
        disk::make_dirs(&dirs)?;
        if let Some(dir) = path.parent() {
            sweep_temporaries(dir)?;
        }
        write_atomic(path, json, 0o644).map_err(disk::refusal)
    }
}
