//! The HCL front end: documents with spans.

pub mod document;

pub use document::Document;
/// The syntax tree that [`Document::body`] hands out.
pub use hcl_edit;
