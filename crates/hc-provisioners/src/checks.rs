//! What must be there before a stack is switched on (PROV-2).

use std::path::Path;

use hc_config::{Diagnostic, Location};
use hc_core::BuilderId;

use crate::registry::Stack;

/// Checks the assets of a stack, and the builders it is switched on for.
pub fn check(stack: &Stack, root: &Path, builders: &[BuilderId]) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for (what, alternatives) in stack.assets {
        let found = alternatives.iter().any(|name| {
            let path = root.join(stack.dir).join(name);
            path.is_file() || std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some())
        });
        if !found {
            let places: Vec<String> =
                alternatives.iter().map(|name| format!("{}/{name}", stack.dir)).collect();
            diagnostics.push(
                Diagnostic::error("ProvisionerInvalid", format!("stack `{}` has no {what}", stack.name))
                    .at(Location::whole_file(&Path::new(stack.dir).join(alternatives[0])))
                    .hint(format!("create {}", places.join(" or "))),
            );
        }
    }
    for id in builders {
        if let Some(reason) = stack.unsupported_on(id.os(), id.platform()) {
            diagnostics.push(
                Diagnostic::error(
                    "ProvisionerInvalid",
                    format!("stack `{}` cannot run on `{id}`: {reason}", stack.name),
                )
                .hint("switch it on for other builders with --builder"),
            );
        }
    }
    diagnostics
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
}
