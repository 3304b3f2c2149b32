//! Provisioner stacks: which there are, where they are on, what they need, what they tell the templates.
//!
//! A stack is an entry of [`registry::STACKS`], never a branch in code (PROV-4). Nothing here starts a process:
//! linters run through [`lint::CommandRunner`], which the caller provides.

pub mod change;
pub mod checks;
pub mod edited;
pub mod error;
pub mod lint;
pub mod matrix;
pub mod programs;
pub mod references;
pub mod registry;
pub mod switches;

pub use change::{Change, Changed, change};
pub use error::ProvisionerError;
pub use lint::CommandRunner;
pub use matrix::matrix_markdown;
pub use registry::{STACKS, Stack};
pub use switches::{Effective, Switches};
