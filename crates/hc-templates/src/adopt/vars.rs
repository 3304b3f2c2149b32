//! Which var files a template is built with.
//!
//! A var file belongs to a template that lies in its directory or below it; one in a tree of its own
//! (`os_pkrvars/…`) to the templates that declare its variables. Files of one place that set the same variables
//! are images, one each; the others are shared. Only files that set a variable of the template count at all.

use std::collections::BTreeSet;
use std::path::Path;

use super::found::Unmapped;
use super::template::{Choice, Template};
use super::tree::VarFile;

/// Names of var files that hold what images share, whatever else they set.
const SHARED: [&str; 6] = ["common", "shared", "default", "defaults", "global", "globals"];
/// Names of var files that stand for an environment: overlays of hybrid, not images.
const ENVIRONMENTS: [&str; 11] = [
    "dev",
    "development",
    "staging",
    "stage",
    "prod",
    "production",
    "qa",
    "uat",
    "preprod",
    "sandbox",
    "nonprod",
];

/// Chooses for every template; var files that nobody takes are reported.
pub(super) fn choose<'a>(
    templates: &[Template],
    packer_dirs: &[&Path],
    files: &'a [VarFile],
    unmapped: &mut Vec<Unmapped>,
) -> Vec<Choice<'a>> {
    let mut taken: BTreeSet<&Path> = BTreeSet::new();
    let mut refused: BTreeSet<&Path> = BTreeSet::new();
    let mut usable = Vec::new();
    for file in files {
        if ENVIRONMENTS.contains(&file.stem()) && !file.is_plain() {
            refused.insert(&file.path);
            let env = file.stem();
            unmapped.push(Unmapped {
                path: file.actual.clone(),
                reason: format!("its name says that it is for the environment `{env}`"),
                cure: Some(format!(
                    "copy it to configs/overlays/{env}.pkrvars.hcl: it then applies with `--env {env}`"
                )),
            });
        } else {
            usable.push(file);
        }
    }
    let mut choices: Vec<Choice<'a>> = Vec::new();
    let all = usable;
    for template in templates {
        let mut choice = Choice::default();
        let usable: Vec<&VarFile> =
            all.iter().copied().filter(|file| template.is_legacy() || !file.is_plain()).collect();
        let mut near: Vec<&VarFile> = usable
            .iter()
            .copied()
            .filter(|file| template.dir.starts_with(file.dir()) && template.takes(file))
            .collect();
        near.sort_by_key(|file| (file.dir() == template.dir && file.is_auto(), file.dir().iter().count()));
        // What packer reads by itself has the lowest precedence.
        let (auto, near): (Vec<_>, Vec<_>) =
            near.into_iter().partition(|file| file.is_auto() && file.dir() == template.dir);
        choice.shared.extend(auto);
        for file in &near {
            let rivals: Vec<&VarFile> = near
                .iter()
                .copied()
                .filter(|other| other.dir() == file.dir() && other.path != file.path)
                .filter(|other| template.rivals(file, other))
                .collect();
            if rivals.is_empty() || is_shared(file) {
                choice.shared.push(file);
            } else if template.path != template.dir
                && (affinity(template, file) || rivals.iter().any(|rival| affinity(template, rival)))
            {
                // `debian.pkr.hcl` beside `windows.pkr.hcl` takes `debian.pkrvars.hcl` alone.
                choice.shared.extend(affinity(template, file).then_some(*file));
            } else if file.dir() == template.dir {
                choice.images.push(file);
            } else if affinity(template, file) {
                choice.shared.push(file);
            } else if refused.insert(&file.path) {
                unmapped.push(Unmapped {
                    path: file.actual.clone(),
                    reason: format!(
                        "sets the same variables as {}, and nothing says which template it is for",
                        rivals[0].path.display()
                    ),
                    cure: Some("add it to `var_files` of the builders that need it".into()),
                });
            }
        }
        let loose = loose(template, templates, packer_dirs, &usable);
        for file in &loose {
            let rival = loose.iter().any(|other| other.path != file.path && template.rivals(file, other));
            if rival && !is_shared(file) {
                choice.images.push(file);
            } else {
                choice.shared.push(file);
            }
        }
        taken.extend(choice.shared.iter().chain(&choice.images).map(|file| file.path.as_path()));
        choices.push(choice);
    }
    let left =
        |file: &&VarFile| !file.is_plain() && !taken.contains(&*file.path) && !refused.contains(&*file.path);
    for file in files.iter().filter(left) {
        unmapped.push(Unmapped {
            path: file.actual.clone(),
            reason: if file.values.is_empty() {
                "sets no variable".into()
            } else {
                "no template near it declares a variable that it sets".into()
            },
            cure: None,
        });
    }
    choices
}

impl Template {
    /// Whether a var file sets a variable of this template.
    pub(super) fn takes(&self, file: &VarFile) -> bool {
        file.values.keys().any(|name| self.declared.contains_key(name))
    }

    /// Whether two var files set mostly the same variables of this template: then they exclude each other.
    fn rivals(&self, one: &VarFile, other: &VarFile) -> bool {
        let of = |file: &VarFile| file.values.keys().filter(|name| self.declared.contains_key(*name)).count();
        let both = one
            .values
            .keys()
            .filter(|name| self.declared.contains_key(*name) && other.values.contains_key(*name))
            .count();
        both > 0 && both * 2 >= of(one).min(of(other))
    }

    /// How many of a file's variables this template declares, in percent.
    fn coverage(&self, file: &VarFile) -> usize {
        let known = file.values.keys().filter(|name| self.declared.contains_key(*name)).count();
        (known * 100).checked_div(file.values.len()).unwrap_or(0)
    }
}

/// Var files in a tree of their own that fit this template best.
fn loose<'a>(
    template: &Template,
    templates: &[Template],
    packer_dirs: &[&Path],
    files: &[&'a VarFile],
) -> Vec<&'a VarFile> {
    let fit = |template: &Template, file: &VarFile| {
        let shared = template.dir.iter().zip(file.dir().iter()).take_while(|(a, b)| a == b).count();
        (affinity(template, file), shared, template.coverage(file))
    };
    files
        .iter()
        .copied()
        .filter(|file| !packer_dirs.iter().any(|dir| dir.starts_with(file.dir())))
        .filter(|file| template.coverage(file) >= 50)
        .filter(|file| {
            let able = templates.iter().filter(|other| other.coverage(file) >= 50);
            able.map(|other| fit(other, file)).max() == Some(fit(template, file))
        })
        .collect()
}

/// Whether a var file holds what images share: `common`, `variables-default`.
pub(super) fn is_shared(file: &VarFile) -> bool {
    let stem = file.stem();
    SHARED.contains(&stem)
        || ["variables", "vars", "config"].iter().any(|head| {
            let rest = stem.strip_prefix(head).and_then(|rest| rest.strip_prefix(['-', '_', '.']));
            rest.is_some_and(|rest| SHARED.contains(&rest))
        })
}

/// Whether a var file is named after a template's directory: `vars/ubuntu.pkrvars.hcl` and `ubuntu/`.
fn affinity(template: &Template, file: &VarFile) -> bool {
    let Some(name) = template.path.file_name().and_then(|name| name.to_str()) else { return false };
    let name = name.trim_end_matches(".hcl").trim_end_matches(".json").trim_end_matches(".pkr");
    let dirs = file.dir().iter().filter_map(|part| part.to_str());
    dirs.chain([file.stem()]).any(|part| part == name || part.split(['-', '_', '.']).any(|word| word == name))
}
