//! Provisioner stacks: which there are, where they are on, what they need, what they tell the templates.
//!
//! A stack is an entry of [`registry::STACKS`], never a branch in code (PROV-4). Never runs anything.

pub mod checks;
pub mod registry;
pub mod switches;

pub use registry::{STACKS, Stack};
pub use switches::Switches;
