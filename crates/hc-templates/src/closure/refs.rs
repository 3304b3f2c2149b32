//! Which names an expression refers to: `var.name`, `local.name`, `data.type`.

use std::collections::BTreeSet;

use hc_config::hcl::hcl_edit::expr::{Expression, FuncCall, Traversal, TraversalOperator};
use hc_config::hcl::hcl_edit::structure::Body;
use hc_config::hcl::hcl_edit::visit::{self, Visit};

/// Names with their first field; the field is missing where the whole is meant, or where it is computed.
pub(super) type Names = BTreeSet<(String, Option<String>)>;

/// The names in an expression.
pub(super) fn of(expression: &Expression) -> Names {
    let mut found = Found::default();
    found.visit_expr(expression);
    found.names
}

/// The names in everything below a body.
pub(super) fn of_body(body: &Body) -> Names {
    let mut found = Found::default();
    found.visit_body(body);
    found.names
}

/// Calls of a function in everything below a body.
pub(super) fn calls<'a>(body: &'a Body, name: &'a str) -> Vec<FuncCall> {
    let mut found = Calls { name, found: Vec::new() };
    found.visit_body(body);
    found.found
}

/// The same in one expression.
pub(super) fn calls_of<'a>(expression: &'a Expression, name: &'a str) -> Vec<FuncCall> {
    let mut found = Calls { name, found: Vec::new() };
    found.visit_expr(expression);
    found.found
}

#[derive(Default)]
struct Found {
    names: Names,
}

impl Visit for Found {
    fn visit_traversal(&mut self, traversal: &Traversal) {
        match &traversal.expr {
            Expression::Variable(root) => {
                let field = match traversal.operators.first().map(|operator| operator.value()) {
                    Some(TraversalOperator::GetAttr(field)) => Some(field.as_str().to_owned()),
                    _ => None,
                };
                self.names.insert((root.as_str().to_owned(), field));
                for operator in &traversal.operators {
                    self.visit_traversal_operator(operator.value());
                }
            }
            _ => visit::visit_traversal(self, traversal),
        }
    }

    fn visit_expr(&mut self, expression: &Expression) {
        match expression {
            Expression::Variable(name) => drop(self.names.insert((name.as_str().to_owned(), None))),
            _ => visit::visit_expr(self, expression),
        }
    }
}

struct Calls<'a> {
    name: &'a str,
    found: Vec<FuncCall>,
}

impl Visit for Calls<'_> {
    fn visit_func_call(&mut self, call: &FuncCall) {
        if call.name.name.as_str() == self.name {
            self.found.push(call.clone());
        }
        visit::visit_func_call(self, call);
    }
}
