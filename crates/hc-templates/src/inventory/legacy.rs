//! Legacy templates in JSON, which a mapping of hybrid.toml names: their builders have names where HCL has addresses.

use std::path::{Path, PathBuf};

use hc_config::{Diagnostic, Dialect, Location};

use super::builder::{Builder, SourceBlock};

/// Turns the name in `only` into an address, and refuses JSON that is no template. `None` where the builder cannot be used.
pub(super) fn settle(builder: &mut Builder, diagnostics: &mut Vec<Diagnostic>) -> Option<()> {
    let Some(file) = builder.file.clone() else { return Some(()) };
    let is_json = file.extension().is_some_and(|ending| ending == "json");
    let is_hcl = file.to_string_lossy().ends_with(".pkr.json");
    if is_json && !is_hcl && builder.dialect() != Dialect::Legacy {
        let problem = Diagnostic::error("JsonSyntax", "this JSON is no template: it has no list `builders`");
        let hint = "correct the path in [builders] of hybrid.toml; HCL written as JSON ends in .pkr.json";
        diagnostics.push(problem.at(Location::whole_file(&file)).hint(hint));
        return None;
    }
    if builder.dialect() == Dialect::Legacy
        && let Some(only) = &builder.only
    {
        let source = builder.sources.iter().find(|source| source.name == *only || source.address() == *only);
        match source.map(SourceBlock::address) {
            Some(address) => builder.only = Some(address),
            // A name that packer computes.
            None => {
                builder.only = Some(format!("*.{only}"));
            }
        }
    }
    Some(())
}

/// What to do about a file that a mapping names and that is not there.
pub(super) fn cure(root: &Path, path: &Path) -> String {
    let unfilled = PathBuf::from(format!("{}.tmpl", path.display()));
    if root.join(&unfilled).is_file() {
        return format!("a script of the repository makes it of {}: run that first", unfilled.display());
    }
    "correct the path in [builders] of hybrid.toml".to_owned()
}
