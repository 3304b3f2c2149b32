//! What a template says of its sources, as far as it is known without packer: where a plugin is to put what it makes.

use std::collections::BTreeMap;

use hc_config::Value;
use hc_config::hcl::convert::to_text;
use hc_core::fs::normalize;

use super::blocks::{Built, Walk};
use super::places::Bases;
use super::positions::Block;
use super::world::Template;
use super::{Memory, computed, texts};
use crate::inventory::{Builder, SourceBlock};

/// Longer texts are scripts and certificates, in bytes.
const LONGEST: usize = 1_024;

/// Values of attributes by their names, those of blocks and maps with a dot: `tags.Name`; of a list, its places. One that is set
/// and that only packer knows has none.
pub type Attributes = BTreeMap<String, Option<String>>;

/// The known attributes of every source that a builder builds, by the addresses under which packer speaks of them.
/// `values` are those of the variables; one that is left out is not known.
pub fn configured(
    memory: &Memory,
    builder: &Builder,
    values: BTreeMap<String, Value>,
) -> BTreeMap<String, Attributes> {
    let bases = Bases { template: normalize(&builder.dir), workdir: normalize(&builder.workdir) };
    // `env()` stands in defaults of variables only, and those have their values.
    let env = BTreeMap::new();
    let template = Template::new(&memory.disk, &bases, values, &env);
    computed::evaluate(&template, &computed::definitions(&builder.documents));
    let sources: Vec<String> = builder.sources.iter().map(SourceBlock::address).collect();
    let built = Built { documents: &builder.documents, sources: &sources, only: builder.only.as_deref() };
    let mut found: BTreeMap<String, Attributes> = BTreeMap::new();
    Walk::new(built, &template).each(&mut |site| {
        if site.block != Block::Source {
            return;
        }
        let Some((kind, name)) = template.context.borrow().source.clone() else { return };
        for attribute in site.body.attributes() {
            let (values, _) = texts::values(&template, site.document, &attribute.value, site.scope);
            // One of several ways is no knowledge.
            let value = match values.as_slice() {
                [Ok(value)] => value,
                _ => &Value::Unknown,
            };
            let inner = if site.inner.is_empty() { String::new() } else { format!("{}.", site.inner) };
            let of_source = found.entry(format!("{kind}.{name}")).or_default();
            put(of_source, format!("{inner}{}", attribute.key.as_str()), value);
        }
    });
    found
}

/// What a build says of its source comes first, and stays.
fn put(found: &mut Attributes, name: String, value: &Value) {
    match value {
        Value::Map(entries) => {
            entries.iter().for_each(|(key, value)| put_text(found, format!("{name}.{key}"), value))
        }
        Value::List(items) => {
            items.iter().enumerate().for_each(|(at, item)| put_text(found, format!("{name}.{at}"), item))
        }
        value => put_text(found, name, value),
    }
}

fn put_text(found: &mut Attributes, name: String, value: &Value) {
    let text = to_text(value).filter(|text| text.len() <= LONGEST && !text.contains(char::is_control));
    if *value != Value::Null {
        found.entry(name).or_insert(text);
    }
}
