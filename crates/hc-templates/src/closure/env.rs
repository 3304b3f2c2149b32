//! Variables of the environment that a template reads: `env("NAME")`, which packer takes in defaults alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hc_config::hcl::Document;
use hc_config::hcl::eval::{Scope, evaluate_in};
use hc_config::hcl::hcl_edit::expr::{Expression, FuncCall};
use hc_config::resolve::ResolvedVar;
use hc_config::{Location, Value};

use super::refs;
use super::world::Template;

/// One `env("NAME")`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvUse {
    /// Name of the variable of the environment.
    pub name: String,
    /// The call.
    pub location: Location,
    /// The template's variable.
    pub variable: String,
    /// Whether its value reaches the template: no layer above the default gives another.
    pub reaches: bool,
}

/// Finds all uses, and evaluates the defaults that are made of them into the template's world.
pub(super) fn find(
    documents: &[Document],
    vars: &BTreeMap<String, ResolvedVar>,
    template: &mut Template<'_>,
) -> Vec<EnvUse> {
    let mut found = of_values(vars);
    settle(vars, template);
    for document in documents {
        for block in document.body().get_blocks("variable") {
            let (Some(label), Some(default)) = (block.labels.first(), block.body.get_attribute("default"))
            else {
                continue;
            };
            let calls = refs::calls(&block.body, "env");
            if calls.is_empty() {
                continue;
            }
            let variable = label.as_str().to_owned();
            let reaches = vars.get(&variable).is_none_or(ResolvedVar::is_default);
            if reaches {
                let value = evaluate_in(document, &default.value, &Scope::open(), &*template);
                template.set(&variable, value.unwrap_or(Value::Unknown));
            }
            let names = literal(document, &calls);
            found.extend(names.into_iter().map(|(name, start)| EnvUse {
                name,
                location: document.location_of(start..start + 1),
                variable: variable.clone(),
                reaches,
            }));
        }
    }
    found.sort_by(|a, b| (&a.name, &a.variable).cmp(&(&b.name, &b.variable)));
    found
}

/// Uses in values that layers give: legacy packer renders those too.
fn of_values(vars: &BTreeMap<String, ResolvedVar>) -> Vec<EnvUse> {
    let mut found = Vec::new();
    for (variable, var) in vars.iter().filter(|(_, var)| !var.is_default()) {
        let Some(late) = &var.late else { continue };
        let place = || var.chain.last().and_then(|origin| origin.location.clone());
        for call in refs::calls_of(late.expression(), "env") {
            let Some(Expression::String(name)) = call.args.iter().next() else { continue };
            found.push(EnvUse {
                name: name.as_str().to_owned(),
                location: place().unwrap_or_else(|| Location::whole_file(Path::new(""))),
                variable: variable.clone(),
                reaches: true,
            });
        }
    }
    found
}

/// Values that are made of others, in the order in which they come to be known.
fn settle(vars: &BTreeMap<String, ResolvedVar>, template: &mut Template<'_>) {
    let mut open: Vec<_> = vars.iter().filter_map(|(name, var)| Some((name, var.late.as_ref()?))).collect();
    loop {
        let before = open.len();
        open.retain(|(name, late)| {
            let value = late.value(&Scope::open(), &*template);
            let is_open = value == Value::Unknown;
            template.set(name, value);
            is_open
        });
        // What is made of itself never is.
        if open.is_empty() || open.len() == before {
            return;
        }
    }
}

/// Names of all variables of the environment that `env()` reads in these documents.
pub fn env_names(documents: &[Document]) -> BTreeSet<String> {
    let names = |document: &Document| literal(document, &refs::calls(document.body(), "env"));
    documents.iter().flat_map(names).map(|(name, _)| name).collect()
}

/// Names that calls of `env()` give as literals, and where each call begins.
fn literal(document: &Document, calls: &[FuncCall]) -> BTreeSet<(String, usize)> {
    let name = |call: &FuncCall| match call.args.iter().next() {
        Some(Expression::String(name)) => {
            Some((name.as_str().to_owned(), document.location(call).span.start))
        }
        _ => None,
    };
    calls.iter().filter_map(name).collect()
}
