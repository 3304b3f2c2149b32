//! Configuration of a `hybrid` project: settings, HCL, layered variables, rendering, secret references.
//!
//! Never runs packer, never reads the process environment on its own: what an expression or a secret
//! reference may see comes in as a value or through a seam.

pub mod cloudinit;
pub mod diagnostic;
pub mod hcl;
mod identifier;
pub mod json;
pub mod late;
pub mod number;
pub mod render;
pub mod resolve;
pub mod secrets;
pub mod settings;
pub mod shape;
pub mod suggest;
pub mod value;
pub mod variables;

pub use diagnostic::{Diagnostic, Location, Severity};
pub use json::Dialect;
pub use value::Value;
