//! The `variable` blocks of a composed template: what a builder can be told, and what it insists on.

use std::collections::BTreeMap;
use std::fmt;

use hcl_edit::expr::{Expression, ForExpr, FuncCall, Traversal, TraversalOperator};
use hcl_edit::structure::{Block, Body};
use hcl_edit::visit::{self, Visit};

use crate::diagnostic::{Diagnostic, Location};
use crate::hcl::convert::{to_bool, to_text};
use crate::hcl::eval::{Scope, evaluate};
use crate::hcl::types::Type;
use crate::hcl::{Document, blocks, type_expr};
use crate::identifier::is_identifier;
use crate::json::Dialect;
use crate::late::Late;
use crate::value::Value;

/// One declared variable. `Debug` shows what kind of default it has.
#[derive(Clone)]
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
    /// How the default is made of other variables, in a legacy template.
    pub late: Option<Late>,
}

impl VariableDecl {
    /// A variable that nothing declares: packer takes any name for a legacy template.
    pub fn undeclared(name: &str, location: Location) -> Self {
        Self {
            name: name.to_owned(),
            kind: Type::String,
            default: None,
            has_default: false,
            sensitive: false,
            description: None,
            validations: Vec::new(),
            location,
            late: None,
        }
    }
}

impl fmt::Debug for VariableDecl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VariableDecl")
            .field("name", &self.name)
            .field("default", &self.default.as_ref().map(Value::kind))
            .field("sensitive", &self.sensitive)
            .field("location", &self.location)
            .finish_non_exhaustive()
    }
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
/// Problems do not stop it: `DuplicateVariable`, `BadVariable`, `BadType`, a default that does not fit its type.
pub fn collect(documents: &[Document]) -> (BTreeMap<String, VariableDecl>, Vec<Diagnostic>) {
    let mut declared: BTreeMap<String, VariableDecl> = BTreeMap::new();
    let mut diagnostics = Vec::new();
    for (at, document) in documents.iter().enumerate() {
        for block in document.body().blocks() {
            let found = match block.ident.as_str() {
                "variable" => declaration(document, at, block, &mut diagnostics).into_iter().collect(),
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

fn declaration(
    document: &Document,
    at: usize,
    block: &Block,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<VariableDecl> {
    // A block without a name is `blocks::check`'s to report.
    let label = block.labels.first()?;
    let arguments = ["type", "default", "description", "sensitive"];
    diagnostics.extend(blocks::only(document, "variable", &block.body, &arguments, &["validation"]));
    if !is_identifier(label.as_str()) {
        diagnostics.push(
            Diagnostic::error("BadVariable", format!("`{}` is not a name for a variable", label.as_str()))
                .at(document.location(label))
                .hint("a name starts with a letter or `_`; letters, digits, `_` and `-` follow"),
        );
    }
    let attribute = |name: &str| block.body.get_attribute(name).map(|attribute| &attribute.value);
    let text = |name: &str| attribute(name).and_then(|value| evaluate(document, value, &Scope::open()).ok());
    let mut kind = Type::Any;
    if let Some(expression) = attribute("type") {
        let constant = |default: &Expression| evaluate(document, default, &Scope::closed());
        match type_expr::parse(document, expression, Some(&constant)) {
            Ok(parsed) => kind = parsed,
            Err(problem) => diagnostics.push(*problem),
        }
    }
    let mut default = None;
    let is_legacy = document.dialect() == Dialect::Legacy;
    if let Some(expression) = attribute("default") {
        diagnostics.extend(not_constant(document, expression).filter(|_| !is_legacy));
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
    let rules = block.body.get_blocks("validation");
    let validations =
        rules.filter_map(|rule| validation(document, at, label.as_str(), rule, diagnostics)).collect();
    let sensitive = text("sensitive").as_ref().and_then(to_bool);
    if let (Some(expression), None) = (attribute("sensitive"), sensitive) {
        diagnostics.push(
            Diagnostic::error("BadVariable", "`sensitive` is neither true nor false")
                .at(document.location(expression)),
        );
    }
    let made_of_others = default.as_ref().is_some_and(Value::has_unknown) && is_legacy;
    let late = attribute("default").filter(|_| made_of_others).map(|default| Late::new(document, default));
    let description = text("description");
    if let (Some(expression), Some(value)) = (attribute("description"), &description)
        && !matches!(value, Value::Null | Value::Unknown)
        && to_text(value).is_none()
    {
        diagnostics.push(
            Diagnostic::error("BadVariable", "the description is no text").at(document.location(expression)),
        );
    }
    Some(VariableDecl {
        name: label.as_str().to_owned(),
        kind,
        late,
        has_default: attribute("default").is_some(),
        default,
        sensitive: sensitive == Some(true),
        description: description.and_then(|value| value.as_str().map(str::to_owned)),
        validations,
        location: document.location(block),
    })
}

/// One `validation` block, as strict as packer: it may look at its own variable only, and its message is a
/// sentence that stands in the file as it is.
fn validation(
    document: &Document,
    at: usize,
    variable: &str,
    rule: &Block,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Validation> {
    diagnostics.extend(blocks::only(
        document,
        "validation",
        &rule.body,
        &["condition", "error_message"],
        &[],
    ));
    let mut bad = |node: &dyn Fn() -> Location, message: String, hint: &str| {
        diagnostics.push(Diagnostic::error("BadVariable", message).at(node()).hint(hint.to_owned()));
    };
    for wanted in ["condition", "error_message"] {
        if rule.body.get_attribute(wanted).is_none() {
            let message = format!("a validation without `{wanted}`");
            bad(
                &|| document.location(&rule.ident),
                message,
                "a validation has a condition and an error_message",
            );
        }
    }
    let condition = &rule.body.get_attribute("condition")?.value;
    let mut names = References::default();
    names.visit_expr(condition);
    let other = names.roots.iter().find(|(root, field)| root != "var" || field.as_deref() != Some(variable));
    if let Some((root, field)) = other {
        let name = field.as_ref().map_or(root.clone(), |field| format!("{root}.{field}"));
        let hint = format!("a validation may use `var.{variable}` and nothing else");
        bad(&|| document.location(condition), format!("a validation of `{variable}` uses `{name}`"), &hint);
    }
    if names.roots.is_empty() {
        let message = format!("a validation of `{variable}` does not look at it");
        let hint = format!("use `var.{variable}` in the condition");
        bad(&|| document.location(condition), message, &hint);
    }
    let message = &rule.body.get_attribute("error_message")?.value;
    let text = evaluate(document, message, &Scope::closed()).ok().and_then(|value| match value {
        Value::String(text) => Some(text),
        _ => None,
    });
    if !text.as_deref().is_some_and(is_sentence) {
        let hint = "write a sentence: a capital letter first, a full stop at the end, no interpolation";
        bad(&|| document.location(message), "packer does not take this error_message".into(), hint);
    }
    let message = text.unwrap_or_else(|| "the value breaks its validation rule".into());
    Some(Validation { condition: condition.clone(), message, document: at })
}

fn is_sentence(text: &str) -> bool {
    let text = text.trim();
    let starts = text.chars().next().is_some_and(|first| !first.is_alphabetic() || first.is_uppercase());
    starts && text.ends_with(['.', '?', '!'])
}

/// Packer reads defaults before it knows any name; the one function that it takes is `env()`.
fn not_constant(document: &Document, expression: &Expression) -> Option<Diagnostic> {
    let mut used = References::default();
    used.visit_expr(expression);
    let name = used.roots.first().map(|(root, _)| format!("`{root}`"));
    let call = used.calls.iter().find(|name| *name != "env").map(|name| format!("`{name}()`"));
    let used = name.or(call)?;
    Some(
        Diagnostic::error("BadVariable", format!("the default uses {used}"))
            .at(document.location(expression))
            .hint("a default is a constant, or `env(\"NAME\")`; compute values in `locals`"),
    )
}

/// What an expression refers to: names with their first field, and functions.
#[derive(Default)]
struct References {
    roots: Vec<(String, Option<String>)>,
    calls: Vec<String>,
    /// Names that a `for` of the expression itself brings.
    bound: Vec<String>,
}

impl Visit for References {
    fn visit_traversal(&mut self, traversal: &Traversal) {
        match &traversal.expr {
            Expression::Variable(root) if !self.bound.iter().any(|name| name == root.as_str()) => {
                let field = match traversal.operators.first().map(|operator| operator.value()) {
                    Some(TraversalOperator::GetAttr(field)) => Some(field.as_str().to_owned()),
                    _ => None,
                };
                self.roots.push((root.as_str().to_owned(), field));
                for operator in &traversal.operators {
                    self.visit_traversal_operator(operator.value());
                }
            }
            _ => visit::visit_traversal(self, traversal),
        }
    }

    fn visit_expr(&mut self, expression: &Expression) {
        match expression {
            Expression::Variable(name) if !self.bound.iter().any(|bound| bound == name.as_str()) => {
                self.roots.push((name.as_str().to_owned(), None));
            }
            _ => visit::visit_expr(self, expression),
        }
    }

    fn visit_for_expr(&mut self, repeat: &ForExpr) {
        self.visit_expr(&repeat.intro.collection_expr);
        let before = self.bound.len();
        let names = repeat.intro.key_var.iter().chain([&repeat.intro.value_var]);
        self.bound.extend(names.map(|name| name.as_str().to_owned()));
        let inner = repeat.key_expr.iter().chain([&repeat.value_expr]);
        for expression in inner.chain(repeat.cond.iter().map(|condition| &condition.expr)) {
            self.visit_expr(expression);
        }
        self.bound.truncate(before);
    }

    fn visit_func_call(&mut self, call: &FuncCall) {
        self.calls.push(call.name.name.as_str().to_owned());
        visit::visit_func_call(self, call);
    }
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
            late: None,
        })
        .collect()
}
