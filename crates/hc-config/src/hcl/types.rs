//! Type constraints of `variable` blocks, conversion of values to them, and the one type of several values, by HCL's
//! rules.

use std::fmt;

use indexmap::IndexMap;

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

impl Field {
    fn required(kind: Type) -> Self {
        Self { kind, optional: None }
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

    /// The type of a value: a tuple for a list, an object for a map, `any` for null and what is unknown.
    fn of(value: &Value) -> Self {
        match value {
            Value::Null | Value::Unknown => Self::Any,
            Value::Bool(_) => Self::Bool,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::String,
            Value::List(items) => Self::Tuple(items.iter().map(Self::of).collect()),
            Value::Map(entries) => {
                let fields =
                    entries.iter().map(|(name, value)| (name.clone(), Field::required(Self::of(value))));
                Self::Object(fields.collect())
            }
        }
    }

    /// The one type to which values of all these types convert.
    fn unified(types: &[Self]) -> Option<Self> {
        let known: Vec<&Self> = types.iter().filter(|kind| **kind != Self::Any).collect();
        let first = match known.first() {
            None => return Some(Self::Any),
            Some(first) if known.iter().all(|kind| kind == first) => return Some((*first).clone()),
            Some(first) => *first,
        };
        let alike = |kind: &Self| std::mem::discriminant(kind) == std::mem::discriminant(first);
        let primitive = |kind: &Self| matches!(kind, Self::String | Self::Number | Self::Bool);
        match first {
            // What a null stands for is not known, so nothing is converted.
            Self::Tuple(_) | Self::Object(_) if !known.iter().copied().all(alike) => None,
            Self::Tuple(_) | Self::Object(_) if known.len() < types.len() => Some(Self::Any),
            Self::Tuple(_) => Self::unified_tuples(&known),
            Self::Object(_) => Self::unified_objects(&known),
            _ => {
                let text = known.contains(&&Self::String) && known.iter().copied().all(primitive);
                text.then_some(Self::String)
            }
        }
    }

    fn unified_tuples(types: &[&Self]) -> Option<Self> {
        let tuples: Vec<&Vec<Self>> = types
            .iter()
            .filter_map(|kind| match kind {
                Self::Tuple(items) => Some(items),
                _ => None,
            })
            .collect();
        let length = tuples.first()?.len();
        if tuples.iter().all(|items| items.len() == length) {
            let column =
                |at: usize| Self::unified(&tuples.iter().map(|items| items[at].clone()).collect::<Vec<_>>());
            if let Some(columns) = (0..length).map(column).collect() {
                return Some(Self::Tuple(columns));
            }
        }
        let all: Vec<Self> = tuples.into_iter().flatten().cloned().collect();
        Some(Self::List(Box::new(Self::unified(&all)?)))
    }

    fn unified_objects(types: &[&Self]) -> Option<Self> {
        let objects: Vec<&IndexMap<String, Field>> = types
            .iter()
            .filter_map(|kind| match kind {
                Self::Object(fields) => Some(fields),
                _ => None,
            })
            .collect();
        let first = *objects.first()?;
        let same = |fields: &&IndexMap<String, Field>| {
            fields.len() == first.len() && fields.keys().all(|name| first.contains_key(name))
        };
        if objects.iter().all(same) {
            let field = |name: &String| {
                let kinds: Vec<Self> = objects.iter().map(|fields| fields[name].kind.clone()).collect();
                Some((name.clone(), Field::required(Self::unified(&kinds)?)))
            };
            if let Some(fields) = first.keys().map(field).collect() {
                return Some(Self::Object(fields));
            }
        }
        let all: Vec<Self> =
            objects.into_iter().flat_map(|fields| fields.values()).map(|field| field.kind.clone()).collect();
        Some(Self::Map(Box::new(Self::unified(&all)?)))
    }

    /// Elements of a collection of `any` are of one type, whichever that is.
    fn one_kind(&self, items: Vec<Value>) -> Option<Vec<Value>> {
        if *self == Self::Any { unify(items) } else { Some(items) }
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
                let items = inner.one_kind(items.collect::<Result<_, _>>()?).ok_or_else(wrong)?;
                Ok(match self {
                    Self::Set(_) => set(items.clone()).unwrap_or(Value::List(items)),
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
                let items = inner.one_kind(items.collect::<Result<_, _>>()?).ok_or_else(wrong)?;
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

/// Brings values to the one type that they have in common: beside a string, numbers and bools become strings. `None`
/// when they have none.
pub(crate) fn unify(values: Vec<Value>) -> Option<Vec<Value>> {
    let types: Vec<Type> = values.iter().map(Type::of).collect();
    let kind = Type::unified(&types)?;
    values.iter().map(|value| kind.convert(value).ok()).collect()
}

/// A set of strings, numbers or bools of one type in Packer's order, null last; `None` for other sets, whose order
/// only packer knows.
pub(crate) fn set(mut items: Vec<Value>) -> Option<Value> {
    let (nulls, known): (Vec<Value>, Vec<Value>) = items.drain(..).partition(|item| *item == Value::Null);
    let comparable = known.windows(2).all(|pair| match (&pair[0], &pair[1]) {
        (Value::Number(_), Value::Number(_))
        | (Value::String(_), Value::String(_))
        | (Value::Bool(_), Value::Bool(_)) => true,
        (one, other) => one == other,
    });
    if !comparable {
        return None;
    }
    items = known;
    items.sort_by(|one, other| match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal)
        }
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        (one, other) => one.as_str().cmp(&other.as_str()),
    });
    items.extend(nulls);
    items.dedup();
    Some(Value::List(items))
}
