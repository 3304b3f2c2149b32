//! What a template needs of packer that an old one does not have, named instead of packer's parse error.

use std::collections::BTreeMap;

use hc_config::Diagnostic;
use hc_config::hcl::hcl_edit::Span;
use hc_config::hcl::hcl_edit::expr::{Expression, FuncCall, ObjectKey};
use hc_config::hcl::hcl_edit::structure::Block;
use hc_config::hcl::hcl_edit::visit::{self, Visit};
use hc_config::hcl::{Document, blocks, functions};
use hc_core::{Constraints, Version};

use crate::inventory::Builder;

/// Blocks and the first packer that takes them.
const BLOCKS: &[(&str, (u64, u64))] = &[
    ("required_plugins", (1, 7)),
    ("data", (1, 7)),
    ("local", (1, 7)),
    ("hcp_packer_registry", (1, 7)),
    ("error-cleanup-provisioner", (1, 7)),
];

/// Constructs of `documents` that a packer of this version refuses, and versions of packer that they ask for.
pub fn too_new_for(packer: Version, documents: &[Document]) -> Vec<Diagnostic> {
    let version = (packer.major, packer.minor);
    let mut diagnostics = Vec::new();
    for document in documents {
        for block in document.body().get_blocks("packer") {
            if let Some((place, Some(wanted))) = blocks::required_version(document, &block.body)
                && !wanted.allow(packer)
            {
                diagnostics.push(
                    Diagnostic::error("PackerTooOld", format!("packer {packer} is not what this template asks for"))
                        .at(document.location(place))
                        .hint("use a packer that it allows (`packer.binary` in hybrid.toml), or change the constraint"),
                );
            }
        }
        let mut constructs = Constructs { version, found: Vec::new() };
        constructs.visit_body(document.body());
        for (name, needs, span) in constructs.found {
            diagnostics.push(
                Diagnostic::error(
                    "PackerTooOld",
                    format!("packer {}.{} does not know `{name}`", version.0, version.1),
                )
                .at(document.location_of(span))
                .hint(format!(
                    "use packer {}.{} or newer (`packer.binary` in hybrid.toml), or do without it",
                    needs.0, needs.1
                )),
            );
        }
    }
    diagnostics
}

/// Constraints by source address.
type Plugins = BTreeMap<String, Vec<Constraints>>;

/// Plugins that a builder asks for, in its templates and in builder.toml: constraints by source address.
pub fn plugins(builder: &Builder) -> Plugins {
    let mut wanted = required_plugins(builder);
    for (source, version) in &builder.metadata.plugins {
        add(&mut wanted, source, version);
    }
    wanted
}

fn add(wanted: &mut Plugins, source: &str, version: &str) {
    wanted.entry(source.to_owned()).or_default().extend(version.parse::<Constraints>().ok());
}

/// Plugins that the templates themselves ask for: what packer is told of a builder that it runs in place.
pub fn required_plugins(builder: &Builder) -> Plugins {
    let mut wanted = Plugins::new();
    let blocks = builder.documents.iter().flat_map(|document| document.body().get_blocks("packer"));
    for attribute in blocks
        .flat_map(|block| block.body.get_blocks("required_plugins"))
        .flat_map(|block| block.body.attributes())
    {
        let Expression::Object(entries) = &attribute.value else { continue };
        let text = |wanted: &str| {
            entries.iter().find_map(|(key, value)| match (key, value.expr()) {
                (ObjectKey::Ident(key), Expression::String(text)) if key.as_str() == wanted => {
                    Some(text.as_str())
                }
                _ => None,
            })
        };
        if let (Some(source), Some(version)) = (text("source"), text("version")) {
            add(&mut wanted, source, version);
        }
    }
    wanted
}

struct Constructs {
    version: (u64, u64),
    found: Vec<(String, (u64, u64), std::ops::Range<usize>)>,
}

impl Visit for Constructs {
    fn visit_block(&mut self, block: &Block) {
        let name = block.ident.as_str();
        let since = BLOCKS.iter().find(|(known, _)| *known == name).map(|(_, since)| *since);
        self.note(since, name, block.ident.span());
        let label = block.labels.first().map_or("", |label| label.as_str());
        let kind = if name == "dynamic" { label } else { name };
        let content = if name == "dynamic" { block.body.get_blocks("content").next() } else { Some(block) };
        if kind.ends_with("provisioner")
            && let Some(outlives) = content.and_then(|block| block.body.get_attribute("continue_on_error"))
        {
            self.note(Some((1, 16)), "continue_on_error", outlives.key.span());
        }
        // Before 1.7 the list of sources was read without variables.
        if let (true, Some(sources)) = (name == "build", block.body.get_attribute("sources")) {
            let computed = !matches!(sources.value, Expression::Array(_));
            self.note(computed.then_some((1, 7)), "a computed list of sources", sources.span());
        }
        if let (true, Some(kind)) = (name == "variable", block.body.get_attribute("type")) {
            any_types(&kind.value, &mut |any| self.note(Some((1, 16)), "any", any.span()));
        }
        visit::visit_block(self, block);
    }

    fn visit_func_call(&mut self, call: &FuncCall) {
        let name = call.name.name.as_str();
        let since = if name == "optional" { Some((1, 16)) } else { functions::since(name) };
        self.note(since, name, call.name.name.span());
        let namespaced = call.name.namespace.first();
        self.note(namespaced.map(|_| (1, 16)), "a function with a namespace", call.name.name.span());
        visit::visit_func_call(self, call);
    }
}

impl Constructs {
    fn note(&mut self, since: Option<(u64, u64)>, name: &str, span: Option<std::ops::Range<usize>>) {
        if let Some(since) = since.filter(|since| *since > self.version) {
            self.found.push((name.to_owned(), since, span.unwrap_or(0..0)));
        }
    }
}

/// Finds `any` in a type.
fn any_types(kind: &Expression, found: &mut dyn FnMut(&dyn Span)) {
    match kind {
        Expression::Variable(name) if name.as_str() == "any" => found(name),
        Expression::FuncCall(call) => call.args.iter().for_each(|argument| any_types(argument, found)),
        Expression::Array(items) => items.iter().for_each(|item| any_types(item, found)),
        Expression::Object(fields) => fields.iter().for_each(|(_, field)| any_types(field.expr(), found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn what_is_too_new_is_named_with_its_place() {
        let text = "variable \"on\" {\n  type = object({ a = optional(string) })\n}\n\
                    build {\n  sources = var.on\n}\nlocals {\n  x = startswith(\"a\", \"b\")\n}\ndata \"null\" \"x\" {}\n";
        let documents = [Document::parse(Path::new("t.pkr.hcl"), text).unwrap()];
        let found = |(major, minor)| -> Vec<String> {
            let version = Version { major, minor, patch: 6 };
            let place = |diagnostic: &Diagnostic| diagnostic.location.as_ref().map(ToString::to_string);
            too_new_for(version, &documents).iter().map(|one| place(one).unwrap_or_default()).collect()
        };
        assert_eq!(found((1, 6)), ["t.pkr.hcl:2:23", "t.pkr.hcl:5:3", "t.pkr.hcl:8:7", "t.pkr.hcl:10:1"]);
        assert_eq!(found((1, 11)), ["t.pkr.hcl:2:23", "t.pkr.hcl:8:7"]);
        assert!(found((1, 16)).is_empty());

        let text = "build {\n  provisioner \"shell\" {\n    continue_on_error = true\n  }\n  \
                    dynamic \"provisioner\" {\n    content {\n      continue_on_error = true\n    }\n  }\n}\n";
        let documents = [Document::parse(Path::new("t.pkr.hcl"), text).unwrap()];
        let too_new = |minor| too_new_for(Version { major: 1, minor, patch: 0 }, &documents);
        let places: Vec<String> = too_new(15)
            .iter()
            .map(|one| format!("{} {}", one.location.as_ref().unwrap(), one.message))
            .collect();
        assert_eq!(
            places,
            [
                "t.pkr.hcl:3:5 packer 1.15 does not know `continue_on_error`",
                "t.pkr.hcl:7:7 packer 1.15 does not know `continue_on_error`",
            ]
        );
        assert!(too_new(16).is_empty());
    }
}
