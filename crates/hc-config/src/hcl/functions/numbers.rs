//! Numbers, with the 512 bits of Packer.

use std::cmp::Ordering;

use dashu_int::IBig;

use super::arguments::{Arguments, Function, MANY};
use crate::hcl::convert::to_number;
use crate::number::Number;
use crate::value::Value;

pub(super) const TABLE: &[Function] = &[
    ("abs", 1, 1, |a| Some(Value::Number(a.number(0)?.abs()))),
    ("ceil", 1, 1, |a| Some(Value::Number(a.number(0)?.ceil()))),
    ("floor", 1, 1, |a| Some(Value::Number(a.number(0)?.floor()))),
    ("max", 1, MANY, |a| extreme(a, Ordering::Greater)),
    ("min", 1, MANY, |a| extreme(a, Ordering::Less)),
    ("parseint", 2, 2, |a| {
        let base = u32::try_from(a.whole(1)?).ok().filter(|base| (2..=62).contains(base))?;
        if base > 36 {
            return Some(Value::Unknown);
        }
        let text = a.text(0)?;
        let digits = text.strip_prefix(['-', '+']).unwrap_or(&text);
        if digits.is_empty() || !digits.chars().all(|c| c.is_digit(base)) {
            return None;
        }
        Number::from_integer(IBig::from_str_radix(&text, base).ok()?).map(Value::Number)
    }),
    ("pow", 2, 2, |a| Some(power(&a.number(0)?, &a.number(1)?))),
    ("range", 1, 3, range),
    ("signum", 1, 1, |a| Some(Value::int(a.number(0)?.signum()))),
    ("sum", 1, 1, |a| {
        let numbers: Vec<Number> = a.list(0)?.iter().map(to_number).collect::<Option<_>>()?;
        let mut numbers = numbers.into_iter();
        let first = numbers.next()?;
        numbers.try_fold(first, |sum, number| sum.plus(&number)).map(Value::Number)
    }),
];

fn extreme(arguments: &Arguments<'_>, wanted: Ordering) -> Option<Value> {
    let numbers: Vec<Number> = arguments.0.iter().map(to_number).collect::<Option<_>>()?;
    let better = |a: Number, b: Number| if b.partial_cmp(&a) == Some(wanted) { b } else { a };
    numbers.into_iter().reduce(better).map(Value::Number)
}

/// Packer computes powers with doubles; where that could round, only packer knows how.
fn power(base: &Number, exponent: &Number) -> Value {
    let exact = || {
        let (base, exponent) = (base.as_integer()?, usize::try_from(exponent.as_u64()?).ok()?);
        let exact = Number::from_integer((exponent <= 1_024).then(|| base.pow(exponent))?)?;
        (exact.abs() < Number::from(1_i64 << 53)).then_some(Value::Number(exact))
    };
    exact().unwrap_or(Value::Unknown)
}

fn range(arguments: &Arguments<'_>) -> Option<Value> {
    let numbers: Vec<Number> = arguments.0.iter().map(to_number).collect::<Option<_>>()?;
    let zero = || Number::from(0_i64);
    let step = |from: &Number, to: &Number| Number::from(if to < from { -1_i64 } else { 1 });
    let (start, end, step) = match numbers.as_slice() {
        [end] => (zero(), end.clone(), step(&zero(), end)),
        [start, end] => (start.clone(), end.clone(), step(start, end)),
        [start, end, by] => (start.clone(), end.clone(), by.clone()),
        _ => return None,
    };
    let up = step.signum();
    // A step of nothing, or away from the end, is an error.
    if up == 0 || (up > 0 && end < start) || (up < 0 && end > start) {
        return None;
    }
    let mut items = Vec::new();
    let mut at = start;
    while (up > 0 && at < end) || (up < 0 && at > end) {
        // Packer's own limit.
        if items.len() >= 1024 {
            return None;
        }
        items.push(Value::Number(at.clone()));
        at = at.plus(&step)?;
    }
    Some(Value::List(items))
}
