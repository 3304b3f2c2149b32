//! What the blocks of a template name: sources, provisioners, post-processors, data sources.

use hc_config::hcl::Document;
use hc_config::hcl::hcl_edit::expr::Expression;
use hc_config::hcl::hcl_edit::structure::{Block, Body};

use super::builder::SourceBlock;

pub(super) fn source(document: &Document, block: &Block) -> Option<SourceBlock> {
    let [kind, name] = block.labels.as_slice() else { return None };
    Some(SourceBlock {
        kind: kind.as_str().to_owned(),
        name: name.as_str().to_owned(),
        kind_location: document.location(kind),
        name_location: document.location(name),
    })
}

pub(super) fn first_label(block: &Block) -> Option<String> {
    block.labels.first().map(|label| label.as_str().to_owned())
}

pub(super) fn nested(body: &Body, provisioners: &mut Vec<String>, post_processors: &mut Vec<String>) {
    for block in body.blocks() {
        let label = || first_label(block);
        match block.ident.as_str() {
            "provisioner" | "error-cleanup-provisioner" => provisioners.extend(label()),
            "post-processor" => post_processors.extend(label()),
            "post-processors" => nested(&block.body, provisioners, post_processors),
            "dynamic" => {
                if let Some(inner) = block.body.get_blocks("content").next() {
                    nested(&inner.body, provisioners, post_processors);
                }
                match label().as_deref() {
                    Some("provisioner") => provisioners.extend(dynamic_label(&block.body)),
                    Some("post-processor") => post_processors.extend(dynamic_label(&block.body)),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

fn dynamic_label(body: &Body) -> Option<String> {
    match &body.get_attribute("labels")?.value {
        Expression::Array(items) => match items.iter().next()? {
            Expression::String(label) => Some(label.as_str().to_owned()),
            _ => None,
        },
        _ => None,
    }
}
