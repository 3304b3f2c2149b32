//! Expressions in which one part decides whether another one matters: conditions, `&&` and `||`, and the operators
//! beside them.

use hcl_edit::expr::{BinaryOp, BinaryOperator, Conditional, Expression};

use super::eval::{Eval, Evaluator, Scope};
use super::loops::pairs;
use super::types::{self, Type};
use super::{convert, operators};
use crate::value::Value;

impl Evaluator<'_> {
    /// Both branches are evaluated, because the value gets the type that they have in common; what is wrong with
    /// the other branch does not matter.
    pub(super) fn conditional(&self, conditional: &Conditional, scope: &Scope, depth: usize) -> Eval {
        let condition = self.expression(&conditional.cond_expr, scope, depth)?;
        if condition == Value::Unknown {
            let chosen = match self.any_way() {
                None => return Ok(Value::Unknown),
                Some(true) => &conditional.true_expr,
                Some(false) => &conditional.false_expr,
            };
            return self.perhaps(|| self.expression(chosen, scope, depth));
        }
        let condition = convert::to_bool(&condition)
            .ok_or_else(|| self.fail(&conditional.cond_expr, "the condition is not a bool"))?;
        let (taken, other) = match condition {
            true => (&conditional.true_expr, &conditional.false_expr),
            false => (&conditional.false_expr, &conditional.true_expr),
        };
        let value = self.expression(taken, scope, depth)?;
        let other = self.perhaps(|| self.expression(other, scope, depth)).unwrap_or(Value::Null);
        if [&value, &other].iter().any(|one| matches!(one, Value::Null | Value::Unknown)) {
            return Ok(value);
        }
        let mut shapes = [value.shape(), other.shape()];
        if !condition {
            // The order decides between types that convert to each other.
            shapes.reverse();
        }
        let unified = types::unified(&shapes).and_then(|kind| Type::from(&kind).convert(&value).ok());
        unified.ok_or_else(|| self.fail(taken, "the two values of this condition have no type in common"))
    }

    /// The way that a condition takes which only packer knows.
    pub(super) fn any_way(&self) -> Option<bool> {
        self.shared.world.choose(2).map(|way| way == 0)
    }

    /// An element at an index that only packer knows.
    pub(super) fn any_element(&self, value: &Value) -> Option<Value> {
        let elements = pairs(value).filter(|elements| !elements.is_empty())?;
        let way = self.shared.world.choose(elements.len())?;
        elements.into_iter().nth(way).map(|(_, element)| element)
    }

    pub(super) fn binary(&self, node: &Expression, op: &BinaryOp, scope: &Scope, depth: usize) -> Eval {
        let operator = *op.operator.value();
        let decisive = match operator {
            BinaryOperator::And => Some(false),
            BinaryOperator::Or => Some(true),
            _ => None,
        };
        let left = self.expression(&op.lhs_expr, scope, depth);
        let right = match (&left, decisive) {
            // The left side settles it, or may do so.
            (Ok(left), Some(decisive)) if convert::to_bool(left) != Some(!decisive) => {
                self.perhaps(|| self.expression(&op.rhs_expr, scope, depth))
            }
            _ => self.expression(&op.rhs_expr, scope, depth),
        };
        if let Some(decisive) = decisive
            && let Some(decided) = decided(decisive, [&left, &right])
        {
            return Ok(Value::Bool(decided));
        }
        let (left, right) = (left?, right?);
        operators::binary(operator, &left, &right).ok_or_else(|| {
            let kinds = (left.kind(), right.kind());
            self.fail(node, format!("this operator does not take a {} and a {}", kinds.0, kinds.1))
        })
    }
}

/// Whether one side of `&&` or `||` settles it: then it does not matter whether the other one can be evaluated, as
/// long as it is not something else than a bool.
fn decided(decisive: bool, sides: [&Eval; 2]) -> Option<bool> {
    let flag = |side: &Eval| match side {
        Err(_) | Ok(Value::Unknown) => Some(None),
        // Packer takes a null for false where that settles it.
        Ok(Value::Null) => Some((!decisive).then_some(false)),
        Ok(value) => convert::to_bool(value).map(Some),
    };
    let flags = [flag(sides[0])?, flag(sides[1])?];
    flags.contains(&Some(decisive)).then_some(decisive)
}
