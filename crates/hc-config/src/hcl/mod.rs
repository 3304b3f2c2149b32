//! The HCL front end: documents with spans, types, evaluation.

pub mod blocks;
mod budget;
pub mod document;
pub mod eval;
mod format;
pub mod functions;
mod literals;
mod operators;
mod repeated;
mod strings;
mod template;
pub mod types;

pub use document::Document;
/// The syntax tree that [`Document::body`] hands out.
pub use hcl_edit;
