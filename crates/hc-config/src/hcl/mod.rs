//! The HCL front end: documents with spans, types, evaluation.

pub mod document;
pub mod eval;
mod format;
pub mod functions;
mod operators;
mod repeated;
mod template;
pub mod types;

pub use document::Document;
/// The syntax tree that [`Document::body`] hands out.
pub use hcl_edit;
