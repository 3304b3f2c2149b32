//! Which programs the stacks of a template need on the building machine.
//!
//! Pure: reads parsed templates. What is installed is the caller's question.

use hc_config::hcl::Document;
use hc_config::hcl::hcl_edit::expr::{Expression, Traversal, TraversalOperator};
use hc_config::hcl::hcl_edit::visit::{self, Visit};

use crate::registry::Stack;

/// Programs of `stack` that a template needs. A template that asks for the stack's switch obeys `on`; one that does not
/// ask needs them wherever it has a provisioner of the stack.
pub fn needed(stack: &Stack, documents: &[Document], on: bool) -> &'static [&'static str] {
    let mut asked = Asked { variable: stack.variable, found: false };
    documents.iter().for_each(|document| asked.visit_body(document.body()));
    let uses = if asked.found { on } else { documents.iter().any(|document| provisions(stack, document)) };
    if uses { stack.programs } else { &[] }
}

/// Whether a build of the document has a provisioner of the stack that starts the stack's own programs: `command` names
/// another one.
fn provisions(stack: &Stack, document: &Document) -> bool {
    let builds = document.body().get_blocks("build");
    builds.flat_map(|build| build.body.get_blocks("provisioner")).any(|block| {
        let kind = block.labels.first().map(|label| label.as_str());
        kind.is_some_and(|kind| stack.provisioners.contains(&kind)) && !block.body.has_attribute("command")
    })
}

/// Looks for `var.<variable>`.
struct Asked {
    variable: &'static str,
    found: bool,
}

impl Visit for Asked {
    fn visit_traversal(&mut self, traversal: &Traversal) {
        if let (Expression::Variable(root), Some(TraversalOperator::GetAttr(field))) =
            (&traversal.expr, traversal.operators.first().map(|operator| operator.value()))
            && root.as_str() == "var"
            && field.as_str() == self.variable
        {
            self.found = true;
        }
        visit::visit_traversal(self, traversal);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::registry::find;

    fn needs(text: &str, on: bool) -> bool {
        let documents = [Document::parse(Path::new("t.pkr.hcl"), text).unwrap()];
        needed(find("ansible").unwrap(), &documents, on) == ["ansible-playbook"]
    }

    #[test]
    fn a_template_that_asks_for_the_switch_obeys_it() {
        let text =
            "build {\n  provisioner \"ansible\" {\n    except = var.enable_ansible ? [] : [\"x\"]\n  }\n}\n";
        assert!(needs(text, true) && !needs(text, false));
        let script = "locals {\n  words = [\"ANSIBLE=${var.enable_ansible}\"]\n}\n";
        assert!(needs(script, true) && !needs(script, false));
    }

    #[test]
    fn a_template_that_does_not_ask_needs_what_its_provisioners_start() {
        let declared = "variable \"enable_ansible\" {\n  default = true\n}\n";
        assert!(!needs(declared, true));
        let provisioned = "build {\n  provisioner \"ansible\" {\n    playbook_file = \"x.yml\"\n  }\n}\n";
        assert!(needs(provisioned, true) && needs(provisioned, false));
        let own = "build {\n  provisioner \"ansible\" {\n    command = \"./mine\"\n  }\n}\n";
        assert!(!needs(own, true));
    }
}
