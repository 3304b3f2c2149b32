//! Strings with interpolations and directives, heredocs, strip markers.

use hcl_edit::template::{Directive, Element, Strip, Template};

use super::eval::{Eval, Evaluator, Scope, pairs};
use super::functions;
use crate::diagnostic::Diagnostic;
use crate::value::Value;

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
        let mut out = TemplateText::default();
        for element in elements {
            if !self.element(element, scope, depth, &mut out)? {
                return Ok(Value::Unknown);
            }
        }
        Ok(functions::normalized(Value::String(out.text)))
    }

    pub(super) fn heredoc(
        &self,
        heredoc: &hcl_edit::template::HeredocTemplate,
        scope: &Scope,
        depth: usize,
    ) -> Eval {
        let mut out = TemplateText::default();
        if !self.template(&heredoc.template, scope, depth, &mut out)? {
            return Ok(Value::Unknown);
        }
        // The parser leaves the indentation of `<<-` in the text.
        let text = match heredoc.indent() {
            Some(indent) => strip_indent(&out.text, indent),
            None => out.text,
        };
        Ok(functions::normalized(Value::String(text)))
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
