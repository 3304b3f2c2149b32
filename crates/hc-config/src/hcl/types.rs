//! Type constraints of `variable` blocks, and conversion of values to them, by HCL's rules.

use hcl_edit::expr::{Expression, ObjectKey};
use indexmap::IndexMap;

use super::Document;
use crate::diagnostic::Diagnostic;
use crate::number::Number;
use crate::value::Value;

/// A type constraint.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    /// `any`, and variables without a type.
    Any,
    /// `string`.
    String,
    /// `number`.
    Number,
    /// `bool`.
    Bool,
    /// `list(T)`.
    List(Box<Type>),
    /// `set(T)`.
    Set(Box<Type>),
    /// `map(T)`.
    Map(Box<Type>),
    /// `tuple([T, …])`.
    Tuple(Vec<Type>),
    /// `object({ name = T, … })`; the flag says `optional(T)`.
    Object(IndexMap<String, (Type, bool)>),
}

/// A value that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}expected {expected}, found {found}", if path.is_empty() { String::new() } else { format!("at {path}: ") })]
pub struct TypeError {
    /// Where inside the value: `disks[0].size`; empty for the value itself.
    pub path: String,
    /// The type.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl Type {
    /// Reads a type constraint from the `type` attribute of a variable.
    ///
    /// # Errors
    /// `BadType` with the place of the expression that is none.
    pub fn parse(document: &Document, expression: &Expression) -> Result<Self, Box<Diagnostic>> {
        let bad = |what: &str| {
            Box::new(
                Diagnostic::error("BadType", format!("{what} is not a type constraint"))
                    .at(document.location(expression))
                    .hint(
                        "use string, number, bool, any, list(…), set(…), map(…), tuple([…]) or object({…})",
                    ),
            )
        };
        match expression {
            // Legacy quoted types are still accepted by packer.
            Expression::String(name) => Self::named(name.as_str()).ok_or_else(|| bad(name.as_str())),
            Expression::Variable(name) => Self::named(name.as_str()).ok_or_else(|| bad(name.as_str())),
            Expression::Parenthesis(inner) => Self::parse(document, inner.inner()),
            Expression::FuncCall(call) => {
                let name = call.name.name.as_str();
                let Some(argument) = call.args.iter().next() else { return Err(bad(name)) };
                match (name, argument) {
                    ("list", inner) => Ok(Self::List(Box::new(Self::parse(document, inner)?))),
                    ("set", inner) => Ok(Self::Set(Box::new(Self::parse(document, inner)?))),
                    ("map", inner) => Ok(Self::Map(Box::new(Self::parse(document, inner)?))),
                    ("optional", inner) => Self::parse(document, inner),
                    ("tuple", Expression::Array(items)) => items
                        .iter()
                        .map(|item| Self::parse(document, item))
                        .collect::<Result<_, _>>()
                        .map(Self::Tuple),
                    ("object", Expression::Object(fields)) => {
                        let mut types = IndexMap::new();
                        for (key, value) in fields.iter() {
                            let key = match key {
                                ObjectKey::Ident(name) => name.as_str().to_owned(),
                                ObjectKey::Expression(Expression::String(name)) => name.as_str().to_owned(),
                                ObjectKey::Expression(_) => return Err(bad("a computed attribute name")),
                            };
                            let optional = matches!(value.expr(), Expression::FuncCall(call) if call.name.name.as_str() == "optional");
                            types.insert(key, (Self::parse(document, value.expr())?, optional));
                        }
                        Ok(Self::Object(types))
                    }
                    _ => Err(bad(name)),
                }
            }
            _ => Err(bad("this expression")),
        }
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "any" | "dynamic" => Self::Any,
            "string" => Self::String,
            "number" => Self::Number,
            "bool" => Self::Bool,
            "list" => Self::List(Box::new(Self::Any)),
            "set" => Self::Set(Box::new(Self::Any)),
            "map" => Self::Map(Box::new(Self::Any)),
            _ => return None,
        })
    }

    /// The constraint as HCL writes it.
    pub fn describe(&self) -> String {
        match self {
            Self::Any => "any".into(),
            Self::String => "string".into(),
            Self::Number => "number".into(),
            Self::Bool => "bool".into(),
            Self::List(inner) => format!("list({})", inner.describe()),
            Self::Set(inner) => format!("set({})", inner.describe()),
            Self::Map(inner) => format!("map({})", inner.describe()),
            Self::Tuple(items) => {
                format!("tuple([{}])", items.iter().map(Self::describe).collect::<Vec<_>>().join(", "))
            }
            Self::Object(fields) => {
                let field = |(name, (kind, optional)): (&String, &(Self, bool))| match optional {
                    true => format!("{name} = optional({})", kind.describe()),
                    false => format!("{name} = {}", kind.describe()),
                };
                format!("object({{ {} }})", fields.iter().map(field).collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// Converts a value as packer would; unknown parts stay unknown, null fits every type.
    ///
    /// # Errors
    /// [`TypeError`] with the place inside the value.
    pub fn convert(&self, value: &Value) -> Result<Value, TypeError> {
        self.convert_at(value, "")
    }

    fn convert_at(&self, value: &Value, path: &str) -> Result<Value, TypeError> {
        let wrong = || TypeError {
            path: path.to_owned(),
            expected: self.describe(),
            found: match value {
                Value::String(_) => "a string that is none".into(),
                other => other.kind().into(),
            },
        };
        let index = |at: usize| format!("{path}[{at}]");
        let field = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match (self, value) {
            (_, Value::Unknown | Value::Null) | (Self::Any, _) => Ok(value.clone()),
            (Self::String, Value::String(_))
            | (Self::Number, Value::Number(_))
            | (Self::Bool, Value::Bool(_)) => Ok(value.clone()),
            (Self::String, Value::Bool(flag)) => Ok(Value::String(flag.to_string())),
            (Self::String, Value::Number(number)) => Ok(Value::String(number.to_string())),
            (Self::Number, Value::String(text)) => Number::parse(text).map(Value::Number).ok_or_else(wrong),
            (Self::Bool, Value::String(text)) => match text.as_str() {
                "true" | "1" => Ok(Value::Bool(true)),
                "false" | "0" => Ok(Value::Bool(false)),
                _ => Err(wrong()),
            },
            (Self::List(inner) | Self::Set(inner), Value::List(items)) => items
                .iter()
                .enumerate()
                .map(|(at, item)| inner.convert_at(item, &index(at)))
                .collect::<Result<_, _>>()
                .map(Value::List),
            (Self::Tuple(types), Value::List(items)) if types.len() == items.len() => types
                .iter()
                .zip(items)
                .enumerate()
                .map(|(at, (kind, item))| kind.convert_at(item, &index(at)))
                .collect::<Result<_, _>>()
                .map(Value::List),
            (Self::Map(inner), Value::Map(entries)) => entries
                .iter()
                .map(|(key, item)| Ok((key.clone(), inner.convert_at(item, &field(key))?)))
                .collect::<Result<_, _>>()
                .map(Value::Map),
            (Self::Object(fields), Value::Map(entries)) => {
                let mut converted = IndexMap::new();
                for (name, (kind, optional)) in fields {
                    match entries.get(name) {
                        Some(item) => converted.insert(name.clone(), kind.convert_at(item, &field(name))?),
                        None if *optional => converted.insert(name.clone(), Value::Null),
                        None => {
                            return Err(TypeError {
                                path: field(name),
                                expected: kind.describe(),
                                found: "nothing".into(),
                            });
                        }
                    };
                }
                Ok(Value::Map(converted))
            }
            _ => Err(wrong()),
        }
    }
}
