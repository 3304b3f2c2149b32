//! Quoted strings that go over a line's end: the parser takes them, Packer does not.

use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::Body;
use hcl_edit::template::{Element, StringTemplate};
use hcl_edit::visit::{self, Visit};

/// Where the first quoted string that holds a line's end does so, in bytes.
pub(super) fn broken(text: &str, body: &Body) -> Option<usize> {
    let mut search = Search { text, found: None };
    search.visit_body(body);
    search.found
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
