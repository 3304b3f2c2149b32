//! Evaluation of expressions, with everything that only packer knows carried as unknown.

use std::collections::BTreeMap;

use hcl_edit::Span;
use hcl_edit::expr::{BinaryOperator, Expression, ForExpr, ObjectKey, TraversalOperator, UnaryOperator};
use hcl_edit::template::{Directive, Element, Strip, Template};
use indexmap::IndexMap;

use super::{Document, functions};
use crate::diagnostic::Diagnostic;
use crate::suggest;
use crate::value::{Number, Value};

/// Expressions nested deeper than this are refused instead of exhausting the stack.
const MAX_DEPTH: usize = 100;

/// The names that an expression may use.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    names: BTreeMap<String, Value>,
    /// Whether a name that is not in the scope is unknown (templates) or an error (overlays).
    pub open: bool,
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
        self.names.insert(name.to_owned(), value);
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
    Evaluator { document }.expression(expression, scope, 0)
}

struct Evaluator<'a> {
    document: &'a Document,
}

type Eval = Result<Value, Box<Diagnostic>>;

impl Evaluator<'_> {
    fn fail(&self, node: &impl Span, message: impl Into<String>) -> Box<Diagnostic> {
        Box::new(Diagnostic::error("BadExpression", message).at(self.document.location(node)))
    }

    fn expression(&self, expression: &Expression, scope: &Scope, depth: usize) -> Eval {
        if depth > MAX_DEPTH {
            return Err(self.fail(expression, "expression is nested too deeply"));
        }
        let depth = depth + 1;
        match expression {
            Expression::Null(_) => Ok(Value::Null),
            Expression::Bool(value) => Ok(Value::Bool(*value.value())),
            Expression::Number(number) => Ok(Value::Number(*number.value())),
            Expression::String(text) => Ok(Value::String(text.value().clone())),
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
                        ObjectKey::Ident(name) => Value::String(name.as_str().to_owned()),
                        ObjectKey::Expression(key) => self.expression(key, scope, depth)?,
                    };
                    let value = self.expression(value.expr(), scope, depth)?;
                    match key {
                        Value::Unknown => return Ok(Value::Unknown),
                        key => {
                            let key = functions::to_text(&key).ok_or_else(|| {
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
                    condition => match functions::to_bool(&condition) {
                        Some(true) => self.expression(&conditional.true_expr, scope, depth),
                        Some(false) => self.expression(&conditional.false_expr, scope, depth),
                        None => Err(self.fail(&conditional.cond_expr, "the condition is not a bool")),
                    },
                }
            }
            Expression::FuncCall(call) => self.call(call, scope, depth),
            Expression::Traversal(traversal) => {
                let base = self.expression(&traversal.expr, scope, depth)?;
                let operators: Vec<&TraversalOperator> =
                    traversal.operators.iter().map(|op| op.value()).collect();
                self.traverse(expression, base, &operators, scope, depth)
            }
            Expression::UnaryOp(op) => {
                let value = self.expression(&op.expr, scope, depth)?;
                match (*op.operator.value(), &value) {
                    (_, Value::Unknown) => Ok(Value::Unknown),
                    (UnaryOperator::Not, value) => functions::to_bool(value)
                        .map(|flag| Value::Bool(!flag))
                        .ok_or_else(|| self.fail(expression, "`!` needs a bool")),
                    (UnaryOperator::Neg, value) => functions::to_number(value)
                        .map(|number| Value::Number(-number))
                        .ok_or_else(|| self.fail(expression, "`-` needs a number")),
                }
            }
            Expression::BinaryOp(op) => {
                let left = self.expression(&op.lhs_expr, scope, depth)?;
                let right = self.expression(&op.rhs_expr, scope, depth)?;
                binary(*op.operator.value(), &left, &right).ok_or_else(|| {
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
            return Ok(value.clone());
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
                diagnostic.hint = suggest::nearest(name, functions::NAMES.iter().copied())
                    .map(|near| format!("did you mean `{near}`?"));
            }
            diagnostic
        })
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
                functions::index(&value, &Value::String(name.as_str().to_owned()))
            }
            TraversalOperator::LegacyIndex(at) => {
                functions::index(&value, &Value::Number(Number::from(*at.value())))
            }
            TraversalOperator::Index(at) => {
                let at = self.expression(at, scope, depth)?;
                if at == Value::Unknown {
                    return Ok(Value::Unknown);
                }
                functions::index(&value, &at)
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
                        if !functions::to_bool(&condition)
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
            let key = functions::to_text(&key)
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

    fn string<'e>(&self, elements: impl Iterator<Item = &'e Element>, scope: &Scope, depth: usize) -> Eval {
        let elements: Vec<&Element> = elements.collect();
        // A template that is one interpolation keeps the value's type, as in HCL.
        if let [Element::Interpolation(only)] = elements.as_slice() {
            return self.expression(&only.expr, scope, depth);
        }
        let mut out = TemplateText::default();
        for element in elements {
            if !self.element(element, scope, depth, &mut out)? {
                return Ok(Value::Unknown);
            }
        }
        Ok(Value::String(out.text))
    }

    fn heredoc(&self, heredoc: &hcl_edit::template::HeredocTemplate, scope: &Scope, depth: usize) -> Eval {
        let mut out = TemplateText::default();
        if !self.template(&heredoc.template, scope, depth, &mut out)? {
            return Ok(Value::Unknown);
        }
        // The parser leaves the indentation of `<<-` in the text.
        let text = match heredoc.indent() {
            Some(indent) => strip_indent(&out.text, indent),
            None => out.text,
        };
        Ok(Value::String(text))
    }

    fn template(
        &self,
        template: &Template,
        scope: &Scope,
        depth: usize,
        out: &mut TemplateText,
    ) -> Result<bool, Box<Diagnostic>> {
        for element in template.iter() {
            if !self.element(element, scope, depth, out)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Appends one element; `false` when it is unknown.
    fn element(
        &self,
        element: &Element,
        scope: &Scope,
        depth: usize,
        out: &mut TemplateText,
    ) -> Result<bool, Box<Diagnostic>> {
        match element {
            Element::Literal(text) => out.literal(text.value()),
            Element::Interpolation(part) => {
                out.before(part.strip);
                let value = self.expression(&part.expr, scope, depth)?;
                if value.has_unknown() {
                    return Ok(false);
                }
                let text = functions::to_text(&value).ok_or_else(|| {
                    self.fail(part, format!("a {} cannot be part of a string", value.kind()))
                })?;
                out.value(&text);
                out.after(part.strip);
            }
            Element::Directive(directive) => match &**directive {
                Directive::If(branch) => {
                    out.before(branch.if_expr.strip);
                    let condition = self.expression(&branch.if_expr.cond_expr, scope, depth)?;
                    if condition == Value::Unknown {
                        return Ok(false);
                    }
                    let condition = functions::to_bool(&condition)
                        .ok_or_else(|| self.fail(branch, "the condition of `%{if}` is not a bool"))?;
                    out.after(branch.if_expr.strip);
                    let known = match (condition, &branch.else_expr) {
                        (true, otherwise) => {
                            let known = self.template(&branch.if_expr.template, scope, depth, out)?;
                            if let Some(otherwise) = otherwise {
                                out.before(otherwise.strip);
                            }
                            known
                        }
                        (false, Some(otherwise)) => {
                            out.after(otherwise.strip);
                            self.template(&otherwise.template, scope, depth, out)?
                        }
                        (false, None) => true,
                    };
                    if !known {
                        return Ok(false);
                    }
                    out.before(branch.endif_expr.strip);
                    out.after(branch.endif_expr.strip);
                }
                Directive::For(repeat) => {
                    out.before(repeat.for_expr.strip);
                    let collection = self.expression(&repeat.for_expr.collection_expr, scope, depth)?;
                    if collection == Value::Unknown {
                        return Ok(false);
                    }
                    let pairs = pairs(&collection)
                        .ok_or_else(|| self.fail(repeat, "`%{for}` needs a list or map"))?;
                    for (key, item) in pairs {
                        let mut inner = scope.clone();
                        if let Some(name) = &repeat.for_expr.key_var {
                            inner = inner.with(name.as_str(), key);
                        }
                        inner = inner.with(repeat.for_expr.value_var.as_str(), item);
                        out.after(repeat.for_expr.strip);
                        if !self.template(&repeat.for_expr.template, &inner, depth, out)? {
                            return Ok(false);
                        }
                        out.before(repeat.endfor_expr.strip);
                    }
                    out.after(repeat.endfor_expr.strip);
                }
            },
        }
        Ok(true)
    }
}

fn pairs(collection: &Value) -> Option<Vec<(Value, Value)>> {
    match collection {
        Value::List(items) => Some(
            items
                .iter()
                .enumerate()
                .map(|(at, item)| (Value::Number(Number::from(at)), item.clone()))
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

/// Text of a template under construction; knows about strip markers (`~`).
#[derive(Default)]
struct TemplateText {
    text: String,
    strip_next: bool,
}

impl TemplateText {
    fn literal(&mut self, literal: &str) {
        let literal = if std::mem::take(&mut self.strip_next) { literal.trim_start() } else { literal };
        self.text.push_str(literal);
    }

    fn value(&mut self, value: &str) {
        self.strip_next = false;
        self.text.push_str(value);
    }

    fn before(&mut self, strip: Strip) {
        if matches!(strip, Strip::Start | Strip::Both) {
            self.text.truncate(self.text.trim_end().len());
        }
    }

    fn after(&mut self, strip: Strip) {
        self.strip_next = matches!(strip, Strip::End | Strip::Both);
    }
}

fn strip_indent(text: &str, indent: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let blank = line.bytes().take(indent).take_while(|b| *b == b' ' || *b == b'\t').count();
        out.push_str(&line[blank..]);
    }
    out
}

fn binary(operator: BinaryOperator, left: &Value, right: &Value) -> Option<Value> {
    use BinaryOperator as Op;
    if *left == Value::Unknown || *right == Value::Unknown {
        return Some(Value::Unknown);
    }
    let numbers = || Some((functions::to_number(left)?, functions::to_number(right)?));
    let order = || numbers().and_then(|(left, right)| left.as_f64()?.partial_cmp(&right.as_f64()?));
    Some(match operator {
        Op::Eq => Value::Bool(left == right),
        Op::NotEq => Value::Bool(left != right),
        Op::And => Value::Bool(functions::to_bool(left)? && functions::to_bool(right)?),
        Op::Or => Value::Bool(functions::to_bool(left)? || functions::to_bool(right)?),
        Op::Less => Value::Bool(order()?.is_lt()),
        Op::LessEq => Value::Bool(order()?.is_le()),
        Op::Greater => Value::Bool(order()?.is_gt()),
        Op::GreaterEq => Value::Bool(order()?.is_ge()),
        Op::Plus | Op::Minus | Op::Mul | Op::Div | Op::Mod => {
            let (left, right) = numbers()?;
            Value::Number(arithmetic(operator, &left, &right)?)
        }
    })
}

/// Whole numbers stay whole where they fit; a result that does not fit 64 bits becomes a float.
fn arithmetic(operator: BinaryOperator, left: &Number, right: &Number) -> Option<Number> {
    use BinaryOperator as Op;
    if let (Some(left), Some(right)) = (left.as_i64(), right.as_i64()) {
        let whole = match operator {
            Op::Plus => left.checked_add(right),
            Op::Minus => left.checked_sub(right),
            Op::Mul => left.checked_mul(right),
            Op::Div if right != 0 && left.checked_rem(right) == Some(0) => left.checked_div(right),
            Op::Mod => left.checked_rem(right),
            _ => None,
        };
        if let Some(whole) = whole {
            return Some(Number::from(whole));
        }
    }
    let (left, right) = (left.as_f64()?, right.as_f64()?);
    let result = match operator {
        Op::Plus => left + right,
        Op::Minus => left - right,
        Op::Mul => left * right,
        Op::Div => left / right,
        Op::Mod => left % right,
        _ => return None,
    };
    // Division by zero is infinite and thus no HCL number.
    if result.is_finite() { Number::from_f64(result) } else { None }
}
