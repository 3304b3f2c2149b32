//! Values of variables, from their defaults and from var files, beside `packer console` and `packer inspect`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use hc_config::hcl::Document;
use hc_config::hcl::eval::{Scope, evaluate};
use hc_config::resolve::{Layer, Resolution, ResolveInput, resolve};
use hc_config::{Value, variables};

/// What stands in a `variable` block, and the value in the var file; an empty one stands for the default.
const TAKEN: &[(&str, &str)] = &[
    ("", "1"),
    ("default = 1.5", ""),
    ("default = \"${1 + 1}x\"", ""),
    ("type = string", "5"),
    ("type = string", "true"),
    ("type = string", "18446744073709551617"),
    ("type = string", "1e3"),
    ("type = number", "\"12\""),
    ("type = number", "\"-1.50\""),
    ("type = number", "123456789012345678901234567890.123"),
    ("type = bool", "\"true\""),
    ("type = bool", "\"0\""),
    ("type = list(string)", "[1, true, \"x\"]"),
    ("type = list(number)", "[\"1\", 2]"),
    ("type = set(string)", "[\"b\", \"a\", \"b\"]"),
    ("type = set(number)", "[10, 9, 1]"),
    ("type = map(string)", "{ a = 1, \"b c\" = true }"),
    ("type = map(number)", "{ a = \"1\" }"),
    ("type = tuple([string, number])", "[1, \"2\"]"),
    ("type = object({ a = string, b = list(number) })", "{ a = 1, b = [\"2\"], c = \"dropped\" }"),
    ("type = list(object({ a = string }))", "[{ a = 1 }, { a = \"x\" }]"),
    ("type = map(list(map(bool)))", "{ a = [{ b = \"true\" }] }"),
    ("type = string", "<<EOT\nline\n  two ${1 + 1}\nEOT\n"),
    ("type = string", "<<-EOT\n    line\n      two\n    EOT\n"),
    ("", "<<-EOT\n    line ${1}\n      two\n\n    three\n    EOT\n"),
    ("", "<<-EOT\n      ${1}\n    two\n  EOT\n"),
    ("", "<<-EOT\n    a\n  b\n      EOT\n"),
    ("", "<<-EOT\n\ta\n\t  b\n\tEOT\n"),
    ("", "<<-EOT\n    %{ for x in [1, 2] ~}\n    n ${x}\n      deep\n    %{ endfor ~}\n    end\n    EOT\n"),
    ("", "<<EOT\n%{ if true }\nyes\n%{ endif }\n  %{~ if false ~}\nno\n%{ endif ~}\nend\nEOT\n"),
    ("", "<<EOT\n\\n \"q\" $${x} $ %\nEOT\n"),
    ("", "\"a ${~ 1 ~} b\""),
    ("", "\"a\\n ${~ 1 ~}\\n  b %{~ if true ~} c %{~ endif ~} d\""),
    ("", "<<-EOT\n    %{~ if true ~}\n    yes\n    %{~ endif ~}\n    EOT\n"),
    ("", "<<EOT\nline one\\n\r\n\t${~ 1 }\nEOT\n"),
    ("type = string\ndefault = \"d\"", "null"),
    ("type = string\ndefault = null", ""),
    ("default = { a = [1, { b = null }] }", ""),
    ("default = [1, \"a\", true]", ""),
    ("type = string", "\"e\\u0301 \\\"q\\\" $${x} %%{y}\""),
    ("type = list(string)", "[]"),
    ("type = map(string)", "{}"),
    ("type = string", "\"\""),
];

/// The same, for packers from 1.16 on.
const NEWER: &[(&str, &str)] = &[
    ("type = any", "[1, \"a\"]"),
    ("type = map(any)", "{ a = 1, b = \"x\" }"),
    ("type = list(any)", "[1, 2]"),
    ("type = object({ a = optional(string), b = optional(number, 3) })", "{}"),
    ("type = object({ a = optional(string, \"d\"), b = optional(list(string), []) })", "{ a = \"x\" }"),
    ("type = list(object({ a = optional(bool, true) }))", "[{}, { a = false }]"),
];

/// Values that do not fit.
const REFUSED: &[(&str, &str)] = &[
    ("type = number", "\"x\""),
    ("type = bool", "\"yes\""),
    ("type = bool", "2"),
    ("type = string", "[\"a\"]"),
    ("type = list(string)", "\"a\""),
    ("type = list(string)", "{ a = 1 }"),
    ("type = list(number)", "[\"x\"]"),
    ("type = map(string)", "[\"a\"]"),
    ("type = tuple([string])", "[1, 2]"),
    ("type = object({ a = string })", "{}"),
    ("type = object({ a = number })", "{ a = \"x\" }"),
    ("", "var.other"),
    ("", "1 +"),
    ("", "foo"),
    ("", "1\nblock {}\n"),
    ("", "1\nv0 = 2\n"),
    ("", "\"a\nb\""),
    ("default = 1\nvalidation {\n  condition = var.v0 > 5\n  error_message = \"Too small.\"\n}", "2"),
];

fn template(cases: &[(&str, &str)]) -> String {
    let one = |(at, (body, _)): (usize, &(&str, &str))| format!("variable \"v{at}\" {{\n{body}\n}}\n");
    cases.iter().enumerate().map(one).collect()
}

fn var_file(cases: &[(&str, &str)]) -> String {
    let given = cases.iter().enumerate().filter(|(_, (_, value))| !value.is_empty());
    given.map(|(at, (_, value))| format!("v{at} = {value}\n")).collect()
}

/// What we make of them; `None` when we refuse.
fn ours(cases: &[(&str, &str)]) -> Option<Resolution> {
    let documents = [Document::parse(Path::new("a.pkr.hcl"), template(cases)).unwrap()];
    let (declared, problems) = variables::collect(&documents);
    assert!(problems.is_empty(), "{problems:#?}");
    let document = Document::parse(Path::new("a.pkrvars.hcl"), var_file(cases)).ok()?;
    let resolution = resolve(&ResolveInput {
        declared: &declared,
        templates: &documents,
        supplied: &BTreeMap::new(),
        user_data: None,
        layers: &[Layer { name: "vars".into(), document }],
        answers: None,
        sets: &[],
        scope: &Scope::closed(),
        injected: &BTreeSet::new(),
        elsewhere: &BTreeSet::new(),
        strict: false,
    });
    let refused = resolution.diagnostics.iter().any(hc_config::Diagnostic::is_error);
    (!refused).then_some(resolution)
}

fn json(value: &Value) -> String {
    let document = Document::parse(Path::new("j.pkrvars.hcl"), "x = jsonencode([v])\n").unwrap();
    let attribute = document.body().attributes().next().unwrap();
    let scope = Scope::closed().with("v", value.clone());
    evaluate(&document, &attribute.value, &scope).unwrap().as_str().unwrap().to_owned()
}

/// Runs packer on the cases in a directory of their own.
fn packer(binary: &Path, cases: &[(&str, &str)], arguments: &[&str], input: &str) -> (bool, String) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.pkr.hcl"), template(cases)).unwrap();
    std::fs::write(dir.path().join("a.pkrvars.hcl"), var_file(cases)).unwrap();
    let mut child = Command::new(binary)
        .current_dir(dir.path())
        .args(arguments)
        .args(["-var-file=a.pkrvars.hcl", "a.pkr.hcl"])
        .env("CHECKPOINT_DISABLE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Only the console reads it.
    let _ = writeln!(child.stdin.take().unwrap(), "{input}");
    let output = child.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn values_are_those_of_packer() {
    for (binary, version) in super::packers() {
        let cases = if version.minor < 16 { TAKEN.to_vec() } else { [TAKEN, NEWER].concat() };
        let resolution = ours(&cases).unwrap();
        let names: Vec<String> = (0..cases.len()).map(|at| format!("jsonencode([var.v{at}])")).collect();
        let said = packer(&binary, &cases, &["console"], &format!("jsonencode([{}])", names.join(", "))).1;
        let theirs: Vec<String> = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}"));
        let mut wrong = Vec::new();
        for (at, theirs) in theirs.iter().enumerate() {
            let ours = json(&resolution.vars[&format!("v{at}")].value);
            if ours != *theirs {
                wrong.push(format!("{:?}: packer {theirs}, we {ours}", cases[at]));
            }
        }
        assert!(wrong.is_empty(), "{} {version}:\n{}", binary.display(), wrong.join("\n"));
        let (good, inspected) = packer(&binary, &cases, &["inspect"], "");
        assert!(good, "{inspected}");
        let listed: BTreeSet<&str> =
            inspected.lines().filter_map(|line| line.strip_prefix("var.")?.split(':').next()).collect();
        assert_eq!(listed, resolution.vars.keys().map(String::as_str).collect(), "{inspected}");
    }
}

#[test]
fn values_that_do_not_fit_are_refused_by_both() {
    for (binary, version) in super::packers() {
        for case in REFUSED {
            let cases = std::slice::from_ref(case);
            let (accepts, said) = packer(&binary, cases, &["validate"], "");
            assert!(!accepts, "{} {version}: {case:?}: {said}", binary.display());
            assert!(ours(cases).is_none(), "{case:?}: packer refuses it: {said}");
        }
    }
}
