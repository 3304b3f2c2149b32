//! Calls of functions: which see their arguments unevaluated, which are asked outside, and why one has no value.

use hcl_edit::expr::FuncCall;

use super::eval::{Eval, Evaluator, Scope};
use super::functions::{self, FunctionError};
use super::scope::Author;
use super::type_expr;
use crate::suggest;
use crate::value::Value;

impl Evaluator<'_> {
    pub(super) fn call(&self, call: &FuncCall, scope: &Scope, depth: usize) -> Eval {
        match call.name.name.as_str() {
            "try" | "can" => return self.attempt(call, scope, depth),
            "convert" => return self.convert(call, scope, depth),
            _ => {}
        }
        let Some(arguments) = self.arguments(call, scope, depth)? else { return Ok(Value::Unknown) };
        if let Some(answer) = self.outside(call, &arguments, depth) {
            return answer;
        }
        if call.name.name.as_str() == "base64gzip" && scope.author == Author::Packer {
            return Ok(
                self.unknown(call, || "base64gzip() gives the bytes of packer's own compressor".into())
            );
        }
        self.function(call, &arguments)
    }

    /// `try()` and `can()`, which see how the evaluation of their arguments ends.
    fn attempt(&self, call: &FuncCall, scope: &Scope, depth: usize) -> Eval {
        let can = call.name.name.as_str() == "can";
        if can && call.args.iter().count() != 1 {
            return Err(self.fail(call, "can() takes one expression"));
        }
        for argument in call.args.iter() {
            match self.perhaps(|| self.expression(argument, scope, depth)) {
                Ok(Value::Unknown) => return Ok(Value::Unknown),
                Ok(_) if can => return Ok(Value::Bool(true)),
                Ok(value) => return Ok(value),
                Err(_) => {}
            }
        }
        if can {
            Ok(Value::Bool(false))
        } else {
            Err(self.fail(call, "no argument of try() can be evaluated"))
        }
    }

    /// `convert(value, type)`: the second argument is a type and not a value.
    fn convert(&self, call: &FuncCall, scope: &Scope, depth: usize) -> Eval {
        let mut arguments = call.args.iter();
        let (Some(value), Some(kind), None) = (arguments.next(), arguments.next(), arguments.next()) else {
            return Err(self.fail(call, "convert() takes a value and a type"));
        };
        let value = self.expression(value, scope, depth)?;
        let kind = type_expr::parse(self.document, kind, None)?;
        kind.convert(&value).map_err(|error| self.fail(call, error.to_string()))
    }

    /// The arguments in their order; `None` when it is unknown how many they are.
    fn arguments(
        &self,
        call: &FuncCall,
        scope: &Scope,
        depth: usize,
    ) -> Result<Option<Vec<Value>>, Box<crate::Diagnostic>> {
        let values = call.args.iter().map(|argument| self.expression(argument, scope, depth));
        let mut arguments = values.collect::<Result<Vec<_>, _>>()?;
        if call.args.expand_final() {
            match arguments.pop() {
                Some(Value::List(items)) => arguments.extend(items),
                Some(Value::Unknown) => return Ok(None),
                _ => return Err(self.fail(call, "only a list can be expanded with `...`")),
            }
        }
        Ok(Some(arguments))
    }

    fn function(&self, call: &FuncCall, arguments: &[Value]) -> Eval {
        let name = call.name.name.as_str();
        match functions::call(name, arguments) {
            Ok(Value::Unknown) if !arguments.iter().any(Value::has_unknown) => {
                let (reason, hint) = functions::why_unknown(name);
                Ok(self.unknown_with(call, || format!("{name}() {reason}"), hint))
            }
            Ok(value) => Ok(value),
            Err(error) => {
                let mut diagnostic = self.fail(call, error.to_string());
                if let FunctionError::NotAFunction(_) = error {
                    diagnostic.code = "UnknownFunction";
                    diagnostic.hint = suggest::nearest(name, functions::names())
                        .map(|near| format!("did you mean `{near}`?"));
                }
                Err(diagnostic)
            }
        }
    }
}
