//! What keeps a factory in order: records, state, logs, sources, downloads, plugins, leftovers.
//!
//! Each module is one group of operations; none of them builds. What only looks changes nothing. What removes or moves
//! something plans first, leaves evidence alone (SEC-2), and says what it did.

pub mod artifacts;
pub mod bundle;
pub mod cache;
pub mod clean;
pub mod doctor;
mod evidence;
pub mod install;
pub mod logs;
pub mod orphans;
pub mod packages;
pub mod packer;
pub mod plugins;
pub mod scan;
pub mod sources;
pub mod state;
pub mod status;
pub mod templates;
mod texts;
mod trust;
mod unfinished;
