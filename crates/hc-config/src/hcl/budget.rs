//! How much one evaluation may compute: loops in loops, and locals that double each other, take forever otherwise.

use std::cell::Cell;

use crate::value::Value;

/// What all values that one evaluation computes may be together, in bytes.
const ALL: usize = 4 << 20;
/// What one value may be, in bytes.
const ONE: usize = 512 << 10;
/// Deeper values are refused, because much that is done with values is recursive.
const DEEPEST: usize = 200;
/// A value without what is in it, in bytes.
const NODE: usize = 32;

/// What is left for one evaluation.
pub(super) struct Budget(Cell<usize>);

impl Default for Budget {
    fn default() -> Self {
        Self(Cell::new(ALL))
    }
}

impl Budget {
    /// Takes the size of a value; `false` when it is too large or nothing is left.
    pub(super) fn take(&self, value: &Value) -> bool {
        size(value, 0).is_some_and(|size| size <= ONE && self.spend(size))
    }

    /// Takes a number of bytes; `false` when nothing is left.
    pub(super) fn spend(&self, bytes: usize) -> bool {
        let left = self.0.get().checked_sub(bytes);
        self.0.set(left.unwrap_or(0));
        left.is_some()
    }
}

/// The size in bytes; `None` when the value is too deep.
fn size(value: &Value, depth: usize) -> Option<usize> {
    let inner = match value {
        _ if depth > DEEPEST => return None,
        Value::String(text) => text.len(),
        Value::List(items) => items.iter().map(|item| size(item, depth + 1)).sum::<Option<usize>>()?,
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| Some(key.len() + size(value, depth + 1)?));
            entries.sum::<Option<usize>>()?
        }
        _ => 0,
    };
    Some(NODE + inner)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::hcl::Document;
    use crate::hcl::eval::{Scope, evaluate};

    /// Found by fuzzing.
    #[test]
    fn loops_in_loops_and_values_that_double_end() {
        let run = |text: &str, scope: &Scope| {
            let document = Document::parse(Path::new("t.hcl"), format!("x = {text}\n")).unwrap();
            let expression = &document.body().attributes().next().unwrap().value;
            evaluate(&document, expression, scope)
        };
        let too_much = |text: &str| {
            let error = run(text, &Scope::closed()).unwrap_err();
            assert!(error.message.contains("more than any template"), "{}", error.message);
        };
        too_much("[for a in range(999) : [for b in range(999) : [for c in range(999) : 1]]]");
        too_much(
            "\"%{ for a in range(999) }%{ for b in range(999) }%{ for c in range(999) }x%{ endfor }%{ endfor }%{ endfor }\"",
        );
        let literal = "y".repeat(40_000);
        too_much(&format!("\"%{{ for a in range(999) }}{literal}%{{ endfor }}\""));

        let mut local = Value::String("x".repeat(100));
        let mut doubled = 0;
        let double = |local: &Value, text: &str| {
            let locals = Value::Map([("a".to_owned(), local.clone())].into_iter().collect());
            run(text, &Scope::closed().with("local", locals))
        };
        while let Ok(value) = double(&local, "\"${local.a}${local.a}\"") {
            (local, doubled) = (value, doubled + 1);
        }
        assert!((10..20).contains(&doubled), "{doubled}");
        let mut nested = Value::Null;
        while let Ok(value) = double(&nested, "[local.a]") {
            (nested, doubled) = (value, doubled + 1);
        }
        assert!((150..250).contains(&doubled), "{doubled}");
        // What templates do is far from the limits.
        assert!(
            run(
                "[for a in range(999) : \"${a}-${upper(format(\"%04d\", a))}\" if a % 2 == 0]",
                &Scope::closed()
            )
            .is_ok()
        );
    }
}
