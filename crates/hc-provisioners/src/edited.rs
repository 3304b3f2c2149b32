//! What is wrong with a switch file that somebody edited, with the line of each problem.
//!
//! `hybrid provisioners` writes good files only; this is for the others, and for builders that went away.

use std::collections::BTreeMap;
use std::path::Path;

use hc_config::{Diagnostic, Location, suggest};
use hc_core::id::IdError;
use hc_core::{BuilderId, EnvName, Target};

use crate::checks::impossible;
use crate::registry;
use crate::switches::{FILE, Switches};

/// One table of the file.
struct Table<'a> {
    kind: &'static str,
    name: &'a str,
    stacks: &'a BTreeMap<String, bool>,
    builder: Option<BuilderId>,
}

/// Unknown stacks, names that are none, builders that the project does not have (a warning: they may live on
/// another branch), and stacks that are on by name for a builder on which they cannot work.
///
/// `text` is the file that `switches` were parsed from; `known` are the project's builders.
pub fn problems(switches: &Switches, text: &str, known: &[BuilderId]) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let mut tables = vec![Table { kind: "project", name: "", stacks: &switches.project, builder: None }];
    for (name, stacks) in &switches.env {
        if let Err(error) = name.parse::<EnvName>() {
            diagnostics.push(bad_name(&error, locate(text, "env", name, "")));
        }
        tables.push(Table { kind: "env", name, stacks, builder: None });
    }
    let builders =
        switches.builder.iter().map(|(name, stacks)| ("builder", name, stacks, name.parse::<BuilderId>()));
    let targets = switches.target.iter().map(|(name, stacks)| {
        let builder = name.parse::<Target>().map(|target| target.builder);
        ("target", name, stacks, builder)
    });
    for (kind, name, stacks, parsed) in builders.chain(targets) {
        let at = || locate(text, kind, name, "");
        let builder = match parsed {
            Ok(id) => Some(id),
            Err(error) => {
                diagnostics.push(bad_name(&error, at()));
                None
            }
        };
        if let Some(id) = builder.as_ref().filter(|id| !known.contains(id)) {
            let names: Vec<String> = known.iter().map(ToString::to_string).collect();
            let near = suggest::nearest(&id.to_string(), names.iter().map(String::as_str)).map(str::to_owned);
            let mut diagnostic =
                Diagnostic::warning("UnknownBuilder", format!("there is no builder `{id}`")).at(at());
            diagnostic.hint = near.map(|near| format!("did you mean `{near}`?"));
            diagnostics.push(diagnostic);
        }
        tables.push(Table { kind, name, stacks, builder });
    }
    for table in &tables {
        for (name, on) in table.stacks {
            diagnostics.extend(switch(table, name, *on, text));
        }
    }
    diagnostics
}

fn bad_name(error: &IdError, at: Location) -> Diagnostic {
    Diagnostic::error(error.code(), error.to_string()).at(at)
}

fn switch(table: &Table<'_>, name: &str, on: bool, text: &str) -> Vec<Diagnostic> {
    let at = locate(text, table.kind, table.name, name);
    let Some(stack) = registry::find(name) else {
        let hint = match suggest::nearest(name, registry::names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("stacks: {}", registry::names().collect::<Vec<_>>().join(", ")),
        };
        return vec![
            Diagnostic::error("UnknownStack", format!("there is no stack `{name}`")).at(at).hint(hint),
        ];
    };
    let builder = table.builder.as_ref().filter(|_| on);
    let found = impossible(stack, builder.map(std::slice::from_ref).unwrap_or_default());
    found.into_iter().map(|one| one.at(at.clone()).hint("take the line out")).collect()
}

/// The line of `key` in `[kind]` or `[kind.name]`, or the table's own line when the key is empty.
fn locate(text: &str, kind: &str, name: &str, key: &str) -> Location {
    let bare = |header: &str| header.replace(['"', '\'', ' '], "");
    let wanted = if name.is_empty() { kind.to_owned() } else { format!("{kind}.{}", bare(name)) };
    let mut inside = false;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        if let Some(header) = trimmed.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            inside = bare(header) == wanted;
        }
        let word = trimmed.split('=').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
        if inside && (key.is_empty() || word == key) {
            let start = offset + line.len() - line.trim_start().len();
            return Location::new(Path::new(FILE), text, start..start + trimmed.len());
        }
        offset += line.len();
    }
    Location::whole_file(Path::new(FILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_has_its_line() {
        let text = "[project]\npupet = true\n\n[env.PROD]\nansible = true\n\n[builder.\"linux.file.motd\"]\npuppet = true\n\n[target.\"linux.qemu.bse@dev\"]\nansible = false\n";
        let known = ["linux.file.motd", "linux.qemu.base"].map(|id| id.parse().unwrap());
        let problems = problems(&Switches::parse(text).unwrap(), text, &known);
        let shown: Vec<String> = problems
            .iter()
            .map(|one| format!("{} {}", one.location.as_ref().unwrap().line, one.code))
            .collect();
        assert_eq!(
            shown,
            ["4 BadBuilderName", "10 UnknownBuilder", "2 UnknownStack", "8 ProvisionerInvalid"]
        );
        assert_eq!(problems[2].hint.as_deref(), Some("did you mean `puppet`?"));
        assert_eq!(problems[1].hint.as_deref(), Some("did you mean `linux.qemu.base`?"));
        assert!(!problems[1].is_error());
    }
}
