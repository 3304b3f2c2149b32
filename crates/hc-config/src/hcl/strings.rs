//! Quoted strings that go over a line's end: the parser takes them, Packer does not.

use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::template::{Element, StringTemplate};
use hcl_edit::visit::{self, Visit};

use super::Document;
use crate::diagnostic::Diagnostic;

/// The first quoted string of a document that holds a line's end.
pub(super) fn broken(document: &Document) -> Option<Diagnostic> {
    let mut search = Search { text: document.text(), found: None };
    search.visit_body(document.body());
    let at = search.found?;
    Some(
        Diagnostic::error("HclSyntax", "syntax error in HCL")
            .at(document.location_of(at..at + 1))
            .label("this string goes over the end of its line")
            .hint("write `\\n` for a line break, or use a heredoc: `<<EOT`"),
    )
}

struct Search<'a> {
    text: &'a str,
    found: Option<usize>,
}

impl Search<'_> {
    fn look(&mut self, span: Option<std::ops::Range<usize>>) {
        let Some(span) = span else { return };
        let end = self.text.get(span.clone()).and_then(|written| written.find('\n'));
        self.found = self.found.or(end.map(|end| span.start + end));
    }
}

impl Visit for Search<'_> {
    fn visit_expr(&mut self, expression: &Expression) {
        if let Expression::String(text) = expression {
            self.look(text.span());
        }
        visit::visit_expr(self, expression);
    }

    fn visit_string_template(&mut self, template: &StringTemplate) {
        for element in template {
            if let Element::Literal(literal) = element {
                self.look(literal.span());
            }
        }
        visit::visit_string_template(self, template);
    }
}
