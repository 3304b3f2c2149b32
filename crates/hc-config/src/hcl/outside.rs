//! Calls that a [`World`](super::world::World) answers: `file()` and its relatives, `env()`, and everything else that
//! depends on more than its arguments. Arguments are checked here, by Packer's rules.

use hcl_edit::expr::FuncCall;

use super::convert;
use super::document::TextTemplate;
use super::eval::{Eval, Evaluator, Scope, Source};
use super::functions::{FILES, is_impure};
use super::world::{Answer, Call};
use crate::diagnostic::{Diagnostic, Location};
use crate::identifier::is_identifier;
use crate::value::Value;

impl Evaluator<'_> {
    /// What the world says of a call; `None` when the call is not for it, or it says nothing.
    pub(super) fn outside(&self, call: &FuncCall, arguments: &[Value], depth: usize) -> Option<Eval> {
        let name = call.name.name.as_str();
        if let Some((_, count)) = FILES.iter().find(|(known, _)| *known == name) {
            let Some(arguments) = checked(name, *count, arguments) else {
                return Some(Err(self.fail(call, format!("{name}() does not take these arguments"))));
            };
            if name == "templatefile" && self.source == Source::TemplateFile {
                let message = "templatefile() cannot be used inside a template file";
                return Some(Err(self.fail(call, message)));
            }
            return Some(self.ask(call, &arguments, depth).unwrap_or_else(|| {
                match arguments.contains(&Value::Unknown) {
                    true => Ok(Value::Unknown),
                    false => {
                        Ok(self
                            .unknown(call, || format!("{name}() depends on files, which are not read here")))
                    }
                }
            }));
        }
        if is_impure(name) { self.ask(call, arguments, depth) } else { None }
    }

    fn ask(&self, call: &FuncCall, arguments: &[Value], depth: usize) -> Option<Eval> {
        let render = |file: &TextTemplate, scope: &Scope| {
            let Self { shared, .. } = *self;
            let inner = Evaluator { document: &file.document, shared, source: Source::TemplateFile };
            inner.text_template(file, scope, depth).map_err(|problem| self.inside(call, *problem))
        };
        let answer = self.shared.world.call(&Call {
            name: call.name.name.as_str(),
            arguments,
            needed: self.shared.needed.get(),
            location: &|| self.document.location(call),
            render: &render,
        });
        match answer {
            Answer::Value(value) => Some(Ok(convert::normalized(value))),
            Answer::Fails(reason) => Some(Err(self.fail(call, reason))),
            Answer::NotMine => None,
        }
    }

    /// A problem inside a template file, at the place that renders it.
    fn inside(&self, call: &FuncCall, problem: Diagnostic) -> Box<Diagnostic> {
        let place = problem.location.map(|place: Location| format!(" ({place})")).unwrap_or_default();
        let label = problem.label.map(|label| format!(": {label}")).unwrap_or_default();
        let mut at_call = self.fail(call, format!("{}{label}{place}", problem.message));
        at_call.hint = problem.hint;
        at_call
    }
}

/// The arguments of a function of files, its paths as text; `None` when packer would not take them.
fn checked(name: &str, count: usize, arguments: &[Value]) -> Option<Vec<Value>> {
    if arguments.len() != count {
        return None;
    }
    let names = usize::from(name == "templatefile");
    let (paths, names) = arguments.split_at(count - names);
    let text = |value: &Value| match value {
        Value::Unknown => Some(Value::Unknown),
        known => convert::to_text(known).map(Value::String),
    };
    let mut checked = paths.iter().map(text).collect::<Option<Vec<_>>>()?;
    for value in names {
        match value {
            Value::Map(entries) if !entries.keys().all(|name| is_identifier(name)) => return None,
            Value::Map(_) | Value::Unknown => checked.push(value.clone()),
            _ => return None,
        }
    }
    Some(checked)
}
