//! Type constraints as expressions: `list(object({ name = optional(string, "a") }))`.
//!
//! Does not evaluate: the caller says what the default of an `optional()` is worth.

use hcl_edit::expr::{Expression, FuncCall, ObjectKey};
use hcl_edit::visit::Visit;
use indexmap::IndexMap;

use super::Document;
use super::types::{Field, Type};
use crate::diagnostic::Diagnostic;
use crate::value::Value;

/// Computes the default of an `optional()`, in which no name is known.
pub(crate) type Evaluate<'a> = &'a dyn Fn(&Expression) -> Result<Value, Box<Diagnostic>>;

/// Reads a type constraint from the `type` attribute of a variable.
///
/// # Errors
/// `BadType` with the place of the expression that is none, or what `evaluate` says of a default. Without it, an
/// `optional()` has no default, and what it names must be there all the same (`convert()`).
pub(crate) fn parse(
    document: &Document,
    expression: &Expression,
    evaluate: Option<Evaluate<'_>>,
) -> Result<Type, Box<Diagnostic>> {
    let bad = |what: &str| {
        Box::new(
            Diagnostic::error("BadType", format!("{what} is not a type constraint"))
                .at(document.location(expression))
                .hint("use string, number, bool, any, list(…), set(…), map(…), tuple([…]) or object({…})"),
        )
    };
    let call = match expression {
        Expression::Variable(name) => return named(name.as_str()).ok_or_else(|| bad(name.as_str())),
        Expression::FuncCall(call) => call,
        _ => return Err(bad("this expression")),
    };
    let name = call.name.name.as_str();
    let mut arguments = call.args.iter();
    let (Some(argument), None) = (arguments.next(), arguments.next()) else {
        return Err(bad(name));
    };
    let inner = |inner: &Expression| parse(document, inner, evaluate);
    match (name, argument) {
        ("list", kind) => Ok(Type::List(Box::new(inner(kind)?))),
        ("set", kind) => Ok(Type::Set(Box::new(inner(kind)?))),
        ("map", kind) => Ok(Type::Map(Box::new(inner(kind)?))),
        ("tuple", Expression::Array(items)) => {
            items.iter().map(inner).collect::<Result<_, _>>().map(Type::Tuple)
        }
        ("object", Expression::Object(fields)) => {
            let mut types = IndexMap::new();
            for (key, value) in fields.iter() {
                let ObjectKey::Ident(key) = key else {
                    return Err(bad("an object with a quoted or computed attribute name"));
                };
                types.insert(key.as_str().to_owned(), field(document, value.expr(), evaluate)?);
            }
            Ok(Type::Object(types))
        }
        _ => Err(bad(name)),
    }
}

fn named(name: &str) -> Option<Type> {
    Some(match name {
        "any" => Type::Any,
        "string" => Type::String,
        "number" => Type::Number,
        "bool" => Type::Bool,
        _ => return None,
    })
}

/// `T`, `optional(T)` or `optional(T, default)`.
fn field(
    document: &Document,
    expression: &Expression,
    evaluate: Option<Evaluate<'_>>,
) -> Result<Field, Box<Diagnostic>> {
    let is_optional = |call: &FuncCall| call.name.name.as_str() == "optional";
    let call = match expression {
        Expression::FuncCall(call) if is_optional(call) => call,
        other => return Ok(Field { kind: parse(document, other, evaluate)?, optional: None }),
    };
    let bad =
        |message: &str| Box::new(Diagnostic::error("BadType", message).at(document.location(expression)));
    let arguments: Vec<&Expression> = call.args.iter().collect();
    let (kind, default) = match arguments.as_slice() {
        [kind] => (kind, None),
        [kind, default] => (kind, Some(default)),
        _ => return Err(bad("optional() takes a type and a default")),
    };
    let kind = parse(document, kind, evaluate)?;
    let Some(compute) = evaluate else {
        return match default {
            None => Ok(Field { kind, optional: None }),
            Some(_) => Err(bad("only the types of variables have defaults")),
        };
    };
    let default = match default {
        Some(default) if calls(default) => return Err(bad("the default of optional() calls a function")),
        Some(default) => compute(default)?,
        None => Value::Null,
    };
    let default = kind.convert(&default).map_err(|error| {
        let problem = Diagnostic::error("BadType", "the default of optional() does not fit its type");
        Box::new(problem.at(document.location(expression)).label(error.to_string()))
    })?;
    Ok(Field { kind, optional: Some(default) })
}

/// Whether an expression calls a function, which the default of an `optional()` must not.
fn calls(expression: &Expression) -> bool {
    #[derive(Default)]
    struct Calls(bool);

    impl Visit for Calls {
        fn visit_func_call(&mut self, _: &FuncCall) {
            self.0 = true;
        }
    }

    let mut found = Calls::default();
    found.visit_expr(expression);
    found.0
}
