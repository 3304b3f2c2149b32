//! Values that are computed from other variables: legacy templates have them in defaults and in var files, and packer
//! renders them when all are known.

use std::collections::BTreeMap;
use std::path::Path;

use hcl_edit::expr::Expression;

use crate::hcl::Document;
use crate::hcl::eval::{Scope, evaluate_in};
use crate::hcl::world::World;
use crate::json::actions;
use crate::resolve::ResolvedVar;
use crate::value::Value;

/// Packer gives up after so many rounds.
const ROUNDS: usize = 100;

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

/// Computes what is known by now, each value as soon as those that it is made of are.
pub(crate) fn settle(vars: &mut BTreeMap<String, ResolvedVar>, world: &dyn World) {
    let mut open: Vec<String> =
        vars.iter().filter(|(_, var)| var.late.is_some()).map(|(name, _)| name.clone()).collect();
    for name in &open {
        if let Some(var) = vars.get_mut(name) {
            var.value = Value::Unknown;
        }
    }
    for _ in 0..ROUNDS {
        let known: crate::value::Entries =
            vars.iter().map(|(name, var)| (name.clone(), var.value.clone())).collect();
        let scope = Scope::open().with("var", Value::Map(known));
        let before = open.len();
        open.retain(|name| {
            let Some(var) = vars.get_mut(name) else { return false };
            let value = var.late.as_ref().map_or(Value::Unknown, |late| late.value(&scope, world));
            let is_open = value == Value::Unknown;
            var.value = value;
            is_open
        });
        if open.len() == before {
            return;
        }
    }
}
