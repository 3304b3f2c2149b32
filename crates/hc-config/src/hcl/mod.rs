//! The HCL front end: documents with spans, types, evaluation.

pub mod blocks;
mod budget;
mod calls;
mod choices;
pub(crate) mod convert;
pub mod document;
pub mod eval;
mod file_calls;
pub mod files;
pub mod functions;
mod literals;
mod loops;
mod operators;
mod repeated;
mod strings;
mod template;
pub(crate) mod type_expr;
pub mod types;

pub use document::Document;
/// The syntax tree that [`Document::body`] hands out.
pub use hcl_edit;
