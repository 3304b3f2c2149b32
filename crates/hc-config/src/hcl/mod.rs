//! The HCL front end: documents with spans, types, evaluation.

pub mod blocks;
mod budget;
mod calls;
mod choices;
pub mod convert;
pub mod document;
pub mod eval;
pub mod functions;
mod lenient;
mod literals;
mod loops;
mod operators;
mod outside;
pub mod references;
mod scope;
mod sets;
mod strings;
mod template;
pub(crate) mod type_expr;
pub mod types;
pub mod world;

pub use document::{Document, TextTemplate};
/// The syntax tree that [`Document::body`] hands out.
pub use hcl_edit;
