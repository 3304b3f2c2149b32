//! Lists, sets and maps.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use unicode_segmentation::UnicodeSegmentation as _;

use super::arguments::{Arguments, Function, MANY};
use crate::hcl::operators::equal;
use crate::hcl::sets::set;
use crate::hcl::types::{Type, unified};
use crate::shape::Shape;
use crate::value::{Entries, Form, Items, Value};

pub(super) const TABLE: &[Function] = &[
    ("alltrue", 1, 1, |a| {
        let (flags, _) = a.collected(0, &Type::List(Box::new(Type::Bool)))?;
        Some(Value::Bool(flags.iter().all(|flag| *flag == Value::Bool(true))))
    }),
    ("anytrue", 1, 1, |a| {
        let (flags, _) = a.collected(0, &Type::List(Box::new(Type::Bool)))?;
        Some(Value::Bool(flags.contains(&Value::Bool(true))))
    }),
    ("chunklist", 2, 2, |a| {
        let (items, of) = a.list(0)?;
        let chunk = |items: &[Value]| Value::list(items.to_vec(), of.clone());
        let chunks = match usize::try_from(a.whole(1)?).ok()? {
            _ if items.is_empty() => Vec::new(),
            0 => vec![chunk(&items)],
            size => items.chunks(size).map(chunk).collect(),
        };
        Some(Value::list(chunks, Shape::List(Box::new(of))))
    }),
    ("coalesce", 1, MANY, |a| {
        let kind = unified(&a.0.iter().map(Value::shape).collect::<Vec<_>>())?;
        let target = Type::from(&kind);
        let empty = |item: &Value| *item == Value::Null || kind == Shape::String && item.as_str() == Some("");
        // What does not convert is passed over, too.
        a.0.iter().filter_map(|item| target.convert(item).ok()).find(|item| !empty(item))
    }),
    ("coalescelist", 1, MANY, |a| {
        let lists: Vec<&Items> = (0..a.0.len()).map(|at| a.sequence(at)).collect::<Option<_>>()?;
        lists.into_iter().find(|items| !items.is_empty()).cloned().map(Value::List)
    }),
    ("compact", 1, 1, |a| {
        let (items, of) = a.collected(0, &Type::List(Box::new(Type::String)))?;
        let kept = items.into_iter().filter(|item| *item != Value::Null && item.as_str() != Some(""));
        Some(Value::list(kept.collect(), of))
    }),
    ("concat", 1, MANY, concat),
    ("contains", 2, 2, |a| {
        let wanted = a.value(1).filter(|wanted| **wanted != Value::Null)?;
        Some(Value::Bool(a.items(0)?.iter().any(|item| equal(item, wanted) == Some(true))))
    }),
    ("distinct", 1, 1, |a| {
        let (items, of) = a.list(0)?;
        let mut unique: Vec<Value> = Vec::new();
        for item in items {
            if !unique.iter().any(|other| equal(other, &item) == Some(true)) {
                unique.push(item);
            }
        }
        Some(Value::list(unique, of))
    }),
    ("element", 2, 2, |a| {
        let items = a.sequence(0)?;
        let at = usize::try_from(a.whole(1)?).ok()?.checked_rem(items.len())?;
        items.get(at).cloned()
    }),
    ("flatten", 1, 1, |a| Some(Value::tuple(flatten(a.items(0)?)))),
    ("index", 2, 2, |a| {
        let wanted = a.value(1).filter(|wanted| **wanted != Value::Null)?;
        let at = a.sequence(0)?.iter().position(|item| equal(item, wanted) == Some(true))?;
        i64::try_from(at).ok().map(Value::int)
    }),
    ("keys", 1, 1, |a| {
        let keys: Vec<Value> = by_key(a)?.into_keys().map(|key| Value::String(key.clone())).collect();
        Some(match a.entries(0)?.of() {
            Some(_) => Value::list(keys, Shape::String),
            None => Value::tuple(keys),
        })
    }),
    ("length", 1, 1, |a| {
        let length = match a.value(0)? {
            Value::List(items) => items.len(),
            Value::Map(entries) => entries.len(),
            other => other.as_str()?.graphemes(true).count(),
        };
        i64::try_from(length).ok().map(Value::int)
    }),
    ("lookup", 3, 3, |a| {
        let entries = a.entries(0)?;
        let otherwise = match entries.of() {
            Some(of) => Type::from(of).convert(a.value(2)?).ok()?,
            None => a.value(2)?.clone(),
        };
        Some(entries.get(&a.text(1)?).cloned().unwrap_or(otherwise))
    }),
    ("merge", 0, MANY, merge),
    ("reverse", 1, 1, |a| {
        let items = a.items(0)?;
        let reversed = items.iter().rev().cloned().collect();
        Some(match items.form() {
            Form::Tuple => Value::tuple(reversed),
            Form::List(of) | Form::Set(of) => Value::list(reversed, of.clone()),
        })
    }),
    ("setintersection", 1, MANY, |a| {
        let (sets, of) = as_sets(a)?;
        let (first, others) = sets.split_first()?;
        let has = |set: &Items, item: &Value| set.iter().any(|other| equal(other, item) == Some(true));
        let common = first.iter().filter(|item| others.iter().all(|set| has(set, item)));
        Some(set(common.cloned().collect(), of))
    }),
    ("setproduct", 2, MANY, product),
    ("setunion", 1, MANY, |a| {
        let (sets, of) = as_sets(a)?;
        Some(set(sets.into_iter().flatten().collect(), of))
    }),
    ("slice", 3, 3, |a| {
        let (from, to) = (usize::try_from(a.whole(1)?).ok()?, usize::try_from(a.whole(2)?).ok()?);
        let items = a.sequence(0)?;
        let part: Items = items.get(from..to)?.to_vec().into();
        Some(Value::List(part.into_form(items.form().clone())))
    }),
    ("sort", 1, 1, |a| {
        let mut texts = a.texts(0)?;
        texts.sort();
        Some(Value::list(texts.into_iter().map(Value::String).collect(), Shape::String))
    }),
    ("values", 1, 1, |a| {
        let values = by_key(a)?.into_values().cloned().collect();
        Some(match a.entries(0)?.of() {
            Some(of) => Value::list(values, of.clone()),
            None => Value::tuple(values),
        })
    }),
    ("zipmap", 2, 2, |a| {
        let (keys, values) = (a.texts(0)?, a.sequence(1)?);
        if keys.len() != values.len() {
            return None;
        }
        let entries: Entries = keys.into_iter().zip(values.iter().cloned()).collect();
        Some(Value::Map(match values.form() {
            Form::List(of) => entries.into_map(of.clone()),
            _ => entries,
        }))
    }),
];

/// Lists give one list where they have a type in common; everything else gives a tuple.
fn concat(arguments: &Arguments<'_>) -> Option<Value> {
    let parts: Vec<&Items> =
        (0..arguments.0.len()).map(|at| arguments.sequence(at)).collect::<Option<_>>()?;
    let all = parts.iter().flat_map(|items| items.iter().cloned()).collect();
    let lists = parts.iter().all(|items| matches!(items.form(), Form::List(_)));
    let common = || unified(&arguments.0.iter().map(Value::shape).collect::<Vec<_>>());
    match lists.then(common).flatten() {
        Some(Shape::List(of)) => Type::from(&Shape::List(of)).convert(&Value::tuple(all)).ok(),
        _ => Some(Value::tuple(all)),
    }
}

/// Maps of one type give a map; everything else gives an object.
fn merge(arguments: &Arguments<'_>) -> Option<Value> {
    let mut merged = IndexMap::new();
    for argument in arguments.0 {
        match argument {
            Value::Map(entries) => merged.extend(entries.clone()),
            Value::Null => {}
            _ => return None,
        }
    }
    let first = arguments.0.first().map(Value::shape);
    let same = arguments.0.iter().all(|one| Some(one.shape()) == first);
    let merged = Entries::from(merged);
    Some(Value::Map(match first {
        Some(Shape::Map(of)) if same => merged.into_map(*of),
        _ => merged,
    }))
}

/// All arguments as sets of one type.
fn as_sets(arguments: &Arguments<'_>) -> Option<(Vec<Items>, Shape)> {
    let loose = Type::Set(Box::new(Type::Any));
    let mut shapes = Vec::new();
    for at in 0..arguments.0.len() {
        let (items, of) = arguments.collected(at, &loose)?;
        if !(items.is_empty() && of == Shape::Any) {
            shapes.push(of);
        }
    }
    let of = if shapes.is_empty() { Shape::Any } else { unified(&shapes)? };
    if of == Shape::Any && shapes.iter().any(|kind| *kind != Shape::Any) {
        return None;
    }
    let kind = Type::List(Box::new(Type::from(&of)));
    let sets = (0..arguments.0.len()).map(|at| arguments.collected(at, &kind).map(|(items, _)| items));
    Some((sets.collect::<Option<_>>()?, of))
}

/// Every row of elements, one of each argument; a set where one of them is a set.
fn product(arguments: &Arguments<'_>) -> Option<Value> {
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    let mut columns = Vec::new();
    for at in 0..arguments.0.len() {
        arguments.items(at)?;
        let (items, of) = arguments.list(at)?;
        if rows.len().saturating_mul(items.len()) > 10_000 {
            return None;
        }
        let with = |row: &Vec<Value>| -> Vec<Vec<Value>> {
            items.iter().map(|item| [row.as_slice(), std::slice::from_ref(item)].concat()).collect()
        };
        rows = rows.iter().flat_map(with).collect();
        columns.push(of);
    }
    let (rows, of) = (rows.into_iter().map(Value::tuple).collect(), Shape::Tuple(columns));
    let sets = (0..arguments.0.len()).any(|at| arguments.items(at).is_some_and(Items::is_set));
    Some(if sets { set(rows, of) } else { Value::list(rows, of) })
}

fn by_key<'a>(arguments: &Arguments<'a>) -> Option<BTreeMap<&'a String, &'a Value>> {
    Some(arguments.entries(0)?.iter().collect())
}

fn flatten(items: &Items) -> Vec<Value> {
    let inner = |item: &Value| match item {
        Value::List(inner) => flatten(inner),
        other => vec![other.clone()],
    };
    items.iter().flat_map(inner).collect()
}
