//! What Ansible's files pull in, wherever they lie, and Hiera's data.

use super::support::{Project, provisioner};

/// The inputs of a template whose provisioner starts Ansible, in a project with `files`.
fn inputs(files: &[(&str, &str)], kind: &str, body: &str) -> Vec<String> {
    let project = Project::new(files);
    let closure = project.closure(&provisioner(kind, body));
    assert!(closure.problems.unknown.is_empty(), "{:?}", closure.problems);
    closure.paths().iter().map(|path| path.display().to_string()).collect()
}

const PLAYBOOK: &str = r#"playbook_file = "p/site.yml""#;

/// One way: files beside the playbook `p/site.yml` with their texts, and those that become inputs.
struct Row {
    name: &'static str,
    playbook: &'static str,
    files: &'static [(&'static str, &'static str)],
    wants: &'static str,
}

const ROWS: &[Row] = &[
    Row {
        name: "roles beside the playbook",
        playbook: "- hosts: all\n  roles:\n    - base\n    - role: web\n",
        files: &[
            ("p/roles/base/tasks/main.yml", ""),
            ("p/roles/base/files/x", ""),
            ("p/roles/web/meta/main.yml", "dependencies:\n  - common\n"),
            ("p/roles/common/tasks/main.yml", ""),
            ("p/roles/other/tasks/main.yml", ""),
        ],
        wants: "p/roles/base/files/x p/roles/base/tasks/main.yml p/roles/common/tasks/main.yml p/roles/web/meta/main.yml",
    },
    Row {
        name: "roles of an outer directory and of the working directory",
        playbook: "- hosts: all\n  roles: [outer]\n",
        files: &[("roles/outer/tasks/main.yml", "")],
        wants: "roles/outer/tasks/main.yml",
    },
    Row {
        name: "a role by its path",
        playbook: "- hosts: all\n  roles:\n    - ../shared/base\n",
        files: &[("shared/base/tasks/main.yml", ""), ("shared/base/templates/x.j2", "")],
        wants: "shared/base/tasks/main.yml shared/base/templates/x.j2",
    },
    Row {
        name: "a role that a task includes",
        playbook: "- hosts: all\n  tasks:\n    - ansible.builtin.include_role:\n        name: late\n",
        files: &[("p/roles/late/tasks/main.yml", "")],
        wants: "p/roles/late/tasks/main.yml",
    },
    Row {
        name: "a role by a variable",
        playbook: "- hosts: all\n  tasks:\n    - include_role:\n        name: \"{{ role_name }}\"\n",
        files: &[("p/roles/a/tasks/main.yml", ""), ("p/roles/b/tasks/main.yml", "")],
        wants: "p/roles/a/tasks/main.yml p/roles/b/tasks/main.yml",
    },
    Row {
        name: "group_vars and host_vars",
        playbook: "- hosts: all\n",
        files: &[("p/group_vars/all.yml", ""), ("p/host_vars/default/x.yml", "")],
        wants: "p/group_vars/all.yml p/host_vars/default/x.yml",
    },
    Row {
        name: "plugins and modules",
        playbook: "- hosts: all\n",
        files: &[
            ("p/library/m.py", ""),
            ("p/filter_plugins/f.py", ""),
            ("p/module_utils/u.py", ""),
            ("p/callback_plugins/c.py", ""),
        ],
        wants: "p/callback_plugins/c.py p/filter_plugins/f.py p/library/m.py p/module_utils/u.py",
    },
    Row {
        name: "vars_files, include_vars, include_tasks, import_playbook",
        playbook: "- import_playbook: more.yml\n- hosts: all\n  vars_files:\n    - vars/one.yml\n  tasks:\n    - include_vars: two.yml\n    - include_tasks: tasks/three.yml\n",
        files: &[
            ("p/more.yml", "- hosts: x\n  vars_files: [deep.yml]\n"),
            ("p/deep.yml", ""),
            ("p/vars/one.yml", ""),
            ("p/vars/two.yml", ""),
            ("p/tasks/three.yml", "- copy: {src: four.txt}\n"),
            ("p/files/four.txt", ""),
        ],
        wants: "p/deep.yml p/files/four.txt p/more.yml p/tasks/three.yml p/vars/one.yml p/vars/two.yml",
    },
    Row {
        name: "files and templates of tasks",
        playbook: "- hosts: all\n  tasks:\n    - copy: {src: a.conf, dest: /etc/a}\n    - template:\n        src: b.j2\n    - copy:\n        src: tree/\n    - copy: src=\"{{ playbook_dir }}/files/c\"\n",
        files: &[
            ("p/files/a.conf", ""),
            ("p/templates/b.j2", ""),
            ("p/files/tree/x", ""),
            ("p/files/tree/y/z", ""),
            ("p/files/c", ""),
            ("p/files/unused", ""),
        ],
        wants: "p/files/a.conf p/files/c p/files/tree/x p/files/tree/y/z p/templates/b.j2",
    },
    Row {
        name: "a file before a variable",
        playbook: "- hosts: all\n  tasks:\n    - copy: src=conf/{{ item }}.conf\n",
        files: &[("p/files/conf/a.conf", ""), ("p/files/conf/b.conf", "")],
        wants: "p/files/conf/a.conf p/files/conf/b.conf",
    },
    Row {
        name: "collections beside the playbook",
        playbook: "- hosts: all\n  tasks:\n    - acme.tools.thing:\n        x: 1\n",
        files: &[
            ("p/collections/ansible_collections/acme/tools/plugins/modules/thing.py", ""),
            ("p/collections/ansible_collections/acme/other/x.py", ""),
        ],
        wants: "p/collections/ansible_collections/acme/tools/plugins/modules/thing.py",
    },
    Row {
        name: "ansible.cfg of the working directory",
        playbook: "- hosts: all\n  roles: [far]\n",
        files: &[
            (
                "ansible.cfg",
                "[defaults]\nroles_path = elsewhere/roles:/etc/x # y\ninventory = inv/hosts\nlibrary=mods\nlog_path = logs.txt\n",
            ),
            ("elsewhere/roles/far/tasks/main.yml", ""),
            ("inv/hosts", ""),
            ("mods/m.py", ""),
            ("logs.txt", ""),
        ],
        wants: "ansible.cfg elsewhere/roles/far/tasks/main.yml inv/hosts mods/m.py",
    },
    Row {
        name: "comments",
        playbook: "- hosts: all\n  # roles: [base]\n  tasks: [] # vars/x.yml\n",
        files: &[("p/roles/base/tasks/main.yml", ""), ("p/vars/x.yml", "")],
        wants: "",
    },
];

#[test]
fn playbooks_pull_in_what_they_name() {
    let mut wrong = Vec::new();
    for row in ROWS {
        let mut files = vec![("p/site.yml", row.playbook), ("p/README.md", ""), ("unused/roles/base/x", "")];
        files.extend(row.files);
        let found = inputs(&files, "ansible", PLAYBOOK);
        let mut wants: Vec<&str> = row.wants.split_whitespace().chain(["p/site.yml"]).collect();
        wants.sort_unstable();
        if found != wants {
            wrong.push(format!("{}: found {found:?}, wanted {wants:?}", row.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn arguments_inventories_and_environment_count() {
    let files = [
        ("p/site.yml", "- hosts: all\n"),
        ("inv/hosts", ""),
        ("inv/group_vars/all.yml", ""),
        ("extra.json", "{}"),
        ("vault.txt", ""),
        ("cfg/ansible.cfg", "[defaults]\nroles_path = ../r\n"),
        ("r/x/tasks/main.yml", ""),
        ("galaxy.yml", ""),
        ("wrapper.sh", ""),
    ];
    let body = r#"playbook_file = "p/site.yml"
    inventory_file = "inv/hosts"
    galaxy_file = "galaxy.yml"
    command = "./wrapper.sh"
    extra_arguments = ["-e", "@extra.json", "--vault-password-file", "${path.cwd}/vault.txt"]
    ansible_env_vars = ["ANSIBLE_CONFIG=cfg/ansible.cfg", "ANSIBLE_ROLES_PATH=./r"]"#;
    let found = inputs(&files, "ansible", body);
    let wants = [
        "cfg/ansible.cfg",
        "extra.json",
        "galaxy.yml",
        "inv/group_vars/all.yml",
        "inv/hosts",
        "p/site.yml",
        "r/x/tasks/main.yml",
        "vault.txt",
        "wrapper.sh",
    ];
    assert_eq!(found, wants);
}

#[test]
fn a_playbook_in_a_command_is_followed_too() {
    let files = [
        ("a/site.yml", "- hosts: all\n  roles: [base]\n"),
        ("a/roles/base/tasks/main.yml", ""),
        ("a/inv", ""),
    ];
    let found = inputs(&files, "shell-local", r#"inline = ["cd a", "ansible-playbook -i inv site.yml"]"#);
    assert_eq!(found, ["a/inv", "a/roles/base/tasks/main.yml", "a/site.yml"]);
}

#[test]
fn ansible_local_gets_its_directories() {
    let files = [
        ("p/site.yml", "- hosts: all\n"),
        ("p/other.yml", ""),
        ("roles/x/tasks/main.yml", ""),
        ("gv/all.yml", ""),
        ("coll/ansible_collections/a/b/x", ""),
    ];
    let body = r#"playbook_file = "p/site.yml"
    playbook_dir = "p"
    role_paths = ["roles/x"]
    group_vars = "gv"
    collection_paths = ["coll"]
    staging_directory = "p/site.yml""#;
    let found = inputs(&files, "ansible-local", body);
    let wants = [
        "coll/ansible_collections/a/b/x",
        "gv/all.yml",
        "p/other.yml",
        "p/site.yml",
        "roles/x/tasks/main.yml",
    ];
    assert_eq!(found, wants);
}

#[test]
fn a_role_that_is_gone_is_told_unless_it_is_installed() {
    let text = "- hosts: all\n  roles:\n    - gone\n    - listed\n";
    let project =
        Project::new(&[("p/site.yml", text), ("p/requirements.yml", "- src: https://x/listed.git\n")]);
    let closure = project.closure(&provisioner("ansible", PLAYBOOK));
    let told: Vec<String> = closure
        .problems
        .missing
        .iter()
        .map(|one| format!("{} {}", one.location, one.path.display()))
        .collect();
    assert_eq!(told, ["p/site.yml:3:7 gone"]);
}

#[test]
fn hiera_pulls_in_its_data() {
    for (text, data) in [
        ("version: 5\ndefaults:\n  datadir: d\nhierarchy:\n  - path: common.yaml\n", "puppet/d/common.yaml"),
        (":backends: yaml\n:yaml:\n  :datadir: ./d\n", "puppet/d/common.yaml"),
        ("version: 5\n", "puppet/data/common.yaml"),
    ] {
        let files =
            [("puppet/site.pp", ""), ("puppet/hiera.yaml", text), (data, ""), ("puppet/unused.yaml", "")];
        let body = "manifest_file = \"puppet/site.pp\"\n    hiera_config_path = \"puppet/hiera.yaml\"";
        assert_eq!(inputs(&files, "puppet-masterless", body), [data, "puppet/hiera.yaml", "puppet/site.pp"]);
    }
}

#[test]
fn nothing_is_lost_when_many_builders_share_a_playbook() {
    let project =
        Project::new(&[("p/site.yml", "- hosts: all\n  roles: [a]\n"), ("p/roles/a/tasks/main.yml", "")]);
    let one = project.closure(&provisioner("ansible", PLAYBOOK));
    let two = project.closure(&provisioner("ansible", PLAYBOOK));
    assert_eq!((one.files.len(), &one), (2, &two));
}
