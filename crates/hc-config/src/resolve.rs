//! Layers of values merged into one, every value knowing where it came from (CONFIG-1, CONFIG-3, CONFIG-4).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use hcl_edit::Span;
use hcl_edit::expr::Expression;
use indexmap::IndexMap;

use crate::cloudinit;
use crate::diagnostic::{Diagnostic, Location};
use crate::hcl::Document;
use crate::hcl::eval::{Scope, evaluate, evaluate_known};
use crate::hcl::types::Type;
use crate::hcl::world::Nothing;
use crate::json::Dialect;
use crate::late::Late;
use crate::secrets::{self, SecretRef};
use crate::suggest;
use crate::value::{Entries, Value};
use crate::variables::VariableDecl;

/// One var file, with the name under which `--explain` shows it.
#[derive(Debug, Clone)]
pub struct Layer {
    /// `vars`, `env dev`, `env dev + file`, …
    pub name: String,
    /// The file.
    pub document: Document,
}

/// Everything that decides the values of one target. `Debug` shows names only.
pub struct ResolveInput<'a> {
    /// The composed template's variables.
    pub declared: &'a BTreeMap<String, VariableDecl>,
    /// The documents that `declared` was read from (validation rules point into them).
    pub templates: &'a [Document],
    /// Values that stand right above the defaults: what the provisioner stacks emit.
    pub supplied: &'a BTreeMap<String, Value>,
    /// Merged cloud-init user data and the file that decided last (CONFIG-6).
    pub user_data: Option<&'a (Location, String)>,
    /// Var files, lowest precedence first.
    pub layers: &'a [Layer],
    /// The answers file.
    pub answers: Option<&'a IndexMap<String, Value>>,
    /// `--set key=value`, in order.
    pub sets: &'a [(String, String)],
    /// Names that overlay expressions may use: `env os platform variant builder git_sha`.
    pub scope: &'a Scope,
    /// Names that hybrid itself gives to packer at run time; never missing.
    pub injected: &'a BTreeSet<String>,
    /// Names that some other builder of the project declares: shared layers may hold them without a word.
    pub elsewhere: &'a BTreeSet<String>,
    /// Whether unknown keys are errors.
    pub strict: bool,
}

/// Where a value came from. `Debug` shows what kind of value it is.
#[derive(Clone, PartialEq)]
pub struct Origin {
    /// Name of the layer.
    pub layer: String,
    /// Place, where a file gave it.
    pub location: Option<Location>,
    /// The value; `Unknown` for a secret.
    pub value: Value,
    /// The reference, for a secret.
    pub secret: Option<SecretRef>,
}

/// The final value of one variable. `Debug` shows what kind of value it is.
#[derive(Clone, PartialEq)]
pub struct ResolvedVar {
    /// The value, converted to the variable's type; `Unknown` for a secret.
    pub value: Value,
    /// The reference, when the winning value is a secret.
    pub secret: Option<SecretRef>,
    /// Whether packer hides the value.
    pub sensitive: bool,
    /// Every layer that gave a value, lowest precedence first; the last one won.
    pub chain: Vec<Origin>,
    /// How the value is made of others, in a legacy template.
    pub late: Option<Late>,
}

impl ResolvedVar {
    /// Whether only the template's default gave a value.
    pub fn is_default(&self) -> bool {
        self.chain.last().is_none_or(|origin| origin.layer == DEFAULT)
    }
}

/// All values of one target, and what is wrong with them.
#[derive(Debug, Clone, Default)]
pub struct Resolution {
    /// By variable name.
    pub vars: BTreeMap<String, ResolvedVar>,
    /// Problems, in order of layers.
    pub diagnostics: Vec<Diagnostic>,
}

impl fmt::Debug for ResolveInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResolveInput")
            .field("declared", &self.declared.keys())
            .field("supplied", &self.supplied.keys())
            .field("user_data", &self.user_data.map(|(place, _)| place))
            .field("layers", &self.layers)
            .field("answers", &self.answers.map(IndexMap::keys))
            .field("sets", &self.sets.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("scope", &self.scope)
            .field("strict", &self.strict)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin")
            .field("layer", &self.layer)
            .field("location", &self.location)
            .field("value", &self.value.kind())
            .field("secret", &self.secret)
            .finish()
    }
}

impl fmt::Debug for ResolvedVar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResolvedVar")
            .field("value", &self.value.kind())
            .field("secret", &self.secret)
            .field("sensitive", &self.sensitive)
            .field("chain", &self.chain)
            .finish()
    }
}

/// Packer computes values of others in no more rounds.
const ROUNDS: usize = 100;
/// Layer name of template defaults.
pub const DEFAULT: &str = "template default";
/// Layer name of values that provisioner stacks emit.
pub const SUPPLIED: &str = "provisioners";
/// Layer name of merged user data.
pub const CLOUDINIT: &str = "cloud-init";
/// Layer name of the answers file.
pub const ANSWERS: &str = "answers";
/// Layer name of `--set`.
pub const SET: &str = "--set";

/// Merges all layers and checks the result; never stops at the first problem.
pub fn resolve(input: &ResolveInput<'_>) -> Resolution {
    let is_legacy = input.templates.iter().any(|document| document.dialect() == Dialect::Legacy);
    let mut merge = Merge { input, is_legacy, out: Resolution::default() };
    merge.defaults();
    for (name, value) in input.supplied {
        if input.declared.contains_key(name) {
            merge.put(name, SUPPLIED, None, Ok(value.clone()));
        }
    }
    for layer in input.layers {
        merge.layer(layer);
    }
    if let Some((location, text)) = input.user_data {
        let place = Some(location.clone());
        merge.typed(cloudinit::VARIABLE, CLOUDINIT, place.clone(), place, Value::String(text.clone()));
    }
    for (name, value) in input.answers.into_iter().flatten() {
        merge.given(name, ANSWERS, None, value.clone());
    }
    for (name, text) in input.sets {
        merge.set(name, text);
    }
    settle(&mut merge.out.vars);
    merge.missing();
    merge.validations();
    merge.out
}

struct Merge<'a> {
    input: &'a ResolveInput<'a>,
    /// Whether texts may refer to variables.
    is_legacy: bool,
    out: Resolution,
}

impl Merge<'_> {
    fn defaults(&mut self) {
        for variable in self.input.declared.values().filter(|variable| variable.has_default) {
            let value = variable.default.clone().unwrap_or(Value::Unknown);
            self.put(&variable.name, DEFAULT, Some(variable.location.clone()), Ok(value));
        }
    }

    fn layer(&mut self, layer: &Layer) {
        for attribute in layer.document.body().attributes() {
            let name = attribute.key.as_str();
            let place = layer.document.location(&attribute.key);
            let place = Location { span: attribute.span().unwrap_or(place.span.clone()), ..place };
            if !self.known(name, Some(layer.document.location(&attribute.key))) {
                continue;
            }
            let evaluated = match secrets::reference(&layer.document, &attribute.value) {
                Some(Ok(reference)) => {
                    self.put(name, &layer.name, Some(place), Err(reference));
                    continue;
                }
                Some(Err(problem)) => Err(problem),
                None => finite(&layer.document, &attribute.value, self.input.scope),
            };
            match evaluated {
                Ok(value) => {
                    // Go's reader of texts makes nothing of `null`.
                    let value = match value {
                        Value::Null if self.is_legacy => Value::String(String::new()),
                        value => value,
                    };
                    let value_place = layer.document.location(&attribute.value);
                    self.typed(name, &layer.name, Some(place), Some(value_place), value);
                }
                Err(problem) => {
                    self.out.diagnostics.push(*problem);
                    // It was given, if badly: it is not missing as well.
                    self.put(name, &layer.name, Some(place), Ok(Value::Unknown));
                }
            }
        }
        for block in layer.document.body().blocks() {
            self.out.diagnostics.push(
                Diagnostic::error("HclSyntax", "var files hold only `key = value`, no blocks")
                    .at(layer.document.location(&block.ident)),
            );
        }
    }

    fn given(&mut self, name: &str, layer: &str, place: Option<Location>, value: Value) {
        if self.known(name, place.clone()) {
            self.typed(name, layer, place.clone(), place, value);
        }
    }

    /// As packer's `-var`: text for string variables, an expression for all others.
    fn set(&mut self, name: &str, text: &str) {
        let Some(variable) = self.input.declared.get(name) else {
            self.known(name, None);
            return;
        };
        if matches!(variable.kind, Type::String | Type::Any) {
            return self.given(name, SET, None, Value::String(text.to_owned()));
        }
        let parsed = Document::parse(std::path::Path::new("--set"), format!("v = {text}\n"));
        let expression = |document: &Document| document.body().get_attribute("v").map(|v| v.value.clone());
        let parsed = parsed.ok().and_then(|document| expression(&document).map(|value| (document, value)));
        let value = match parsed {
            Some((document, expression)) => finite(&document, &expression, &Scope::closed()),
            None => Ok(Value::String(text.to_owned())),
        };
        match value {
            Ok(value) => self.given(name, SET, None, value),
            // A bare word is text, as for packer.
            Err(problem) if problem.code == "UnknownReference" => {
                self.given(name, SET, None, Value::String(text.to_owned()));
            }
            Err(mut problem) => {
                problem.message = format!("`{name}` from {SET}: {}", problem.message);
                problem.location = None;
                self.out.diagnostics.push(*problem);
                self.put(name, SET, None, Ok(Value::Unknown));
            }
        }
    }

    /// Reports a name that no variable has.
    fn known(&mut self, name: &str, place: Option<Location>) -> bool {
        if self.input.declared.contains_key(name) {
            return true;
        }
        if self.input.elsewhere.contains(name) {
            return false;
        }
        let message = format!("no template declares `{name}`");
        let mut diagnostic = if self.input.strict || place.is_none() {
            Diagnostic::error("UnknownVariable", message)
        } else {
            Diagnostic::warning("UnknownVariable", message)
        };
        diagnostic.location = place;
        diagnostic.hint = suggest::nearest(name, self.input.declared.keys().map(String::as_str))
            .map(|near| format!("did you mean `{near}`?"));
        self.out.diagnostics.push(diagnostic);
        false
    }

    fn typed(
        &mut self,
        name: &str,
        layer: &str,
        place: Option<Location>,
        value_place: Option<Location>,
        value: Value,
    ) {
        let Some(variable) = self.input.declared.get(name) else { return };
        match variable.kind.convert(&value) {
            Ok(value) => self.put(name, layer, place, Ok(value)),
            Err(problem) => {
                let diagnostic = match value_place {
                    Some(place) => Diagnostic::error("WrongType", format!("`{name}` does not fit its type"))
                        .at(place)
                        .label(problem.to_string()),
                    // A label needs a place to stand at.
                    None => Diagnostic::error(
                        "WrongType",
                        format!("`{name}` from {layer} does not fit its type: {problem}"),
                    ),
                };
                let hint = format!("the variable is declared at {}", variable.location);
                self.out.diagnostics.push(diagnostic.hint(hint));
                // Keep the chain whole, so that the variable is not called missing as well.
                self.put(name, layer, place, Ok(Value::Unknown));
            }
        }
    }

    fn put(&mut self, name: &str, layer: &str, location: Option<Location>, value: Result<Value, SecretRef>) {
        let Some(variable) = self.input.declared.get(name) else { return };
        let (value, secret) = match value {
            Ok(value) => (value, None),
            Err(reference) => (Value::Unknown, Some(reference)),
        };
        if secret.is_some() && !variable.sensitive {
            let mut diagnostic = Diagnostic::error(
                "SecretNotSensitive",
                format!("`{name}` gets a secret but is not sensitive"),
            )
            .hint(match self.is_legacy {
                true => format!("add it to `sensitive-variables` of {}", variable.location.path.display()),
                false => format!("add `sensitive = true` to the variable at {}", variable.location),
            });
            diagnostic.location = location.clone();
            self.out.diagnostics.push(diagnostic);
        }
        let entry = self.out.vars.entry(name.to_owned()).or_insert_with(|| ResolvedVar {
            value: Value::Null,
            secret: None,
            sensitive: variable.sensitive,
            chain: Vec::new(),
            late: None,
        });
        entry.late = match (&value, layer) {
            (_, DEFAULT) => variable.late.clone(),
            (Value::String(text), _) if self.is_legacy => Late::of_text(text),
            _ => None,
        };
        entry.value = value.clone();
        entry.secret = secret.clone();
        entry.chain.push(Origin { layer: layer.to_owned(), location, value, secret });
    }

    fn missing(&mut self) {
        for variable in self.input.declared.values() {
            if self.out.vars.contains_key(&variable.name) || self.input.injected.contains(&variable.name) {
                continue;
            }
            self.out.diagnostics.push(
                Diagnostic::error("MissingVariable", format!("variable `{}` has no value", variable.name))
                    .at(variable.location.clone())
                    .label("declared here without a default")
                    .hint(format!(
                        "set `{}` in an overlay below configs/overlays/, or with --set",
                        variable.name
                    )),
            );
        }
    }

    fn validations(&mut self) {
        for variable in self.input.declared.values() {
            let Some(resolved) = self.out.vars.get(&variable.name) else { continue };
            if resolved.secret.is_some() || resolved.value == Value::Unknown {
                continue;
            }
            let own = IndexMap::from([(variable.name.clone(), resolved.value.clone())]);
            let scope = Scope::open().with("var", Value::object(own));
            for rule in &variable.validations {
                let Some(document) = self.input.templates.get(rule.document) else { continue };
                if evaluate(document, &rule.condition, &scope) == Ok(Value::Bool(false)) {
                    let mut diagnostic = Diagnostic::error(
                        "ValidationFailed",
                        format!("`{}`: {}", variable.name, rule.message),
                    );
                    diagnostic.location = resolved.chain.last().and_then(|origin| origin.location.clone());
                    diagnostic.hint = Some(format!("the rule is at {}", document.location(&rule.condition)));
                    self.out.diagnostics.push(diagnostic);
                }
            }
        }
    }
}

/// Evaluates a value that a variable shall have: known in full, and finite, because nothing else can be rendered.
fn finite(document: &Document, expression: &Expression, scope: &Scope) -> Result<Value, Box<Diagnostic>> {
    let value = evaluate_known(document, expression, scope)?;
    if value.has_infinity() {
        let message = "this number is infinite, and no variable can be given that";
        return Err(Box::new(Diagnostic::error("BadExpression", message).at(document.location(expression))));
    }
    Ok(value)
}

/// Computes what is known by now, each value as soon as those that it is made of are.
fn settle(vars: &mut BTreeMap<String, ResolvedVar>) {
    let mut open: Vec<String> =
        vars.iter().filter(|(_, var)| var.late.is_some()).map(|(name, _)| name.clone()).collect();
    for name in &open {
        if let Some(var) = vars.get_mut(name) {
            var.value = Value::Unknown;
        }
    }
    for _ in 0..ROUNDS {
        let known: Entries = vars.iter().map(|(name, var)| (name.clone(), var.value.clone())).collect();
        let scope = Scope::open().with("var", Value::Map(known));
        let before = open.len();
        open.retain(|name| {
            let Some(var) = vars.get_mut(name) else { return false };
            let value = var.late.as_ref().map_or(Value::Unknown, |late| late.value(&scope, &Nothing));
            let is_open = value == Value::Unknown;
            var.value = value;
            is_open
        });
        if open.len() == before {
            return;
        }
    }
}
