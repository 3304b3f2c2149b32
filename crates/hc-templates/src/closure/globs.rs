//! Wildcards, expanded part by part over what [`Disk`] knows.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use super::disk::{Disk, Found, is_never};
use super::places::Spot;

/// Whether a text has wildcards.
pub(super) fn has(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// The directory of which a pattern names everything: `data/**`, `data/**/*`.
pub(super) fn whole(pattern: &str) -> Option<&Path> {
    let dir = pattern.strip_suffix("/**").or_else(|| pattern.strip_suffix("/**/*"))?;
    (!has(dir) && !dir.contains('\\')).then(|| Path::new(dir))
}

/// Files below `base` that match, by their path as the pattern sees it, sorted; `**` stands for any directories.
pub(super) fn matching(disk: &Disk, base: &Path, pattern: &str) -> Vec<(PathBuf, Spot)> {
    let mut found = every(disk, base, pattern);
    found.retain(|(_, spot)| matches!(spot.found, Found::File(_)));
    found
}

/// Files and directories below `base` that match.
pub(super) fn every(disk: &Disk, base: &Path, pattern: &str) -> Vec<(PathBuf, Spot)> {
    let parts: Vec<Part> = Path::new(pattern).components().filter_map(Part::new).collect();
    let mut search = Search { disk, base, found: Vec::new(), left: MOST };
    search.expand(PathBuf::new(), &parts);
    search.found.sort_by(|(one, _), (other, _)| one.as_os_str().cmp(other.as_os_str()));
    search.found.dedup_by(|(one, _), (other, _)| one == other);
    search.found
}

/// A pattern without `{a,b}`: one for each way to read it; `None` when it is not a pattern.
pub(super) fn alternatives(pattern: &str) -> Option<Vec<String>> {
    GlobBuilder::new(pattern).literal_separator(true).build().ok()?;
    let mut open = vec![pattern.to_owned()];
    let mut found = Vec::new();
    while let Some(pattern) = open.pop() {
        match braces(&pattern) {
            None => found.push(pattern),
            Some((start, commas, end)) => {
                let ends = commas.iter().copied().chain([end]);
                let starts = [start].into_iter().chain(commas.iter().copied());
                let inner = starts.zip(ends).map(|(from, to)| &pattern[from + 1..to]);
                let (before, behind) = (&pattern[..start], &pattern[end + 1..]);
                open.extend(inner.map(|inner| format!("{before}{inner}{behind}")));
            }
        }
        if open.len() + found.len() > MOST_ALTERNATIVES {
            return None;
        }
    }
    Some(found)
}

/// The first `{…}` outside of `[…]`: where it opens, its commas, where it closes.
fn braces(pattern: &str) -> Option<(usize, Vec<usize>, usize)> {
    let (mut start, mut commas, mut depth) = (None, Vec::new(), 0_usize);
    let (mut escaped, mut class) = (false, false);
    for (at, byte) in pattern.bytes().enumerate() {
        match byte {
            _ if std::mem::take(&mut escaped) => {}
            b'\\' => escaped = true,
            b'[' => class = true,
            b']' => class = false,
            _ if class => {}
            b'{' => {
                depth += 1;
                start = start.or(Some(at));
            }
            b',' if depth == 1 => commas.push(at),
            b'}' if depth == 1 => return Some((start?, commas, at)),
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// More readings than any honest pattern has.
const MOST_ALTERNATIVES: usize = 1_000;

/// More look-ups than any honest pattern needs.
const MOST: usize = 1_000_000;

enum Part {
    Plain(OsString),
    Any,
    Glob(GlobMatcher),
}

impl Part {
    fn new(part: Component<'_>) -> Option<Self> {
        let text = match part {
            Component::Normal(text) => text,
            Component::ParentDir => return Some(Self::Plain("..".into())),
            _ => return None,
        };
        let shown = text.to_string_lossy();
        if shown == "**" {
            return Some(Self::Any);
        }
        let glob = (has(&shown) || shown.contains('\\'))
            .then(|| GlobBuilder::new(&shown).literal_separator(true).build().ok())
            .flatten();
        Some(glob.map_or_else(|| Self::Plain(text.to_owned()), |glob| Self::Glob(glob.compile_matcher())))
    }
}

struct Search<'a> {
    disk: &'a Disk,
    base: &'a Path,
    found: Vec<(PathBuf, Spot)>,
    left: usize,
}

impl Search<'_> {
    fn expand(&mut self, at: PathBuf, parts: &[Part]) {
        let Some((first, rest)) = parts.split_first() else {
            let way = self.disk.follow(self.base, &at);
            if !matches!(way.found, Found::Missing(_)) {
                self.found.push((at, way.into()));
            }
            return;
        };
        match first {
            Part::Plain(name) => self.expand(at.join(name), rest),
            Part::Any => {
                self.expand(at.clone(), rest);
                for (name, kind) in self.names(&at) {
                    match kind {
                        Kind::Dir => self.expand(at.join(name), parts),
                        // At the end it stands for files as well.
                        Kind::LinkToDir | Kind::Other if rest.is_empty() => self.expand(at.join(name), rest),
                        Kind::LinkToDir | Kind::Other => {}
                    }
                }
            }
            Part::Glob(glob) => {
                for (name, kind) in self.names(&at) {
                    if glob.is_match(&name) && (kind != Kind::Other || rest.is_empty()) {
                        self.expand(at.join(name), rest);
                    }
                }
            }
        }
    }

    /// What lies in a directory.
    fn names(&mut self, at: &Path) -> Vec<(OsString, Kind)> {
        let Found::Dir(dir) = self.disk.follow(self.base, at).found else { return Vec::new() };
        let names = self.disk.names(&dir);
        self.left = self.left.saturating_sub(names.len());
        if self.left == 0 {
            return Vec::new();
        }
        let visible = names.into_iter().filter(|name| !is_never(&dir.join(name)));
        let kind = |name: &OsString| match self.disk.has_dir(&dir, name) {
            true => Kind::Dir,
            false if self.disk.is_dir(&dir.join(name)) => Kind::LinkToDir,
            false => Kind::Other,
        };
        visible.map(|name| (name.clone(), kind(&name))).collect()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Dir,
    /// `**` does not follow it: it may lead back to where it lies.
    LinkToDir,
    Other,
}
