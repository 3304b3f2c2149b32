//! What Ansible's files pull in: roles, collections, plugins, variables of groups and hosts, files that tasks name.
//!
//! Textual, and therefore sound: every word that names a role, a collection or an existing file counts as used. A role
//! or collection counts as a whole.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hc_config::Location;
use hc_provisioners::references;
use hc_records::InputKind;

use super::disk::{Found, is_own};
use super::problems::{Missing, MissingKind};
use super::work::Work;

/// Directories beside a playbook that Ansible loads by itself.
const LOADED: [&str; 20] = [
    "group_vars",
    "host_vars",
    "library",
    "module_utils",
    "action_plugins",
    "become_plugins",
    "cache_plugins",
    "callback_plugins",
    "cliconf_plugins",
    "connection_plugins",
    "filter_plugins",
    "httpapi_plugins",
    "inventory_plugins",
    "lookup_plugins",
    "netconf_plugins",
    "shell_plugins",
    "strategy_plugins",
    "terminal_plugins",
    "test_plugins",
    "vars_plugins",
];
/// Directories beside a playbook, or of a role, in which the names that tasks use are looked for.
const SEARCHED: [&str; 6] = ["", "files", "templates", "vars", "tasks", "handlers"];
/// Lists of what ansible-galaxy installs, beside a playbook.
const LISTS: [&str; 4] =
    ["requirements.yml", "requirements.yaml", "roles/requirements.yml", "collections/requirements.yml"];
/// Settings of ansible.cfg that say where Ansible writes.
const WRITTEN: [&str; 7] = [
    "log_path",
    "retry_files_save_path",
    "local_tmp",
    "remote_tmp",
    "fact_caching_connection",
    "galaxy_cache_dir",
    "control_path_dir",
];

/// What Ansible starts from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Start {
    /// What its provisioners and commands got: playbooks, inventories, directories.
    pub(super) given: BTreeSet<PathBuf>,
    /// Files of directories that it got as a whole.
    pub(super) inside: BTreeSet<PathBuf>,
}

/// Whether a text is a playbook: a list of plays, each for some hosts.
pub(super) fn is_playbook(text: &str) -> bool {
    text.lines().any(|line| line.trim_start().trim_start_matches("- ").starts_with("hosts:"))
}

/// Follows what Ansible got, and everything that this pulls in.
pub(super) fn follow(work: &mut Work<'_>, start: &Start) {
    let mut tree =
        Following { work, roles: Vec::new(), collections: Vec::new(), dirs: Vec::new(), lists: Vec::new() };
    tree.begin(&start.given);
    let starts = start.given.iter().chain(&start.inside);
    let mut queue: Vec<PathBuf> = starts.filter(|path| is_text(path)).cloned().collect();
    queue.sort_unstable_by(|one, other| other.cmp(one));
    queue.dedup();
    let mut seen: BTreeSet<PathBuf> = queue.iter().cloned().collect();
    let mut read = Vec::new();
    while let Some(path) = queue.pop() {
        let Some(text) = tree.work.disk.text(&path) else { continue };
        let before = tree.work.len();
        for line in text.lines().filter(|line| line.contains("env")) {
            tree.work.mention(line, &|| Location::whole_file(&path));
        }
        tree.used_by(&path, &text);
        let new: BTreeSet<PathBuf> = tree.work.since(before).map(|(path, _)| path.clone()).collect();
        queue.extend(new.into_iter().filter(|path| is_text(path) && seen.insert(path.clone())));
        read.push((path, text));
    }
    for (path, text) in read {
        tree.roles_without_place(&path, &text);
    }
}

/// A directory in which names are looked for.
struct Base {
    dir: PathBuf,
    /// Whether tasks copy from it.
    copied: bool,
}

struct Following<'w, 'a> {
    work: &'w mut Work<'a>,
    /// Where roles are looked for.
    roles: Vec<PathBuf>,
    /// Where collections are looked for.
    collections: Vec<PathBuf>,
    /// Directories of playbooks and inventories.
    dirs: Vec<PathBuf>,
    /// Texts that list what ansible-galaxy installs.
    lists: Vec<std::rc::Rc<str>>,
}

impl Following<'_, '_> {
    fn begin(&mut self, starts: &BTreeSet<PathBuf>) {
        let workdir = self.work.bases.workdir.clone();
        for start in starts {
            let dir = match self.work.disk.is_dir(start) {
                true => start.clone(),
                false => start.parent().unwrap_or(Path::new("")).to_owned(),
            };
            if dir == *start {
                // Its roles, or a role itself.
                self.roles
                    .extend([Some(dir.clone()), dir.parent().map(Path::to_owned)].into_iter().flatten());
            }
            if !self.dirs.contains(&dir) {
                self.dirs.push(dir);
            }
        }
        for dir in self.dirs.clone() {
            for name in LOADED {
                self.whole(&dir, Path::new(name));
            }
            for ancestor in dir.ancestors() {
                self.roles.push(ancestor.join("roles"));
            }
            self.collections.push(dir.join("collections"));
        }
        self.roles.push(workdir.join("roles"));
        self.collections.push(workdir.join("collections"));
        let configurations = starts.iter().filter(|path| path.extension().is_some_and(|end| end == "cfg"));
        let configurations: Vec<PathBuf> =
            configurations.cloned().chain([workdir.join("ansible.cfg")]).collect();
        for path in configurations {
            self.configuration(&path);
        }
        for dirs in [&mut self.roles, &mut self.collections] {
            let mut seen = BTreeSet::new();
            let there = std::mem::take(dirs).into_iter().filter_map(|dir| self.work.disk.dir(&dir));
            *dirs = there.filter(|dir| seen.insert(dir.clone())).collect();
        }
        for list in
            self.dirs.iter().flat_map(|dir| LISTS.map(|name| dir.join(name))).chain(starts.iter().cloned())
        {
            let text = if is_yaml(&list) { self.work.disk.text(&list) } else { None };
            self.lists.extend(text.filter(|text| is_list(text)));
        }
    }

    /// `ansible.cfg`: paths are relative to its directory.
    fn configuration(&mut self, path: &Path) {
        if !self.work.disk.is_file(path) {
            return;
        }
        self.work.file(path, InputKind::Ansible);
        let Some(text) = self.work.disk.text(path) else { return };
        let dir = path.parent().unwrap_or(Path::new("")).to_owned();
        for line in text.lines() {
            let line = line.split([';', '#']).next().unwrap_or_default();
            let Some((key, value)) = line.split_once('=') else { continue };
            let key = key.trim();
            if WRITTEN.contains(&key) {
                continue;
            }
            for part in value.split([':', ',']).map(str::trim).filter(|part| !part.is_empty()) {
                let Found::Dir(found) = self.work.disk.follow(&dir, Path::new(part)).found else {
                    self.named(&dir, part);
                    continue;
                };
                match key {
                    "roles_path" => self.roles.push(found),
                    "collections_path" | "collections_paths" => self.collections.push(found),
                    _ if found.as_os_str().is_empty() => {}
                    _ => self.whole(Path::new(""), &found),
                }
            }
        }
    }

    /// Adds a directory, where there is one.
    fn whole(&mut self, base: &Path, dir: &Path) {
        let way = self.work.disk.follow(base, dir);
        if let Found::Dir(path) = &way.found
            && !is_own(path)
            && !self.is_around(path)
        {
            self.work.add(&way.into(), InputKind::Ansible, &|| Location::whole_file(&base.join(dir)));
        }
    }

    /// Whether a directory is where Ansible starts from, rather than something that it uses.
    fn is_around(&self, path: &Path) -> bool {
        self.work.bases.workdir.starts_with(path) || self.dirs.iter().any(|dir| dir.starts_with(path))
    }

    /// Adds a file, where there is one.
    fn named(&mut self, base: &Path, text: &str) {
        if Path::new(text).has_root() || text.len() > 512 {
            return;
        }
        let way = self.work.disk.follow(base, Path::new(text));
        if let Found::File(path) = &way.found
            && !is_own(path)
        {
            self.work.add(&way.into(), InputKind::Ansible, &|| Location::whole_file(Path::new(text)));
        }
    }

    fn used_by(&mut self, path: &Path, text: &str) {
        let parent = path.parent().unwrap_or(Path::new("")).to_owned();
        let dirs = [&parent].into_iter().chain(self.dirs.iter().filter(|dir| **dir != parent));
        let bases: Vec<Base> = dirs
            .flat_map(|dir| SEARCHED.map(|name| (dir, name)))
            .filter_map(|(dir, name)| {
                let copied = matches!(name, "files" | "templates");
                self.work.disk.dir(&dir.join(name)).map(|dir| Base { dir, copied })
            })
            .collect();
        let scan = Scan::of(text);
        if scan.any_role {
            for roles in self.roles.clone() {
                self.whole(Path::new(""), &roles);
            }
        }
        for dir in scan.beginnings {
            for base in &bases {
                self.whole(&base.dir, Path::new(dir));
            }
        }
        for word in scan.words {
            self.word(word, &parent, &bases);
        }
    }

    fn word(&mut self, word: &str, parent: &Path, bases: &[Base]) {
        if word.trim_matches(['.', '/']).is_empty() || word.starts_with('/') {
            return;
        }
        if !word.contains('/') {
            let there = |roles: &&PathBuf| self.work.disk.may_have(roles, word);
            for roles in self.roles.iter().filter(there).cloned().collect::<Vec<_>>() {
                self.whole(&roles, Path::new(word));
            }
            self.collection(word);
        } else if self.work.disk.is_dir(&parent.join(word).join("tasks")) {
            self.whole(parent, Path::new(word));
        }
        for base in bases.iter().filter(|base| self.work.disk.may_have(&base.dir, word)) {
            if word.contains(['.', '/']) {
                self.named(&base.dir, word);
            }
            // A directory that is copied: below files/ or templates/, or written like a path.
            if base.copied || word.trim_end_matches('/').contains('/') {
                self.whole(&base.dir, Path::new(word));
            }
        }
    }

    /// `namespace.name.module`.
    fn collection(&mut self, word: &str) {
        let mut parts = word.split('.');
        let (Some(namespace), Some(name)) = (parts.next(), parts.next()) else { return };
        if namespace.is_empty() || name.is_empty() || self.collections.is_empty() {
            return;
        }
        let place = Path::new("ansible_collections").join(namespace).join(name);
        for dir in self.collections.clone() {
            self.whole(&dir, &place);
        }
    }

    /// Roles that a playbook names and that are neither in the project nor installed.
    fn roles_without_place(&mut self, path: &Path, text: &str) {
        for role in (references::ANSIBLE_ROLES.find)(text) {
            let known = self.roles.iter().any(|roles| self.work.disk.is_dir(&roles.join(&role.name)));
            let listed = self.lists.iter().any(|list| mentions(list, &role.name));
            // One that was installed from elsewhere is called after its author.
            if known || listed || self.work.has_below(Path::new(&role.name)) {
                continue;
            }
            self.work.problems.missing.push(Missing {
                path: PathBuf::from(&role.name),
                location: Location::new(path, text, role.span),
                what: MissingKind::Role,
                near: None,
            });
        }
    }
}

/// Whether a text lists what ansible-galaxy installs, rather than plays or tasks.
fn is_list(text: &str) -> bool {
    let mut lines = text.lines().map(|line| line.trim_start_matches("- ").trim_start());
    !lines.clone().any(|line| line.starts_with("hosts:"))
        && lines
            .any(|line| ["src:", "roles:", "collections:", "source:"].iter().any(|key| line.starts_with(key)))
}

/// Whether a list of requirements names a role, alone or at the end of an address.
fn mentions(list: &str, name: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    list.split(|c| !word(c)).any(|listed| {
        let listed = listed.trim_end_matches(".git");
        listed == name || listed.rsplit(['/', '.']).next() == Some(name)
    })
}

/// The words of a YAML text.
struct Scan<'t> {
    words: BTreeSet<&'t str>,
    /// Directories that stand before a variable: `files/{{ name }}`.
    beginnings: BTreeSet<&'t str>,
    /// Whether the name of a role is made of a variable.
    any_role: bool,
}

impl<'t> Scan<'t> {
    fn of(text: &'t str) -> Self {
        let mut scan = Self { words: BTreeSet::new(), beginnings: BTreeSet::new(), any_role: false };
        for line in text.lines() {
            if line.trim_start().starts_with('#') {
                continue;
            }
            let line = line.split(" #").next().unwrap_or(line);
            scan.any_role |= line.contains("role") && line.contains("{{") && !line.contains("role_path");
            let mut rest = line;
            let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '+');
            while let Some(start) = rest.find(word) {
                let behind = &rest[start..];
                let end = behind.find(|c| !word(c)).unwrap_or(behind.len());
                let (found, next) = behind.split_at(end);
                // `{{ playbook_dir }}/files/x`
                let found = if rest[..start].ends_with('}') { found.trim_start_matches('/') } else { found };
                if next.starts_with("{{") && found.contains('/') {
                    scan.beginnings
                        .extend(found.rsplit_once('/').map(|(dir, _)| dir).filter(|dir| !dir.is_empty()));
                } else if !found.is_empty() {
                    scan.words.insert(found);
                }
                rest = next;
            }
        }
        scan
    }
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "yml" || ending == "yaml")
}

/// Whether a file may name others: playbooks, tasks, variables, lists of a collection, inventories.
fn is_text(path: &Path) -> bool {
    is_yaml(path) || path.file_name().is_some_and(|name| name == "MANIFEST.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_playbook_are_found_behind_and_before_variables() {
        let scan = Scan::of(
            "- hosts: all # roles/x\n  roles: [base]\n  tasks:\n    - copy: {src: \"{{ playbook_dir }}/files/a.conf\"}\n    \
             - template: src=conf/{{ item }}.j2\n# gone.yml\n    - include_role: {name: \"{{ r }}\"}\n",
        );
        assert!(scan.words.contains("files/a.conf") && scan.words.contains("base"));
        assert!(!scan.words.contains("gone.yml") && !scan.words.contains("roles/x"));
        assert!(scan.beginnings.contains("conf") && scan.any_role);
    }

    #[test]
    fn requirements_name_roles_in_several_ways() {
        let list = "- src: https://git/acme/ansible-role-x.git\n- name: geerlingguy.docker\n- src: y\n";
        assert!(mentions(list, "ansible-role-x") && mentions(list, "docker") && mentions(list, "y"));
        assert!(!mentions(list, "z"));
    }
}
