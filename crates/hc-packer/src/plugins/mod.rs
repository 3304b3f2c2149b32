//! Plugins beside packer (SRC-6): which are installed, what they are locked to, archives of them.

mod archive;
mod checksum;
mod error;
mod installed;
mod lock;

pub use archive::from_archive;
pub use checksum::sha256;
pub use error::PluginError;
pub use installed::{Installed, chosen, default_dir, installed, platform};
pub use lock::{LOCK_FILE, LOCK_SCHEMA, LockedPlugin, PluginLock};
