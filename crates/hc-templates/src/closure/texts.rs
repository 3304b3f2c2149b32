//! All texts that an expression may stand for, in every way that it may go; where a part is known only to packer, the
//! text with a hole in it.

use hc_config::hcl::Document;
use hc_config::hcl::convert::{to_bool, to_text};
use hc_config::hcl::eval::{Scope, evaluate_in};
use hc_config::hcl::hcl_edit::expr::{Expression, ObjectKey, Traversal};
use hc_config::hcl::hcl_edit::template::{Directive, Element};
use hc_config::{Location, Value};

use super::places::HOLE;
use super::world::{MOST_WAYS, Template};

/// Expressions nested deeper than this are left to packer.
const DEEPEST: usize = 60;

/// One text that an expression may give.
pub(super) struct Text<'t> {
    pub(super) text: &'t str,
    /// Whether packer surely uses exactly this text.
    pub(super) sure: bool,
    /// Whether its holes are there because a variable has no value, which is told elsewhere.
    pub(super) unset: bool,
    /// What of it only packer knows, and why, where it has holes.
    pub(super) why: Option<&'t str>,
    /// The attribute of the object that it stands in, innermost first known.
    pub(super) key: Option<&'t str>,
    pub(super) location: &'t dyn Fn() -> Location,
}

/// What could not be known of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Lack {
    /// With what packer alone knows of it, where that can be told.
    RunTime(Option<String>),
    Fails(String),
}

/// What takes the texts of an expression.
pub(super) trait Sink {
    /// A text, or one with holes.
    fn text(&mut self, text: &Text<'_>);
    /// A part of which nothing is known but what was handed out as texts before.
    fn lack(&mut self, lack: Lack, location: &dyn Fn() -> Location);
}

/// The values that an expression may have, each once, and whether one way was the only one.
pub(super) fn values(
    template: &Template<'_>,
    document: &Document,
    expression: &Expression,
    scope: &Scope,
) -> (Vec<Result<Value, String>>, bool) {
    let mut found: Vec<Result<Value, String>> = Vec::new();
    let mut single = true;
    template.first_way();
    for round in 1.. {
        let value = evaluate_in(document, expression, scope, template).map_err(|problem| problem.message);
        single = single && !template.chose();
        if !found.contains(&value) {
            found.push(value);
        }
        if !template.next_way() {
            break;
        }
        if round >= MOST_WAYS {
            if !found.contains(&Ok(Value::Unknown)) {
                found.push(Ok(Value::Unknown));
            }
            break;
        }
    }
    template.first_way();
    (found, single)
}

/// Hands every text of an expression to `sink`.
pub(super) fn each(
    template: &Template<'_>,
    document: &Document,
    expression: &Expression,
    scope: &Scope,
    sink: &mut dyn Sink,
) {
    Texts { template, document, sink, unset: false, why: None }.expression(expression, scope, None, 0);
}

struct Texts<'a, 'b> {
    template: &'a Template<'b>,
    document: &'a Document,
    sink: &'a mut dyn Sink,
    unset: bool,
    why: Option<String>,
}

impl Texts<'_, '_> {
    fn expression(&mut self, expression: &Expression, scope: &Scope, key: Option<&str>, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        match expression {
            // Each element has a place of its own.
            Expression::Array(items) => {
                items.iter().for_each(|item| self.expression(item, scope, key, depth + 1));
            }
            Expression::Object(object) => {
                for (name, value) in object.iter() {
                    let name = match name {
                        ObjectKey::Ident(name) => Some(name.as_str().to_owned()),
                        ObjectKey::Expression(Expression::Variable(name)) => Some(name.as_str().to_owned()),
                        ObjectKey::Expression(name) => {
                            let value = evaluate_in(self.document, name, scope, self.template).ok();
                            value.and_then(|value| value.as_str().map(str::to_owned))
                        }
                    };
                    self.expression(value.expr(), scope, name.as_deref().or(key), depth + 1);
                }
            }
            Expression::Parenthesis(inner) => self.expression(inner.inner(), scope, key, depth + 1),
            other => self.leaf(other, scope, key, depth),
        }
    }

    fn leaf(&mut self, expression: &Expression, scope: &Scope, key: Option<&str>, depth: usize) {
        let before = self.reported();
        self.template.unset.set(self.unset);
        self.template.why.take();
        let (values, single) = values(self.template, self.document, expression, scope);
        let mut lack = None;
        let some = values.iter().any(Result::is_ok);
        for value in &values {
            match value {
                Ok(value) => {
                    self.value(value, single, key, expression);
                    if value.has_unknown() {
                        let why = self.template.why.borrow().clone();
                        lack = Some(Lack::RunTime(why.or_else(|| self.why.clone())));
                    }
                }
                // What the functions told is not told again; a way that fails beside one that does not is a guard.
                Err(_) if some || self.reported() > before => {}
                Err(reason) => lack = Some(Lack::Fails(reason.clone())),
            }
        }
        if let Some(lack) = lack {
            let before = self.unset;
            self.unset |= self.template.unset.get();
            let why = if let Lack::RunTime(why) = &lack { why.clone() } else { None };
            let outer = std::mem::replace(&mut self.why, why);
            self.parts(expression, scope, key, depth);
            self.why = outer;
            if !std::mem::replace(&mut self.unset, before) {
                let document = self.document;
                self.sink.lack(lack, &|| document.location(expression));
            }
        }
    }

    fn reported(&self) -> usize {
        let reads = self.template.reads.borrow();
        reads.problems.missing.len() + reads.problems.unknown.len() + reads.problems.outside.len()
    }

    fn value(&mut self, value: &Value, sure: bool, key: Option<&str>, expression: &Expression) {
        match value {
            Value::String(text) => {
                let document = self.document;
                let location = || document.location(expression);
                let (unset, why) = (self.unset, self.why.as_deref());
                self.sink.text(&Text { text, sure, unset, why, key, location: &location });
            }
            Value::List(items) => items.iter().for_each(|item| self.value(item, sure, key, expression)),
            Value::Map(entries) => {
                entries.iter().for_each(|(key, item)| self.value(item, sure, Some(key), expression));
            }
            _ => {}
        }
    }

    /// What can be known of an expression that cannot be evaluated as a whole.
    fn parts(&mut self, expression: &Expression, scope: &Scope, key: Option<&str>, depth: usize) {
        match expression {
            Expression::Conditional(conditional) => {
                let (condition, _) = values(self.template, self.document, &conditional.cond_expr, scope);
                let known = match condition.as_slice() {
                    [Ok(only)] => to_bool(only),
                    _ => None,
                };
                for (branch, way) in [(&conditional.true_expr, true), (&conditional.false_expr, false)] {
                    if known.is_none_or(|known| known == way) {
                        self.quietly(branch, scope, key, depth);
                    }
                }
            }
            Expression::StringTemplate(template) => {
                let text = self.with_holes(&mut template.iter(), scope, depth);
                self.value(&Value::String(text), false, key, expression);
            }
            Expression::HeredocTemplate(heredoc) => {
                let text = self.with_holes(&mut heredoc.template.iter(), scope, depth);
                self.value(&Value::String(text), false, key, expression);
            }
            Expression::FuncCall(call) => {
                call.args.iter().for_each(|argument| self.quietly(argument, scope, None, depth));
            }
            Expression::ForExpr(repeat) => {
                self.quietly(&repeat.intro.collection_expr, scope, None, depth);
                let names = repeat.intro.key_var.iter().chain([&repeat.intro.value_var]);
                let inner =
                    names.fold(scope.clone(), |scope, name| scope.with(name.as_str(), Value::Unknown));
                self.quietly(&repeat.value_expr, &inner, key, depth);
            }
            Expression::Traversal(traversal) => self.known_base(traversal, scope, key, depth),
            Expression::Array(_) | Expression::Object(_) | Expression::Parenthesis(_) => {
                self.quietly(expression, scope, key, depth);
            }
            _ => {}
        }
    }

    /// The most that is known of `local.files[data.x.y]`: any of the files may be meant.
    fn known_base(&mut self, traversal: &Traversal, scope: &Scope, key: Option<&str>, depth: usize) {
        for count in (1..traversal.operators.len()).rev() {
            let operators = traversal.operators[..count].to_vec();
            let base = Expression::from(Traversal::new(traversal.expr.clone(), operators));
            let (values, _) = values(self.template, self.document, &base, scope);
            let known = values.iter().flatten().filter(|value| **value != Value::Unknown).count();
            for value in values.iter().flatten() {
                self.value(value, false, key, &traversal.expr);
            }
            if known > 0 {
                return;
            }
        }
        self.quietly(&traversal.expr, scope, None, depth);
    }

    /// A part of something whose lack is told for the whole.
    fn quietly(&mut self, expression: &Expression, scope: &Scope, key: Option<&str>, depth: usize) {
        let mut quiet = Quiet(&mut *self.sink);
        let Self { template, document, unset, .. } = *self;
        let mut inner = Texts { template, document, sink: &mut quiet, unset, why: self.why.clone() };
        inner.expression(expression, scope, key, depth + 1);
    }

    fn with_holes(
        &mut self,
        elements: &mut dyn Iterator<Item = &Element>,
        scope: &Scope,
        depth: usize,
    ) -> String {
        let mut out = String::new();
        for element in elements {
            match element {
                Element::Literal(literal) => out.push_str(literal.value()),
                Element::Interpolation(part) => {
                    let (values, _) = values(self.template, self.document, &part.expr, scope);
                    match values.as_slice() {
                        [Ok(only)] if to_text(only).is_some() => {
                            out.push_str(&to_text(only).unwrap_or_default());
                        }
                        _ => {
                            out.push(HOLE);
                            self.parts(&part.expr, scope, None, depth + 1);
                        }
                    }
                }
                Element::Directive(directive) => {
                    out.push(HOLE);
                    let inner = match &**directive {
                        Directive::If(branch) => {
                            let otherwise = branch.else_expr.iter().map(|otherwise| &otherwise.template);
                            [&branch.if_expr.template].into_iter().chain(otherwise).collect::<Vec<_>>()
                        }
                        Directive::For(repeat) => vec![&repeat.for_expr.template],
                    };
                    for template in inner.into_iter().filter(|_| depth < DEEPEST) {
                        let text = self.with_holes(&mut template.iter(), scope, depth + 1);
                        out.push_str(&text);
                        out.push(HOLE);
                    }
                }
            }
        }
        out
    }
}

/// Passes texts on as possible ones, and keeps lacks to itself.
struct Quiet<'a>(&'a mut dyn Sink);

impl Sink for Quiet<'_> {
    fn text(&mut self, text: &Text<'_>) {
        self.0.text(&Text { sure: false, ..*text });
    }

    fn lack(&mut self, _: Lack, _: &dyn Fn() -> Location) {}
}
