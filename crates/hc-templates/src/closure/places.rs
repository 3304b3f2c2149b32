//! From the text of a path to its place: what it is relative to, and whether it stays in the project.
//!
//! Values are computed as if the project lay at [`ROOT`], so that no value depends on where it really lies, and an
//! absolute path that stands in a template can be told from one that `path.root` gave.

use std::path::{Path, PathBuf};

use hc_core::fs::normalize;

use super::disk::{Disk, Found, Link, Way};

/// The project's root in evaluated values.
pub(super) const ROOT: &str = "/\u{f8ff}project";
/// Stands in a text for what only packer knows.
pub(super) const HOLE: char = '\u{f8fe}';
/// Longer texts are no paths.
const LONGEST: usize = 1_024;

/// The directories that relative paths start from, relative to the project.
#[derive(Debug, Clone)]
pub(super) struct Bases {
    /// The template's directory: `file()` and its relatives.
    pub(super) template: PathBuf,
    /// Packer's working directory: everything that plugins open.
    pub(super) workdir: PathBuf,
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) found: Found,
    pub(super) links: Vec<Link>,
    /// Whether the path as written holds on this machine alone.
    pub(super) absolute: bool,
}

impl From<Way> for Spot {
    fn from(way: Way) -> Self {
        Self { found: way.found, links: way.links, absolute: false }
    }
}

impl Bases {
    /// The value of `path.root`. Absolute, because hybrid gives packer an absolute directory.
    pub(super) fn root_value(&self) -> String {
        below_root(&self.template)
    }

    /// The value of `path.cwd`.
    pub(super) fn cwd_value(&self) -> String {
        below_root(&self.workdir)
    }

    /// Where a path leads from `base`; `None` for a text that is no path.
    pub(super) fn spot(&self, disk: &Disk, base: &Path, text: &str) -> Option<Spot> {
        if text.is_empty() || text.len() > LONGEST || text.contains(|c: char| c.is_control() || c == HOLE) {
            return None;
        }
        let text = text.strip_prefix("file://").unwrap_or(text);
        if text.contains("://") || text == "/dev/null" {
            return None;
        }
        let outside = || Spot { found: Found::Outside(None), links: Vec::new(), absolute: true };
        if text == "~" || text.starts_with("~/") {
            return Some(outside());
        }
        let path = Path::new(text);
        if !path.has_root() {
            return Some(disk.follow(base, path).into());
        }
        let (rest, absolute) = match normalize(path).strip_prefix(ROOT) {
            Ok(rest) => (rest.to_owned(), false),
            Err(_) => match disk.inside(path) {
                Some(rest) => (rest.to_owned(), true),
                None => return Some(outside()),
            },
        };
        Some(Spot { absolute, ..disk.follow(Path::new(""), &rest).into() })
    }
}

/// A path as people should see it: without the stand-in for the project's root.
pub(super) fn shown(text: &str) -> String {
    let text = text.replace(HOLE, "…");
    match text.strip_prefix(ROOT) {
        Some(rest) => normalize(Path::new(rest.trim_start_matches('/'))).display().to_string(),
        None => text,
    }
}

fn below_root(dir: &Path) -> String {
    match dir.as_os_str().is_empty() {
        true => ROOT.to_owned(),
        false => format!("{ROOT}/{}", dir.display()),
    }
}
