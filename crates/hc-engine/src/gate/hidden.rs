//! What differs between two texts, without secrets: neither those that are known, nor what stands behind the name of a
//! credential or of a sensitive variable.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use hc_config::variables;
use hc_logs::masked;
use hc_logs::names::is_credential;
use hc_packer::environment::VARIABLE;
use hc_records::drift;
use hc_templates::Inventory;

use crate::project::Project;

/// Shows differences of a project's texts.
pub struct Hidden<'a> {
    project: &'a Project,
    /// Variables that any builder calls sensitive; looked for when the first difference is shown.
    sensitive: OnceCell<BTreeSet<String>>,
}

impl<'a> Hidden<'a> {
    /// Of a project; nothing is read yet.
    pub fn new(project: &'a Project) -> Self {
        Self { project, sensitive: OnceCell::new() }
    }

    /// The lines in which two texts differ, as [`drift::changed_lines`] gives them.
    pub fn changed_lines(&self, old: &str, new: &str) -> Vec<String> {
        let [old, new] = [old, new].map(|text| text.replace("\r\n", "\n").replace('\r', "\n"));
        let changed = drift::changed_lines(&old, &new);
        if changed.is_empty() {
            return changed;
        }
        let [before, after] = [&old, &new].map(|text| masked::lines(text, |name| self.is_hidden(name)));
        let shown = changed.into_iter().map(|line| {
            let side = if line.starts_with('-') { &before } else { &after };
            let (place, _) = line.split_once(' ').unwrap_or((&line, ""));
            let number = place.get(1..).and_then(|number| number.parse::<usize>().ok());
            match number.and_then(|number| side.get(number.checked_sub(1)?)) {
                Some(text) => format!("{place} {text}"),
                // The count of what is left out.
                None => line,
            }
        });
        shown.map(|line| self.project.redactor.redact(&line).into_owned()).collect()
    }

    fn is_hidden(&self, name: &str) -> bool {
        let name = name.strip_prefix(VARIABLE).unwrap_or(name);
        is_credential(name) || self.sensitive.get_or_init(|| sensitive(self.project)).contains(name)
    }
}

fn sensitive(project: &Project) -> BTreeSet<String> {
    let (inventory, _) = Inventory::load(&project.root, &project.settings.builders);
    let declared = inventory.builders.iter().map(|builder| variables::collect(&builder.documents).0);
    let sensitive = declared.flatten().filter(|(_, declared)| declared.sensitive);
    sensitive.map(|(name, _)| name).collect()
}
