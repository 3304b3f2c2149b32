//! Where a repository runs packer: the directory from which most of its relative paths lead to something.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hc_config::hcl::Document;
use hc_config::{Location, Value};

use super::blocks::{Built, Walk};
use super::disk::Found;
use super::memory::Memory;
use super::places::{Bases, HOLE};
use super::positions::{self, Need, Role};
use super::texts::{self, Lack, Sink, Text};
use super::world::Template;
use super::{computed, globs};

/// A template of which nothing but its files is known.
pub(crate) struct Candidate<'a> {
    pub(crate) documents: &'a [Document],
    /// Addresses of its sources.
    pub(crate) sources: &'a [String],
    /// Its directory.
    pub(crate) dir: &'a Path,
    pub(crate) values: &'a BTreeMap<String, Value>,
}

/// The directory to run packer in; `None` for the project's root, which no other directory beats.
pub(crate) fn find(memory: &Memory, candidate: &Candidate<'_>) -> Option<PathBuf> {
    let mut best = (score(memory, candidate, Path::new("")), PathBuf::new());
    if best.0.missing == 0 {
        return None;
    }
    // From the outside in: the first of those that are equally good.
    let mut dirs: Vec<&Path> = candidate.dir.ancestors().filter(|dir| !dir.as_os_str().is_empty()).collect();
    dirs.reverse();
    for dir in dirs {
        let score = score(memory, candidate, dir);
        if score.found > best.0.found {
            best = (score, dir.to_owned());
        }
    }
    Some(best.1).filter(|dir| !dir.as_os_str().is_empty())
}

#[derive(Debug, Clone, Copy, Default)]
struct Score {
    found: usize,
    missing: usize,
}

/// Counts the paths that packer opens, as they are from one working directory.
fn score(memory: &Memory, candidate: &Candidate<'_>, workdir: &Path) -> Score {
    let dir = |path: &Path| memory.disk.dir(path).unwrap_or_else(|| path.to_owned());
    let bases = Bases { template: dir(candidate.dir), workdir: dir(workdir) };
    let known = candidate.values.iter().filter(|(_, value)| **value != Value::Unknown);
    let values = known.map(|(name, value)| (name.clone(), value.clone())).collect();
    let env = BTreeMap::new();
    let template = Template::new(&memory.disk, &bases, values, &env);
    computed::evaluate(&template, &computed::definitions(candidate.documents));
    let mut count = Count { memory, bases: &bases, score: Score::default() };
    let built = Built { documents: candidate.documents, sources: candidate.sources, only: None };
    Walk::new(built, &template).each(&mut |site| {
        for attribute in site.body.attributes() {
            let role = positions::nested_role(site.block, site.plugin, site.inner, attribute.key.as_str());
            if matches!(role, Role::Path(Need::Must, _)) {
                texts::each(&template, site.document, &attribute.value, site.scope, &mut count);
            }
        }
    });
    count.score
}

struct Count<'a> {
    memory: &'a Memory,
    bases: &'a Bases,
    score: Score,
}

impl Sink for Count<'_> {
    fn text(&mut self, text: &Text<'_>) {
        if text.text.contains(HOLE) || globs::has(text.text) {
            return;
        }
        let Some(spot) = self.bases.spot(&self.memory.disk, &self.bases.workdir, text.text) else { return };
        match spot.found {
            Found::File(_) | Found::Dir(_) => self.score.found += 1,
            Found::Missing(_) | Found::Outside(None) if !spot.absolute => self.score.missing += 1,
            _ => {}
        }
    }

    fn lack(&mut self, _: Lack, _: &dyn Fn() -> Location) {}
}
