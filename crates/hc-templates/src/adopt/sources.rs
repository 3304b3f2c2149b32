//! Which sources a template builds: those that its `build` blocks name, as far as that is known without packer.

use std::collections::{BTreeMap, BTreeSet};

use hc_config::Value;
use hc_config::hcl::Document;
use hc_config::hcl::eval::{Scope, evaluate};
use hc_config::hcl::hcl_edit::structure::Block;

/// What is built.
pub(super) struct Built {
    /// `type.name`, sorted.
    pub addresses: BTreeSet<String>,
    /// Whether builds have names, which stand before the source's in what `-only` matches.
    named: bool,
    unnamed: bool,
}

impl Built {
    /// What `-only` needs to build one source.
    pub(super) fn only(&self, source: &str) -> String {
        match (self.named, self.unnamed) {
            (false, _) => source.to_owned(),
            (true, false) => format!("*.{source}"),
            (true, true) => format!("*{source}"),
        }
    }
}

fn blocks<'a>(
    documents: &'a [Document],
    name: &'static str,
) -> impl Iterator<Item = (&'a Document, &'a Block)> {
    documents
        .iter()
        .flat_map(move |document| document.body().get_blocks(name).map(move |block| (document, block)))
}

fn address(block: &Block) -> Option<String> {
    match block.labels.as_slice() {
        [kind, name] => Some(format!("{}.{}", kind.as_str(), name.as_str())),
        _ => None,
    }
}

/// Sources that have a block.
pub(super) fn declared(documents: &[Document]) -> BTreeSet<String> {
    blocks(documents, "source").filter_map(|(_, block)| address(block)).collect()
}

/// Sources that some build uses; all that are declared where only packer knows.
pub(super) fn built(
    documents: &[Document],
    declared: &BTreeSet<String>,
    values: &BTreeMap<String, Value>,
) -> Built {
    let mut built = Built { addresses: BTreeSet::new(), named: false, unnamed: false };
    let var = Value::Map(values.iter().map(|(name, value)| (name.clone(), value.clone())).collect());
    let scope = Scope::open().with("var", var);
    for (document, block) in blocks(documents, "build") {
        if block.body.has_attribute("name") {
            built.named = true;
        } else {
            built.unnamed = true;
        }
        if let Some(attribute) = block.body.get_attribute("sources") {
            match evaluate(document, &attribute.value, &scope) {
                Ok(Value::List(items)) if !items.contains(&Value::Unknown) => {
                    built.addresses.extend(items.iter().filter_map(Value::as_str).map(bare));
                }
                _ => built.addresses.extend(declared.iter().cloned()),
            }
        }
        let nested = block.body.get_blocks("source").filter_map(|source| source.labels.first());
        built.addresses.extend(nested.map(|label| bare(label.as_str())));
    }
    built.addresses.retain(|address| declared.contains(address));
    built
}

fn bare(address: &str) -> String {
    address.strip_prefix("source.").unwrap_or(address).to_owned()
}

/// The communicator of a source, where it is known.
pub(super) fn communicator(
    documents: &[Document],
    source: &str,
    values: &BTreeMap<String, Value>,
) -> Option<String> {
    let var = Value::Map(values.iter().map(|(name, value)| (name.clone(), value.clone())).collect());
    let scope = Scope::open().with("var", var);
    let (document, block) =
        blocks(documents, "source").find(|(_, block)| address(block).as_deref() == Some(source))?;
    let value = evaluate(document, &block.body.get_attribute("communicator")?.value, &scope).ok()?;
    value.as_str().map(str::to_owned)
}
