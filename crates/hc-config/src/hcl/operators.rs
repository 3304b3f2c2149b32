//! Operators between two values.

use hcl_edit::expr::BinaryOperator;

use super::convert;
use crate::number::Number;
use crate::value::Value;

/// `None` where the operator does not take these operands.
pub(super) fn binary(operator: BinaryOperator, left: &Value, right: &Value) -> Option<Value> {
    use BinaryOperator as Op;
    if *left == Value::Unknown || *right == Value::Unknown {
        return Some(Value::Unknown);
    }
    let numbers = || Some((convert::to_number(left)?, convert::to_number(right)?));
    let flags = || Some((convert::to_bool(left)?, convert::to_bool(right)?));
    let order = || numbers().and_then(|(left, right)| left.partial_cmp(&right));
    Some(match operator {
        Op::Eq => equal(left, right).map_or(Value::Unknown, Value::Bool),
        Op::NotEq => equal(left, right).map_or(Value::Unknown, |same| Value::Bool(!same)),
        Op::And => flags().map(|(left, right)| Value::Bool(left && right))?,
        Op::Or => flags().map(|(left, right)| Value::Bool(left || right))?,
        Op::Less => Value::Bool(order()?.is_lt()),
        Op::LessEq => Value::Bool(order()?.is_le()),
        Op::Greater => Value::Bool(order()?.is_gt()),
        Op::GreaterEq => Value::Bool(order()?.is_ge()),
        Op::Plus | Op::Minus | Op::Mul | Op::Div | Op::Mod => {
            let (left, right) = numbers()?;
            Value::Number(arithmetic(operator, &left, &right)?)
        }
    })
}

/// Whether two values are the same, in type as well: `[]` is a tuple and no list. `None` where only packer knows.
pub(super) fn equal(left: &Value, right: &Value) -> Option<bool> {
    if left.has_unknown() || right.has_unknown() {
        return None;
    }
    Some(left == right && left.shape() == right.shape())
}

/// `None` where Packer computes no number: zero by zero, infinite by infinite.
fn arithmetic(operator: BinaryOperator, left: &Number, right: &Number) -> Option<Number> {
    match operator {
        BinaryOperator::Plus => left.plus(right),
        BinaryOperator::Minus => left.minus(right),
        BinaryOperator::Mul => left.times(right),
        BinaryOperator::Div => left.over(right),
        BinaryOperator::Mod => left.modulo(right),
        _ => None,
    }
}
