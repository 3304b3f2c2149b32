//! The `variable` blocks of a composed template: what a builder can be told, and what it insists on.

use std::collections::BTreeMap;

use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};

use crate::diagnostic::{Diagnostic, Location};
use crate::hcl::Document;
use crate::hcl::eval::{Scope, evaluate};
use crate::hcl::types::Type;
use crate::value::Value;

/// One declared variable.
#[derive(Debug, Clone)]
pub struct VariableDecl {
    /// Name.
    pub name: String,
    /// Type constraint; `any` when none is given.
    pub kind: Type,
    /// Default, where it can be evaluated without packer.
    pub default: Option<Value>,
    /// Whether packer has a default, known here or not.
    pub has_default: bool,
    /// Whether packer hides the value.
    pub sensitive: bool,
    /// Text for people.
    pub description: Option<String>,
    /// Rules that values must meet.
    pub validations: Vec<Validation>,
    /// The block.
    pub location: Location,
}

/// A `validation` block.
#[derive(Debug, Clone)]
pub struct Validation {
    /// The condition; may use `var.<name>`.
    pub condition: Expression,
    /// The message for people.
    pub message: String,
    /// Index of the document that holds it, for places in diagnostics.
    pub document: usize,
}

/// Reads all `variable` and `variables` blocks of a template.
///
/// Problems do not stop it: `DuplicateVariable`, `BadType`, a default that does not fit its type.
pub fn collect(documents: &[Document]) -> (BTreeMap<String, VariableDecl>, Vec<Diagnostic>) {
    let mut declared: BTreeMap<String, VariableDecl> = BTreeMap::new();
    let mut diagnostics = Vec::new();
    for (at, document) in documents.iter().enumerate() {
        for block in document.body().blocks() {
            let found = match block.ident.as_str() {
                "variable" => one(document, at, block, &mut diagnostics).into_iter().collect(),
                "variables" => legacy(document, &block.body),
                _ => Vec::new(),
            };
            for variable in found {
                if let Some(first) = declared.get(&variable.name) {
                    diagnostics.push(
                        Diagnostic::error(
                            "DuplicateVariable",
                            format!("variable `{}` is declared twice", variable.name),
                        )
                        .at(variable.location.clone())
                        .hint(format!("the first declaration is at {}; remove one", first.location)),
                    );
                } else {
                    declared.insert(variable.name.clone(), variable);
                }
            }
        }
    }
    (declared, diagnostics)
}

fn one(
    document: &Document,
    at: usize,
    block: &Block,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<VariableDecl> {
    let Some(label) = block.labels.first() else {
        diagnostics.push(
            Diagnostic::error("HclSyntax", "a variable block without a name")
                .at(document.location(&block.ident)),
        );
        return None;
    };
    let attribute = |name: &str| block.body.get_attribute(name).map(|attribute| &attribute.value);
    let text = |name: &str| attribute(name).and_then(|value| evaluate(document, value, &Scope::open()).ok());
    let mut kind = Type::Any;
    if let Some(expression) = attribute("type") {
        match Type::parse(document, expression) {
            Ok(parsed) => kind = parsed,
            Err(problem) => diagnostics.push(*problem),
        }
    }
    let mut default = None;
    if let Some(expression) = attribute("default") {
        match evaluate(document, expression, &Scope::open()) {
            Ok(value) => match kind.convert(&value) {
                Ok(value) => default = Some(value),
                Err(problem) => diagnostics.push(
                    Diagnostic::error(
                        "WrongType",
                        format!("the default of `{}` does not fit its type", label.as_str()),
                    )
                    .at(document.location(expression))
                    .label(problem.to_string()),
                ),
            },
            Err(problem) => diagnostics.push(*problem),
        }
    }
    let validations = block
        .body
        .get_blocks("validation")
        .filter_map(|rule| {
            let condition = rule.body.get_attribute("condition")?.value.clone();
            let message = rule.body.get_attribute("error_message");
            let message = message.and_then(|message| evaluate(document, &message.value, &Scope::open()).ok());
            let message =
                message.as_ref().and_then(Value::as_str).unwrap_or("the value breaks its validation rule");
            Some(Validation { condition, message: message.to_owned(), document: at })
        })
        .collect();
    Some(VariableDecl {
        name: label.as_str().to_owned(),
        kind,
        has_default: attribute("default").is_some(),
        default,
        sensitive: text("sensitive") == Some(Value::Bool(true)),
        description: text("description").and_then(|value| value.as_str().map(str::to_owned)),
        validations,
        location: document.location(block),
    })
}

fn legacy(document: &Document, body: &Body) -> Vec<VariableDecl> {
    body.attributes()
        .map(|attribute| VariableDecl {
            name: attribute.key.as_str().to_owned(),
            kind: Type::Any,
            default: evaluate(document, &attribute.value, &Scope::open()).ok(),
            has_default: true,
            sensitive: false,
            description: None,
            validations: Vec::new(),
            location: document.location(attribute),
        })
        .collect()
}
