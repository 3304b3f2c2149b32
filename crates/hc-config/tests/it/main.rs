//! Properties of the HCL front end: what is rendered reads back as it was, whatever it is (CONFIG-2, issue 5).
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on fails; packer is on PATH"
)]

mod functions;
mod values;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use hc_config::hcl::Document;
use hc_config::hcl::eval::{Scope, evaluate};
use hc_config::number::Number;
use hc_config::resolve::{Layer, Resolution, ResolveInput, resolve};
use hc_config::secrets::SecretRef;
use hc_config::{Location, Value, render, variables};
use hc_core::Target;
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization as _;

fn target() -> Target {
    "linux.qemu.base@dev".parse().unwrap()
}

/// Strings with everything that means something to HCL.
fn text() -> impl Strategy<Value = String> {
    let telling = prop::sample::select(vec![
        "${", "%{", "$${", "%%{", "}", "\"", "\\", "\n", "\r", "\t", "\u{0}", "\u{1b}", "\u{7f}", "ü",
        "日本", "🦀", "~}", "<<EOT", "#", "//", "/*", " ", "a", "$", "%",
    ]);
    prop::collection::vec(prop_oneof![telling.prop_map(str::to_owned), ".{0,3}"], 0..6)
        // Packer's strings and keys are composed (NFC): what is read back is, too.
        .prop_map(|parts| parts.concat().nfc().collect())
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::int),
        any::<u64>().prop_map(|number| Value::Number(Number::from(number))),
        "-?[1-9][0-9]{0,80}(\\.[0-9]{0,40}[1-9])?"
            .prop_map(|text| Value::Number(Number::parse(&text).unwrap())),
        (-1.0e15..1.0e15_f64).prop_map(|number| Value::Number(Number::parse(&number.to_string()).unwrap())),
        text().prop_map(Value::String),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::tuple),
            prop::collection::vec((prop_oneof!["[a-z_]{1,8}", text()], inner), 0..5)
                .prop_map(|entries| Value::Map(entries.into_iter().collect())),
        ]
    })
}

fn layer(name: &str, values: &BTreeMap<String, Value>) -> Layer {
    let text: String = values.iter().map(|(name, value)| format!("{name} = {}\n", value.to_hcl())).collect();
    Layer { name: name.into(), document: Document::parse(Path::new("overlay.pkrvars.hcl"), text).unwrap() }
}

/// Resolves layers over variables `a` to `e` without a type.
fn resolved(layers: &[Layer]) -> Resolution {
    let template: String = ["a", "b", "c", "d", "e"]
        .iter()
        .map(|name| format!("variable \"{name}\" {{\n  default = null\n}}\n"))
        .collect();
    let documents = [Document::parse(Path::new("t.pkr.hcl"), template).unwrap()];
    let (declared, problems) = variables::collect(&documents);
    assert!(problems.is_empty());
    resolve(&ResolveInput {
        declared: &declared,
        templates: &documents,
        supplied: &BTreeMap::new(),
        user_data: None,
        layers,
        answers: None,
        sets: &[],
        scope: &Scope::closed(),
        injected: &BTreeSet::new(),
        elsewhere: &BTreeSet::new(),
        strict: false,
    })
}

#[test]
fn what_holds_values_prints_none() {
    const SECRET: &str = "hunter2";
    let text = format!("variable \"a\" {{\n  default = \"{SECRET}\"\n  sensitive = true\n}}\n");
    let documents = [Document::parse(Path::new("t.pkr.hcl"), text).unwrap()];
    let (declared, _) = variables::collect(&documents);
    let secret = || Value::String(SECRET.into());
    let layers = [layer("env dev", &BTreeMap::from([("a".to_owned(), secret())]))];
    let place = (Location::whole_file(Path::new("user-data")), format!("password: {SECRET}"));
    let input = ResolveInput {
        declared: &declared,
        templates: &documents,
        supplied: &BTreeMap::from([("a".to_owned(), secret())]),
        user_data: Some(&place),
        layers: &layers,
        answers: Some(&[("a".to_owned(), secret())].into_iter().collect()),
        sets: &[("a".to_owned(), SECRET.to_owned())],
        scope: &Scope::closed().with("git_sha", secret()),
        injected: &BTreeSet::new(),
        elsewhere: &BTreeSet::new(),
        strict: true,
    };
    let resolution = resolve(&input);
    assert_eq!(resolution.vars["a"].value, secret());
    let part = hc_config::cloudinit::Part { path: "user-data".into(), text: place.1.clone() };
    let command = SecretRef::Command(vec!["op".into(), format!("--token={SECRET}")]);
    let shown = format!("{input:?} {resolution:?} {:?} {documents:?} {part:?} {command:?}", declared["a"]);
    assert!(!shown.contains(SECRET), "{shown}");
    for name in ["sensitive: true", "git_sha", "env dev", "overlay.pkrvars.hcl", "\"string\""] {
        assert!(shown.contains(name), "{name}: {shown}");
    }
}

fn values() -> impl Strategy<Value = BTreeMap<String, Value>> {
    prop::collection::btree_map(
        prop::sample::select(vec!["a", "b", "c", "d", "e"]).prop_map(str::to_owned),
        value(),
        0..5,
    )
}

fn read_back(text: &str) -> BTreeMap<String, Value> {
    let document = Document::parse(Path::new("r.auto.pkrvars.hcl"), text)
        .unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    document
        .body()
        .attributes()
        .map(|attribute| {
            let value = evaluate(&document, &attribute.value, &Scope::closed())
                .unwrap_or_else(|error| panic!("{error:?}\n{text}"));
            (attribute.key.to_string(), value)
        })
        .collect()
}

proptest! {
    #[test]
    fn what_is_rendered_reads_back_the_same(values in values()) {
        let resolution = resolved(&[layer("env dev", &values)]);
        prop_assert!(resolution.diagnostics.is_empty(), "{:?}", resolution.diagnostics);
        let text = render::render(&target(), &resolution);
        prop_assert_eq!(&text, &render::render(&target(), &resolution));
        prop_assert_eq!(read_back(&text), values, "{}", text);
    }

    #[test]
    fn layers_merge_associatively_and_the_highest_wins(one in values(), two in values(), three in values()) {
        let all = resolved(&[layer("1", &one), layer("2", &two), layer("3", &three)]);
        let mut merged = one.clone();
        merged.extend(two.clone());
        let left = resolved(&[layer("12", &merged), layer("3", &three)]);
        let mut merged = two;
        merged.extend(three);
        let right = resolved(&[layer("1", &one), layer("23", &merged)]);
        let plain = |resolution: &Resolution| -> Vec<(String, Value)> {
            resolution.vars.iter().map(|(name, var)| (name.clone(), var.value.clone())).collect()
        };
        prop_assert_eq!(plain(&all), plain(&left));
        prop_assert_eq!(plain(&all), plain(&right));
    }

    #[test]
    fn no_text_makes_the_parser_or_the_evaluator_panic(text in prop_oneof![".{0,200}", text(), mutated()]) {
        if let Ok(document) = Document::parse(Path::new("x.pkr.hcl"), text) {
            let (_, _) = variables::collect(std::slice::from_ref(&document));
            for attribute in document.body().attributes() {
                let _ = evaluate(&document, &attribute.value, &Scope::closed());
            }
        }
    }
}

const REAL: &str = "variable \"x\" {\n  type = object({ a = string, b = optional(list(number), [1, 2]) })\n  validation {\n    \
                    condition     = length(var.x.a) > 3 && can(regex(\"^[a-z]+$\", var.x.a))\n    error_message = \"No: ${var.x.a}!\"\n  }\n}\n\
                    local_value = { for k, v in { a = 1, \"b c\" = [for i in [1, 2] : i * 2 if i > 1] } : upper(k) => v... }\n\
                    heredoc = <<-EOT\n    line ${1 + 2}\n      %{ if true ~}\n    yes\n    %{ endif ~}\n  EOT\nsplat = [{ a = 1 }][*].a\n";

/// Real HCL with a piece cut out, doubled, or replaced.
fn mutated() -> impl Strategy<Value = String> {
    let indices: Vec<usize> = REAL.char_indices().map(|(at, _)| at).collect();
    let count = indices.len();
    (0..count, 0..count, ".{0,3}").prop_map(move |(one, two, piece)| {
        let (start, end) = (indices[one.min(two)], indices[one.max(two)]);
        format!("{}{piece}{}", &REAL[..start], &REAL[end..])
    })
}

#[test]
fn nesting_without_end_is_an_error_and_no_stack_overflow() {
    for (open, close) in [("[", "]"), ("{a=", "}"), ("(", ")"), ("-", ""), ("!", ""), ("\"${", "}\"")] {
        for depth in [200, 100_000] {
            let text = format!("x = {}1{}\n", open.repeat(depth), close.repeat(depth));
            let error = Document::parse(Path::new("deep.pkr.hcl"), text);
            assert!(depth < 1_000 || error.is_err(), "{open} {depth}");
        }
    }
    let blocks = format!("{}{}", "a {\n".repeat(100_000), "}\n".repeat(100_000));
    assert!(Document::parse(Path::new("deep.pkr.hcl"), blocks).is_err());
}

/// Packers to compare with: the one on `PATH`, and those that the environment names.
fn packers() -> Vec<PathBuf> {
    let extra = std::env::var_os("HYBRID_TEST_PACKERS").unwrap_or_default();
    let mut found: Vec<PathBuf> = std::env::split_paths(&extra).filter(|path| path.is_file()).collect();
    if Command::new("packer").arg("version").output().is_ok() {
        found.push("packer".into());
    }
    found
}

#[test]
fn rendered_files_are_fixed_points_of_packer_fmt() {
    use proptest::strategy::ValueTree;
    let packers = packers();
    if packers.is_empty() {
        eprintln!("skipped: no packer");
        return;
    }
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let dir = tempfile::tempdir().unwrap();
    for at in 0..60 {
        let values = values().new_tree(&mut runner).unwrap().current();
        let text = render::render(&target(), &resolved(&[layer("env dev", &values)]));
        std::fs::write(dir.path().join(format!("r{at}.auto.pkrvars.hcl")), text).unwrap();
    }
    for packer in packers {
        let output = Command::new(&packer).args(["fmt", "-check", "-diff"]).arg(dir.path()).output().unwrap();
        assert!(output.status.success(), "{}: {}", packer.display(), String::from_utf8_lossy(&output.stdout));
    }
}
