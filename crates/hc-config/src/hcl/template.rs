//! Strings with interpolations and directives, and heredocs.

use hcl_edit::Span;
use hcl_edit::template::{Directive, Element, HeredocTemplate};

use super::convert;
use super::document::TextTemplate;
use super::eval::{Eval, Evaluator, Scope};
use super::literals::{self, Literals};
use super::loops::{pairs, unordered, with_unknown};
use crate::diagnostic::Diagnostic;
use crate::value::Value;

/// What the elements of one template share while it is evaluated.
struct Output {
    literals: Literals,
    text: String,
}

impl Evaluator<'_> {
    pub(super) fn string<'e>(
        &self,
        elements: impl Iterator<Item = &'e Element>,
        scope: &Scope,
        depth: usize,
    ) -> Eval {
        let elements: Vec<&Element> = elements.collect();
        // A template that is one interpolation keeps the value's type, as in HCL.
        if let [Element::Interpolation(only)] = elements.as_slice() {
            return self.expression(&only.expr, scope, depth);
        }
        self.template(&elements, literals::quoted(&elements), scope, depth)
    }

    pub(super) fn heredoc(&self, heredoc: &HeredocTemplate, scope: &Scope, depth: usize) -> Eval {
        let elements: Vec<&Element> = heredoc.template.iter().collect();
        self.template(&elements, literals::heredoc(heredoc, self.document.syntax()), scope, depth)
    }

    /// A file that `templatefile()` names; this evaluator's document is the one inside of `file`.
    pub(super) fn text_template(&self, file: &TextTemplate, scope: &Scope, depth: usize) -> Eval {
        let elements: Vec<&Element> = file.template.iter().collect();
        if let [Element::Interpolation(only)] = elements.as_slice() {
            return self.expression(&only.expr, scope, depth);
        }
        self.template(&elements, literals::bare(&elements, self.document.syntax()), scope, depth)
    }

    fn template(&self, elements: &[&Element], literals: Literals, scope: &Scope, depth: usize) -> Eval {
        let mut out = Output { literals, text: String::new() };
        match self.elements(elements.iter().copied(), scope, depth, &mut out)? {
            true => Ok(convert::normalized(Value::String(out.text))),
            false => Ok(Value::Unknown),
        }
    }

    /// Appends elements; `false` when one of them is unknown. The others are evaluated all the same: what they read
    /// counts.
    fn elements<'e>(
        &self,
        elements: impl Iterator<Item = &'e Element>,
        scope: &Scope,
        depth: usize,
        out: &mut Output,
    ) -> Result<bool, Box<Diagnostic>> {
        let mut known = true;
        for element in elements {
            known &= self.element(element, scope, depth, out)?;
        }
        Ok(known)
    }

    fn element(
        &self,
        element: &Element,
        scope: &Scope,
        depth: usize,
        out: &mut Output,
    ) -> Result<bool, Box<Diagnostic>> {
        match element {
            Element::Literal(literal) => {
                let found = literal.span().and_then(|span| out.literals.get(&span.start));
                let text = found.unwrap_or(literal.value());
                self.spend(literal, text.len())?;
                out.text.push_str(text);
            }
            Element::Interpolation(part) => {
                let value = self.expression(&part.expr, scope, depth)?;
                if value.has_unknown() {
                    return Ok(false);
                }
                let text = convert::to_text(&value).ok_or_else(|| {
                    self.fail(part, format!("a {} cannot be part of a string", value.kind()))
                })?;
                out.text.push_str(&text);
            }
            Element::Directive(directive) => match &**directive {
                Directive::If(branch) => {
                    let condition = self.expression(&branch.if_expr.cond_expr, scope, depth)?;
                    let condition = match condition {
                        Value::Unknown => match self.any_way() {
                            Some(way) => way,
                            None => return Ok(false),
                        },
                        condition => convert::to_bool(&condition)
                            .ok_or_else(|| self.fail(branch, "the condition of `%{if}` is not a bool"))?,
                    };
                    let chosen = match condition {
                        true => Some(&branch.if_expr.template),
                        false => branch.else_expr.as_ref().map(|otherwise| &otherwise.template),
                    };
                    return match chosen {
                        Some(template) => self.elements(template.iter(), scope, depth, out),
                        None => Ok(true),
                    };
                }
                Directive::For(repeat) => {
                    let collection = self.expression(&repeat.for_expr.collection_expr, scope, depth)?;
                    if unordered(&collection) {
                        // Once, for what is read whatever the collection holds.
                        let names = repeat.for_expr.key_var.iter().chain([&repeat.for_expr.value_var]);
                        let inner = with_unknown(scope, names);
                        let _ = self
                            .perhaps(|| self.elements(repeat.for_expr.template.iter(), &inner, depth, out));
                        return Ok(false);
                    }
                    let pairs = pairs(&collection)
                        .ok_or_else(|| self.fail(repeat, "`%{for}` needs a list or map"))?;
                    let mut known = true;
                    for (key, item) in pairs {
                        let mut inner = scope.clone();
                        if let Some(name) = &repeat.for_expr.key_var {
                            inner = inner.with(name.as_str(), key);
                        }
                        inner = inner.with(repeat.for_expr.value_var.as_str(), item);
                        known &= self.elements(repeat.for_expr.template.iter(), &inner, depth, out)?;
                    }
                    return Ok(known);
                }
            },
        }
        Ok(true)
    }
}
