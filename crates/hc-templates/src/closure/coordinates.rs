//! What the sources of a builder say in single attributes: names, numbers and places of what they make.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hc_config::hcl::convert::to_text;
use hc_config::resolve::ResolvedVar;

use super::blocks::{Built, Walk};
use super::places::Bases;
use super::positions::Block;
use super::world::Template;
use super::{Search, computed, texts};
use crate::inventory::SourceBlock;

/// The values of the attributes `names` in the source blocks of a builder, by `type.name`: texts, numbers and truth values
/// that are known, can be only one, and take nothing of a secret or sensitive variable.
pub fn coordinates(search: &Search<'_>, names: &[&str]) -> BTreeMap<String, BTreeMap<String, String>> {
    let disk = &search.memory.disk;
    let dir = |path: &Path| -> PathBuf { disk.dir(path).unwrap_or_else(|| path.to_owned()) };
    let bases = Bases { template: dir(&search.builder.dir), workdir: dir(&search.builder.workdir) };
    let open = |(_, var): &(&String, &ResolvedVar)| !var.sensitive && var.secret.is_none();
    let values = search.vars.iter().filter(open).map(|(name, var)| (name.clone(), var.value.clone()));
    let template = Template::new(disk, &bases, values.collect(), search.env);
    computed::evaluate(&template, &computed::definitions(&search.builder.documents));
    let sources: Vec<String> = search.builder.sources.iter().map(SourceBlock::address).collect();
    let only = search.builder.only.as_deref();
    let built = Built { documents: &search.builder.documents, sources: &sources, only };
    let mut found: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    Walk::new(built, &template).each(&mut |site| {
        if site.block != Block::Source || !site.inner.is_empty() {
            return;
        }
        let Some((kind, name)) = template.context.borrow().source.clone() else { return };
        for attribute in site.body.attributes().filter(|one| names.contains(&one.key.as_str())) {
            let (values, _) = texts::values(&template, site.document, &attribute.value, site.scope);
            let [Ok(value)] = values.as_slice() else { continue };
            // What a `build` adds to a source comes first.
            if let Some(text) = to_text(value) {
                let of_source = found.entry(format!("{kind}.{name}")).or_default();
                of_source.entry(attribute.key.as_str().to_owned()).or_insert(text);
            }
        }
    });
    found
}
