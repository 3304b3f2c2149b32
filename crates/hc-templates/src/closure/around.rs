//! Commands that know where the project lies. They walk around the mirror that packer runs in, so what they use there is
//! noticed by nobody: what they name in full is an input, everything else is told.

use std::path::{Path, PathBuf};

use hc_config::Location;
use hc_records::InputKind;

use super::disk::{Found, is_own};
use super::problems::{Outside, OutsideKind, UnknownKind};
use super::work::Work;

/// Looks for absolute paths of the project in a text that runs on this machine.
pub(super) fn look(work: &mut Work<'_>, text: &str, attribute: &str, location: &dyn Fn() -> Location) {
    for path in paths(text, &work.disk.roots()) {
        let Some(spot) = work.bases.spot(work.disk, Path::new(""), &path).filter(|spot| spot.absolute) else {
            continue;
        };
        match &spot.found {
            Found::File(file) if !is_own(file) => {
                let what = OutsideKind::Absolute(file.clone());
                work.problems.outside.push(Outside { path: PathBuf::from(path), location: location(), what });
                work.add(&spot, InputKind::Asset, location);
            }
            Found::Dir(dir) if is_own(dir) => {}
            Found::Dir(dir) if !dir.as_os_str().is_empty() && !work.bases.template.starts_with(dir) => {
                let below = UnknownKind::Below(dir.clone());
                work.unknown(attribute, below, location());
            }
            Found::Dir(_) => work.unknown(attribute, UnknownKind::Everything, location()),
            _ => {}
        }
    }
}

/// The absolute paths in a text that begin with one of `roots`, each up to what cannot be part of a plain path.
fn paths(text: &str, roots: &[String]) -> Vec<String> {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+');
    let mut found = Vec::new();
    for root in roots.iter().filter(|root| root.len() > 1) {
        for (start, _) in text.match_indices(root.as_str()) {
            let rest = &text[start + root.len()..];
            let end = rest.find(|c| !part(c)).unwrap_or(rest.len());
            if !rest[..end].is_empty() && !rest.starts_with('/') || text[..start].ends_with(part) {
                continue;
            }
            found.push(format!("{root}{}", &rest[..end]));
        }
    }
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_project_are_found_and_those_of_its_neighbours_are_not() {
        for (text, wanted) in [
            ("cat /a/p/x.txt /a/p2/y /b/a/p/z", vec!["/a/p/x.txt"]),
            ("cd \"/a/p\" && cat x", vec!["/a/p"]),
            ("open('/a/p' + '/x')", vec!["/a/p"]),
            ("X=/a/p/$NAME", vec!["/a/p/"]),
            ("", vec![]),
        ] {
            assert_eq!(paths(text, &["/a/p".to_owned()]), wanted, "{text}");
        }
    }
}
