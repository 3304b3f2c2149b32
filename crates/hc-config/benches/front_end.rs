//! `cargo bench -p hc-config`: parsing templates, reading variables, merging layers, rendering.
#![allow(missing_docs, reason = "benchmarks")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use divan::counter::BytesCount;
use hc_config::hcl::Document;
use hc_config::hcl::eval::Scope;
use hc_config::resolve::{Layer, ResolveInput, resolve};
use hc_config::{render, variables};

fn main() {
    divan::main();
}

fn template(variables: usize) -> String {
    (0..variables)
        .map(|at| {
            format!(
                "variable \"v{at}\" {{\n  type        = list(object({{ name = string, size = number }}))\n  description = \"Disks of the machine, number {at}.\"\n  default     = [{{ name = \"root\", size = {at} }}]\n}}\n\n"
            )
        })
        .collect()
}

fn overlay(variables: usize) -> String {
    (0..variables)
        .map(|at| format!("v{at} = [{{ name = upper(\"disk-${{env}}\"), size = {at} * 2 + 1 }}]\n"))
        .collect()
}

#[divan::bench(args = [10, 100, 1_000])]
fn parse(bencher: divan::Bencher, variables: usize) {
    let text = template(variables);
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| Document::parse(Path::new("t.pkr.hcl"), text.as_str()));
}

#[divan::bench(args = [10, 100, 1_000])]
fn merge_and_render(bencher: divan::Bencher, count: usize) {
    let documents = [Document::parse(Path::new("t.pkr.hcl"), template(count)).expect("it parses")];
    let (declared, _) = variables::collect(&documents);
    let document = Document::parse(Path::new("dev.pkrvars.hcl"), overlay(count)).expect("it parses");
    let layers = [Layer { name: "env dev".into(), document }];
    let scope = Scope::closed().with("env", hc_config::Value::String("dev".into()));
    let (empty, none) = (BTreeMap::new(), BTreeSet::new());
    let target = "linux.qemu.base@dev".parse().expect("a target");
    bencher.bench(|| {
        let resolution = resolve(&ResolveInput {
            declared: &declared,
            templates: &documents,
            supplied: &empty,
            user_data: None,
            layers: &layers,
            answers: None,
            sets: &[],
            scope: &scope,
            injected: &none,
            elsewhere: &none,
            strict: false,
        });
        render::render(&target, &resolution)
    });
}
