//! Our functions beside those of real packer, expression by expression, through `packer console`. The expressions
//! are in `expressions.txt`, and in `console.txt` those that Debian's packer 1.6 need not judge alike.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hc_config::Value;
use hc_config::hcl::Document;
use hc_config::hcl::eval::{Scope, evaluate};
use hc_config::hcl::functions::{names, since};

/// The lines of a file of expressions.
fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// What a packer of this version is asked, each with whether we leave the value to packer. A packer before a function
/// refuses it; overlays are ours to evaluate.
fn expressions(version: (u64, u64)) -> Vec<(&'static str, bool)> {
    let plain = lines(include_str!("expressions.txt")).map(|line| (line, false));
    let modern = lines(include_str!("console.txt")).filter(|_| version >= (1, 11));
    let modern = modern.map(|line| match line.strip_prefix("? ") {
        Some(expression) => (expression, true),
        None => (line, false),
    });
    plain.chain(modern).filter(|(expression, _)| !uses_later(expression, version)).collect()
}

/// Known differences of packers below a version, with the reason. Newer ones have none.
const OLD: &[(&str, (u64, u64), &str)] = &[
    (
        "formatdate(\"YYYY-MM-DD hh:mm:ss ZZZ EEEE MMM AA 'x''y'\", \"2026-11-21T15:04:05+01:00\")",
        (1, 7),
        "loses quoted text",
    ),
    ("index([\"a\", \"b\"], \"b\")", (1, 7), "knows another index()"),
    ("floor(123456789012345678901234.5)", (1, 7), "overflows"),
    ("format(\"%v\", null)", (1, 7), "knows the value"),
    ("format(\"%s\", null)", (1, 7), "refuses what newer ones leave for later"),
    ("true ? null : 1", (1, 7), "gives null no type"),
    ("5.3 % 0.1", (1, 7), "computes remainders with 64 bits"),
    ("-5.3 % 2", (1, 7), "computes remainders with 64 bits"),
    ("true || null", (1, 12), "evaluates both sides"),
    ("null || true", (1, 12), "evaluates both sides"),
    ("null && true", (1, 12), "evaluates both sides"),
    ("false && upper(1,2) == \"x\"", (1, 12), "evaluates both sides"),
    ("true || 1/\"a\" == 1", (1, 12), "evaluates both sides"),
    ("formatdate(\"YYYY\", \"2026-02-03T4:05:06Z\")", (1, 11), "takes an hour of one digit"),
    ("formatdate(\"YYYY\", \"2026-02-03T04:05:06,5Z\")", (1, 11), "takes a decimal comma"),
    ("sum([\"1\", 2])", (1, 12), "sums numbers only"),
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
    if !packers.iter().any(|(_, version)| *version >= (1, 16)) {
        eprintln!("skipped in part: no packer 1.16 on PATH or in HYBRID_TEST_PACKERS");
    }
    let mut wrong = Vec::new();
    for (packer, version) in packers {
        let expressions = expressions(version);
        let texts: Vec<&str> = expressions.iter().map(|(text, _)| *text).collect();
        let command = || console_of(&packer);
        // In parts: what is unknown makes the whole of its part unknown.
        let theirs = texts.chunks(60).flat_map(|part| theirs(&command, part));
        for ((expression, left), theirs) in expressions.iter().zip(theirs) {
            let ours = ours(&Scope::closed(), expression);
            let same = if *left { ours == Answer::Unknown } else { ours == theirs };
            let known = OLD.iter().any(|(known, below, _)| version < *below && known == expression);
            if !(same || known) {
                wrong.push(format!("{version:?}: {expression}: packer {theirs:?}, we {ours:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// No two compressors write the same bytes: what comes out again is the same.
#[test]
fn what_packer_compresses_is_what_we_compress() {
    use base64::Engine as _;
    use std::io::Read as _;
    let texts = ["", "a", "é", "#cloud-config\\nusers: []\\n", &"packages: [vim]\\n".repeat(200)];
    let calls: Vec<String> = texts.iter().map(|text| format!("base64gzip(\"{text}\")")).collect();
    let calls: Vec<&str> = calls.iter().map(String::as_str).collect();
    let out = |answer: &Answer| {
        let Answer::Value(text) = answer else { panic!("{answer:?}") };
        let text: String = serde_json::from_str(text).unwrap();
        let bytes = base64::prelude::BASE64_STANDARD.decode(text).unwrap();
        let mut out = String::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut out).unwrap();
        out
    };
    let ours: Vec<String> = calls.iter().map(|call| out(&ours(&Scope::closed(), call))).collect();
    assert_eq!(ours[3], "#cloud-config\nusers: []\n");
    for (packer, version) in packers().into_iter().filter(|(_, version)| *version >= (1, 12)) {
        let theirs = theirs(&|| console_of(&packer), &calls);
        assert_eq!(theirs.iter().map(out).collect::<Vec<_>>(), ours, "{version:?}");
    }
}

#[test]
fn every_function_stands_in_the_tables() {
    let all = [include_str!("expressions.txt"), include_str!("console.txt")].concat();
    // Those of files are compared where files are read, in hc-templates.
    let elsewhere = |name: &&str| {
        ["abspath", "env", "pathexpand", "templatefile"].contains(name) || name.starts_with("file")
    };
    let servers = ["aws_secretsmanager", "aws_secretsmanager_raw", "consul_key", "vault"];
    let missing: Vec<&str> = names()
        .filter(|name| !elsewhere(name) && !servers.contains(name))
        .filter(|name| *name != "base64gzip" && !all.contains(&format!("{name}(")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Whether an expression calls a function that a packer of this version does not have yet.
pub(super) fn uses_later(expression: &str, version: (u64, u64)) -> bool {
    let later = names().filter(|name| since(name).is_some_and(|since| since > version));
    later.into_iter().any(|name| expression.contains(&format!("{name}(")))
}

#[test]
fn the_functions_are_those_of_packer() {
    let mut wrong = Vec::new();
    // Of those that overlays know, env() alone stands nowhere but in defaults.
    let names: Vec<&str> = names().filter(|name| *name != "env").collect();
    let calls: Vec<String> = names.iter().map(|name| format!("{name}()")).collect();
    for (packer, version) in packers() {
        let said = console(&|| console_of(&packer), &format!("[{}]", calls.join(", ")));
        for name in &names {
            let missing = said.contains(&format!("There is no function named \"{name}\""));
            let later = since(name).is_some_and(|since| since > version);
            if missing != later {
                wrong.push(format!("{} {version:?}: {name}: missing {missing}", packer.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
