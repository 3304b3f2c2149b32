//! What a function is, and how it takes its arguments.

use crate::hcl::convert::{to_number, to_text};
use crate::number::Number;
use crate::value::Value;

/// One function that is evaluated here: name, fewest and most arguments, and what it computes. `None` is an
/// error, an unknown value is "only packer knows".
pub(super) type Function = (&'static str, usize, usize, fn(&Arguments<'_>) -> Option<Value>);

/// As many arguments as one likes.
pub(super) const MANY: usize = usize::MAX;

/// Arguments with HCL's conversions; `None` where one does not fit.
pub(super) struct Arguments<'a>(pub(super) &'a [Value]);

impl<'a> Arguments<'a> {
    pub(super) fn value(&self, at: usize) -> Option<&'a Value> {
        self.0.get(at)
    }

    pub(super) fn text(&self, at: usize) -> Option<String> {
        to_text(self.value(at)?)
    }

    pub(super) fn number(&self, at: usize) -> Option<Number> {
        to_number(self.value(at)?)
    }

    pub(super) fn whole(&self, at: usize) -> Option<i64> {
        self.number(at)?.as_i64()
    }

    /// A number that is not too large for a double.
    pub(super) fn double(&self, at: usize) -> Option<f64> {
        let number = self.number(at)?;
        let double = number.as_f64();
        (number.is_infinite() || double.is_finite()).then_some(double)
    }

    pub(super) fn list(&self, at: usize) -> Option<Vec<Value>> {
        match self.value(at)? {
            Value::List(items) => Some(items.clone()),
            _ => None,
        }
    }

    pub(super) fn texts(&self, at: usize) -> Option<Vec<String>> {
        self.list(at)?.iter().map(to_text).collect()
    }
}
