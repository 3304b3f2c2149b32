//! Type constraints of `variable` blocks, and conversion of values to them, by HCL's rules.

use std::fmt;

use indexmap::IndexMap;

use super::convert;
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
    /// `object({ name = T, … })`.
    Object(IndexMap<String, Field>),
}

/// One attribute of an object type. `Debug` shows what kind of default it has.
#[derive(Clone, PartialEq)]
pub struct Field {
    /// Its type.
    pub kind: Type,
    /// What stands for it when it is left out (`optional(T, default)`, null without a default); `None` when it
    /// must not be left out.
    pub optional: Option<Value>,
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let optional = self.optional.as_ref().map(Value::kind);
        f.debug_struct("Field").field("kind", &self.kind).field("optional", &optional).finish()
    }
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
                let field = |(name, field): (&String, &Field)| match &field.optional {
                    Some(Value::Null) => format!("{name} = optional({})", field.kind.describe()),
                    Some(default) => {
                        format!("{name} = optional({}, {})", field.kind.describe(), default.to_hcl())
                    }
                    None => format!("{name} = {}", field.kind.describe()),
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

    /// Elements of a collection of `any` are of one type, whichever that is.
    fn one_kind(&self, items: Vec<Value>) -> Vec<Value> {
        if *self == Self::Any { convert::unify(items) } else { items }
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
            (Self::List(inner) | Self::Set(inner), Value::List(items)) => {
                let items = items.iter().enumerate().map(|(at, item)| inner.convert_at(item, &index(at)));
                let items = inner.one_kind(items.collect::<Result<_, _>>()?);
                Ok(match self {
                    Self::Set(_) => convert::set(items.clone()).unwrap_or(Value::List(items)),
                    _ => Value::List(items),
                })
            }
            (Self::Tuple(types), Value::List(items)) if types.len() == items.len() => types
                .iter()
                .zip(items)
                .enumerate()
                .map(|(at, (kind, item))| kind.convert_at(item, &index(at)))
                .collect::<Result<_, _>>()
                .map(Value::List),
            (Self::Map(inner), Value::Map(entries)) => {
                let items = entries.iter().map(|(key, item)| inner.convert_at(item, &field(key)));
                let items = inner.one_kind(items.collect::<Result<_, _>>()?);
                Ok(Value::Map(entries.keys().cloned().zip(items).collect()))
            }
            (Self::Object(fields), Value::Map(entries)) => {
                let mut converted = IndexMap::new();
                for (name, Field { kind, optional }) in fields {
                    let value = match (entries.get(name), optional) {
                        (None, None) => {
                            return Err(TypeError {
                                path: field(name),
                                expected: kind.describe(),
                                found: "nothing".into(),
                            });
                        }
                        (Some(Value::Null) | None, Some(default)) => default.clone(),
                        (Some(item), _) => kind.convert_at(item, &field(name))?,
                    };
                    converted.insert(name.clone(), value);
                }
                Ok(Value::Map(converted))
            }
            _ => Err(wrong()),
        }
    }
}
