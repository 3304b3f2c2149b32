//! What must be there before a stack is switched on (PROV-2): assets, what they refer to, and a possible platform.
//!
//! Reads the project and changes nothing. Collects every problem; the linters are in [`crate::lint`].

use std::path::{Path, PathBuf};

use hc_config::{Diagnostic, Location, suggest};
use hc_core::BuilderId;
use hc_core::fs::read_text;

use crate::references::Reference;
use crate::registry::Stack;

/// Largest file of a stack that is looked into, in bytes.
const TEXT_LIMIT: u64 = 8 << 20;
/// Code of everything that stands against switching a stack on.
pub(crate) const CODE: &str = "ProvisionerInvalid";

/// Checks the assets of a stack, what they refer to, and the builders that it is switched on for by name.
pub fn check(stack: &Stack, root: &Path, builders: &[BuilderId]) -> Vec<Diagnostic> {
    let mut diagnostics = assets(stack, root);
    for reference in stack.references {
        diagnostics.extend(unresolved(stack, reference, root));
    }
    diagnostics.extend(impossible(stack, builders));
    diagnostics
}

/// Required files and directories that are missing.
pub fn assets(stack: &Stack, root: &Path) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for asset in stack.assets {
        let there = |name: &&str| {
            let path = root.join(stack.dir).join(name);
            path.is_file() || std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some())
        };
        if !asset.alternatives.iter().any(there) {
            let places: Vec<String> =
                asset.alternatives.iter().map(|name| format!("{}/{name}", stack.dir)).collect();
            diagnostics.push(
                Diagnostic::error(CODE, format!("stack `{}` needs {} and has none", stack.name, asset.what))
                    .hint(format!("create {}", places.join(" or "))),
            );
        }
    }
    diagnostics
}

/// Builders on which the stack cannot work.
pub fn impossible(stack: &Stack, builders: &[BuilderId]) -> Vec<Diagnostic> {
    let reason = |id: &BuilderId| stack.unsupported_on(id.os(), id.platform());
    builders
        .iter()
        .filter_map(|id| Some((id, reason(id)?)))
        .map(|(id, reason)| {
            Diagnostic::error(CODE, format!("stack `{}` cannot run on `{id}`: {reason}", stack.name))
                .hint("switch it on for other builders with --builder")
        })
        .collect()
}

fn unresolved(stack: &Stack, reference: &Reference, root: &Path) -> Vec<Diagnostic> {
    let dir = root.join(stack.dir);
    let lists: Vec<String> = reference
        .listed_in
        .iter()
        .filter_map(|list| read_text(&dir.join(list), TEXT_LIMIT).ok().flatten())
        .collect();
    let is_listed = |name: &str| {
        let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
        lists.iter().any(|list| {
            list.split(|c| !word(c)).any(|listed| listed == name || listed.ends_with(&format!("/{name}")))
        })
    };
    let mut diagnostics = Vec::new();
    for file in files(&dir, reference.files, reference.endings) {
        let shown = Path::new(stack.dir).join(file.strip_prefix(&dir).unwrap_or(&file));
        let text = match read_text(&file, TEXT_LIMIT) {
            Ok(text) => text.unwrap_or_default(),
            Err(error) => {
                diagnostics.push(
                    Diagnostic::error(error.code(), error.to_string()).at(Location::whole_file(&shown)),
                );
                continue;
            }
        };
        for found in (reference.find)(&text) {
            let places: Vec<PathBuf> =
                reference.places.iter().map(|place| PathBuf::from(fill(place, &found.name))).collect();
            if places.iter().any(|place| dir.join(place).exists()) || is_listed(&found.name) {
                continue;
            }
            diagnostics.push(
                Diagnostic::error(CODE, format!("{} `{}` does not exist", reference.what, found.name))
                    .at(Location::new(&shown, &text, found.span))
                    .label("used here")
                    .hint(cure(stack, reference, &dir, &places, &found.name)),
            );
        }
    }
    diagnostics
}

fn fill(place: &str, name: &str) -> String {
    place.replace("{/}", &name.replace('.', "/")).replace("{}", name)
}

fn cure(stack: &Stack, reference: &Reference, dir: &Path, places: &[PathBuf], name: &str) -> String {
    let Some(place) = places.first() else { return "correct the name".to_owned() };
    let siblings: Vec<String> = std::fs::read_dir(dir.join(place).parent().unwrap_or(dir))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    let last = place.file_name().and_then(|last| last.to_str()).unwrap_or(name);
    if let Some(near) = suggest::nearest(last, siblings.iter().map(String::as_str)) {
        return format!("did you mean `{near}`?");
    }
    let create = format!("create {}/{}", stack.dir, place.display());
    match reference.listed_in.first() {
        Some(list) => format!("{create}, or list it in {}/{list}", stack.dir),
        None => create,
    }
}

/// Files with one of the endings at or below the named paths, sorted; hidden ones and links are left out.
pub(crate) fn files(dir: &Path, names: &[&str], endings: &[&str]) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    for name in names {
        let visible = |entry: &walkdir::DirEntry| {
            entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.')
        };
        let walk = walkdir::WalkDir::new(dir.join(name)).into_iter().filter_entry(visible).flatten();
        found.extend(walk.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path));
    }
    found
        .retain(|path| path.to_str().is_some_and(|path| endings.iter().any(|ending| path.ends_with(ending))));
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::find;

    #[test]
    fn missing_assets_and_impossible_builders_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let puppet = find("puppet").unwrap();
        let problems = check(puppet, dir.path(), &["linux.file.motd".parse().unwrap()]);
        assert_eq!(problems.len(), 2);
        std::fs::create_dir_all(dir.path().join("templates/puppet/manifests")).unwrap();
        std::fs::write(dir.path().join("templates/puppet/manifests/site.pp"), "").unwrap();
        assert!(check(puppet, dir.path(), &["linux.rootfs.minimal".parse().unwrap()]).is_empty());
    }

    #[test]
    fn names_fill_places() {
        assert_eq!(fill("roles/{}", "base"), "roles/base");
        assert_eq!(
            fill("collections/ansible_collections/{/}", "ansible.windows"),
            "collections/ansible_collections/ansible/windows"
        );
    }
}
