//! Legacy templates: `builders` become sources, the rest one build.

use std::collections::BTreeSet;

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::{Range, Ranged as _};

use super::problem::Problem;
use super::writer::{Strings, Writer, last_of_each};
use super::{actions, names};

/// Where `{{user …}}` means a variable and `{{env …}}` nothing.
const CONFIG: Strings = Strings::Legacy { variables: false };

/// Arguments of plugins that take several paths, and one text with commas as well.
const LISTS: [&str; 8] = [
    "floppy_files",
    "floppy_dirs",
    "cd_files",
    "scripts",
    "playbook_files",
    "playbook_paths",
    "role_paths",
    "group_vars_files",
];

/// Keys of provisioners and post-processors that name builders.
const NAMES: [&str; 2] = ["only", "except"];

/// One builder.
struct Source<'v, 'a> {
    kind: &'v str,
    /// Its name where that is a plain text, else the type.
    label: String,
    /// The name as it is written, where it has one.
    name: Option<&'v ObjectProp<'a>>,
    object: &'v Object<'a>,
    at: Range,
}

impl Source<'_, '_> {
    /// What `only` and `-only` of packer call it, where that is a plain text.
    fn is_called(&self, name: &str) -> bool {
        self.label == name
    }
}

pub(super) fn template(root: &Object<'_>) -> Result<Writer, Problem> {
    let mut writer = Writer::default();
    let sources = sources(root)?;
    if let Some(minimum) = entry(root, "min_packer_version") {
        writer.open("packer", &[], minimum.name.range());
        if let Value::StringLit(version) = &minimum.value {
            writer.mark(version.range);
            writer.push("required_version = ");
            writer.quoted(&format!(">= {}", version.value));
            writer.push("\n");
        }
        writer.close();
    }
    variables(&mut writer, root)?;
    for source in &sources {
        writer.open("source", &[(source.kind, source.at), (&source.label, source.at)], source.at);
        config(&mut writer, source.object, &["type", "name"], &sources);
        writer.close();
    }
    let start = entry(root, "builders").map_or(Range::new(0, 0), |builders| builders.name.range());
    writer.open("build", &[], start);
    for source in &sources {
        let address = format!("source.{}.{}", source.kind, source.label);
        match source
            .name
            .filter(|name| !matches!(&name.value, Value::StringLit(text) if text.value == source.label))
        {
            // A name that packer computes.
            Some(name) => {
                writer.open("source", &[(&address, source.at)], source.at);
                writer.attribute(name, CONFIG);
                writer.close();
            }
            None => {
                writer.open("source", &[(&address, source.at)], source.at);
                writer.close();
            }
        }
    }
    for (key, block) in
        [("provisioners", "provisioner"), ("error-cleanup-provisioner", "error-cleanup-provisioner")]
    {
        let Some(prop) = entry(root, key) else { continue };
        let items = match &prop.value {
            Value::Array(items) => items.elements.iter().collect(),
            one => vec![one],
        };
        for item in items {
            plugin(&mut writer, block, item, &sources)?;
        }
    }
    if let Some(prop) = entry(root, "post-processors") {
        let Value::Array(items) = &prop.value else {
            return Err(Problem::new(&prop.value, "`post-processors` is a list"));
        };
        for item in &items.elements {
            match item {
                Value::Array(chain) => {
                    writer.open("post-processors", &[], chain.range);
                    for item in &chain.elements {
                        plugin(&mut writer, "post-processor", item, &sources)?;
                    }
                    writer.close();
                }
                one => plugin(&mut writer, "post-processor", one, &sources)?,
            }
        }
    }
    writer.close();
    Ok(writer)
}

fn sources<'v, 'a>(root: &'v Object<'a>) -> Result<Vec<Source<'v, 'a>>, Problem> {
    let mut found: Vec<Source<'v, 'a>> = Vec::new();
    let Some(Value::Array(items)) = entry(root, "builders").map(|builders| &builders.value) else {
        return Ok(found);
    };
    for item in &items.elements {
        let Value::Object(object) = item else { return Err(Problem::new(item, "a builder is an object")) };
        let Some(kind) = text_of(object, "type") else {
            return Err(Problem::new(item, "this builder has no `type`"));
        };
        let name = entry(object, "name");
        let plain = name.and_then(|name| match &name.value {
            Value::StringLit(text) if !text.value.contains("{{") => Some(text.value.as_ref()),
            _ => None,
        });
        let mut label = plain.unwrap_or(kind).to_owned();
        if plain.is_none() && found.iter().any(|source| source.kind == kind && source.label == label) {
            label = format!("{label}-{}", found.len() + 1);
        }
        found.push(Source { kind, label, name, object, at: object.range });
    }
    Ok(found)
}

/// Variables that are declared, then those that only var files set: packer takes every name, and an empty text for none.
fn variables(writer: &mut Writer, root: &Object<'_>) -> Result<(), Problem> {
    let mut declared: BTreeSet<String> = BTreeSet::new();
    let sensitive: BTreeSet<&str> = match entry(root, "sensitive-variables").map(|list| &list.value) {
        Some(Value::Array(items)) => items.elements.iter().filter_map(text).collect(),
        _ => BTreeSet::new(),
    };
    let declarations = match entry(root, "variables").map(|variables| &variables.value) {
        Some(Value::Object(variables)) => last_of_each(variables),
        Some(Value::NullKeyword(_)) | None => Vec::new(),
        Some(other) => return Err(Problem::new(other, "`variables` is an object")),
    };
    for prop in declarations {
        let name = prop.name.as_str();
        declared.insert(name.to_owned());
        writer.open("variable", &[(&names::spelled(name), prop.name.range())], prop.name.range());
        writer.push("type = string\n");
        match &prop.value {
            Value::NullKeyword(_) => {}
            Value::Object(_) | Value::Array(_) => {
                return Err(Problem::new(&prop.value, format!("the variable `{name}` is not a text")));
            }
            // Packer's weak reading of truth.
            Value::BooleanLit(truth) => writer.push(&format!("default = \"{}\"\n", u8::from(truth.value))),
            value => {
                writer.push("default = ");
                writer.value(value, Strings::Legacy { variables: true });
                writer.push("\n");
            }
        }
        if sensitive.contains(name) {
            writer.push("sensitive = true\n");
        }
        writer.close();
    }
    let mut used = Vec::new();
    for prop in &root.properties {
        used_in(&prop.value, &mut used);
    }
    for (name, at) in used {
        if declared.insert(name.clone()) {
            writer.open("variable", &[(&names::spelled(&name), at)], at);
            writer.push("type = string\ndefault = \"\"\n");
            if sensitive.contains(name.as_str()) {
                writer.push("sensitive = true\n");
            }
            writer.close();
        }
    }
    Ok(())
}

/// Names that `{{user …}}` gives, with the text that does.
fn used_in(value: &Value<'_>, found: &mut Vec<(String, Range)>) {
    match value {
        Value::StringLit(text) if text.value.contains("{{") => {
            found.extend(actions::users(&text.value).into_iter().map(|name| (name, text.range)));
        }
        Value::Array(items) => items.elements.iter().for_each(|item| used_in(item, found)),
        Value::Object(object) => object.properties.iter().for_each(|prop| used_in(&prop.value, found)),
        _ => {}
    }
}

/// A provisioner or post-processor: an object with a type, or for the latter its type alone.
fn plugin(
    writer: &mut Writer,
    block: &str,
    item: &Value<'_>,
    sources: &[Source<'_, '_>],
) -> Result<(), Problem> {
    match item {
        Value::StringLit(kind) if block == "post-processor" => {
            writer.open(block, &[(&kind.value, kind.range)], kind.range);
            writer.close();
            Ok(())
        }
        Value::Object(object) => {
            let Some(kind) = text_of(object, "type") else {
                return Err(Problem::new(item, format!("this {block} has no `type`")));
            };
            writer.open(block, &[(kind, object.range)], object.range);
            config(writer, object, &["type"], sources);
            writer.close();
            Ok(())
        }
        other => Err(Problem::new(other, format!("a {block} is an object"))),
    }
}

/// The arguments of a plugin. Names that HCL cannot spell keep their place in it, spelled otherwise.
fn config(writer: &mut Writer, object: &Object<'_>, without: &[&str], sources: &[Source<'_, '_>]) {
    for prop in last_of_each(object) {
        let name = prop.name.as_str();
        if without.contains(&name) {
            continue;
        }
        match &prop.value {
            Value::StringLit(text) if LISTS.contains(&name) => {
                writer.mark(prop.name.range());
                writer.push(name);
                writer.push(" = split(\",\", ");
                writer.mark(text.range);
                writer.push(&actions::expression(&text.value, false));
                writer.push(")\n");
            }
            Value::Array(items) if NAMES.contains(&name) => {
                writer.mark(prop.name.range());
                writer.push(name);
                writer.push(" = [");
                for item in &items.elements {
                    let Some(called) = text(item) else { continue };
                    let source = sources.iter().find(|source| source.is_called(called));
                    writer.mark(item.range());
                    match source {
                        Some(source) => writer.quoted(&format!("{}.{}", source.kind, source.label)),
                        None => writer.quoted(called),
                    }
                    writer.push(", ");
                }
                writer.push("]\n");
            }
            _ => writer.attribute(prop, CONFIG),
        }
    }
}

fn text<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    match value {
        Value::StringLit(text) => Some(&text.value),
        _ => None,
    }
}

fn text_of<'v>(object: &'v Object<'_>, key: &str) -> Option<&'v str> {
    entry(object, key).and_then(|prop| text(&prop.value))
}

/// The entry of a name; of several the last, as for packer.
fn entry<'v, 'a>(object: &'v Object<'a>, key: &str) -> Option<&'v ObjectProp<'a>> {
    object.properties.iter().rev().find(|prop| prop.name.as_str() == key)
}
