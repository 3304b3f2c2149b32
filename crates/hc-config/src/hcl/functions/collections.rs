//! Lists, sets and maps.

use indexmap::IndexMap;
use unicode_segmentation::UnicodeSegmentation as _;

use super::arguments::{Arguments, Function, MANY};
use crate::hcl::convert::{to_bool, to_text};
use crate::hcl::types::{set, unify};
use crate::value::Value;

pub(super) const TABLE: &[Function] = &[
    ("alltrue", 1, 1, |a| Some(Value::Bool(flags(a)?.into_iter().all(|flag| flag)))),
    ("anytrue", 1, 1, |a| Some(Value::Bool(flags(a)?.into_iter().any(|flag| flag)))),
    ("chunklist", 2, 2, |a| {
        let items = unify(a.list(0)?)?;
        let chunks = match usize::try_from(a.whole(1)?).ok()? {
            _ if items.is_empty() => Vec::new(),
            0 => vec![Value::List(items)],
            size => items.chunks(size).map(|chunk| Value::List(chunk.to_vec())).collect(),
        };
        Some(Value::List(chunks))
    }),
    ("coalesce", 1, MANY, |a| {
        let empty = |item: &Value| *item == Value::Null || item.as_str() == Some("");
        unify(a.0.to_vec())?.into_iter().find(|item| !empty(item))
    }),
    ("coalescelist", 1, MANY, |a| {
        a.0.iter().find(|item| matches!(item, Value::List(items) if !items.is_empty())).cloned()
    }),
    ("compact", 1, 1, |a| {
        let kept = a.list(0)?.into_iter().filter(|item| *item != Value::Null && item.as_str() != Some(""));
        Some(Value::List(kept.map(|item| to_text(&item).map(Value::String)).collect::<Option<_>>()?))
    }),
    ("concat", 1, MANY, |a| all_items(a).map(Value::List)),
    ("contains", 2, 2, |a| Some(Value::Bool(a.list(0)?.contains(a.value(1)?)))),
    ("distinct", 1, 1, |a| {
        let mut unique: Vec<Value> = Vec::new();
        for item in unify(a.list(0)?)? {
            if !unique.contains(&item) {
                unique.push(item);
            }
        }
        Some(Value::List(unique))
    }),
    ("element", 2, 2, |a| {
        let items = a.list(0)?;
        let at = usize::try_from(a.whole(1)?).ok()?.checked_rem(items.len())?;
        items.get(at).cloned()
    }),
    ("flatten", 1, 1, |a| Some(Value::List(flatten(a.list(0)?)))),
    ("index", 2, 2, |a| {
        let wanted = a.value(1)?;
        let at = a.list(0)?.iter().position(|item| item == wanted)?;
        i64::try_from(at).ok().map(Value::int)
    }),
    ("keys", 1, 1, |a| {
        Some(Value::List(by_key(a)?.into_iter().map(|(key, _)| Value::String(key)).collect()))
    }),
    ("length", 1, 1, |a| {
        let length = match a.value(0)? {
            Value::List(items) => items.len(),
            Value::Map(entries) => entries.len(),
            other => other.as_str()?.graphemes(true).count(),
        };
        i64::try_from(length).ok().map(Value::int)
    }),
    ("lookup", 3, 3, |a| match a.value(0)? {
        Value::Map(entries) => entries.get(&a.text(1)?).or(a.value(2)).cloned(),
        _ => None,
    }),
    ("merge", 0, MANY, |a| {
        let mut merged = IndexMap::new();
        for argument in a.0 {
            match argument {
                Value::Map(entries) => merged.extend(entries.clone()),
                Value::Null => {}
                _ => return None,
            }
        }
        Some(Value::Map(merged))
    }),
    ("reverse", 1, 1, |a| Some(Value::List(a.list(0)?.into_iter().rev().collect()))),
    ("setintersection", 1, MANY, |a| {
        let sets: Vec<Vec<Value>> = (0..a.0.len()).map(|at| unify(a.list(at)?)).collect::<Option<_>>()?;
        let mut all = unify(sets.concat())?.into_iter();
        let sets: Vec<Vec<Value>> = sets.iter().map(|set| all.by_ref().take(set.len()).collect()).collect();
        let common = sets[0].iter().filter(|item| sets.iter().all(|set| set.contains(item)));
        Some(set(common.cloned().collect()).unwrap_or(Value::Unknown))
    }),
    ("setproduct", 2, MANY, |a| {
        let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
        for at in 0..a.0.len() {
            let items = unify(a.list(at)?)?;
            if rows.len().saturating_mul(items.len()) > 10_000 {
                return None;
            }
            rows = rows
                .iter()
                .flat_map(|row| {
                    items.iter().map(|item| [row.as_slice(), std::slice::from_ref(item)].concat())
                })
                .collect();
        }
        Some(Value::List(rows.into_iter().map(Value::List).collect()))
    }),
    ("setunion", 1, MANY, |a| {
        let sets: Vec<Vec<Value>> = (0..a.0.len()).map(|at| unify(a.list(at)?)).collect::<Option<_>>()?;
        Some(set(unify(sets.concat())?).unwrap_or(Value::Unknown))
    }),
    ("slice", 3, 3, |a| {
        let (from, to) = (usize::try_from(a.whole(1)?).ok()?, usize::try_from(a.whole(2)?).ok()?);
        a.list(0)?.get(from..to).map(|part| Value::List(part.to_vec()))
    }),
    ("sort", 1, 1, |a| {
        let mut texts = a.texts(0)?;
        texts.sort();
        Some(Value::List(texts.into_iter().map(Value::String).collect()))
    }),
    ("values", 1, 1, |a| Some(Value::List(by_key(a)?.into_iter().map(|(_, value)| value).collect()))),
    ("zipmap", 2, 2, |a| {
        let (keys, values) = (a.texts(0)?, a.list(1)?);
        (keys.len() == values.len()).then(|| Value::Map(keys.into_iter().zip(values).collect()))
    }),
];

fn flags(arguments: &Arguments<'_>) -> Option<Vec<bool>> {
    arguments.list(0)?.iter().map(to_bool).collect()
}

fn all_items(arguments: &Arguments<'_>) -> Option<Vec<Value>> {
    let mut all = Vec::new();
    for at in 0..arguments.0.len() {
        all.extend(arguments.list(at)?);
    }
    Some(all)
}

fn by_key(arguments: &Arguments<'_>) -> Option<Vec<(String, Value)>> {
    match arguments.value(0)? {
        Value::Map(entries) => {
            let mut entries: Vec<_> = entries.clone().into_iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Some(entries)
        }
        _ => None,
    }
}

fn flatten(items: Vec<Value>) -> Vec<Value> {
    items
        .into_iter()
        .flat_map(|item| match item {
            Value::List(inner) => flatten(inner),
            other => vec![other],
        })
        .collect()
}
