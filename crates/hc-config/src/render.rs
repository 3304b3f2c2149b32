//! `.auto.pkrvars.hcl` files: sorted, commented with provenance, the same bytes for the same inputs (CONFIG-2).

use std::collections::BTreeMap;

use hc_core::Target;

use crate::resolve::{ANSWERS, Resolution, ResolvedVar, SET, SUPPLIED};
use crate::value::{Value, map_key};

/// Groups in the order in which they are written.
const GROUPS: [&str; 5] = ["provisioners", "templates/vars", "overlays", "answers and --set", "secrets"];

/// Renders all values that are not template defaults. A secret is a comment, never a value (CONFIG-4).
///
/// The text is canonical to `packer fmt`: every attribute stands alone behind its comment, so nothing aligns.
pub fn render(target: &Target, resolution: &Resolution) -> String {
    let mut text = format!(
        "# Rendered by hybrid for {target}. Do not edit: change the place named above a key, then run\n\
         # `hybrid config render --env {}`.\n",
        target.env
    );
    let mut groups: BTreeMap<usize, Vec<(&String, &ResolvedVar)>> = BTreeMap::new();
    for (name, var) in resolution.vars.iter().filter(|(_, var)| !var.is_default()) {
        groups.entry(group(var)).or_default().push((name, var));
    }
    for (at, vars) in groups {
        text.push_str(&format!("\n# --- {} ---\n", GROUPS[at]));
        for (name, var) in vars {
            let Some(origin) = var.chain.last() else { continue };
            let place = match &origin.location {
                Some(location) => format!("{}:{}", location.path.display(), location.line),
                None => origin.layer.clone(),
            };
            match &var.secret {
                Some(reference) => {
                    text.push_str(&format!(
                        "\n# {place}\n# {name} = {reference}, given to packer as PKR_VAR_{name}\n"
                    ));
                }
                // Only where an error says why; a key that is absent without a word would mean the default.
                None if given(var).has_unknown() => {
                    text.push_str(&format!("\n# {place}\n# {name} has no value\n"));
                }
                None => {
                    text.push_str(&format!("\n# {place}\n{name} = "));
                    write(given(var), 0, &mut text);
                    text.push('\n');
                }
            }
        }
    }
    text
}

/// What packer is given: of a value that is made of others, the text that says how.
fn given(var: &ResolvedVar) -> &Value {
    match var.chain.last() {
        Some(origin) if var.late.is_some() => &origin.value,
        _ => &var.value,
    }
}

/// The same values as a var file for a legacy template: JSON, all of it text, with the names that packer knows.
pub fn legacy(resolution: &Resolution) -> String {
    let mut values = serde_json::Map::new();
    for (name, var) in resolution.vars.iter().filter(|(_, var)| !var.is_default() && var.secret.is_none()) {
        let text = match given(var) {
            Value::String(text) => text.clone(),
            value if value.has_unknown() => continue,
            value => value.to_hcl(),
        };
        values.insert(crate::json::plain_name(name), text.into());
    }
    format!("{:#}\n", serde_json::Value::Object(values))
}

fn group(var: &ResolvedVar) -> usize {
    let Some(origin) = var.chain.last() else { return 0 };
    if origin.secret.is_some() {
        return 4;
    }
    match origin.layer.as_str() {
        SUPPLIED => 0,
        ANSWERS | SET => 3,
        layer if layer.starts_with("vars") => 1,
        _ => 2,
    }
}

/// Maps go over several lines with aligned `=`, as `packer fmt` wants them; lists stay on one line unless
/// they hold maps.
fn write(value: &Value, indent: usize, out: &mut String) {
    let pad = "  ".repeat(indent + 1);
    match value {
        Value::Map(entries) if !entries.is_empty() => {
            out.push_str("{\n");
            let keys: Vec<String> = entries.keys().map(|key| map_key(key)).collect();
            let values: Vec<&Value> = entries.values().collect();
            let multi = |value: &Value| spreads(value);
            for (at, (key, value)) in keys.iter().zip(&values).enumerate() {
                // `packer fmt` aligns runs of single-line entries; a multi-line entry ends a run and joins none.
                let width = if multi(value) {
                    key.chars().count()
                } else {
                    let before = (0..at).rev().take_while(|near| !multi(values[*near]));
                    let after = (at..keys.len()).take_while(|near| !multi(values[*near]));
                    before.chain(after).map(|near| keys[near].chars().count()).max().unwrap_or(0)
                };
                let gap = " ".repeat(width.saturating_sub(key.chars().count()));
                out.push_str(&format!("{pad}{key}{gap} = "));
                write(value, indent + 1, out);
                out.push('\n');
            }
            out.push_str(&"  ".repeat(indent));
            out.push('}');
        }
        Value::List(items) if items.iter().any(spreads) => {
            out.push_str("[\n");
            for item in items {
                out.push_str(&pad);
                write(item, indent + 1, out);
                out.push_str(",\n");
            }
            out.push_str(&"  ".repeat(indent));
            out.push(']');
        }
        other => out.push_str(&other.to_hcl()),
    }
}

/// Whether a value takes several lines.
fn spreads(value: &Value) -> bool {
    match value {
        Value::Map(entries) => !entries.is_empty(),
        Value::List(items) => items.iter().any(spreads),
        _ => false,
    }
}
