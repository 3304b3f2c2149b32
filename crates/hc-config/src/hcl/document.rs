//! One parsed HCL file that can say where each of its parts stands.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hcl_edit::Span;
use hcl_edit::structure::Body;
use hcl_edit::template::Template;

use crate::diagnostic::{Diagnostic, Location};

/// A parsed `.pkr.hcl` or `.pkrvars.hcl` file. Read-only: people's files are never rewritten through it.
/// `Debug` shows no text: var files hold values. A clone is the same file: a thousand builders share one layer.
#[derive(Clone)]
pub struct Document(Arc<Parts>);

struct Parts {
    path: PathBuf,
    text: String,
    body: Body,
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
    /// Parses `text`; `path` is how the file is shown to people (relative to the project root).
    ///
    /// # Errors
    /// One `HclSyntax` diagnostic with the place of the first error.
    pub fn parse(path: &Path, text: impl Into<String>) -> Result<Self, Box<Diagnostic>> {
        let mut text = text.into();
        // A byte order mark is no part of the text; columns count without it.
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        match super::lenient::parse(&text) {
            Ok(body) => match super::strings::broken(&text, &body) {
                Some(at) => Err(Box::new(
                    Diagnostic::error("HclSyntax", "syntax error in HCL")
                        .at(Location::new(path, &text, at..at + 1))
                        .label("this string goes over the end of its line")
                        .hint("write `\\n` for a line break, or use a heredoc: `<<EOT`"),
                )),
                None => Ok(Self::new(path, text, body)),
            },
            Err(error) => {
                let at = error.location();
                let start = at.offset();
                let location = Location::new(path, &text, start..start + 1);
                Err(Box::new(
                    Diagnostic::error("HclSyntax", "syntax error in HCL")
                        .at(location)
                        .label(error.message().to_owned())
                        .hint("fix the syntax; `packer fmt` accepts the file once it parses"),
                ))
            }
        }
    }

    fn new(path: &Path, text: String, body: Body) -> Self {
        Self(Arc::new(Parts { path: path.to_owned(), text, body }))
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
        let document = Document::new(path, text.into(), Body::new());
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
