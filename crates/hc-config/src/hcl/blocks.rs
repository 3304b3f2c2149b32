//! The blocks of a template: which there are, how many names they take, what may stand in them. What packer
//! refuses before it runs anything is refused here, with its place.

use std::collections::BTreeMap;

use hc_core::Constraints;
use hcl_edit::Span;
use hcl_edit::expr::{Expression, Object, ObjectKey};
use hcl_edit::structure::{Block, BlockLabel, Body};

use super::Document;
use super::convert::to_bool;
use super::eval::{Scope, evaluate};
use crate::diagnostic::{Diagnostic, Location};
use crate::identifier::is_identifier;
use crate::suggest;
use crate::value::Value;

/// Blocks at the top of a template, with the names of their labels.
const TOP: &[(&str, &[&str])] = &[
    ("build", &[]),
    ("communicator", &["type", "name"]),
    ("data", &["type", "name"]),
    ("hcp_packer_registry", &[]),
    ("local", &["name"]),
    ("locals", &[]),
    ("packer", &[]),
    ("source", &["type", "name"]),
    ("variable", &["name"]),
    ("variables", &[]),
];

/// Checks the blocks of a template's documents; all problems at once, as `BadBlock`.
pub fn check(documents: &[Document]) -> Vec<Diagnostic> {
    let mut checker = Checker { diagnostics: Vec::new(), named: BTreeMap::new() };
    for document in documents {
        checker.document(document);
    }
    checker.diagnostics
}

/// Refuses what is none of the `allowed` arguments and blocks of `body`.
pub(crate) fn only(
    document: &Document,
    what: &str,
    body: &Body,
    arguments: &[&str],
    blocks: &[&str],
) -> Vec<Diagnostic> {
    let unknown = |kind: &str, name: &str, span: Option<std::ops::Range<usize>>, known: &[&str]| {
        let hint = match (suggest::nearest(name, known.iter().copied()), known) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, []) => format!("a {what} takes no {kind}"),
            (None, known) => format!("a {what} takes {}", known.join(", ")),
        };
        Diagnostic::error("BadBlock", format!("a {what} has no {kind} `{name}`"))
            .at(document.location_of(span.unwrap_or(0..0)))
            .hint(hint)
    };
    let strange = body.attributes().filter(|attribute| !arguments.contains(&attribute.key.as_str()));
    let mut found: Vec<Diagnostic> = strange
        .map(|attribute| unknown("argument", attribute.key.as_str(), attribute.key.span(), arguments))
        .collect();
    let strange = body.blocks().filter(|block| !blocks.contains(&block.ident.as_str()));
    found.extend(strange.map(|block| unknown("block", block.ident.as_str(), block.ident.span(), blocks)));
    found
}

/// What a `packer` block says about the version of packer: the text, and its meaning where it has one.
pub fn required_version<'a>(
    document: &Document,
    body: &'a Body,
) -> Option<(&'a Expression, Option<Constraints>)> {
    let value = &body.get_attribute("required_version")?.value;
    let text = evaluate(document, value, &Scope::closed()).ok();
    let text = text.as_ref().and_then(Value::as_str);
    Some((value, text.and_then(|text| text.parse().ok())))
}

struct Checker {
    diagnostics: Vec<Diagnostic>,
    /// Where each local and data source was declared first.
    named: BTreeMap<String, Location>,
}

impl Checker {
    fn problem(&mut self, document: &Document, node: &impl Span, message: String, hint: &str) {
        let problem = Diagnostic::error("BadBlock", message).at(document.location(node));
        self.diagnostics.push(problem.hint(hint.to_owned()));
    }

    fn document(&mut self, document: &Document) {
        for attribute in document.body().attributes() {
            let message = format!("`{}` stands in no block", attribute.key.as_str());
            let hint =
                "values for variables belong into a .pkrvars.hcl file, values of a template into `locals`";
            self.problem(document, &attribute.key, message, hint);
        }
        for block in document.body().blocks() {
            let name = block.ident.as_str();
            let Some((_, labels)) = TOP.iter().find(|(known, _)| *known == name) else {
                let hint = match suggest::nearest(name, TOP.iter().map(|(known, _)| *known)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "packer knows packer, variable, locals, source, data and build".into(),
                };
                self.problem(document, &block.ident, format!("there is no block `{name}`"), &hint);
                continue;
            };
            self.labels(document, block, labels);
            match name {
                "packer" => self.packer(document, &block.body),
                "local" => {
                    let problems = only(document, "local", &block.body, &["expression", "sensitive"], &[]);
                    self.diagnostics.extend(problems);
                    self.local(document, block);
                    self.once(document, "local", &block.labels, &block.ident);
                }
                "locals" => {
                    let inside: Vec<&Block> = block.body.blocks().collect();
                    for block in inside {
                        let message = format!("a block `{}` in locals", block.ident.as_str());
                        self.problem(document, &block.ident, message, "write `name = value`");
                    }
                    for attribute in block.body.attributes() {
                        self.first(document, format!("local.{}", attribute.key.as_str()), &attribute.key);
                    }
                }
                "data" => self.once(document, "data", &block.labels, &block.ident),
                _ => {}
            }
        }
    }

    fn local(&mut self, document: &Document, block: &Block) {
        if let Some(label) = block.labels.first().filter(|label| !is_identifier(label.as_str())) {
            let message = format!("`{}` is not a name for a local", label.as_str());
            let hint = "a name starts with a letter or `_`; letters, digits, `_` and `-` follow";
            self.problem(document, label, message, hint);
        }
        if let Some(sensitive) = block.body.get_attribute("sensitive") {
            let value = evaluate(document, &sensitive.value, &Scope::closed()).ok();
            if value.as_ref().and_then(to_bool).is_none() {
                let message = "`sensitive` is neither true nor false".to_owned();
                self.problem(document, &sensitive.value, message, "write `sensitive = true`");
            }
        }
    }

    fn labels(&mut self, document: &Document, block: &Block, names: &[&str]) {
        let name = block.ident.as_str();
        if let Some(missing) = names.get(block.labels.len()) {
            let form: String = names.iter().map(|name| format!(" \"{name}\"")).collect();
            let message = format!("this {name} block has no {missing}");
            self.problem(document, &block.ident, message, &format!("write `{name}{form} {{`"));
        }
        if let Some(extra) = block.labels.get(names.len()) {
            let message = format!("a {name} block takes {} here", count(names.len()));
            self.problem(document, extra, message, "remove this name");
        }
    }

    fn once(&mut self, document: &Document, kind: &str, labels: &[BlockLabel], node: &impl Span) {
        let address: Vec<&str> = labels.iter().map(BlockLabel::as_str).collect();
        self.first(document, format!("{kind}.{}", address.join(".")), node);
    }

    fn first(&mut self, document: &Document, address: String, node: &impl Span) {
        let here = document.location(node);
        match self.named.get(&address) {
            Some(first) => {
                let hint = format!("the first declaration is at {first}; remove one");
                self.problem(document, node, format!("`{address}` is declared twice"), &hint);
            }
            None => drop(self.named.insert(address, here)),
        }
    }

    fn packer(&mut self, document: &Document, body: &Body) {
        let problems = only(document, "packer block", body, &["required_version"], &["required_plugins"]);
        self.diagnostics.extend(problems);
        if let Some((text, None)) = required_version(document, body) {
            self.problem(document, text, "no constraint on versions".into(), "write `>= 1.11.0, < 2.0.0`");
        }
        for plugins in body.get_blocks("required_plugins") {
            for attribute in plugins.body.attributes() {
                let name = attribute.key.as_str();
                match &attribute.value {
                    Expression::Object(requirement) => self.plugin(document, name, requirement),
                    other => {
                        let message = format!("the requirement of plugin `{name}` is not an object");
                        self.problem(document, other, message, PLUGIN);
                    }
                }
            }
        }
    }

    fn plugin(&mut self, document: &Document, name: &str, requirement: &Object) {
        let entry = |wanted: &str| {
            requirement.iter().find(|(key, _)| matches!(key, ObjectKey::Ident(key) if key.as_str() == wanted))
        };
        for wanted in ["version", "source"] {
            match entry(wanted).map(|(_, value)| value.expr()) {
                Some(Expression::String(text)) if wanted == "source" => {
                    let parts: Vec<&str> = text.split('/').collect();
                    if parts.len() < 3 || parts.iter().any(|part| part.is_empty()) {
                        let message = format!("`{}` is not the address of a plugin", text.as_str());
                        self.problem(document, text, message, PLUGIN);
                    }
                }
                Some(Expression::String(_)) => {}
                Some(other) => {
                    let message = format!("the {wanted} of plugin `{name}` is not a plain string");
                    self.problem(document, other, message, PLUGIN);
                }
                None => {
                    let message = format!("plugin `{name}` has no {wanted}");
                    self.problem(document, requirement, message, PLUGIN);
                }
            }
        }
    }
}

const PLUGIN: &str = "write `{ version = \"~> 1\", source = \"github.com/hashicorp/qemu\" }`";

fn count(labels: usize) -> &'static str {
    match labels {
        0 => "no name",
        1 => "one name",
        _ => "two names",
    }
}
