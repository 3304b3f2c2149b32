//! Templates of a project: which builders there are, what they consist of, and which files they refer to.
//!
//! Never runs packer. Only the stage is written, never a file of the project.

pub mod adopt;
pub mod builder_toml;
pub mod closure;
pub mod compose;
pub mod graph;
pub mod inventory;
pub mod naming;
pub mod place;
pub mod requirements;

pub use builder_toml::BuilderToml;
pub use inventory::{Builder, Inventory};
