//! The actions of legacy templates, `{{user `name`}}` and the like, as expressions of HCL.
//!
//! What only packer knows becomes a reference that nothing resolves; what plugins fill in (`{{.Vars}}`) stays text, as it does
//! in templates of HCL.

mod parse;

use crate::value::quote_into;
use parse::{Expr, Node};

use super::names;

/// Stands for what only packer knows.
const RUN_TIME: &str = "build.run_time";

/// What a text of a legacy template says, as an expression. `variables` tells whether it stands where `{{env …}}` may.
pub(crate) fn expression(text: &str, variables: bool) -> String {
    if !text.contains("{{") {
        return literal(text);
    }
    match parse::nodes(text) {
        Some(nodes) => joined(&nodes, variables),
        None => RUN_TIME.to_owned(),
    }
}

/// Names of the variables that a text refers to.
pub(crate) fn users(text: &str) -> Vec<String> {
    fn of_expr(expr: &Expr, found: &mut Vec<String>) {
        if let Expr::Call { name, arguments } = expr {
            match (name.as_str(), arguments.as_slice()) {
                ("user", [Expr::Text(user)]) => found.push(user.clone()),
                _ => arguments.iter().for_each(|argument| of_expr(argument, found)),
            }
        }
    }
    fn of_nodes(nodes: &[Node], found: &mut Vec<String>) {
        for node in nodes {
            match node {
                Node::Text(_) => {}
                Node::Action(expr) => of_expr(expr, found),
                Node::If { condition, then, otherwise } => {
                    of_expr(condition, found);
                    of_nodes(then, found);
                    of_nodes(otherwise, found);
                }
            }
        }
    }
    let mut found = Vec::new();
    of_nodes(&parse::nodes(text).unwrap_or_default(), &mut found);
    found
}

fn literal(text: &str) -> String {
    let mut out = String::new();
    quote_into(text, &mut out);
    out
}

fn joined(nodes: &[Node], variables: bool) -> String {
    if let [Node::Action(expr)] = nodes {
        return value(expr, variables);
    }
    let mut out = String::from("\"");
    for node in nodes {
        match node {
            Node::Text(text) => {
                let quoted = literal(text);
                out.push_str(&quoted[1..quoted.len() - 1]);
            }
            Node::Action(expr) => out.push_str(&format!("${{{}}}", value(expr, variables))),
            Node::If { condition, then, otherwise } => out.push_str(&format!(
                "${{{} ? {} : {}}}",
                truth(condition, variables),
                joined(then, variables),
                joined(otherwise, variables)
            )),
        }
    }
    out.push('"');
    out
}

/// Whether Go's templates take the value for true.
fn truth(expr: &Expr, variables: bool) -> String {
    if let Expr::Call { name, arguments } = expr {
        let all = |sign: &str| {
            let parts: Vec<String> = arguments.iter().map(|one| truth(one, variables)).collect();
            format!("({})", parts.join(sign))
        };
        match (name.as_str(), arguments.as_slice()) {
            ("not", [one]) => return format!("!{}", truth(one, variables)),
            ("and", [_, ..]) => return all(" && "),
            ("or", [_, ..]) => return all(" || "),
            ("ne", [one, other]) => {
                return format!("({} != {})", value(one, variables), value(other, variables));
            }
            ("eq", [one, others @ ..]) if !others.is_empty() => {
                let one = value(one, variables);
                let parts: Vec<String> =
                    others.iter().map(|other| format!("{one} == {}", value(other, variables))).collect();
                return format!("({})", parts.join(" || "));
            }
            _ => {}
        }
    }
    match expr {
        Expr::Number(number) => (*number != 0).to_string(),
        _ => format!("({} != \"\")", value(expr, variables)),
    }
}

fn value(expr: &Expr, variables: bool) -> String {
    let (name, arguments) = match expr {
        Expr::Text(text) => return literal(text),
        Expr::Number(number) => return number.to_string(),
        Expr::Call { name, arguments } => (name.as_str(), arguments.as_slice()),
    };
    let of = |expr: &Expr| value(expr, variables);
    match (name, arguments) {
        ("user", [Expr::Text(user)]) => format!("var.{}", names::spelled(user)),
        ("env", [Expr::Text(name)]) if variables => format!("env({})", literal(name)),
        ("template_dir", []) => "abspath(path.root)".to_owned(),
        ("pwd", []) => "path.cwd".to_owned(),
        ("build_name", []) => "source.name".to_owned(),
        ("build_type", []) => "source.type".to_owned(),
        ("packer_version", []) => "packer.version".to_owned(),
        ("timestamp" | "isotime" | "strftime", _) => "timestamp()".to_owned(),
        ("uuid", []) => "uuidv4()".to_owned(),
        ("build", [Expr::Text(name)]) if crate::identifier::is_identifier(name) => format!("build.{name}"),
        ("upper" | "lower", [text]) => format!("{name}({})", of(text)),
        ("consul_key" | "vault" | "aws_secretsmanager", [_, ..]) if variables => {
            let arguments: Vec<String> = arguments.iter().map(of).collect();
            format!("{name}({})", arguments.join(", "))
        }
        ("split", [text, separator, Expr::Number(at)]) if *at >= 0 => {
            format!("split({}, {})[{at}]", of(separator), of(text))
        }
        ("replace_all", [old, new, text]) => format!("replace({}, {}, {})", of(text), of(old), of(new)),
        ("replace", [old, new, Expr::Number(count), text]) if *count < 0 => {
            format!("replace({}, {}, {})", of(text), of(old), of(new))
        }
        ("replace", [Expr::Text(old), new, Expr::Number(count), text]) if !old.is_empty() => {
            // The first ones only: the pieces between them are joined by the new text, the others by the old one.
            let (old, new) = (literal(old), of(new));
            let pieces = format!("split({old}, {})", of(text));
            let taken = format!("min({}, length({pieces}))", count.saturating_add(1));
            format!(
                "join({old}, concat([join({new}, slice({pieces}, 0, {taken}))], \
                 slice({pieces}, {taken}, length({pieces}))))"
            )
        }
        // What packer does not know either is its to refuse.
        _ => RUN_TIME.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_become_expressions() {
        for (text, expression) in [
            ("plain ${x}", r#""plain $${x}""#),
            ("{{user `a`}}", "var.a"),
            ("{{ user \"a\" }}", "var.a"),
            ("x-{{user `a-b`}}.{{ user `c d` }}", r#""x-${var.a-b}.${var.c_x20_d}""#),
            ("{{env `HOME`}}", "env(\"HOME\")"),
            ("{{template_dir}}/x", r#""${abspath(path.root)}/x""#),
            ("chmod +x {{.Path}}; {{ .Vars }} {{.Path}}", r#""chmod +x {{.Path}}; {{ .Vars }} {{.Path}}""#),
            ("{{user `a` | lower}}", "lower(var.a)"),
            ("{{ split (user `v`) \"-\" 0 }}", "split(\"-\", var.v)[0]"),
            ("{{user `a` | replace_all `.` `-`}}", r#"replace(var.a, ".", "-")"#),
            ("a {{- user `x` -}} b", r#""a${var.x}b""#),
            ("{{/* nothing */}}x", "\"x\""),
            ("{{if user `a`}}y{{else}}n{{end}}", r#""${(var.a != "") ? "y" : "n"}""#),
            ("{{if eq (user `a`) `b`}}y{{end}}", r#""${(var.a == "b") ? "y" : ""}""#),
            ("{{isotime \"2006\"}}", "timestamp()"),
            ("{{user `a` | clean_resource_name}}", RUN_TIME),
            ("{{range .Things}}x{{end}}", RUN_TIME),
            ("{{", RUN_TIME),
        ] {
            assert_eq!(super::expression(text, true), expression, "{text}");
        }
        assert_eq!(super::expression("{{env `HOME`}}", false), RUN_TIME, "packer refuses it there");
    }

    #[test]
    fn users_are_found_wherever_they_stand() {
        let text = "{{user `a`}} {{ split (user `b`) `-` 0 }}{{if user `c`}}{{user `d` | lower}}{{end}}";
        assert_eq!(users(text), ["a", "b", "c", "d"]);
    }

    #[test]
    fn the_first_ones_are_replaced() {
        use crate::hcl::eval::{Scope, evaluate};
        use crate::{Value, hcl::Document};
        for (text, count, wanted) in [
            ("v1.v2.v3", 1, "1.v2.v3"),
            ("v1.v2.v3", 2, "1.2.v3"),
            ("v1.v2.v3", 9, "1.2.3"),
            ("x", 1, "x"),
            ("v", 0, "v"),
        ] {
            let expression = expression(&format!("{{{{ `{text}` | replace \"v\" \"\" {count} }}}}"), true);
            let document = Document::parse(std::path::Path::new("t"), format!("v = {expression}\n")).unwrap();
            let attribute = document.body().get_attribute("v").unwrap();
            let value = evaluate(&document, &attribute.value, &Scope::closed()).unwrap();
            assert_eq!(value, Value::String(wanted.into()), "{text} {count}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_becomes_one_expression(text in "(\\{\\{|\\}\\}|[-a-z`\"\\\\ .|()$%{}\n]|user|if|else|end|é){0,24}") {
            let expression = expression(&text, true);
            proptest::prop_assert!(expression.parse::<hcl_edit::expr::Expression>().is_ok(), "{text:?}: {expression}");
        }
    }
}
