//! What holds values of variables or somebody's environment must not print them by a derived `Debug`.
//!
//! Looks at the fields of structs. Write a `Debug` that names what there is and shows none of it.

use super::source::{self, attribute_end, close};
use super::tokens::{Kind, Token};

/// Collections that an environment is kept in.
const COLLECTIONS: &[&str] = &["BTreeMap", "HashMap", "IndexMap", "Vec"];

/// Names every struct of a file that would print what it holds.
pub(super) fn check(path: &str, text: &str, tokens: &[Token<'_>], findings: &mut Vec<String>) {
    let has_values = source::read(text).iter().flat_map(|module| &module.imports).any(|import| {
        let path: Vec<&str> = import.path.iter().map(String::as_str).collect();
        matches!(path.as_slice(), ["crate", "value", "Value"] | ["hc_config", .., "Value"])
    });
    for found in printable(tokens) {
        let holds = if has_values && found.fields.iter().any(|token| token.is_word("Value")) {
            "values of variables"
        } else if has_environment(found.fields) {
            "an environment"
        } else {
            continue;
        };
        let (line, name) = (found.name.line, found.name.text);
        findings.push(format!(
            "{path}:{line}: `{name}` holds {holds} and derives Debug; write one that hides them"
        ));
    }
}

struct Printable<'t, 's> {
    name: Token<'s>,
    fields: &'t [Token<'s>],
}

/// The structs that derive `Debug`.
fn printable<'t, 's>(tokens: &'t [Token<'s>]) -> Vec<Printable<'t, 's>> {
    let mut found = Vec::new();
    let (mut at, mut derives) = (0, false);
    while at < tokens.len() {
        let end = attribute_end(tokens, at);
        if end > at {
            let has = |word: &str| tokens[at..end].iter().any(|token| token.is_word(word));
            derives |= has("derive") && has("Debug");
            at = end;
        } else if tokens[at].is_word("pub") {
            at += 1;
            if tokens.get(at).is_some_and(|token| token.is_sign("(")) {
                at = close(tokens, at);
            }
        } else {
            if derives && tokens[at].is_word("struct") && at + 1 < tokens.len() {
                let opens = |token: &Token<'_>| ["{", "(", ";"].iter().any(|sign| token.is_sign(sign));
                let body = (at + 2..tokens.len()).find(|at| opens(&tokens[*at])).unwrap_or(tokens.len() - 1);
                found.push(Printable { name: tokens[at + 1], fields: &tokens[body..close(tokens, body)] });
            }
            derives = false;
            at += 1;
        }
    }
    found
}

/// Whether a field is a map of system strings, or a collection called `environment`.
fn has_environment(fields: &[Token<'_>]) -> bool {
    let words = |at: usize, word: &str| fields.get(at).is_some_and(|token| token.is_word(word));
    let sign = |at: usize, sign: &str| fields.get(at).is_some_and(|token| token.is_sign(sign));
    (0..fields.len()).any(|at| {
        let pair = words(at, "OsString") && sign(at + 1, ",") && words(at + 2, "OsString");
        let kept = || fields[at..].iter().take_while(|token| !token.is_sign(","));
        let named = words(at, "environment")
            && sign(at + 1, ":")
            && kept().any(|token| token.kind == Kind::Word && COLLECTIONS.contains(&token.text));
        pair || named
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tokens::tokens;

    fn findings(text: &str) -> Vec<String> {
        let mut findings = Vec::new();
        check("a.rs", text, &tokens(text), &mut findings);
        findings
    }

    #[test]
    fn values_and_environments_need_a_debug_of_their_own() {
        let import = "use hc_config::{Value, render};\n";
        let value = format!(
            "{import}#[derive(Debug, Clone)]\n#[serde(x)]\npub(crate) struct A<T> {{ b: Option<Value> }}"
        );
        assert_eq!(
            findings(&value),
            ["a.rs:4: `A` holds values of variables and derives Debug; write one that hides them"]
        );
        let environment = "#[derive(Debug)] struct A { environment: &'static BTreeMap<String, String> }";
        assert_eq!(findings(environment).len(), 1);
        assert_eq!(findings("#[derive(Debug)] struct A(Vec<(OsString, OsString)>);").len(), 1);
    }

    #[test]
    fn what_prints_nothing_and_what_is_another_value_pass() {
        assert_eq!(findings("use crate::value::Value;\n#[derive(Clone)] struct A { b: Value }"), [""; 0]);
        assert_eq!(findings("use serde_json::Value;\n#[derive(Debug)] struct A { b: Value }"), [""; 0]);
        assert_eq!(findings("#[derive(Debug)] struct A { environment: EnvName, b: Vec<u8> }"), [""; 0]);
        let other = "use crate::value::Value;\n#[derive(Debug)] struct A;\nstruct B { c: Value }";
        assert_eq!(findings(other), [""; 0]);
    }
}
