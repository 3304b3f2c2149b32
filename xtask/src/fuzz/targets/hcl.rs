//! Templates: parsed, analysed and evaluated as `validate` does; what is printed means what was read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hc_config::hcl::Document;
use hc_config::hcl::eval::{Scope, evaluate};
use hc_config::hcl::hcl_edit::expr::Expression;
use hc_config::hcl::hcl_edit::structure::{Block, Body};
use hc_config::render::render;
use hc_config::resolve::{Layer, Resolution, ResolveInput, resolve};
use hc_config::{Diagnostic, Value, variables};
use hc_core::Version;
use hc_templates::closure::{self, Memory, Search};
use hc_templates::inventory::SourceBlock;
use hc_templates::{Builder, BuilderToml, requirements};

use super::outcome::{kind, placed, plain};

const PATH: &str = "templates/fuzz.pkr.hcl";

/// Parses, and does with the document what `validate` does.
pub(super) fn hcl(bytes: &[u8]) -> u64 {
    let path = Path::new(PATH);
    let document = match Document::parse(path, String::from_utf8_lossy(bytes)) {
        Ok(document) => document,
        Err(diagnostic) => {
            let text = String::from_utf8_lossy(bytes);
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            return kind((placed(path, text, [&*diagnostic]), diagnostic.label.as_deref().map(plain)));
        }
    };
    let documents = [document];
    let [document] = &documents;
    let text = document.text().to_owned();
    let (declared, problems) = variables::collect(&documents);
    let mut seen = vec![placed(path, &text, &problems)];
    seen.push(placed(
        path,
        &text,
        &requirements::too_new_for(Version { major: 1, minor: 6, patch: 6 }, &documents),
    ));

    let builder = builder(document);
    requirements::plugins(&builder);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/hc-engine/scaffold");
    let vars = resolution(&declared, &documents, &[]).vars;
    let (memory, env) = (Memory::new(&root), BTreeMap::new());
    let found = closure::find(&Search { memory: &memory, builder: &builder, vars: &vars, env: &env });
    let problems = found.diagnostics(&builder);
    // What a playbook of the scaffold lacks is told there.
    let here = |problem: &&Diagnostic| problem.location.as_ref().is_none_or(|place| place.path == path);
    seen.push(placed(path, &text, problems.iter().filter(here)));

    let mut expressions = Vec::new();
    walk(document.body(), &mut expressions);
    for expression in expressions {
        match evaluate(document, expression, &Scope::open()) {
            Ok(value) => {
                seen.push(kind(value.kind()));
                printed_means_the_same(&value);
            }
            Err(diagnostic) => seen.push(placed(path, &text, [&*diagnostic])),
        }
    }
    seen.push(resolved(&declared, &documents, &text));
    seen.sort_unstable();
    seen.dedup();
    kind(seen)
}

fn resolution(
    declared: &BTreeMap<String, variables::VariableDecl>,
    documents: &[Document; 1],
    layers: &[Layer],
) -> Resolution {
    resolve(&ResolveInput {
        declared,
        templates: documents,
        supplied: &BTreeMap::new(),
        user_data: None,
        layers,
        answers: None,
        sets: &[],
        scope: &Scope::closed().with("env", Value::String("dev".into())),
        injected: &BTreeSet::new(),
        elsewhere: &BTreeSet::new(),
        strict: false,
    })
}

/// The document as template and as var file at once, through to the rendered file.
fn resolved(
    declared: &BTreeMap<String, variables::VariableDecl>,
    documents: &[Document; 1],
    text: &str,
) -> u64 {
    let layer = Layer { name: "vars".into(), document: documents[0].clone() };
    let resolution = resolution(declared, documents, &[layer]);
    let target = "linux.qemu.base@dev".parse().expect("a target");
    let rendered = render(&target, &resolution);
    let again = Document::parse(Path::new("rendered"), rendered.as_str())
        .unwrap_or_else(|error| panic!("the rendered file does not parse: {error:?}\n{rendered}"));
    for attribute in again.body().attributes() {
        let value = evaluate(&again, &attribute.value, &Scope::closed());
        let value =
            value.unwrap_or_else(|error| panic!("the rendered file has no values: {error:?}\n{rendered}"));
        assert_eq!(value, resolution.vars[attribute.key.as_str()].value, "rendered:\n{rendered}");
    }
    // A variable without any value is a problem of no place.
    placed(Path::new(PATH), text, resolution.diagnostics.iter().filter(|problem| problem.location.is_some()))
}

/// What `to_hcl` writes reads back as the value.
pub(super) fn printed_means_the_same(value: &Value) {
    if value.has_unknown() || is_beyond_hcl_edit(value, 0) {
        return;
    }
    let text = format!("x = {}\n", value.to_hcl());
    let document = Document::parse(Path::new("printed"), text.as_str())
        .unwrap_or_else(|error| panic!("what was printed does not parse: {error:?}\n{text}"));
    let expression = &document.body().attributes().next().expect("one attribute").value;
    let again = evaluate(&document, expression, &Scope::closed());
    assert_eq!(again.as_ref(), Ok(value), "printed: {text}");
}

/// What Packer reads and hcl-edit refuses: numbers beyond doubles, and more than 64 levels.
fn is_beyond_hcl_edit(value: &Value, depth: usize) -> bool {
    match value {
        _ if depth > 60 => true,
        Value::Number(number) => !number.as_f64().is_finite(),
        Value::List(items) => items.iter().any(|item| is_beyond_hcl_edit(item, depth + 1)),
        Value::Map(entries) => entries.values().any(|value| is_beyond_hcl_edit(value, depth + 1)),
        _ => false,
    }
}

fn walk<'a>(body: &'a Body, found: &mut Vec<&'a Expression>) {
    found.extend(body.attributes().map(|attribute| &attribute.value));
    for block in body.blocks() {
        walk(&block.body, found);
    }
}

fn builder(document: &Document) -> Builder {
    let source = |block: &Block| {
        let (kind, name) = (block.labels.first()?.as_str().into(), block.labels.get(1)?.as_str().into());
        let place = document.location(block);
        Some(SourceBlock { kind, name, kind_location: place.clone(), name_location: place })
    };
    Builder {
        id: "linux.qemu.base".parse().expect("an id"),
        dir: "linux/qemu".into(),
        file: None,
        in_place: false,
        adopted: false,
        workdir: "".into(),
        only: None,
        except: Vec::new(),
        vars: BTreeMap::new(),
        layers: Vec::new(),
        files: vec![PATH.into()],
        data_sources: Vec::new(),
        var_files: Vec::new(),
        metadata: BuilderToml::default(),
        has_metadata: false,
        documents: vec![document.clone()].into(),
        sources: document.body().get_blocks("source").filter_map(source).collect(),
        provisioners: Vec::new(),
        post_processors: Vec::new(),
    }
}
