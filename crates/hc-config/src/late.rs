//! Values that are computed from other variables: legacy templates have them in defaults and in var files, and packer
//! renders them when all are known.

use std::path::Path;

use hcl_edit::expr::Expression;

use crate::hcl::Document;
use crate::hcl::eval::{Scope, evaluate_in};
use crate::hcl::world::World;
use crate::json::actions;
use crate::value::Value;

/// A value in the making. Prints nothing: it may be made of anything.
#[derive(Clone)]
pub struct Late {
    document: Document,
    expression: Expression,
}

impl std::fmt::Debug for Late {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Late").finish_non_exhaustive()
    }
}

impl PartialEq for Late {
    fn eq(&self, other: &Self) -> bool {
        self.document.path() == other.document.path() && self.expression == other.expression
    }
}

impl Late {
    /// What stands in a document.
    pub(crate) fn new(document: &Document, expression: &Expression) -> Self {
        Self { document: document.clone(), expression: expression.clone() }
    }

    /// A text with actions in it; `None` for any other.
    pub(crate) fn of_text(text: &str) -> Option<Self> {
        if !text.contains("{{") {
            return None;
        }
        let document = format!("v = {}\n", actions::expression(text, true));
        let document = Document::parse(Path::new("value"), document).ok()?;
        let expression = document.body().get_attribute("v")?.value.clone();
        Some(Self { document, expression })
    }

    /// The expression.
    pub fn expression(&self) -> &Expression {
        &self.expression
    }

    /// Its value in a world that knows other variables; `Unknown` as long as it is not known in full.
    pub fn value(&self, scope: &Scope, world: &dyn World) -> Value {
        match evaluate_in(&self.document, &self.expression, scope, world) {
            Ok(value) if !value.has_unknown() => value,
            _ => Value::Unknown,
        }
    }
}
