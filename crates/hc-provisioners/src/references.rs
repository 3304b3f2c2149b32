//! Names that files of a stack use, found textually, and where they may lead: roles, collections, classes, data.
//!
//! Reads no YAML or Puppet grammar. What it finds are names in the places where people write them; a name made of
//! a variable is left out, because only the tool itself knows it.

use std::ops::Range;

/// One kind of name.
#[derive(Debug, Clone, Copy)]
pub struct Reference {
    /// What is named: `role`, `collection`.
    pub what: &'static str,
    /// Files and directories below the stack's directory to look into.
    pub files: &'static [&'static str],
    /// Endings of the files to look into.
    pub endings: &'static [&'static str],
    /// Finds the names in a text.
    pub find: fn(&str) -> Vec<Found>,
    /// Paths below the stack's directory of which one must exist, with `{}` for the name and `{/}` for the name
    /// with `/` for its dots.
    pub places: &'static [&'static str],
    /// Files that list what is installed at build time; a name in one of them needs no place.
    pub listed_in: &'static [&'static str],
}

/// A name and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The name.
    pub name: String,
    /// Its bytes in the text.
    pub span: Range<usize>,
}

const YAML: &[&str] = &[".yml", ".yaml"];
const GALAXY: &[&str] =
    &["requirements.yml", "requirements.yaml", "collections/requirements.yml", "roles/requirements.yml"];

/// Roles that playbooks and tasks use.
pub const ANSIBLE_ROLES: Reference = Reference {
    what: "role",
    files: &["playbooks", "playbook.yml", "site.yml", "roles"],
    endings: YAML,
    find: roles,
    places: &["roles/{}", "playbooks/roles/{}"],
    listed_in: GALAXY,
};

/// Collections whose modules are called by their full name.
pub const ANSIBLE_COLLECTIONS: Reference = Reference {
    what: "collection",
    files: &["playbooks", "playbook.yml", "site.yml", "roles"],
    endings: YAML,
    find: collections,
    places: &["collections/ansible_collections/{/}"],
    listed_in: GALAXY,
};

/// Modules whose classes manifests include.
pub const PUPPET_CLASSES: Reference = Reference {
    what: "module",
    files: &["manifests", "modules"],
    endings: &[".pp"],
    find: modules,
    places: &["modules/{}", "manifests/{}.pp"],
    listed_in: &["Puppetfile"],
};

/// Data files that Hiera's hierarchy names.
pub const PUPPET_HIERA: Reference = Reference {
    what: "hiera data",
    files: &["hiera.yaml"],
    endings: &[".yaml"],
    find: hiera,
    places: &["{}"],
    listed_in: &[],
};

/// One line without its comment and the blanks around it.
struct Line<'a> {
    indent: usize,
    text: &'a str,
    /// Offset of `text` in the whole text.
    at: usize,
}

fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut offset = 0;
    text.split_inclusive('\n').filter_map(move |whole| {
        let start = offset;
        offset += whole.len();
        let code = match whole.find('#') {
            Some(at) if at == 0 || whole[..at].ends_with(char::is_whitespace) => &whole[..at],
            _ => whole,
        };
        let indent = code.len() - code.trim_start().len();
        let text = code.trim();
        (!text.is_empty()).then_some(Line { indent, text, at: start + indent })
    })
}

/// A plain or quoted scalar that stands at `at`; `None` when it is empty, a structure, or made of variables.
fn scalar(text: &str, at: usize) -> Option<Found> {
    let lead = text.len() - text.trim_start().len();
    let mut start = at + lead;
    let mut name = text.trim();
    for quote in ['"', '\''] {
        if let Some(inner) = name.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            name = inner;
            start += 1;
            break;
        }
    }
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':');
    (!name.is_empty() && name.chars().all(plain))
        .then(|| Found { name: name.to_owned(), span: start..start + name.len() })
}

/// The value behind `key:` on a line.
fn value_of(line: &Line<'_>, text: &str, key: &str) -> Option<Found> {
    let rest = text.strip_prefix(key)?.strip_prefix(':')?;
    scalar(rest, line.at + line.text.len() - rest.len())
}

fn roles(text: &str) -> Vec<Found> {
    let is_playbook = lines(text).any(|line| line.text.trim_start_matches("- ").starts_with("hosts:"));
    let mut found = Vec::new();
    // Indentation of an open `roles:` list, and of an open include_role or import_role.
    let mut list: Option<usize> = None;
    let mut call: Option<usize> = None;
    for line in lines(text) {
        let item = line.text.strip_prefix("- ");
        let key_text = item.unwrap_or(line.text).trim_start();
        let key_indent = line.indent + line.text.len() - key_text.len();
        if let Some(indent) = list {
            // A list may stand as far left as its key.
            if line.indent < indent || (line.indent == indent && item.is_none()) {
                list = None;
            } else if let Some(inline) = item.and_then(|item| item.trim().strip_prefix('{')) {
                let start = line.at + line.text.len() - inline.len();
                let role = inline.find("role:").map(|at| at + "role:".len());
                let end = |at: usize| inline[at..].find([',', '}']).map_or(inline.len(), |end| at + end);
                found.extend(role.and_then(|at| scalar(&inline[at..end(at)], start + at)));
            } else if let Some(role) = value_of(&line, key_text, "role") {
                found.push(role);
            } else if let Some(item) = item.filter(|item| !item.contains(": ") && !item.ends_with(':')) {
                found.extend(scalar(item, line.at + line.text.len() - item.len()));
            }
        }
        if let Some(indent) = call {
            if key_indent <= indent {
                call = None;
            } else {
                found.extend(value_of(&line, key_text, "name"));
            }
        }
        if is_playbook && key_text == "roles:" {
            list = Some(key_indent);
        } else if is_playbook
            && let Some(inline) =
                key_text.strip_prefix("roles:").and_then(|rest| rest.trim_start().strip_prefix('['))
        {
            let mut at = line.at + line.text.len() - inline.len();
            for word in inline.trim_end_matches(']').split(',') {
                found.extend(scalar(word, at));
                at += word.len() + 1;
            }
        }
        let called = key_text.strip_prefix("ansible.builtin.").unwrap_or(key_text);
        if matches!(called, "include_role:" | "import_role:") {
            call = Some(key_indent);
        }
    }
    // `namespace.collection.role` comes with its collection; a path leads out of what can be checked here.
    found.retain(|role| !role.name.contains(['.', '/', ':']));
    found
}

fn collections(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    for line in lines(text) {
        let key = line.text.trim_start_matches("- ").trim_start();
        let Some((module, _)) = key.split_once(':') else { continue };
        let parts: Vec<&str> = module.split('.').collect();
        let word = |part: &&str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        if parts.len() < 3
            || !parts.iter().all(word)
            || (parts[0] == "ansible" && matches!(parts[1], "builtin" | "legacy"))
        {
            continue;
        }
        let name = format!("{}.{}", parts[0], parts[1]);
        // A dotted key is a module only where tasks stand; settings such as `net.ipv4.tcp_syncookies: 1` have a value.
        let start = line.at + line.text.len() - key.len();
        let is_task = key[module.len() + 1..].trim().is_empty();
        if is_task && !found.iter().any(|known: &Found| known.name == name) {
            found.push(Found { span: start..start + name.len(), name });
        }
    }
    found
}

fn modules(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    for line in lines(text) {
        let mut names: Vec<(&str, usize)> = Vec::new();
        for keyword in ["include ", "contain ", "require "] {
            if let Some(rest) = line.text.strip_prefix(keyword) {
                let mut at = line.at + keyword.len();
                for word in rest.split(',') {
                    names.push((word, at));
                    at += word.len() + 1;
                }
            }
        }
        if let Some(rest) =
            line.text.strip_prefix("class").map(str::trim_start).and_then(|rest| rest.strip_prefix('{'))
        {
            let rest = rest.trim_start();
            names.push((rest.split(": ").next().unwrap_or(rest), line.at + line.text.len() - rest.len()));
        }
        for (word, at) in names {
            let Some(class) = scalar(word.trim_end_matches(':'), at) else { continue };
            let module = class.name.trim_start_matches("::").split("::").next().unwrap_or_default();
            if !module.is_empty() {
                found.push(Found { name: module.to_owned(), span: class.span });
            }
        }
    }
    found
}

fn hiera(text: &str) -> Vec<Found> {
    let mut datadir = "data".to_owned();
    let mut found = Vec::new();
    for line in lines(text) {
        // Hiera 3 writes `:datadir:`.
        let key = line.text.trim_start_matches("- ").trim_start_matches(':');
        if let Some(dir) = value_of(&line, key, "datadir") {
            datadir.clone_from(&dir.name);
            found.push(dir);
        } else if let Some(path) = value_of(&line, key, "path") {
            found.push(Found { name: format!("{datadir}/{}", path.name), span: path.span });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(found: Vec<Found>) -> Vec<String> {
        found.into_iter().map(|found| found.name).collect()
    }

    #[test]
    fn roles_are_found_in_every_way_of_writing() {
        let text = "---\n- hosts: all\n  roles:\n    - base # always\n    - role: hardening\n      tags: [x]\n    - { role: motd, when: true }\n    - \"{{ more }}\"\n    - ns.coll.role\n    - tags: y\n      role: late\n- hosts: web\n  roles: [nginx, 'certs']\n- hosts: db\n  tasks:\n    - name: Use a role\n      ansible.builtin.include_role:\n        name: postgres\n    - name: not a role\n      ansible.builtin.debug:\n        name: x\n";
        let found = roles(text);
        for one in &found {
            assert_eq!(&text[one.span.clone()], one.name);
        }
        assert_eq!(names(found), ["base", "hardening", "motd", "late", "nginx", "certs", "postgres"]);
    }

    #[test]
    fn lists_of_roles_may_stand_as_far_left_as_their_key_and_end_there() {
        let text = "- hosts: all\n  roles:\n  - base\n  vars:\n    x: y\n  tasks:\n  - debug\n";
        assert_eq!(names(roles(text)), ["base"]);
        assert!(
            roles("roles:\n  - admin\n").is_empty(),
            "a variable of that name in a file that is not a playbook"
        );
    }

    #[test]
    fn collections_are_modules_called_by_full_name() {
        let text = "- name: x\n  ansible.windows.win_feature:\n    name: y\n- community.general.ini_file:\n- ansible.builtin.copy:\nnet.ipv4.tcp_syncookies: 1\n";
        let found = collections(text);
        assert_eq!(&text[found[0].span.clone()], "ansible.windows");
        assert_eq!(names(found), ["ansible.windows", "community.general"]);
    }

    #[test]
    fn classes_lead_to_their_modules() {
        let text = "node default {\n  include base, ::ntp::client\n  contain 'web'\n  class { 'ssh::server':\n    port => 22,\n  }\n  class { \"cron\": }\n  include $dynamic\n}\nclass own { }\n# include ghost\n";
        assert_eq!(names(modules(text)), ["base", "ntp", "web", "ssh", "cron"]);
    }

    #[test]
    fn hiera_paths_are_below_their_data_directory() {
        let text = "defaults:\n  datadir: hieradata\nhierarchy:\n  - name: node\n    path: \"nodes/%{trusted.certname}.yaml\"\n  - name: common\n    path: common.yaml\n";
        assert_eq!(names(hiera(text)), ["hieradata", "hieradata/common.yaml"]);
    }
}
