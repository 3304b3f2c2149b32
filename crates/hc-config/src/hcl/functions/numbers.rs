//! Numbers, with the 512 bits of Packer.

use std::cmp::Ordering;

use dashu_int::IBig;

use super::arguments::{Arguments, Function, MANY};
use crate::hcl::convert::to_number;
use crate::number::Number;
use crate::shape::Shape;
use crate::value::Value;

pub(super) const TABLE: &[Function] = &[
    ("abs", 1, 1, |a| Some(Value::Number(a.number(0)?.abs()))),
    ("ceil", 1, 1, |a| Some(Value::Number(a.number(0)?.ceil()))),
    ("floor", 1, 1, |a| Some(Value::Number(a.number(0)?.floor()))),
    // The same algorithm as Go's, to the last bit.
    ("log", 2, 2, |a| double(libm::log(a.double(0)?) / libm::log(a.double(1)?))),
    ("max", 1, MANY, |a| extreme(a, Ordering::Greater)),
    ("min", 1, MANY, |a| extreme(a, Ordering::Less)),
    ("parseint", 2, 2, |a| {
        let base = u32::try_from(a.whole(1)?).ok().filter(|base| (2..=62).contains(base))?;
        // A number is not text, even if it looks alike.
        whole_in_base(a.value(0)?.as_str()?, base).map(Value::Number)
    }),
    ("pow", 2, 2, |a| power(a.double(0)?, a.double(1)?)),
    ("range", 1, 3, range),
    ("signum", 1, 1, |a| Some(Value::int(a.whole(0)?.signum()))),
    ("sum", 1, 1, |a| {
        let numbers: Vec<Number> = a.items(0)?.iter().map(to_number).collect::<Option<_>>()?;
        let mut numbers = numbers.into_iter();
        let first = numbers.next()?;
        numbers.try_fold(first, |sum, number| sum.plus(&number)).map(Value::Number)
    }),
];

/// A whole number of digits, small letters and, above base 36, capitals; they mean the same below.
fn whole_in_base(text: &str, base: u32) -> Option<Number> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    // Longer numbers than any template has take long.
    if digits.is_empty() || digits.len() > 1_000 {
        return None;
    }
    let mut value = IBig::ZERO;
    for digit in digits.chars() {
        let digit = match digit {
            'A'..='Z' if base > 36 => u32::from(digit) - u32::from('A') + 36,
            digit => digit.to_digit(36)?,
        };
        if digit >= base {
            return None;
        }
        value = value * IBig::from(base) + IBig::from(digit);
    }
    Number::from_integer(if text.starts_with('-') { -value } else { value })
}

fn extreme(arguments: &Arguments<'_>, wanted: Ordering) -> Option<Value> {
    let numbers: Vec<Number> = arguments.0.iter().map(to_number).collect::<Option<_>>()?;
    let better = |a: Number, b: Number| if b.partial_cmp(&a) == Some(wanted) { b } else { a };
    numbers.into_iter().reduce(better).map(Value::Number)
}

/// What came of doubles; nothing when it is not a number.
fn double(result: f64) -> Option<Value> {
    Number::from_f64(result).map(Value::Number)
}

/// Powers as Go computes them, in doubles: the base is squared again and again, mantissa and exponent apart.
fn power(base: f64, exponent: f64) -> Option<Value> {
    if base == 0.0 || !base.is_finite() || exponent.abs() >= 2_f64.powi(63) || exponent == 0.0 || base == 1.0
    {
        return double(base.powf(exponent));
    }
    if exponent.abs() == 0.5 {
        let root = base.sqrt();
        return double(if exponent < 0.0 { 1.0 / root } else { root });
    }
    if exponent.fract() != 0.0 {
        // Go uses the processor's exponential function, and rounds as that one does.
        return if base < 0.0 { None } else { Some(Value::Unknown) };
    }
    let (mut mantissa, mut shift) = libm::frexp(base);
    let (mut result, mut result_shift) = (1.0_f64, 0_i32);
    let mut left = exponent.abs() as u64;
    while left != 0 {
        // Far beyond every double: nothing is exact any more.
        if shift.abs() > 1 << 12 {
            result_shift = result_shift.saturating_add(shift);
            break;
        }
        if left & 1 == 1 {
            result *= mantissa;
            result_shift += shift;
        }
        mantissa *= mantissa;
        shift *= 2;
        if mantissa < 0.5 {
            mantissa *= 2.0;
            shift -= 1;
        }
        left >>= 1;
    }
    if exponent < 0.0 {
        (result, result_shift) = (1.0 / result, -result_shift);
    }
    double(libm::ldexp(result, result_shift))
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
    Some(Value::list(items, Shape::Number))
}
