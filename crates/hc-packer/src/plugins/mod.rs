//! Plugins beside packer (SRC-6): which are installed, what they are locked to, archives of them.

mod archive;
mod error;
mod installed;
mod lock;

pub use crate::checksum::sha256;
pub use archive::{from_archive, newest_release};
pub use error::PluginError;
pub use installed::{Installed, chosen, default_dir, installed, unasked};
pub use lock::{LOCK_FILE, LOCK_SCHEMA, LockedPlugin, PluginLock};
