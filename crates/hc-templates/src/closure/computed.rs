//! Locals and `null` data sources of a template, evaluated in the order in which they need each other, and which of
//! them anything that is built can reach.

use std::collections::{BTreeMap, BTreeSet};

use hc_config::Value;
use hc_config::hcl::Document;
use hc_config::hcl::eval::Scope;
use hc_config::hcl::hcl_edit::expr::Expression;
use hc_config::value::Entries;

use super::refs::{self, Names};
use super::texts;
use super::world::Template;

/// More alternatives of one local than this are not kept apart.
const MOST: usize = 8;
/// The name under which all `null` data sources are kept.
const DATA: &str = "data.null";

/// One definition: a local, or the input of a `null` data source.
pub(super) struct Definition<'d> {
    pub(super) document: &'d Document,
    pub(super) expression: &'d Expression,
    needs: Names,
    /// Name of the data source; none for a local.
    data: Option<&'d str>,
}

/// All definitions by name.
pub(super) type Definitions<'d> = BTreeMap<String, Definition<'d>>;

/// Reads the definitions of a template.
pub(super) fn definitions(documents: &[Document]) -> Definitions<'_> {
    let mut found = Definitions::new();
    for document in documents {
        for block in document.body().blocks() {
            let label = |at: usize| block.labels.get(at).map(|label| label.as_str());
            let define = |expression, data| {
                let needs = refs::of(expression);
                Definition { document, expression, needs, data }
            };
            match block.ident.as_str() {
                "locals" => {
                    for attribute in block.body.attributes() {
                        found.insert(attribute.key.as_str().to_owned(), define(&attribute.value, None));
                    }
                }
                "local" => {
                    if let (Some(name), Some(value)) = (label(0), block.body.get_attribute("expression")) {
                        found.insert(name.to_owned(), define(&value.value, None));
                    }
                }
                "data" if label(0) == Some("null") => {
                    if let (Some(name), Some(value)) = (label(1), block.body.get_attribute("input")) {
                        found.insert(format!("{DATA}.{name}"), define(&value.value, Some(name)));
                    }
                }
                _ => {}
            }
        }
    }
    found
}

/// The definitions that a set of names needs, directly or through others.
fn needed<'a>(definitions: &'a Definitions<'_>, names: &Names) -> Vec<&'a str> {
    let mut found = Vec::new();
    for (root, field) in names {
        match (root.as_str(), field) {
            ("local", Some(name)) => {
                found.extend(definitions.get_key_value(name).map(|(name, _)| name.as_str()))
            }
            ("local", None) => {
                let locals = definitions.iter().filter(|(_, one)| one.data.is_none());
                found.extend(locals.map(|(name, _)| name.as_str()));
            }
            ("data", _) => {
                let data = definitions.iter().filter(|(_, one)| one.data.is_some());
                found.extend(data.map(|(name, _)| name.as_str()));
            }
            _ => {}
        }
    }
    found
}

/// Evaluates all definitions into the template's world. One that needs itself stays unknown.
pub(super) fn evaluate(template: &Template<'_>, definitions: &Definitions<'_>) {
    for name in order(definitions) {
        let Some(one) = definitions.get(name) else { continue };
        template.unset.set(false);
        template.why.take();
        let (values, _) = texts::values(template, one.document, one.expression, &Scope::open());
        if template.unset.get() {
            template.unset_locals.borrow_mut().insert(name.to_owned());
        }
        let unknown = values.iter().any(|value| value.as_ref().is_ok_and(Value::has_unknown));
        if let Some(why) = template.why.take().filter(|_| unknown) {
            template.unknown_locals.borrow_mut().insert(name.to_owned(), why);
        }
        let mut values: Vec<Value> =
            values.into_iter().map(|value| value.unwrap_or(Value::Unknown)).collect();
        if values.len() > MOST {
            values = vec![Value::Unknown];
        }
        let mut computed = template.computed.borrow_mut();
        match one.data {
            None => drop(computed.insert(name.to_owned(), values)),
            Some(data) => {
                let output = [("output".to_owned(), values.into_iter().next().unwrap_or(Value::Unknown))];
                let all =
                    computed.entry(DATA.to_owned()).or_insert_with(|| vec![Value::Map(Entries::default())]);
                if let Some(Value::Map(sources)) = all.first_mut() {
                    sources.insert(data.to_owned(), Value::Map(output.into_iter().collect()));
                }
            }
        }
    }
}

/// Names such that each stands behind those that it needs.
fn order<'a>(definitions: &'a Definitions<'_>) -> Vec<&'a str> {
    let (mut done, mut open) = (BTreeSet::new(), BTreeSet::new());
    let mut order = Vec::new();
    // Without recursion: a chain of locals may be as long as a template.
    let mut stack: Vec<(&str, bool)> = definitions.keys().rev().map(|name| (name.as_str(), false)).collect();
    while let Some((name, ready)) = stack.pop() {
        if ready {
            open.remove(name);
            if done.insert(name) {
                order.push(name);
            }
            continue;
        }
        if done.contains(name) || !open.insert(name) {
            continue;
        }
        stack.push((name, true));
        let needs = definitions.get(name).map(|one| needed(definitions, &one.needs)).unwrap_or_default();
        stack.extend(
            needs
                .into_iter()
                .filter(|need| !done.contains(need) && !open.contains(need))
                .map(|need| (need, false)),
        );
    }
    order
}

/// Everything that `names` lead to: locals by name, and variables.
pub(super) fn reach<'a>(
    definitions: &'a Definitions<'_>,
    names: &Names,
) -> (BTreeSet<&'a str>, BTreeSet<Option<String>>) {
    let (mut locals, mut variables) = (BTreeSet::new(), BTreeSet::new());
    let mut queue = vec![names];
    while let Some(names) = queue.pop() {
        variables.extend(names.iter().filter(|(root, _)| root == "var").map(|(_, field)| field.clone()));
        for name in needed(definitions, names) {
            if locals.insert(name)
                && let Some(one) = definitions.get(name)
            {
                queue.push(&one.needs);
            }
        }
    }
    (locals, variables)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn definitions_stand_behind_what_they_need_and_circles_end() {
        let text =
            "locals {\n  a = local.b\n  b = \"${local.c}/x\"\n  c = 1\n  x = local.y\n  y = local.x\n}\n";
        let documents = [Document::parse(Path::new("t.pkr.hcl"), text).unwrap()];
        let definitions = definitions(&documents);
        let order = order(&definitions);
        assert_eq!(order.len(), 5);
        let at = |name: &str| order.iter().position(|one| *one == name).unwrap();
        assert!(at("c") < at("b") && at("b") < at("a"));
    }
}
