//! What a template needs of packer that an old one does not have, named instead of packer's parse error.

use hc_config::Diagnostic;
use hc_config::hcl::Document;
use hc_config::hcl::hcl_edit::expr::FuncCall;
use hc_config::hcl::hcl_edit::structure::Block;
use hc_config::hcl::hcl_edit::visit::{self, Visit};

/// Blocks and the first packer that takes them.
const BLOCKS: &[(&str, (u64, u64))] = &[
    ("required_plugins", (1, 7)),
    ("data", (1, 7)),
    ("local", (1, 7)),
    ("hcp_packer_registry", (1, 7)),
    ("error-cleanup-provisioner", (1, 7)),
];
/// Functions and the first packer that has them (measured, not documented).
const FUNCTIONS: &[(&str, (u64, u64))] = &[
    ("templatefile", (1, 7)),
    ("regex", (1, 7)),
    ("regexall", (1, 7)),
    ("startswith", (1, 11)),
    ("endswith", (1, 11)),
    ("strcontains", (1, 11)),
    ("sum", (1, 11)),
    ("alltrue", (1, 11)),
    ("anytrue", (1, 11)),
    ("base64gzip", (1, 11)),
];

/// Constructs of `documents` that a packer of version `major.minor` refuses.
pub fn too_new_for(version: (u64, u64), documents: &[Document]) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for document in documents {
        let mut constructs = Constructs { version, found: Vec::new() };
        constructs.visit_body(document.body());
        for (name, needs, span) in constructs.found {
            diagnostics.push(
                Diagnostic::error(
                    "PackerTooOld",
                    format!("packer {}.{} does not know `{name}`", version.0, version.1),
                )
                .at(document.location_of(span))
                .hint(format!(
                    "use packer {}.{} or newer (`packer.binary` in hybrid.toml), or do without it",
                    needs.0, needs.1
                )),
            );
        }
    }
    diagnostics
}

struct Constructs {
    version: (u64, u64),
    found: Vec<(String, (u64, u64), std::ops::Range<usize>)>,
}

impl Visit for Constructs {
    fn visit_block(&mut self, block: &Block) {
        self.note(BLOCKS, block.ident.as_str(), hc_config::hcl::hcl_edit::Span::span(&block.ident));
        visit::visit_block(self, block);
    }

    fn visit_func_call(&mut self, call: &FuncCall) {
        self.note(FUNCTIONS, call.name.name.as_str(), hc_config::hcl::hcl_edit::Span::span(&call.name.name));
        visit::visit_func_call(self, call);
    }
}

impl Constructs {
    fn note(&mut self, table: &[(&str, (u64, u64))], name: &str, span: Option<std::ops::Range<usize>>) {
        if let Some((_, needs)) = table.iter().find(|(known, needs)| *known == name && *needs > self.version)
        {
            self.found.push((name.to_owned(), *needs, span.unwrap_or(0..0)));
        }
    }
}
