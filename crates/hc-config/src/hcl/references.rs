//! References to variables that nobody declares: packer would refuse them, without the place in the text.

use std::collections::BTreeMap;

use hcl_edit::expr::{Expression, ForExpr, Traversal, TraversalOperator};
use hcl_edit::visit::{self, Visit};

use super::Document;
use crate::diagnostic::Diagnostic;
use crate::suggest;
use crate::variables::VariableDecl;

/// Every `var.NAME` of the documents that no `variable` block declares, as `UndeclaredVariable`.
pub fn undeclared(documents: &[Document], declared: &BTreeMap<String, VariableDecl>) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for document in documents {
        let mut finder = Finder { document, declared, diagnostics: Vec::new() };
        finder.visit_body(document.body());
        diagnostics.append(&mut finder.diagnostics);
    }
    diagnostics
}

struct Finder<'a> {
    document: &'a Document,
    declared: &'a BTreeMap<String, VariableDecl>,
    diagnostics: Vec<Diagnostic>,
}

impl Visit for Finder<'_> {
    fn visit_traversal(&mut self, traversal: &Traversal) {
        if let (Expression::Variable(root), Some(first)) = (&traversal.expr, traversal.operators.first())
            && root.as_str() == "var"
            && let TraversalOperator::GetAttr(name) = first.value()
            && !self.declared.contains_key(name.as_str())
        {
            let text = name.as_str();
            let mut problem =
                Diagnostic::error("UndeclaredVariable", format!("no variable `{text}` is declared"))
                    .at(self.document.location(name))
                    .label("referred to here");
            let near = suggest::nearest(text, self.declared.keys().map(String::as_str));
            problem.hint = Some(match near {
                Some(near) => format!("did you mean `var.{near}`?"),
                None => format!("declare it: variable \"{text}\" {{ … }}"),
            });
            self.diagnostics.push(problem);
        }
        visit::visit_traversal(self, traversal);
    }

    fn visit_for_expr(&mut self, expression: &ForExpr) {
        let intro = &expression.intro;
        let binds = |name: &str| name == "var";
        let is_own = binds(intro.value_var.as_str())
            || intro.key_var.as_ref().is_some_and(|name| binds(name.as_str()));
        if !is_own {
            visit::visit_for_expr(self, expression);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn typos_are_found_wherever_they_stand() {
        let text = "variable \"message\" {}\nlocals {\n  a = var.mesage\n  b = \"${var.massage}\"\n  \
                    c = [for var in [{ x = 1 }] : var.x]\n  d = var.message\n}\nbuild {\n  provisioner \"shell\" {\n    \
                    inline = [\"echo ${upper(var.mesage)}\", <<EOT\n${var.messages}\nEOT\n    ]\n  }\n}\n";
        let documents = [Document::parse(Path::new("t.pkr.hcl"), text).unwrap()];
        let (declared, _) = crate::variables::collect(&documents);
        let found = undeclared(&documents, &declared);
        let lines: Vec<usize> = found.iter().map(|one| one.location.as_ref().unwrap().line).collect();
        assert_eq!(lines, [3, 4, 10, 11], "{found:#?}");
        assert!(found.iter().all(|one| one.hint.as_deref() == Some("did you mean `var.message`?")));
    }
}
