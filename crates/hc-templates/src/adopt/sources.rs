//! Which sources a template builds: those that its `build` blocks name, as far as that is known without packer.

use std::collections::{BTreeMap, BTreeSet};

use hc_config::Value;
use hc_config::hcl::Document;
use hc_config::hcl::eval::{Scope, evaluate};
use hc_config::hcl::hcl_edit::structure::Block;

use crate::inventory::bare;

/// One source in one build.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Built {
    /// `type.name` of its block.
    pub address: String,
    /// `type.name` as the build calls it, which may give it a name of its own: what `-only` matches.
    pub called: String,
    /// Name of the build, where it has one that is known.
    pub build: Option<String>,
    /// Whether the build has a name: it then stands before the source's in what `-only` matches.
    named: bool,
}

impl Built {
    /// What `-only` needs to build this alone.
    pub(super) fn only(&self) -> String {
        match (&self.build, self.named) {
            (Some(name), _) => format!("{name}.{}", self.called),
            (None, true) => format!("*.{}", self.called),
            (None, false) => self.called.clone(),
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
                    addresses.extend(items.iter().filter_map(Value::as_str).map(|one| called(one, None)));
                }
                _ => addresses.extend(declared.iter().map(|one| called(one, None))),
            }
        }
        for nested in block.body.get_blocks("source") {
            let Some(label) = nested.labels.first() else { continue };
            let own = nested.body.get_attribute("name");
            let own = own.and_then(|own| evaluate(document, &own.value, &scope).ok());
            addresses.insert(called(label.as_str(), own.as_ref().and_then(Value::as_str)));
        }
        let known = addresses.into_iter().filter(|(address, _)| declared.contains(address));
        found.extend(known.map(|(address, called)| Built {
            address,
            called,
            build: build.clone(),
            named: name.is_some(),
        }));
    }
    found
}

/// The address of a source, and the one that `-only` matches where the build gives it a name of its own.
fn called(reference: &str, own: Option<&str>) -> (String, String) {
    let address = bare(reference);
    let kind = address.split('.').next().unwrap_or_default();
    let called = own.map_or_else(|| address.to_owned(), |own| format!("{kind}.{own}"));
    (address.to_owned(), called)
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
    let Some(communicator) = block.body.get_attribute("communicator") else {
        return block.body.has_attribute("ssh_username").then(|| "ssh".to_owned());
    };
    let value = evaluate(document, &communicator.value, &scope).ok()?;
    value.as_str().map(str::to_owned)
}
