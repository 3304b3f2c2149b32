//! Templates of a project: which builders there are, what they consist of, and what decides their images.
//!
//! Never runs packer. Drift comparison does no I/O. Only the stage is written, never a file of the project.

pub mod adopt;
pub mod assets;
pub mod builder_toml;
pub mod compose;
pub mod drift;
pub mod graph;
pub mod inputs;
pub mod inventory;
pub mod naming;
pub mod requirements;

pub use builder_toml::BuilderToml;
pub use inputs::{Input, InputKind, InputManifest};
pub use inventory::{Builder, Inventory};
