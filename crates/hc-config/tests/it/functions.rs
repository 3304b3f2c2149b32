//! Our functions beside those of real packer, expression by expression, through `packer console`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hc_config::Value;
use hc_config::hcl::Document;
use hc_config::hcl::eval::{Scope, evaluate};
use hc_config::hcl::functions::{names, since};

/// A packer before a function refuses it; overlays are ours to evaluate.
const EXPRESSIONS: &[&str] = &[
    "1 + 2 * 3",
    "7 / 2",
    "7 % 3",
    "-5 + 1",
    "1 < 2 && !false",
    "true ? \"a\" : \"b\"",
    "1 == 1.0",
    "\"a\" != \"b\"",
    "\"x${1 + 1}y\"",
    "[for i in [1, 2, 3] : i * 2 if i > 1]",
    "{ for k, v in { a = 1, b = 2 } : upper(k) => v }",
    "[{ a = 1 }, { a = 2 }][*].a",
    "{ a = { b = [1, 2] } }.a.b[1]",
    "\"%{ if true }yes%{ else }no%{ endif }\"",
    "\"%{ for x in [1, 2] }<${x}>%{ endfor }\"",
    "abs(-3)",
    "abs(2.5)",
    "ceil(1.2)",
    "floor(-1.2)",
    "ceil(3)",
    "max(1, 5, 3)",
    "min(4, 2, 8)",
    "pow(2, 10)",
    "signum(-7)",
    "parseint(\"ff\", 16)",
    "parseint(\"-101\", 2)",
    "chomp(\"a\\n\\n\")",
    "lower(\"ÄBC\")",
    "upper(\"straße\")",
    "title(\"hello big world\")",
    "trim(\"??a?b?\", \"?\")",
    "trimprefix(\"hello\", \"he\")",
    "trimsuffix(\"hello\", \"lo\")",
    "trimspace(\"  a b \\n\")",
    "strrev(\"abcü\")",
    "substr(\"hello\", 1, 3)",
    "substr(\"hello\", 2, -1)",
    "substr(\"héllo\", 1, 2)",
    "split(\",\", \"a,b,,c\")",
    "split(\",\", \"\")",
    "join(\"-\", [\"a\", \"b\"])",
    "join(\"-\", [])",
    "replace(\"a.b.c\", \".\", \"-\")",
    "replace(\"aab\", \"a\", \"\")",
    "indent(2, \"a\\nb\\nc\")",
    "format(\"%s-%d-%05.1f-%q-%%\", \"x\", 7, 2.25, \"y\")",
    "format(\"%v %v\", true, [1, 2])",
    "format(\"%3d|%-3d|%x|%X|%o|%b\", 5, 5, 255, 255, 8, 5)",
    "format(\"%5s|%-5s|\", \"ab\", \"cd\")",
    "formatlist(\"%s!\", [\"a\", \"b\"])",
    "formatlist(\"%s-%s\", \"x\", [\"a\", \"b\"])",
    "length([1, 2])",
    "length({ a = 1 })",
    "length(\"añb\")",
    "concat([1], [], [2, 3])",
    "compact([\"a\", \"\", \"b\"])",
    "contains([\"a\", \"b\"], \"a\")",
    "contains([1, 2], 3)",
    "distinct([\"a\", \"b\", \"a\"])",
    "element([\"a\", \"b\", \"c\"], 4)",
    "flatten([[1, [2]], [], [3]])",
    "reverse([1, 2, 3])",
    "slice([1, 2, 3, 4], 1, 3)",
    "sort([\"b\", \"a\", \"C\"])",
    "chunklist([1, 2, 3, 4, 5], 2)",
    "coalesce(null, \"a\", \"b\")",
    "coalescelist([], [\"x\"])",
    "range(3)",
    "range(1, 8, 3)",
    "keys({ b = 1, a = 2 })",
    "values({ b = 1, a = 2 })",
    "lookup({ a = 1 }, \"a\", 9)",
    "lookup({ a = 1 }, \"z\", 9)",
    "merge({ a = 1, b = 2 }, { b = 3 })",
    "zipmap([\"a\", \"b\"], [1, 2])",
    "setunion([\"b\"], [\"a\"])",
    "jsonencode({ a = [1, \"b\", true, null], c = \"<&>\" })",
    "jsondecode(\"{\\\"a\\\": [1, 2.5, \\\"x\\\"]}\")",
    "base64encode(\"häl\")",
    "base64decode(\"aMOkbA==\")",
    "urlencode(\"a b&c/ü\")",
    "md5(\"a\")",
    "sha1(\"a\")",
    "sha256(\"a\")",
    "sha512(\"a\")",
    "can(1 + 1)",
    "basename(\"/a/b.txt\")",
    "dirname(\"/a/b.txt\")",
    "toset([\"b\", \"a\", \"b\"])",
    "\"a\\tb\\u00e9\\\"\"",
    "18446744073709551616 + 1",
    "0.1 + 0.2",
    "1e3",
    "1 / 3",
    "cidrhost(\"10.0.0.0/8\", 5)",
    "cidrnetmask(\"172.16.0.0/12\")",
    "cidrsubnet(\"10.0.0.0/8\", 8, 2)",
    "title(\"it's a-b_c d.e\")",
    "format(\"%q\", \"a\\\"b\\n\\u00e9<\")",
    "format(\"%5.2s|\", \"abcdef\")",
    "format(\"%+d %+.1f\", 5, 2.25)",
    "format(\"%d %x\", 18446744073709551617, 18446744073709551617)",
    "format(\"%v\", 0.1)",
    "format(\"%.3f\", 2 / 3)",
    "true ? 1 : \"a\"",
    "false ? true : \"a\"",
    "setunion([10, 9], [1])",
    "setproduct([\"b\", \"a\"], [1, 2])",
    "setintersection([\"b\", \"a\"], [\"a\"])",
    "coalesce(null, 1, \"a\")",
    "range(0, 1, 0.25)",
    "range(5, 1)",
    "contains([1, 2], \"1\")",
    "formatdate(\"YYYY-MM-DD hh:mm:ss ZZZ EEEE MMM AA 'x''y'\", \"2026-11-21T15:04:05+01:00\")",
    "formatdate(\"YY M D EEE H:m:s aa ZZZZZ ZZZZ Z\", \"2026-01-02T03:04:05Z\")",
    "timeadd(\"2026-11-21T15:04:05Z\", \"-1h30m\")",
    "timeadd(\"2026-11-21T15:04:05+02:00\", \"1.5h\")",
    "uuidv5(\"dns\", \"a.b\")",
    "uuidv5(\"6ba7b810-9dad-11d1-80b4-00c04fd430c8\", \"a.b\")",
    "cidrsubnets(\"10.1.0.0/16\", 4, 4, 8, 4)",
    "cidrsubnets(\"fd00:fd12:3456:7890::/56\", 16, 16, 16, 32)",
    "cidrhost(\"fe80::/64\", -2)",
    "cidrhost(\"10.0.0.0/30\", 9)",
    "cidrsubnet(\"fd00:fd12:3456:7890::/56\", 16, 162)",
    "cidrsubnet(\"10.0.0.0/8\", 8, 300)",
    "index([\"a\", \"b\"], \"b\")",
    "index([\"a\"], \"z\")",
    "upper(\"a\", \"b\")",
    "jsonencode({ e\u{301} = 1 })",
    "{ e\u{301} = 1 }.e\u{301}",
    "strrev(\"e\\u0301a\")",
    "length(\"e\\u0301a\")",
    "substr(\"abc\", 5, 1)",
    "slice([1, 2], 1, 5)",
    "convert(\"5\", number)",
    "convert([1, 2], list(string))",
    "pow(2, 52)",
    "pow(3, 2)",
    "1 == \"1\"",
    "[1, 2] == [1, 2]",
    "\"${[1]}\"",
    "{ \"a\" = 1, \"a\" = 2 }",
    "lookup({ a = 1 }, \"z\")",
    "sort([3, 10])",
    "join(\",\", [1, true])",
    "upper(null)",
    "distinct([1, \"1\"])",
    "flatten(\"a\")",
    "zipmap([\"a\"], [1, 2])",
    "keys({ b = 1, a = 2 })",
    "reverse(\"abc\")",
    "try(x.y, 1)",
    "compact([\"a\", null, \"\"])",
    "chunklist([1, 2, 3], 0)",
    "regex_replace(\"abc\", \"b(c)\", \"$1-x\")",
    "replace(\"abc\", \"/b(c)/\", \"$1\")",
    "base64decode(\"!!\")",
    "merge({ a = 1 }, null)",
    "matchkeys([1], [2], [2])",
    "trimall(\"a\", \"a\")",
    "-7.5 % 2",
    "7 % -3",
    "1 / 0",
    "123456789012345678901234567890.123",
    "floor(123456789012345678901234.5)",
    "parseint(\"ffffffffffffffffffff\", 16)",
    "parseint(\"12x\", 10)",
    "jsondecode(\"123456789012345678901\")",
    "1e21",
    "5e-324",
    "\"${1e21}\"",
    "min(1e30, 1e31)",
    "substr(\"abc\", -2, 1)",
    "split(\"\", \"abc\")",
    "trim(\"xax\", \"x\")",
    "element([], 0)",
    "lower(\"İ\")",
    "trimspace(\"\\u00a0a\\u2003\")",
    "indent(2, \"a\\n\\nb\")",
    "chomp(\"a\\r\\n\\r\\n\")",
    "jsonencode(\"\\u007f\\u2028é\")",
    "urlencode(\"~*'()!\")",
    "dirname(\"a//b/../c\")",
    "basename(\"/\")",
    "dirname(\"\")",
    "{ for k, v in { a = 1, b = 2 } : v => k... }",
    "[for k, v in { b = 1, a = 2 } : \"${k}${v}\"]",
    "{ a = [{ b = 1 }, { b = 2 }] }.a[*].b",
    "null == null",
    "!true || false",
    "(1 + 2) * 3 - 4 / 2",
    "\"a\" == \"a\" ? [1] : []",
    "length([])",
    "concat([], [])",
    "values({ b = [1], a = 2 })",
    "signum(0)",
    "ceil(-0.5)",
    "alltrue([true, true])",
    "anytrue([false, true])",
    "startswith(\"hello\", \"he\")",
    "endswith(\"hello\", \"lo\")",
    "strcontains(\"hello\", \"ell\")",
    "sum([1, 2.5])",
    "regex(\"[0-9]+\", \"a12b\")",
    "regexall(\"[a-z]\", \"a1b\")",
    "regex(\"(?P<year>[0-9]+)-(?P<month>[0-9]+)\", \"2026-11\")",
    "regex(\"(a)(b)?\", \"a\")",
    "can(regex(\"^[a-z]+$\", \"ABC\"))",
    "coalesce(\"\", \"b\")",
    "max()",
];

/// Known differences of packer 1.6.6, with the reason. Newer ones have none.
const OLD: &[(&str, &str)] = &[
    (
        "formatdate(\"YYYY-MM-DD hh:mm:ss ZZZ EEEE MMM AA 'x''y'\", \"2026-11-21T15:04:05+01:00\")",
        "loses quoted text",
    ),
    ("index([\"a\", \"b\"], \"b\")", "knows another index()"),
    ("floor(123456789012345678901234.5)", "overflows"),
];

pub(super) fn packers() -> Vec<(PathBuf, (u64, u64))> {
    let version = |path: &Path| {
        let output = Command::new(path).arg("version").output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut numbers = text.lines().next()?.split_once('v')?.1.split('.').map(|part| part.parse().ok());
        Some((numbers.next()??, numbers.next()??))
    };
    super::packers().into_iter().filter_map(|path| version(&path).map(|version| (path, version))).collect()
}

fn console_of(packer: &Path) -> Command {
    let mut command = Command::new(packer);
    command.args(["console", "--config-type=hcl2"]);
    command
}

/// What packer says to one expression.
fn console(command: &dyn Fn() -> Command, expression: &str) -> String {
    let mut child = command()
        .env("CHECKPOINT_DISABLE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{expression}").unwrap();
    String::from_utf8_lossy(&child.wait_with_output().unwrap().stdout).into_owned()
}

/// What came of an expression, as JSON in packer's own words.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    Value(String),
    Refused,
    /// Known only when packer builds.
    Unknown,
}

/// What packer computes. Many expressions go through one process; where one is unknown, or none can be read, each
/// half is asked again.
pub(super) fn theirs(command: &dyn Fn() -> Command, expressions: &[&str]) -> Vec<Answer> {
    let wrapped: Vec<String> =
        expressions.iter().map(|one| format!("try(jsonencode({one}), false)")).collect();
    let said = console(command, &format!("jsonencode([{}])", wrapped.join(", ")));
    if let Ok(all) = serde_json::from_str::<Vec<serde_json::Value>>(&said) {
        let answer = |value: serde_json::Value| match value {
            serde_json::Value::String(text) => Answer::Value(text),
            _ => Answer::Refused,
        };
        return all.into_iter().map(answer).collect();
    }
    match expressions.split_at(expressions.len() / 2) {
        ([], _) if said.trim() == "<unknown>" => vec![Answer::Unknown],
        ([], _) => vec![Answer::Refused],
        (left, right) => [theirs(command, left), theirs(command, right)].concat(),
    }
}

/// What we compute.
pub(super) fn ours(scope: &Scope, expression: &str) -> Answer {
    let text = format!("x = jsonencode({expression})\n");
    let Ok(document) = Document::parse(Path::new("x.pkrvars.hcl"), text) else { return Answer::Refused };
    let Some(attribute) = document.body().attributes().next() else { return Answer::Refused };
    match evaluate(&document, &attribute.value, scope) {
        Ok(Value::String(text)) => Answer::Value(text),
        Ok(_) => Answer::Unknown,
        Err(_) => Answer::Refused,
    }
}

#[test]
fn pure_functions_agree_with_packer() {
    let packers = packers();
    if packers.is_empty() {
        eprintln!("skipped: no packer");
    }
    let mut wrong = Vec::new();
    for (packer, version) in packers {
        let expressions: Vec<&str> = EXPRESSIONS.to_vec();
        let command = || console_of(&packer);
        for (expression, theirs) in expressions.iter().zip(theirs(&command, &expressions)) {
            let ours = ours(&Scope::closed(), expression);
            let same = ours == theirs;
            let refused =
                theirs == Answer::Refused && console(&command, expression).contains("no function named");
            let known = version < (1, 7) && OLD.iter().any(|(known, _)| known == expression);
            let later = refused && uses_later(expression, version);
            if !(same || known || later) {
                wrong.push(format!("{}: {expression}: packer {theirs:?}, we {ours:?}", packer.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether an expression calls a function that a packer of this version does not have yet.
pub(super) fn uses_later(expression: &str, version: (u64, u64)) -> bool {
    let later = names().filter(|name| since(name).is_some_and(|since| since > version));
    later.into_iter().any(|name| expression.contains(&format!("{name}(")))
}

#[test]
fn the_functions_are_those_of_packer() {
    let mut wrong = Vec::new();
    for (packer, version) in packers() {
        // Of those that overlays know, env() alone stands nowhere but in defaults.
        for name in names().filter(|name| *name != "env") {
            let missing =
                console(&|| console_of(&packer), &format!("{name}()")).contains("no function named");
            let later = since(name).is_some_and(|since| since > version);
            if missing != later {
                wrong.push(format!("{} {version:?}: {name}: missing {missing}", packer.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
