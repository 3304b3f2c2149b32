//! Public repositories, where `HYBRID_TEST_REPOSITORIES` names a directory of them: what becomes an input, what is
//! told, how long it takes. Nothing of them is kept here; without them the test passes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hc_config::hcl::Document;
use hc_config::resolve::Layer;
use hc_templates::closure::{Closure, Memory, OutsideKind, Search, find};
use hc_templates::{Builder, Inventory, adopt};

use super::support::resolved;

/// What was found in one repository.
#[derive(Default)]
struct Seen {
    builders: usize,
    unknown: usize,
    missing: usize,
    outside: usize,
    inputs: usize,
    used: BTreeSet<PathBuf>,
    told: BTreeMap<String, usize>,
    time: Duration,
    slowest: Duration,
}

fn closure(root: &Path, memory: &Memory, builder: &Builder) -> (Closure, Duration) {
    let layers: Vec<Layer> = builder
        .var_files
        .iter()
        .filter_map(|path| {
            let text = std::fs::read_to_string(root.join(path)).ok()?;
            Some(Layer { name: "vars".into(), document: Document::parse(path, text).ok()? })
        })
        .collect();
    let resolution = resolved(builder, &layers);
    let start = Instant::now();
    let found = find(&Search { memory, builder, vars: &resolution.vars, env: &BTreeMap::new() });
    (found, start.elapsed())
}

fn look(root: &Path) -> Seen {
    let survey = adopt::survey(root).unwrap();
    let mapped = survey.builders.into_iter().map(|found| (found.id, found.mapping)).collect();
    let (inventory, _) = Inventory::load(root, &mapped);
    let memory = Memory::new(root);
    let mut seen = Seen::default();
    for builder in &inventory.builders {
        let (found, time) = closure(root, &memory, builder);
        seen.builders += 1;
        seen.time += time;
        seen.slowest = seen.slowest.max(time);
        seen.inputs += found.files.len();
        seen.used.extend(found.paths());
        let problems = &found.problems;
        seen.unknown += usize::from(!problems.unknown.is_empty());
        seen.missing += usize::from(!problems.missing.is_empty());
        let outside = problems.outside.iter().any(|one| {
            matches!(one.what, OutsideKind::Asset | OutsideKind::Link(_) | OutsideKind::Absolute(_))
        });
        seen.outside += usize::from(outside);
        for one in found.diagnostics(builder) {
            let place = one.location.map(|place| place.to_string()).unwrap_or_default();
            *seen.told.entry(format!("{place}: {}: {}", one.code, one.message)).or_default() += 1;
        }
    }
    seen
}

/// Templates of answer files: what an unattended installation reads.
fn answers(root: &Path) -> Vec<PathBuf> {
    let mut found = files(root);
    found.retain(|path| path.to_string_lossy().contains(".pkrtpl."));
    found
}

fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut dirs = vec![root.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.file_type().unwrap().is_dir() {
                dirs.extend((name != ".git").then_some(path));
            } else {
                found.push(path.strip_prefix(root).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn public_repositories() {
    let Some(repositories) = std::env::var_os("HYBRID_TEST_REPOSITORIES") else { return };
    let mut roots: Vec<PathBuf> =
        std::fs::read_dir(repositories).unwrap().flatten().map(|entry| entry.path()).collect();
    roots.sort();
    let (mut builders, mut unknown, mut time) = (0, 0, Duration::ZERO);
    for root in roots.iter().filter(|root| root.is_dir()) {
        let seen = look(root);
        if seen.builders == 0 {
            continue;
        }
        let answers = answers(root);
        let lost: Vec<&PathBuf> = answers.iter().filter(|path| !seen.used.contains(*path)).collect();
        println!(
            "{}: {} builders, {} inputs, {} unknown, {} missing, {} outside, {}/{} answer files, {:?} each, {:?} slowest",
            root.file_name().unwrap().to_string_lossy(),
            seen.builders,
            seen.inputs / seen.builders,
            seen.unknown,
            seen.missing,
            seen.outside,
            answers.len() - lost.len(),
            answers.len(),
            seen.time / u32::try_from(seen.builders).unwrap(),
            seen.slowest,
        );
        for (told, count) in &seen.told {
            println!("    {count} × {told}");
        }
        for path in lost {
            println!("    not used: {}", path.display());
        }
        if std::env::var_os("HYBRID_TEST_UNUSED").is_some() {
            for path in files(root).iter().filter(|path| !seen.used.contains(*path)) {
                println!("    unused: {}", path.display());
            }
        }
        builders += seen.builders;
        unknown += seen.unknown;
        time += seen.time;
    }
    println!("{builders} builders, {unknown} with something unknown, {time:?}");
    assert!(unknown * 20 <= builders, "{unknown} of {builders} builders need a hint");
}
