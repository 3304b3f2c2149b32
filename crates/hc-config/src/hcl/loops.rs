//! `for` expressions, and what a loop goes over.

use hcl_edit::expr::{Expression, ForExpr};
use hcl_edit::{Decorated, Ident};
use indexmap::IndexMap;

use super::convert;
use super::eval::{Eval, Evaluator, Scope};
use crate::number::Number;
use crate::value::Value;

impl Evaluator<'_> {
    pub(super) fn for_expression(
        &self,
        node: &Expression,
        for_expr: &ForExpr,
        scope: &Scope,
        depth: usize,
    ) -> Eval {
        let collection = self.expression(&for_expr.intro.collection_expr, scope, depth)?;
        if unordered(&collection) {
            // Once, for what is read whatever the collection holds.
            let intro = &for_expr.intro;
            let inner = with_unknown(scope, intro.key_var.iter().chain([&intro.value_var]));
            let _ = self.perhaps(|| self.expression(&for_expr.value_expr, &inner, depth));
            return Ok(Value::Unknown);
        }
        let pairs = pairs(&collection).ok_or_else(|| {
            self.fail(node, format!("`for` needs a list or map, not a {}", collection.kind()))
        })?;
        let mut list = Vec::new();
        let mut map: IndexMap<String, Value> = IndexMap::new();
        let mut groups: IndexMap<String, Vec<Value>> = IndexMap::new();
        for (key, item) in pairs {
            let mut inner = scope.clone();
            if let Some(name) = &for_expr.intro.key_var {
                inner = inner.with(name.as_str(), key);
            }
            inner = inner.with(for_expr.intro.value_var.as_str(), item);
            if let Some(condition) = &for_expr.cond {
                match self.expression(&condition.expr, &inner, depth)? {
                    Value::Unknown => return Ok(Value::Unknown),
                    condition => {
                        if !convert::to_bool(&condition)
                            .ok_or_else(|| self.fail(node, "the `if` of a `for` is not a bool"))?
                        {
                            continue;
                        }
                    }
                }
            }
            let value = self.expression(&for_expr.value_expr, &inner, depth)?;
            let Some(key_expr) = &for_expr.key_expr else {
                list.push(value);
                continue;
            };
            let key = self.expression(key_expr, &inner, depth)?;
            if key == Value::Unknown {
                return Ok(Value::Unknown);
            }
            let key = convert::to_text(&key)
                .ok_or_else(|| self.fail(node, "a key of this `for` is not a string"))?;
            if for_expr.grouping {
                groups.entry(key).or_default().push(value);
            } else if map.insert(key.clone(), value).is_some() {
                return Err(self.fail(node, format!("two elements have the key `{key}`")));
            }
        }
        map.extend(groups.into_iter().map(|(key, group)| (key, Value::tuple(group))));
        Ok(if for_expr.key_expr.is_some() { Value::object(map) } else { Value::tuple(list) })
    }
}

/// A scope for one round of a loop over what only packer knows.
pub(super) fn with_unknown<'n>(scope: &Scope, names: impl Iterator<Item = &'n Decorated<Ident>>) -> Scope {
    names.fold(scope.clone(), |scope, name| scope.with(name.as_str(), Value::Unknown))
}

/// Whether only packer knows the order of a loop: over something unknown, and over a set in which something is.
pub(super) fn unordered(collection: &Value) -> bool {
    match collection {
        Value::List(items) => items.is_set() && collection.has_unknown(),
        other => *other == Value::Unknown,
    }
}

/// Keys and elements in the order of a loop; `None` for what is not a collection.
pub(super) fn pairs(collection: &Value) -> Option<Vec<(Value, Value)>> {
    match collection {
        Value::List(items) if items.is_set() => {
            Some(items.iter().map(|item| (item.clone(), item.clone())).collect())
        }
        Value::List(items) => Some(
            items
                .iter()
                .enumerate()
                .map(|(at, item)| (Value::Number(Number::from(at as u64)), item.clone()))
                .collect(),
        ),
        Value::Map(entries) => {
            let mut sorted: Vec<_> = entries.iter().collect();
            sorted.sort_by_key(|(key, _)| key.as_str());
            Some(sorted.into_iter().map(|(key, item)| (Value::String(key.clone()), item.clone())).collect())
        }
        _ => None,
    }
}
