//! The small closed crate that every concern of `hybrid` stands on.
//!
//! Owns these and nothing else: [`id`] (names that carry their rules), [`digest`] (the one hash
//! format), [`fs`] (writes that are whole or did not happen), [`lock`] (kernel locks with a holder that can
//! be named), [`secret`] (values that cannot print themselves), [`version`], [`stamp`] (what proves that a
//! file did not change), [`stat_cache`], [`tree`] (directories as trees of
//! digests), [`cancel`] (a request to stop), [`threads`] (those that hash and search side by side) and [`exit`] (how things end).
//!
//! Never prints, never reads the process environment, never depends on another `hc-*` crate.

pub mod cancel;
pub mod digest;
pub mod exit;
pub mod fs;
pub mod id;
pub mod lock;
pub mod secret;
pub mod stamp;
pub mod stat_cache;
pub mod threads;
pub mod tree;
pub mod version;

pub use cancel::Cancel;
pub use digest::Digest;
pub use exit::ExitClass;
pub use id::{BuildId, BuilderId, EnvName, RunId, Selector, Target};
pub use secret::SecretString;
pub use version::{Constraints, Version};
