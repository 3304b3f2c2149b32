//! Where a project may lie: packer hands the paths of local scripts to a shell as they are.

use std::ops::Range;
use std::path::Path;

use hc_config::Diagnostic;
use hc_config::hcl::Document;
use hc_config::hcl::hcl_edit::Span;
use hc_config::hcl::hcl_edit::structure::Block;
use hc_config::hcl::hcl_edit::visit::{self, Visit};

/// One error for each local script that a shell would not find where the project lies, because the path means something to it.
pub fn splits_in_shell(root: &Path, documents: &[Document]) -> Vec<Diagnostic> {
    let path = root.to_string_lossy();
    let Some(bad) = path.chars().find(|c| !is_plain(*c)) else { return Vec::new() };
    let mut found = Vec::new();
    for document in documents {
        let mut scripts = Scripts(Vec::new());
        scripts.visit_body(document.body());
        found.extend(scripts.0.into_iter().map(|span| {
            Diagnostic::error("PathNeedsQuoting", "packer gives the path of this script to a shell without quotes")
                .at(document.location_of(span))
                .label(format!("the project's path has {bad:?}"))
                .hint("move the project to a path of letters, digits and any of `/._-+,:@%=`, or quote {{.Script}} in an execute_command")
        }));
    }
    found
}

fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || "/._-+,:@%=".contains(c)
}

struct Scripts(Vec<Range<usize>>);

impl Visit for Scripts {
    fn visit_block(&mut self, block: &Block) {
        let is_local = block.labels.first().is_some_and(|label| label.as_str() == "shell-local");
        if is_local && !block.body.has_attribute("execute_command") {
            let scripts = ["script", "scripts"].iter().find_map(|name| block.body.get_attribute(name));
            self.0.extend(scripts.map(|script| script.span().unwrap_or(0..0)));
        }
        visit::visit_block(self, block);
    }
}
