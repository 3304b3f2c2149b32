//! Evaluation of expressions, with everything that only packer knows carried as unknown.

use std::cell::{Cell, RefCell};
use std::fmt;

use hcl_edit::Span;
use hcl_edit::expr::{Expression, ObjectKey, TraversalOperator, UnaryOperator};
use indexmap::IndexMap;

use super::budget::Budget;
pub use super::scope::Scope;
use super::world::{Nothing, World};
use super::{Document, convert, types};
use crate::diagnostic::Diagnostic;
use crate::number::Number;
use crate::shape::Shape;
use crate::suggest;
use crate::value::{Form, Value};

/// Expressions nested deeper than this are refused instead of exhausting the stack.
const MAX_DEPTH: usize = 100;
/// More reasons are not remembered: a loop may come to the same one very often.
const MAX_REASONS: usize = 8;

/// A value, and why parts of it are unknown.
/// `Debug` shows no values.
#[derive(Clone, PartialEq)]
pub struct Explained {
    /// The value.
    pub value: Value,
    /// Places in the expression that only packer knows, the first ones, in the order of evaluation; some of them
    /// may lie in a branch that was not taken. Empty when the value is known.
    pub unknown: Vec<Diagnostic>,
}

impl fmt::Debug for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explained").field("kind", &self.value.kind()).field("unknown", &self.unknown).finish()
    }
}

/// Evaluates one expression of `document`.
///
/// # Errors
/// A diagnostic at the part that cannot be evaluated: `UnknownReference`, `UnknownFunction`, `BadExpression`.
pub fn evaluate(
    document: &Document,
    expression: &Expression,
    scope: &Scope,
) -> Result<Value, Box<Diagnostic>> {
    evaluate_in(document, expression, scope, &Nothing)
}

/// As [`evaluate`], with a `world` that knows what the scope does not.
///
/// # Errors
/// Those of [`evaluate`], and where a call that the world answers fails.
pub fn evaluate_in(
    document: &Document,
    expression: &Expression,
    scope: &Scope,
    world: &dyn World,
) -> Result<Value, Box<Diagnostic>> {
    let shared = Shared::of(world);
    Evaluator { document, shared: &shared, source: Source::Expression }.expression(expression, scope, 0)
}

/// As [`evaluate`], with the places and reasons of everything that is unknown.
///
/// # Errors
/// Those of [`evaluate`].
pub fn explain(
    document: &Document,
    expression: &Expression,
    scope: &Scope,
) -> Result<Explained, Box<Diagnostic>> {
    let shared = Shared::of(&Nothing);
    let evaluator = Evaluator { document, shared: &shared, source: Source::Expression };
    let value = evaluator.expression(expression, scope, 0)?;
    if value.has_unknown() {
        // What came unknown out of the scope has no reason of its own.
        evaluator.unknown(expression, || "this is known only when packer runs".into());
        return Ok(Explained { value, unknown: shared.reasons.into_inner() });
    }
    Ok(Explained { value, unknown: Vec::new() })
}

/// As [`evaluate`], for a value that must be known in full: what only packer knows is an error at its place.
///
/// # Errors
/// Those of [`evaluate`], and `BadExpression` with the reason why something is unknown.
pub fn evaluate_known(
    document: &Document,
    expression: &Expression,
    scope: &Scope,
) -> Result<Value, Box<Diagnostic>> {
    let Explained { value, unknown } = explain(document, expression, scope)?;
    match unknown.into_iter().next() {
        Some(reason) => Err(Box::new(reason)),
        None => Ok(value),
    }
}

/// What one evaluation shares with the templates that it renders on the way.
pub(super) struct Shared<'a> {
    budget: Budget,
    /// Why values are unknown.
    reasons: RefCell<Vec<Diagnostic>>,
    pub(super) world: &'a dyn World,
    /// Whether packer surely needs what is evaluated right now.
    pub(super) needed: Cell<bool>,
}

impl<'a> Shared<'a> {
    fn of(world: &'a dyn World) -> Self {
        Self { budget: Budget::default(), reasons: RefCell::default(), world, needed: Cell::new(true) }
    }
}

/// Where the evaluated text stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Expression,
    /// In a file that `templatefile()` renders.
    TemplateFile,
}

pub(super) struct Evaluator<'a> {
    pub(super) document: &'a Document,
    pub(super) shared: &'a Shared<'a>,
    pub(super) source: Source,
}

pub(super) type Eval = Result<Value, Box<Diagnostic>>;

impl Evaluator<'_> {
    pub(super) fn fail(&self, node: &impl Span, message: impl Into<String>) -> Box<Diagnostic> {
        Box::new(Diagnostic::error("BadExpression", message).at(self.document.location(node)))
    }

    /// Remembers why a value is unknown.
    pub(super) fn unknown(&self, node: &impl Span, reason: impl FnOnce() -> String) -> Value {
        self.unknown_with(node, reason, None)
    }

    /// As [`Self::unknown`], with a cure.
    pub(super) fn unknown_with(
        &self,
        node: &impl Span,
        reason: impl FnOnce() -> String,
        hint: Option<&str>,
    ) -> Value {
        let mut reasons = self.shared.reasons.borrow_mut();
        if reasons.len() < MAX_REASONS {
            let mut reason = *self.fail(node, reason());
            reason.hint = hint.map(str::to_owned);
            reasons.push(reason);
        }
        Value::Unknown
    }

    pub(super) fn expression(&self, expression: &Expression, scope: &Scope, depth: usize) -> Eval {
        if depth > MAX_DEPTH {
            return Err(self.fail(expression, "expression is nested too deeply"));
        }
        let value = self.value_of(expression, scope, depth + 1)?;
        if self.shared.budget.take(&value) { Ok(value) } else { Err(self.too_much(expression)) }
    }

    /// Runs something whose failure packer might not see.
    pub(super) fn perhaps<T>(&self, work: impl FnOnce() -> T) -> T {
        let before = self.shared.needed.replace(false);
        let result = work();
        self.shared.needed.set(before);
        result
    }

    /// Whether so much more text may be computed.
    pub(super) fn spend(&self, node: &impl Span, bytes: usize) -> Result<(), Box<Diagnostic>> {
        if self.shared.budget.spend(bytes) { Ok(()) } else { Err(self.too_much(node)) }
    }

    fn too_much(&self, node: &impl Span) -> Box<Diagnostic> {
        self.fail(node, "expression computes more than any template needs")
    }

    fn value_of(&self, expression: &Expression, scope: &Scope, depth: usize) -> Eval {
        match expression {
            Expression::Null(_) => Ok(Value::Null),
            Expression::Bool(value) => Ok(Value::Bool(*value.value())),
            Expression::Number(number) => self.number(number),
            Expression::String(text) => Ok(convert::normalized(Value::String(text.value().clone()))),
            Expression::StringTemplate(template) => self.string(template.iter(), scope, depth),
            Expression::HeredocTemplate(heredoc) => self.heredoc(heredoc, scope, depth),
            Expression::Parenthesis(inner) => self.expression(inner.inner(), scope, depth),
            Expression::Array(items) => items
                .iter()
                .map(|item| self.expression(item, scope, depth))
                .collect::<Result<_, _>>()
                .map(Value::List),
            Expression::Object(object) => {
                let mut entries = IndexMap::new();
                for (key, value) in object.iter() {
                    let key = match key {
                        ObjectKey::Ident(name) => {
                            convert::normalized(Value::String(name.as_str().to_owned()))
                        }
                        ObjectKey::Expression(key) => self.expression(key, scope, depth)?,
                    };
                    let value = self.expression(value.expr(), scope, depth)?;
                    match key {
                        Value::Unknown => return Ok(Value::Unknown),
                        key => {
                            let key = convert::to_text(&key).ok_or_else(|| {
                                self.fail(expression, format!("a {} cannot be a key", key.kind()))
                            })?;
                            entries.insert(key, value);
                        }
                    }
                }
                Ok(Value::object(entries))
            }
            Expression::Variable(name) => self.name(name.as_str(), name, scope),
            Expression::Conditional(conditional) => self.conditional(conditional, scope, depth),
            Expression::FuncCall(call) => self.call(call, scope, depth),
            Expression::Traversal(traversal) => {
                let operators: Vec<&TraversalOperator> =
                    traversal.operators.iter().map(|op| op.value()).collect();
                // `local.name` needs one of the locals and no copy of all.
                if let (Expression::Variable(root), [TraversalOperator::GetAttr(name), rest @ ..]) =
                    (&traversal.expr, operators.as_slice())
                    && let Some(value) = self.field(root.as_str(), name.as_str(), scope)
                {
                    return self.traverse(expression, value, rest, scope, depth);
                }
                let base = self.expression(&traversal.expr, scope, depth)?;
                self.traverse(expression, base, &operators, scope, depth)
            }
            Expression::UnaryOp(op) => {
                let value = self.expression(&op.expr, scope, depth)?;
                match (*op.operator.value(), &value) {
                    (_, Value::Unknown) => Ok(Value::Unknown),
                    (UnaryOperator::Not, value) => convert::to_bool(value)
                        .map(|flag| Value::Bool(!flag))
                        .ok_or_else(|| self.fail(expression, "`!` needs a bool")),
                    (UnaryOperator::Neg, value) => convert::to_number(value)
                        .map(|number| Value::Number(number.negated()))
                        .ok_or_else(|| self.fail(expression, "`-` needs a number")),
                }
            }
            Expression::BinaryOp(op) => self.binary(expression, op, scope, depth),
            Expression::ForExpr(for_expr) => self.for_expression(expression, for_expr, scope, depth),
        }
    }

    /// `root.name`, without a copy of all that `root` has.
    fn field(&self, root: &str, name: &str, scope: &Scope) -> Option<Value> {
        match (scope.names.get(root), self.source) {
            (Some(value), _) => match &**value {
                Value::Map(entries) => entries.get(name).cloned(),
                _ => None,
            },
            (None, Source::Expression) => self.shared.world.field(root, name),
            // It sees nothing but the names that it got.
            (None, Source::TemplateFile) => None,
        }
    }

    fn name(&self, name: &str, node: &impl Span, scope: &Scope) -> Eval {
        if let Some(value) = scope.names.get(name) {
            return Ok((**value).clone());
        }
        if scope.open {
            return Ok(self.unknown(node, || format!("`{name}` is known only when packer runs")));
        }
        let known = scope.names.keys().map(String::as_str);
        let hint = match suggest::nearest(name, known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("names that may be used here: {}", known.collect::<Vec<_>>().join(", ")),
        };
        Err(Box::new(
            Diagnostic::error("UnknownReference", format!("`{name}` is not known here"))
                .at(self.document.location(node))
                .hint(hint),
        ))
    }

    /// The number as it stands in the file: the parser has rounded it to 64 bits.
    fn number(&self, number: &hcl_edit::Formatted<hcl_edit::Number>) -> Eval {
        let written = number.span().and_then(|span| self.document.syntax().get(span));
        let read = written.and_then(Number::parse);
        let read = read.or_else(|| number.value().as_f64().and_then(Number::from_f64));
        read.map(Value::Number).ok_or_else(|| self.fail(number, "this number is too large"))
    }

    fn traverse(
        &self,
        node: &Expression,
        value: Value,
        operators: &[&TraversalOperator],
        scope: &Scope,
        depth: usize,
    ) -> Eval {
        let Some((first, rest)) = operators.split_first() else { return Ok(value) };
        if value == Value::Unknown {
            return Ok(Value::Unknown);
        }
        let next = match first {
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
                let items = match value {
                    Value::List(items) => items,
                    Value::Null => Vec::new().into(),
                    other => vec![other].into(),
                };
                let tuple = *items.form() == Form::Tuple;
                // Behind `.*`, an index counts in what comes of all elements.
                let full = matches!(first, TraversalOperator::FullSplat(_));
                let field = |operator: &&&TraversalOperator| {
                    matches!(operator, TraversalOperator::GetAttr(_) | TraversalOperator::LegacyIndex(_))
                };
                let each = if full { rest.len() } else { rest.iter().take_while(field).count() };
                let (each, behind) = rest.split_at(each);
                let items: Result<Vec<_>, _> =
                    items.into_iter().map(|item| self.traverse(node, item, each, scope, depth)).collect();
                let items = items.map(|items| if tuple { Value::tuple(items) } else { splat(items) })?;
                return self.traverse(node, items, behind, scope, depth);
            }
            TraversalOperator::GetAttr(name) => {
                convert::index(&value, &convert::normalized(Value::String(name.as_str().to_owned())))
            }
            TraversalOperator::LegacyIndex(at) => {
                convert::index(&value, &Value::Number(Number::from(*at.value())))
            }
            TraversalOperator::Index(at) => {
                let at = self.expression(at, scope, depth)?;
                if at == Value::Unknown {
                    return match self.any_element(&value) {
                        Some(element) => self.perhaps(|| self.traverse(node, element, rest, scope, depth)),
                        None => Ok(Value::Unknown),
                    };
                }
                convert::index(&value, &at)
            }
        };
        match next {
            Some(next) => self.traverse(node, next, rest, scope, depth),
            None => Err(self.fail(node, format!("this {} has no such element", value.kind()))),
        }
    }
}

/// What a splat of a list or set gives: a list of its elements' type.
fn splat(items: Vec<Value>) -> Value {
    let shapes: Vec<_> = items.iter().filter(|item| **item != Value::Null).map(Value::shape).collect();
    let of = types::unified(&shapes).unwrap_or(Shape::Any);
    Value::list(items, of)
}
