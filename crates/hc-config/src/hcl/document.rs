//! One parsed HCL file that can say where each of its parts stands.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hcl_edit::Span;
use hcl_edit::structure::Body;
use hcl_edit::template::Template;

use crate::diagnostic::{Diagnostic, Location};
use crate::json::{self, Dialect, Shadow};
use crate::value::Value;

const SYNTAX: &str = "fix the syntax; `packer fmt` accepts the file once it parses";
const LINE: &str = "write `\\n` for a line break, or use a heredoc: `<<EOT`";

/// A parsed template or var file, in HCL or in JSON. Read-only: people's files are never rewritten through it.
/// `Debug` shows no text: var files hold values. A clone is the same file: a thousand builders share one layer.
#[derive(Clone)]
pub struct Document(Arc<Parts>);

struct Parts {
    path: PathBuf,
    text: String,
    body: Body,
    /// What was parsed in its place, where the file is JSON.
    shadow: Option<Shadow>,
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("path", &self.0.path)
            .field("bytes", &self.0.text.len())
            .finish_non_exhaustive()
    }
}

impl Document {
    /// Parses `text`; `path` is how the file is shown to people (relative to the project root), and tells the language.
    ///
    /// # Errors
    /// One `HclSyntax` or `JsonSyntax` diagnostic with the place of the first error.
    pub fn parse(path: &Path, text: impl Into<String>) -> Result<Self, Box<Diagnostic>> {
        let mut text = text.into();
        // A byte order mark is no part of the text; columns count without it.
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        let shadow = if json::is_json(path) { Some(json::read(path, &text)?) } else { None };
        let syntax = shadow.as_ref().map_or(&*text, |shadow| &shadow.text);
        let body = super::lenient::parse(syntax);
        let body = body.map_err(|error| (error.location().offset(), error.message().to_owned(), SYNTAX));
        let body = body.and_then(|body| match super::strings::broken(syntax, &body) {
            Some(at) => Err((at, "this string goes over the end of its line".to_owned(), LINE)),
            None => Ok(body),
        });
        match (body, shadow) {
            (Ok(body), shadow) => Ok(Self::new(path, text, body, shadow)),
            (Err((start, label, hint)), None) => Err(Box::new(
                Diagnostic::error("HclSyntax", "syntax error in HCL")
                    .at(Location::new(path, &text, start..start + 1))
                    .label(label)
                    .hint(hint),
            )),
            (Err((start, label, _)), Some(shadow)) => Err(Box::new(
                Diagnostic::error("JsonSyntax", "packer cannot read this JSON")
                    .at(Location::new(path, &text, shadow.origin(&(start..start + 1))))
                    .label(label),
            )),
        }
    }

    fn new(path: &Path, text: String, body: Body, shadow: Option<Shadow>) -> Self {
        Self(Arc::new(Parts { path: path.to_owned(), text, body, shadow }))
    }

    /// Values that the file at `path` gives without being HCL; all of them stand at its beginning.
    pub fn of_values(path: &Path, values: &BTreeMap<String, String>) -> Self {
        let mut text = String::new();
        for (name, value) in values {
            text.push_str(&format!("{} = {}\n", json::spelled(name), Value::String(value.clone()).to_hcl()));
        }
        let body = super::lenient::parse(&text).unwrap_or_default();
        let shadow = Shadow { dialect: Dialect::HclJson, text, marks: Vec::new() };
        Self::new(path, String::new(), body, Some(shadow))
    }

    /// The language that the file is written in.
    pub fn dialect(&self) -> Dialect {
        self.0.shadow.as_ref().map_or(Dialect::Hcl, |shadow| shadow.dialect)
    }

    /// The text that the tree was parsed of: the file's own, or the HCL that says what its JSON says.
    pub fn syntax(&self) -> &str {
        self.0.shadow.as_ref().map_or(&self.0.text, |shadow| &shadow.text)
    }

    /// The path as shown to people.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// The file's text.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The syntax tree.
    pub fn body(&self) -> &Body {
        &self.0.body
    }

    /// The place of a node of this document's tree.
    pub fn location(&self, node: &impl Span) -> Location {
        self.location_of(node.span().unwrap_or(0..0))
    }

    /// The place of a byte range.
    pub fn location_of(&self, span: Range<usize>) -> Location {
        let span = self.0.shadow.as_ref().map_or(span.clone(), |shadow| shadow.origin(&span));
        Location::new(&self.0.path, &self.0.text, span)
    }
}

/// A text file with `${…}` and `%{…}` in it, as `templatefile()` reads it. `Debug` shows no text.
#[derive(Debug, Clone)]
pub struct TextTemplate {
    /// Gives the places of its parts; its body is empty.
    pub(super) document: Document,
    pub(super) template: Template,
}

impl TextTemplate {
    /// Parses `text`; `path` is how the file is shown to people.
    ///
    /// # Errors
    /// One `HclSyntax` diagnostic with the place of the first error.
    pub fn parse(path: &Path, text: impl Into<String>) -> Result<Self, Box<Diagnostic>> {
        let document = Document::new(path, text.into(), Body::new(), None);
        match hcl_edit::parser::parse_template(document.text()) {
            Ok(template) => Ok(Self { document, template }),
            Err(error) => {
                let start = error.location().offset();
                Err(Box::new(
                    Diagnostic::error("HclSyntax", "syntax error in the template")
                        .at(document.location_of(start..start + 1))
                        .label(error.message().to_owned()),
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syntax_error_has_its_place() {
        let error = Document::parse(Path::new("t.pkr.hcl"), "a = 1\nb = = 2\n").unwrap_err();
        assert_eq!(error.location.unwrap().to_string(), "t.pkr.hcl:2:5");
    }

    #[test]
    fn nodes_have_places() {
        let document =
            Document::parse(Path::new("t.pkr.hcl"), "# c\nsource \"null\" \"x\" {\n  a = 1\n}\n").unwrap();
        let block = document.body().blocks().next().unwrap();
        assert_eq!(document.location(block).line, 2);
        assert_eq!(document.location(&block.labels[1]).to_string(), "t.pkr.hcl:2:15");
    }
}
