//! Type constraints of `variable` blocks, conversion of values to them, and the one type of several values, by HCL's
//! rules.

use std::collections::BTreeMap;
use std::fmt;

use indexmap::IndexMap;

use super::sets;
use crate::number::Number;
use crate::shape::{Shape, by_preference};
use crate::value::{Entries, Form, Value};

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

    /// The type that values have once they are converted; `any` where they decide it.
    pub fn shape(&self) -> Shape {
        match self {
            Self::Any => Shape::Any,
            Self::String => Shape::String,
            Self::Number => Shape::Number,
            Self::Bool => Shape::Bool,
            Self::List(inner) => Shape::List(Box::new(inner.shape())),
            Self::Set(inner) => Shape::Set(Box::new(inner.shape())),
            Self::Map(inner) => Shape::Map(Box::new(inner.shape())),
            Self::Tuple(items) => Shape::Tuple(items.iter().map(Self::shape).collect()),
            Self::Object(fields) => {
                Shape::Object(fields.iter().map(|(name, field)| (name.clone(), field.kind.shape())).collect())
            }
        }
    }

    /// Whether values of that type convert to this one, as far as types can tell.
    fn takes(&self, from: &Shape) -> bool {
        match (self, from) {
            (Self::Any, _) | (_, Shape::Any) => true,
            (Self::String, Shape::String | Shape::Number | Shape::Bool)
            | (Self::Number, Shape::Number | Shape::String)
            | (Self::Bool, Shape::Bool | Shape::String) => true,
            (Self::List(inner) | Self::Set(inner), Shape::List(of) | Shape::Set(of))
            | (Self::Map(inner), Shape::Map(of)) => inner.takes(of),
            (Self::List(inner) | Self::Set(inner), Shape::Tuple(items)) => inner.takes_all(items),
            (Self::Tuple(types), Shape::Tuple(items)) => {
                types.len() == items.len() && types.iter().zip(items).all(|(kind, item)| kind.takes(item))
            }
            (Self::Map(inner), Shape::Object(fields)) => {
                inner.takes_all(&fields.values().cloned().collect::<Vec<_>>())
            }
            (Self::Object(fields), Shape::Map(of)) => {
                fields.values().all(|field| field.optional.is_some() || field.kind.takes(of))
            }
            (Self::Object(fields), Shape::Object(given)) => fields.iter().all(|(name, field)| {
                given.get(name).map_or(field.optional.is_some(), |given| field.kind.takes(given))
            }),
            _ => false,
        }
    }

    /// Whether this can be the one type of such elements.
    fn takes_all(&self, items: &[Shape]) -> bool {
        match self {
            Self::Any => one_of(items).is_some(),
            kind => items.iter().all(|item| kind.takes(item)),
        }
    }

    /// Converts elements of a collection of this type, and says which type they have then.
    fn elements<'v>(
        &self,
        form: Option<&Shape>,
        items: impl Iterator<Item = (String, &'v Value)>,
        wrong: &dyn Fn() -> TypeError,
    ) -> Result<(Vec<Value>, Shape), TypeError> {
        let (places, items): (Vec<String>, Vec<&Value>) = items.unzip();
        let inner = match (self, form) {
            (Self::Any, Some(of)) => Self::from(of),
            (Self::Any, None) if items.contains(&&Value::Unknown) => Self::Any,
            (Self::Any, None) => {
                let shapes: Vec<Shape> = items.iter().map(|item| item.shape()).collect();
                Self::from(&one_of(&shapes).ok_or_else(wrong)?)
            }
            (kind, Some(of)) if !kind.takes(of) => return Err(wrong()),
            (kind, _) => kind.clone(),
        };
        let items = items.into_iter().zip(places).map(|(item, place)| inner.convert_at(item, &place));
        let items = items.collect::<Result<Vec<_>, _>>()?;
        let shape = inner.shape();
        if !shape.has_any() {
            return Ok((items, shape));
        }
        // What `any` stands for inside of the elements is the same in all of them.
        let known = items.iter().filter(|item| !matches!(item, Value::Null | Value::Unknown));
        let shapes: Vec<Shape> = known.map(Value::shape).collect();
        if shapes.is_empty() {
            return Ok((items, shape));
        }
        let shape = unified(&shapes).ok_or_else(wrong)?;
        let kind = Self::from(&shape);
        let items = items.iter().map(|item| kind.convert(item)).collect::<Result<Vec<_>, _>>()?;
        Ok((items, shape))
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
            // An order that is not known.
            (Self::List(_), Value::List(items)) if items.is_set() && value.has_unknown() => {
                Ok(Value::Unknown)
            }
            (Self::List(inner) | Self::Set(inner), Value::List(items)) => {
                let of = match items.form() {
                    Form::Tuple => None,
                    Form::List(of) | Form::Set(of) => Some(of),
                };
                let numbered = items.iter().enumerate().map(|(at, item)| (index(at), item));
                let (items, of) = inner.elements(of, numbered, &wrong)?;
                Ok(match self {
                    Self::Set(_) => sets::set(items, of),
                    _ => Value::list(items, of),
                })
            }
            (Self::Tuple(types), Value::List(items))
                if *items.form() == Form::Tuple && types.len() == items.len() =>
            {
                types
                    .iter()
                    .zip(items.iter())
                    .enumerate()
                    .map(|(at, (kind, item))| kind.convert_at(item, &index(at)))
                    .collect::<Result<_, _>>()
                    .map(Value::List)
            }
            (Self::Map(inner), Value::Map(entries)) => {
                let named = entries.iter().map(|(key, item)| (field(key), item));
                let (items, of) = inner.elements(entries.of(), named, &wrong)?;
                let entries: Entries = entries.keys().cloned().zip(items).collect();
                Ok(Value::Map(entries.into_map(of)))
            }
            (Self::Object(_), Value::Map(entries))
                if entries.of().is_some_and(|of| !self.takes(&Shape::Map(Box::new(of.clone())))) =>
            {
                Err(wrong())
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
                Ok(Value::object(converted))
            }
            _ => Err(wrong()),
        }
    }
}

impl From<&Shape> for Type {
    fn from(shape: &Shape) -> Self {
        let inner = |shape: &Shape| Box::new(Self::from(shape));
        match shape {
            Shape::Any => Self::Any,
            Shape::String => Self::String,
            Shape::Number => Self::Number,
            Shape::Bool => Self::Bool,
            Shape::List(of) => Self::List(inner(of)),
            Shape::Set(of) => Self::Set(inner(of)),
            Shape::Map(of) => Self::Map(inner(of)),
            Shape::Tuple(items) => Self::Tuple(items.iter().map(Self::from).collect()),
            Shape::Object(fields) => {
                let field =
                    |(name, kind): (&String, &Shape)| (name.clone(), Field::required(Self::from(kind)));
                Self::Object(fields.iter().map(field).collect())
            }
        }
    }
}

/// The one type of the elements of a list, set or map without a type of its own; `None` when they have none.
fn one_of(items: &[Shape]) -> Option<Shape> {
    if items.is_empty() {
        return Some(Shape::Any);
    }
    // What a null stands for is not known, so nothing converts to it.
    let all = |kind: &Shape| *kind != Shape::Any || items.iter().all(|item| *item == Shape::Any);
    unified(items).filter(all)
}

/// The one type to which values of all these types convert, by HCL's rules; `None` when there is none.
pub(crate) fn unified(types: &[Shape]) -> Option<Shape> {
    let count = |like: fn(&Shape) -> bool| types.iter().filter(|kind| like(kind)).count();
    let lists = count(|kind| matches!(kind, Shape::List(_)));
    let sets = count(|kind| matches!(kind, Shape::Set(_)));
    let maps = count(|kind| matches!(kind, Shape::Map(_)));
    let tuples = count(|kind| matches!(kind, Shape::Tuple(_)));
    let objects = count(|kind| matches!(kind, Shape::Object(_)));
    let unknown = count(|kind| *kind == Shape::Any);
    let all = |some: usize| some + unknown == types.len();
    let common = match () {
        () if maps > 0 && all(maps) => return unified_collections(types, Shape::Map),
        () if lists > 0 && all(lists) => return unified_collections(types, Shape::List),
        () if sets > 0 && all(sets) => return unified_collections(types, Shape::Set),
        () if objects > 0 && all(objects) => return unified_objects(types),
        () if tuples > 0 && all(tuples) => return unified_tuples(types),
        () if maps > 0 && all(maps + objects) => together(types, |kind| matches!(kind, Shape::Object(_))),
        () if lists > 0 && all(lists + tuples) => together(types, |kind| matches!(kind, Shape::Tuple(_))),
        () if objects > 0 && tuples > 0 => return None,
        () => None,
    };
    common.or_else(|| {
        let fits = |wanted: &Shape| {
            let kind = Type::from(wanted);
            types.iter().all(|given| given == wanted || kind.takes(given))
        };
        by_preference(types).into_iter().map(|at| &types[at]).find(|wanted| fits(wanted)).cloned()
    })
}

/// The elements of tuples and objects, whose types differ from one to the next.
fn elements(types: &[Shape]) -> Vec<Shape> {
    let inner = |kind: &Shape| match kind {
        Shape::Tuple(items) => items.clone(),
        Shape::Object(fields) => fields.values().cloned().collect(),
        Shape::List(of) | Shape::Set(of) | Shape::Map(of) => vec![(**of).clone()],
        _ => Vec::new(),
    };
    types.iter().flat_map(inner).collect()
}

fn unified_collections(types: &[Shape], collection: fn(Box<Shape>) -> Shape) -> Option<Shape> {
    if types.contains(&Shape::Any) {
        return Some(Shape::Any);
    }
    unified(&elements(types)).map(|of| collection(Box::new(of)))
}

/// Tuples beside lists count as lists, objects beside maps as maps.
fn together(types: &[Shape], loose: fn(&Shape) -> bool) -> Option<Shape> {
    let (some, mut others): (Vec<Shape>, Vec<Shape>) = types.iter().cloned().partition(loose);
    let collection = if matches!(some.first(), Some(Shape::Tuple(_))) { Shape::List } else { Shape::Map };
    let one = collection(Box::new(unified(&elements(&some))?));
    if !some.iter().all(|kind| Type::from(&one).takes(kind)) {
        return None;
    }
    others.push(one);
    unified(&others).filter(|kind| matches!(kind, Shape::List(_) | Shape::Map(_)))
}

fn unified_tuples(types: &[Shape]) -> Option<Shape> {
    let tuples: Vec<&Vec<Shape>> = types
        .iter()
        .filter_map(|kind| if let Shape::Tuple(items) = kind { Some(items) } else { None })
        .collect();
    if tuples.len() < types.len() {
        return Some(Shape::Any);
    }
    let length = tuples.first()?.len();
    if tuples.iter().all(|items| items.len() == length) {
        let column = |at: usize| unified(&tuples.iter().map(|items| items[at].clone()).collect::<Vec<_>>());
        let one = Shape::Tuple((0..length).map(column).collect::<Option<_>>()?);
        if types.iter().all(|kind| Type::from(&one).takes(kind)) {
            return Some(one);
        }
    }
    one_collection(types, Shape::List)
}

fn unified_objects(types: &[Shape]) -> Option<Shape> {
    let objects: Vec<&BTreeMap<String, Shape>> = types
        .iter()
        .filter_map(|kind| if let Shape::Object(fields) = kind { Some(fields) } else { None })
        .collect();
    if objects.len() < types.len() {
        return Some(Shape::Any);
    }
    let first = *objects.first()?;
    if objects.iter().all(|fields| fields.keys().eq(first.keys())) {
        let field = |name: &String| {
            let kinds: Vec<Shape> = objects.iter().map(|fields| fields[name].clone()).collect();
            Some((name.clone(), unified(&kinds)?))
        };
        let one = Shape::Object(first.keys().map(field).collect::<Option<_>>()?);
        if types.iter().all(|kind| Type::from(&one).takes(kind)) {
            return Some(one);
        }
    }
    one_collection(types, Shape::Map)
}

fn one_collection(types: &[Shape], collection: fn(Box<Shape>) -> Shape) -> Option<Shape> {
    let one = collection(Box::new(unified(&elements(types))?));
    types.iter().all(|kind| Type::from(&one).takes(kind)).then_some(one)
}
