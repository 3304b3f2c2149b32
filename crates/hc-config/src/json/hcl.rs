//! HCL written as JSON. Which names are blocks, and how many labels they take, is packer's to say; the bodies of plugins are
//! read as arguments throughout.

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::{Range, Ranged as _};

use super::problem::Problem;
use super::writer::{Strings, Writer, last_of_each};

/// What stands in a body beside arguments.
struct Body {
    /// Blocks by name, with the number of their labels.
    blocks: &'static [(&'static str, usize, &'static Body)],
    /// Arguments that are expressions without quotes: types.
    bare: &'static [&'static str],
}

static PLUGIN: Body = Body { blocks: &[("dynamic", 1, &DYNAMIC)], bare: &[] };
static DYNAMIC: Body = Body { blocks: &[("content", 0, &PLUGIN)], bare: &["iterator"] };
static PLAIN: Body = Body { blocks: &[], bare: &[] };
static VARIABLE: Body = Body { blocks: &[("validation", 0, &PLAIN)], bare: &["type"] };
static PACKER: Body = Body { blocks: &[("required_plugins", 0, &PLAIN)], bare: &[] };
static CHAIN: Body = Body { blocks: &[("post-processor", 1, &PLUGIN)], bare: &[] };
static BUILD: Body = Body {
    blocks: &[
        ("source", 1, &PLUGIN),
        ("provisioner", 1, &PLUGIN),
        ("error-cleanup-provisioner", 1, &PLUGIN),
        ("post-processor", 1, &PLUGIN),
        ("post-processors", 0, &CHAIN),
        ("hcp_packer_registry", 0, &PLAIN),
        ("dynamic", 1, &DYNAMIC),
    ],
    bare: &[],
};
static ROOT: Body = Body {
    blocks: &[
        ("packer", 0, &PACKER),
        ("variable", 1, &VARIABLE),
        ("variables", 0, &PLAIN),
        ("locals", 0, &PLAIN),
        ("local", 1, &PLAIN),
        ("source", 2, &PLUGIN),
        ("data", 2, &PLUGIN),
        ("communicator", 2, &PLUGIN),
        ("build", 0, &BUILD),
        ("hcp_packer_registry", 0, &PLAIN),
    ],
    bare: &[],
};

/// A template.
pub(super) fn template(root: &Object<'_>) -> Result<Writer, Problem> {
    let mut writer = Writer::default();
    body(&mut writer, root, &ROOT)?;
    Ok(writer)
}

/// A var file: nothing but constants, whose texts mean themselves.
pub(super) fn var_file(root: &Object<'_>) -> Result<Writer, Problem> {
    let mut writer = Writer::default();
    for prop in last_of_each(root) {
        writer.attribute(prop, Strings::Plain);
    }
    Ok(writer)
}

fn body(writer: &mut Writer, object: &Object<'_>, kind: &Body) -> Result<(), Problem> {
    // Comments, by the convention of HCL.
    for prop in last_of_each(object).into_iter().filter(|prop| prop.name.as_str() != "//") {
        let name = prop.name.as_str();
        match kind.blocks.iter().find(|(known, ..)| *known == name) {
            Some((name, labels, inner)) => {
                blocks(writer, (name, prop), *labels, &mut Vec::new(), &prop.value, inner)?
            }
            None if kind.bare.contains(&name) => bare(writer, prop),
            None => writer.attribute(prop, Strings::Hcl),
        }
    }
    Ok(())
}

/// An argument whose text is an expression.
fn bare(writer: &mut Writer, prop: &ObjectProp<'_>) {
    match &prop.value {
        Value::StringLit(text) => {
            writer.mark(prop.name.range());
            writer.push(prop.name.as_str());
            writer.push(" = ");
            writer.mark(text.range);
            writer.written(&text.value.replace(['\n', '\r'], " "), text.range);
            writer.push("\n");
        }
        _ => writer.attribute(prop, Strings::Hcl),
    }
}

/// One block, or several: an object for each label, and an array wherever there may be more than one.
fn blocks<'v>(
    writer: &mut Writer,
    (name, prop): (&str, &ObjectProp<'_>),
    labels: usize,
    given: &mut Vec<(&'v str, Range)>,
    value: &'v Value<'_>,
    inner: &Body,
) -> Result<(), Problem> {
    match value {
        Value::Array(items) => {
            for item in &items.elements {
                blocks(writer, (name, prop), labels, given, item, inner)?;
            }
            Ok(())
        }
        Value::Object(object) if given.len() < labels => {
            for next in last_of_each(object) {
                given.push((next.name.as_str(), next.name.range()));
                let done = blocks(writer, (name, prop), labels, given, &next.value, inner);
                given.pop();
                done?;
            }
            Ok(())
        }
        Value::Object(object) => {
            writer.open(name, given, prop.name.range());
            body(writer, object, inner)?;
            writer.close();
            Ok(())
        }
        // An absent block.
        Value::NullKeyword(_) => Ok(()),
        other => Err(Problem::new(other, format!("`{name}` is a block: write an object"))),
    }
}
