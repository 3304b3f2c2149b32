//! What a function is, and how it takes its arguments.

use crate::hcl::convert::{to_number, to_text};
use crate::hcl::types::Type;
use crate::number::Number;
use crate::shape::Shape;
use crate::value::{Entries, Form, Items, Value};

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

    /// The elements of a list, tuple or set.
    pub(super) fn items(&self, at: usize) -> Option<&'a Items> {
        match self.value(at)? {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The elements of a list or tuple, which have numbers.
    pub(super) fn sequence(&self, at: usize) -> Option<&'a Items> {
        self.items(at).filter(|items| !items.is_set())
    }

    pub(super) fn entries(&self, at: usize) -> Option<&'a Entries> {
        match self.value(at)? {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The argument as a list or set of one type, with that type.
    pub(super) fn collected(&self, at: usize, kind: &Type) -> Option<(Items, Shape)> {
        match kind.convert(self.value(at)?).ok()? {
            Value::List(items) => match items.form().clone() {
                Form::List(of) | Form::Set(of) => Some((items, of)),
                Form::Tuple => None,
            },
            _ => None,
        }
    }

    /// The argument as a list of whatever its elements are.
    pub(super) fn list(&self, at: usize) -> Option<(Items, Shape)> {
        self.collected(at, &Type::List(Box::new(Type::Any)))
    }

    pub(super) fn texts(&self, at: usize) -> Option<Vec<String>> {
        self.collected(at, &Type::List(Box::new(Type::String)))?.0.iter().map(to_text).collect()
    }
}
