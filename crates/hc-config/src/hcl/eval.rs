//! Evaluation of expressions, with everything that only packer knows carried as unknown.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use hcl_edit::Span;
use hcl_edit::expr::{Expression, ForExpr, ObjectKey, TraversalOperator, UnaryOperator};
use indexmap::IndexMap;

use super::budget::Budget;
use super::{Document, convert, functions, operators, type_expr};
use crate::diagnostic::Diagnostic;
use crate::number::Number;
use crate::suggest;
use crate::value::Value;

/// Expressions nested deeper than this are refused instead of exhausting the stack.
const MAX_DEPTH: usize = 100;

/// The names that an expression may use. `Debug` shows no values.
#[derive(Clone, Default)]
pub struct Scope {
    /// Shared, because every round of a `for` has a scope of its own.
    names: BTreeMap<String, Arc<Value>>,
    /// Whether a name that is not in the scope is unknown (templates) or an error (overlays).
    pub open: bool,
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("names", &self.names.keys()).field("open", &self.open).finish()
    }
}

impl Scope {
    /// A scope in which every other name is an error.
    pub fn closed() -> Self {
        Self::default()
    }

    /// A scope in which every other name is unknown.
    pub fn open() -> Self {
        Self { open: true, ..Self::default() }
    }

    /// Adds a name.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.names.insert(name.to_owned(), Arc::new(value));
        self
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
    Evaluator { document, budget: Budget::default() }.expression(expression, scope, 0)
}

pub(super) struct Evaluator<'a> {
    pub(super) document: &'a Document,
    budget: Budget,
}

pub(super) type Eval = Result<Value, Box<Diagnostic>>;

impl Evaluator<'_> {
    pub(super) fn fail(&self, node: &impl Span, message: impl Into<String>) -> Box<Diagnostic> {
        Box::new(Diagnostic::error("BadExpression", message).at(self.document.location(node)))
    }

    pub(super) fn expression(&self, expression: &Expression, scope: &Scope, depth: usize) -> Eval {
        if depth > MAX_DEPTH {
            return Err(self.fail(expression, "expression is nested too deeply"));
        }
        let value = self.value_of(expression, scope, depth + 1)?;
        if self.budget.take(&value) { Ok(value) } else { Err(self.too_much(expression)) }
    }

    /// Whether so much more text may be computed.
    pub(super) fn spend(&self, node: &impl Span, bytes: usize) -> Result<(), Box<Diagnostic>> {
        if self.budget.spend(bytes) { Ok(()) } else { Err(self.too_much(node)) }
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
                Ok(Value::Map(entries))
            }
            Expression::Variable(name) => self.name(name.as_str(), name, scope),
            Expression::Conditional(conditional) => {
                match self.expression(&conditional.cond_expr, scope, depth)? {
                    Value::Unknown => Ok(Value::Unknown),
                    condition => {
                        let condition = convert::to_bool(&condition).ok_or_else(|| {
                            self.fail(&conditional.cond_expr, "the condition is not a bool")
                        })?;
                        let both = [&conditional.true_expr, &conditional.false_expr]
                            .map(|branch| self.expression(branch, scope, depth));
                        let [yes, no] = both;
                        let mut both = convert::unify(vec![yes?, no?]);
                        Ok(both.swap_remove(usize::from(!condition)))
                    }
                }
            }
            Expression::FuncCall(call) => self.call(call, scope, depth),
            Expression::Traversal(traversal) => {
                let operators: Vec<&TraversalOperator> =
                    traversal.operators.iter().map(|op| op.value()).collect();
                // `local.name` needs one of the locals and no copy of all.
                if let (Expression::Variable(root), [TraversalOperator::GetAttr(name), rest @ ..]) =
                    (&traversal.expr, operators.as_slice())
                    && let Some(Value::Map(entries)) = scope.names.get(root.as_str()).map(|value| &**value)
                    && let Some(value) = entries.get(name.as_str())
                {
                    return self.traverse(expression, value.clone(), rest, scope, depth);
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
            Expression::BinaryOp(op) => {
                let left = self.expression(&op.lhs_expr, scope, depth)?;
                let right = self.expression(&op.rhs_expr, scope, depth)?;
                operators::binary(*op.operator.value(), &left, &right).ok_or_else(|| {
                    self.fail(
                        expression,
                        format!("this operator does not take a {} and a {}", left.kind(), right.kind()),
                    )
                })
            }
            Expression::ForExpr(for_expr) => self.for_expression(expression, for_expr, scope, depth),
        }
    }

    fn name(&self, name: &str, node: &impl Span, scope: &Scope) -> Eval {
        if let Some(value) = scope.names.get(name) {
            return Ok((**value).clone());
        }
        if scope.open {
            return Ok(Value::Unknown);
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

    fn call(&self, call: &hcl_edit::expr::FuncCall, scope: &Scope, depth: usize) -> Eval {
        let name = call.name.name.as_str();
        // These two must see their arguments unevaluated.
        if matches!(name, "try" | "can") {
            for argument in call.args.iter() {
                match self.expression(argument, scope, depth) {
                    Ok(Value::Unknown) => return Ok(Value::Unknown),
                    Ok(_) if name == "can" => return Ok(Value::Bool(true)),
                    Ok(value) => return Ok(value),
                    Err(_) => {}
                }
            }
            return if name == "can" {
                Ok(Value::Bool(false))
            } else {
                Err(self.fail(call, "no argument of try() can be evaluated"))
            };
        }
        if name == "convert" {
            return self.convert(call, scope, depth);
        }
        let mut arguments = call
            .args
            .iter()
            .map(|argument| self.expression(argument, scope, depth))
            .collect::<Result<Vec<_>, _>>()?;
        if call.args.expand_final() {
            match arguments.pop() {
                Some(Value::List(items)) => arguments.extend(items),
                Some(Value::Unknown) => return Ok(Value::Unknown),
                _ => return Err(self.fail(call, "only a list can be expanded with `...`")),
            }
        }
        functions::call(name, &arguments).map_err(|error| {
            let mut diagnostic = self.fail(call, error.to_string());
            if let functions::FunctionError::NotAFunction(_) = error {
                diagnostic.code = "UnknownFunction";
                diagnostic.hint =
                    suggest::nearest(name, functions::names()).map(|near| format!("did you mean `{near}`?"));
            }
            diagnostic
        })
    }

    /// `convert(value, type)`: the second argument is a type and no value.
    fn convert(&self, call: &hcl_edit::expr::FuncCall, scope: &Scope, depth: usize) -> Eval {
        let mut arguments = call.args.iter();
        let (Some(value), Some(kind), None) = (arguments.next(), arguments.next(), arguments.next()) else {
            return Err(self.fail(call, "convert() takes a value and a type"));
        };
        let value = self.expression(value, scope, depth)?;
        let default = |default: &Expression| evaluate(self.document, default, &Scope::closed());
        let kind = type_expr::parse(self.document, kind, &default)?;
        kind.convert(&value).map_err(|error| self.fail(call, error.to_string()))
    }

    /// The number as it stands in the file: the parser has rounded it to 64 bits.
    fn number(&self, number: &hcl_edit::Formatted<hcl_edit::Number>) -> Eval {
        let written = number.span().and_then(|span| self.document.text().get(span));
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
                    Value::Null => Vec::new(),
                    other => vec![other],
                };
                let items: Result<Vec<_>, _> =
                    items.into_iter().map(|item| self.traverse(node, item, rest, scope, depth)).collect();
                return items.map(Value::List);
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
                    return Ok(Value::Unknown);
                }
                convert::index(&value, &at)
            }
        };
        match next {
            Some(next) => self.traverse(node, next, rest, scope, depth),
            None => Err(self.fail(node, format!("this {} has no such element", value.kind()))),
        }
    }

    fn for_expression(&self, node: &Expression, for_expr: &ForExpr, scope: &Scope, depth: usize) -> Eval {
        let collection = self.expression(&for_expr.intro.collection_expr, scope, depth)?;
        if collection == Value::Unknown {
            return Ok(Value::Unknown);
        }
        let pairs = pairs(&collection).ok_or_else(|| {
            self.fail(node, format!("`for` needs a list or map, not a {}", collection.kind()))
        })?;
        let mut list = Vec::new();
        let mut map: IndexMap<String, Value> = IndexMap::new();
        for (key, item) in pairs {
            let mut inner = scope.clone();
            if let Some(name) = &for_expr.intro.key_var {
                inner = inner.with(name.as_str(), key);
            }
            inner = inner.with(for_expr.intro.value_var.as_str(), item);
            if let Some(condition) = &for_expr.cond {
                match self.expression(&condition.expr, &inner, depth)? {
                    Value::Unknown => return Ok(Value::Unknown),
                    condition => {
                        if !convert::to_bool(&condition)
                            .ok_or_else(|| self.fail(node, "the `if` of a `for` is not a bool"))?
                        {
                            continue;
                        }
                    }
                }
            }
            let value = self.expression(&for_expr.value_expr, &inner, depth)?;
            let Some(key_expr) = &for_expr.key_expr else {
                list.push(value);
                continue;
            };
            let key = self.expression(key_expr, &inner, depth)?;
            if key == Value::Unknown {
                return Ok(Value::Unknown);
            }
            let key = convert::to_text(&key)
                .ok_or_else(|| self.fail(node, "a key of this `for` is not a string"))?;
            if for_expr.grouping {
                match map.entry(key).or_insert_with(|| Value::List(Vec::new())) {
                    Value::List(group) => group.push(value),
                    _ => unreachable!("groups are lists"),
                }
            } else if map.insert(key.clone(), value).is_some() {
                return Err(self.fail(node, format!("two elements have the key `{key}`")));
            }
        }
        Ok(if for_expr.key_expr.is_some() { Value::Map(map) } else { Value::List(list) })
    }
}

pub(super) fn pairs(collection: &Value) -> Option<Vec<(Value, Value)>> {
    match collection {
        Value::List(items) => Some(
            items
                .iter()
                .enumerate()
                .map(|(at, item)| (Value::Number(Number::from(at as u64)), item.clone()))
                .collect(),
        ),
        Value::Map(entries) => {
            let mut sorted: Vec<_> = entries.iter().collect();
            sorted.sort_by_key(|(key, _)| key.as_str());
            Some(sorted.into_iter().map(|(key, item)| (Value::String(key.clone()), item.clone())).collect())
        }
        _ => None,
    }
}
