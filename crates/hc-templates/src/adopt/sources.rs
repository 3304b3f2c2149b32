//! Which sources a template builds: those that its `build` blocks name, as far as that is known without packer.

use std::collections::{BTreeMap, BTreeSet};

use hc_config::Value;
use hc_config::hcl::Document;
use hc_config::hcl::eval::{Scope, evaluate};
use hc_config::hcl::hcl_edit::structure::Block;

/// One source in one build.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Built {
    /// `type.name`.
    pub address: String,
    /// Name of the build, where it has one that is known.
    pub build: Option<String>,
    /// Whether the build has a name: it then stands before the source's in what `-only` matches.
    named: bool,
}

impl Built {
    /// What `-only` needs to build this alone.
    pub(super) fn only(&self) -> String {
        match (&self.build, self.named) {
            (Some(name), _) => format!("{name}.{}", self.address),
            (None, true) => format!("*.{}", self.address),
            (None, false) => self.address.clone(),
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

/// How many source blocks there are, repeated ones counted again.
pub(super) fn count(documents: &[Document]) -> usize {
    blocks(documents, "source").filter(|(_, block)| address(block).is_some()).count()
}

/// Sources that some build uses, sorted; all that are declared where only packer knows.
pub(super) fn built(
    documents: &[Document],
    declared: &BTreeSet<String>,
    values: &BTreeMap<String, Value>,
) -> BTreeSet<Built> {
    let mut found = BTreeSet::new();
    let var = Value::Map(values.iter().map(|(name, value)| (name.clone(), value.clone())).collect());
    let scope = Scope::open().with("var", var);
    for (document, block) in blocks(documents, "build") {
        let name = block.body.get_attribute("name");
        let build = name.and_then(|name| evaluate(document, &name.value, &scope).ok());
        let build = build.as_ref().and_then(Value::as_str).map(str::to_owned);
        let mut addresses = BTreeSet::new();
        if let Some(attribute) = block.body.get_attribute("sources") {
            match evaluate(document, &attribute.value, &scope) {
                Ok(Value::List(items)) if !items.contains(&Value::Unknown) => {
                    addresses.extend(items.iter().filter_map(Value::as_str).map(bare));
                }
                _ => addresses.extend(declared.iter().cloned()),
            }
        }
        let nested = block.body.get_blocks("source").filter_map(|source| source.labels.first());
        addresses.extend(nested.map(|label| bare(label.as_str())));
        let known = addresses.into_iter().filter(|address| declared.contains(address));
        found.extend(known.map(|address| Built { address, build: build.clone(), named: name.is_some() }));
    }
    found
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
