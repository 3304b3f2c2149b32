//! Moving switches in projects on disk, as `hybrid provisioners enable|disable` does.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Mutex;

use hc_core::{BuilderId, EnvName};
use hc_provisioners::change::{Change, change, read};
use hc_provisioners::lint::{CommandRunner, Ended, LinterRun, lint};
use hc_provisioners::{ProvisionerError, Switches, checks, registry, switches};
use proptest::prelude::*;

/// Gives prepared answers; a program without one is not installed.
#[derive(Default)]
struct Answers {
    by_program: BTreeMap<&'static str, (i32, &'static str)>,
    seen: Mutex<Vec<String>>,
}

impl Answers {
    fn with(mut self, program: &'static str, code: i32, text: &'static str) -> Self {
        self.by_program.insert(program, (code, text));
        self
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

impl CommandRunner for Answers {
    fn run(&self, invocation: &LinterRun) -> io::Result<Ended> {
        let (code, text) = self.by_program.get(invocation.program).ok_or(io::ErrorKind::NotFound)?;
        let short = |arg: &std::ffi::OsString| match Path::new(arg) {
            path if path.is_absolute() => {
                format!("({} lines)", std::fs::read_to_string(path).unwrap().lines().count())
            }
            path => path.display().to_string(),
        };
        let args: Vec<String> = invocation.args.iter().map(short).collect();
        self.seen.lock().unwrap().push(format!("{} {}", invocation.program, args.join(" ")));
        Ok(Ended { code: Some(*code), stdout: (*text).to_owned(), stderr: String::new() })
    }
}

struct Project(tempfile::TempDir);

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, text: &str) {
        let full = self.root().join(path);
        std::fs::create_dir_all(full.parent().unwrap()).unwrap();
        std::fs::write(full, text).unwrap();
    }

    fn switches(&self) -> Option<String> {
        std::fs::read_to_string(self.root().join(switches::FILE)).ok()
    }

    fn enable(&self, stack: &str, runner: &Answers) -> Result<hc_provisioners::Changed, ProvisionerError> {
        change(self.root(), &Change { stack, on: true, env: None, builder: None }, runner)
    }
}

const PUPPET: &[(&str, &str)] = &[
    ("templates/puppet/manifests/site.pp", "node default {\n  include base\n}\n"),
    ("templates/puppet/modules/base/manifests/init.pp", "class base { }\n"),
    (
        "templates/puppet/hiera.yaml",
        "version: 5\ndefaults:\n  datadir: data\nhierarchy:\n  - name: Common\n    path: common.yaml\n",
    ),
    ("templates/puppet/data/common.yaml", "---\n"),
];

const ANSIBLE: &[(&str, &str)] = &[
    ("templates/ansible/playbooks/base.yml", "---\n- name: Base\n  hosts: all\n  roles:\n    - base\n"),
    (
        "templates/ansible/roles/base/tasks/main.yml",
        "---\n- name: Set it\n  community.general.ini_file:\n    path: /x\n",
    ),
    ("templates/ansible/requirements.yml", "---\ncollections:\n  - name: community.general\n"),
];

fn shown(error: &ProvisionerError) -> Vec<String> {
    let place =
        |one: &hc_config::Diagnostic| one.location.as_ref().map_or("-".to_owned(), ToString::to_string);
    error.diagnostics().iter().map(|one| format!("{} {}", place(one), one.message)).collect()
}

#[test]
fn a_whole_stack_is_switched_on_and_off_again() {
    let project = Project::new(PUPPET);
    let linter = Answers::default().with("puppet", 0, "");
    let changed = project.enable("puppet", &linter).unwrap();
    assert!(changed.written);
    assert_eq!(changed.linted_with, ["puppet"]);
    assert_eq!(
        linter.seen(),
        ["puppet parser validate --color=false manifests/site.pp modules/base/manifests/init.pp"]
    );
    assert_eq!(
        project.switches().unwrap(),
        "# Written by `hybrid provisioners enable|disable`; the most exact switch wins.\n\n[project]\npuppet = true\n"
    );
    assert!(!project.enable("puppet", &linter).unwrap().written, "nothing to do the second time");

    let env: EnvName = "prod".parse().unwrap();
    let builder: BuilderId = "linux.qemu.base".parse().unwrap();
    let off = Change { stack: "puppet", on: false, env: Some(&env), builder: Some(&builder) };
    std::fs::remove_dir_all(project.root().join("templates")).unwrap();
    assert!(change(project.root(), &off, &linter).unwrap().written, "a broken stack can be switched off");
    assert!(project.switches().unwrap().ends_with("\n[target.\"linux.qemu.base@prod\"]\npuppet = false\n"));
    let puppet = registry::find("puppet").unwrap();
    let switches = read(project.root()).unwrap();
    assert!(!switches.effective(puppet, &"linux.qemu.base@prod".parse().unwrap()).on);
    assert!(switches.effective(puppet, &"linux.qemu.base@dev".parse().unwrap()).on);
}

#[test]
fn everything_that_is_missing_is_reported_at_once_and_nothing_is_changed() {
    let project = Project::new(PUPPET);
    project.write(
        "templates/puppet/manifests/site.pp",
        "node default {\n  include bse\n  class { 'ntp::client': }\n}\n",
    );
    std::fs::remove_dir_all(project.root().join("templates/puppet/data")).unwrap();
    let builder: BuilderId = "windows.vsphere.base".parse().unwrap();
    let on = Change { stack: "puppet", on: true, env: None, builder: Some(&builder) };
    let error = change(project.root(), &on, &Answers::default()).unwrap_err();
    assert_eq!(error.code(), "ProvisionerInvalid");
    assert_eq!(
        shown(&error),
        [
            "templates/puppet/manifests/site.pp:2:11 module `bse` does not exist",
            "templates/puppet/manifests/site.pp:3:12 module `ntp` does not exist",
            "templates/puppet/hiera.yaml:3:12 hiera data `data` does not exist",
            "templates/puppet/hiera.yaml:6:11 hiera data `data/common.yaml` does not exist",
            "- stack `puppet` cannot run on `windows.vsphere.base`: the stack installs the agent of a Unix system and runs it there",
        ]
    );
    assert_eq!(error.diagnostics()[0].hint.as_deref(), Some("did you mean `base`?"));
    assert_eq!(project.switches(), None);
}

#[test]
fn roles_and_collections_must_exist_or_be_listed() {
    let project = Project::new(ANSIBLE);
    project.enable("ansible", &Answers::default()).unwrap();
    project.write(
        "templates/ansible/requirements.yml",
        "---\nroles:\n  - src: https://example.com/x/hardening\n    name: hardening\n",
    );
    project.write(
        "templates/ansible/playbooks/base.yml",
        "- hosts: all\n  roles:\n    - baes\n    - role: hardening\n",
    );
    let error = project.enable("ansible", &Answers::default()).unwrap_err();
    assert_eq!(
        shown(&error),
        [
            "templates/ansible/playbooks/base.yml:3:7 role `baes` does not exist",
            "templates/ansible/roles/base/tasks/main.yml:3:3 collection `community.general` does not exist",
        ]
    );
    let hints: Vec<_> = error.diagnostics().iter().map(|one| one.hint.as_deref().unwrap()).collect();
    assert_eq!(
        hints,
        [
            "did you mean `base`?",
            "create templates/ansible/collections/ansible_collections/community/general, or list it in templates/ansible/requirements.yml",
        ]
    );
}

#[test]
fn a_linter_that_refuses_stops_the_change_with_the_place() {
    let project = Project::new(ANSIBLE);
    let linter = Answers::default()
        .with("ansible-lint", 2, "playbooks/base.yml:2:3: name[play]: All plays should be named.\n")
        .with("yamllint", 1, "roles/base/tasks/main.yml:4:5: [error] trailing spaces (trailing-spaces)\nroles/base/tasks/main.yml:1:1: [warning] odd\n");
    let error = project.enable("ansible", &linter).unwrap_err();
    assert_eq!(
        shown(&error),
        [
            "templates/ansible/playbooks/base.yml:2:3 ansible-lint: name[play]: All plays should be named",
            "templates/ansible/roles/base/tasks/main.yml:4:5 yamllint: trailing spaces (trailing-spaces)",
        ]
    );
    assert_eq!(
        linter.seen(),
        [
            "ansible-lint -c (8 lines) --offline --nocolor -p playbooks roles",
            "yamllint --format parsable playbooks roles requirements.yml"
        ]
    );
    assert_eq!(project.switches(), None);

    let without_places = Answers::default().with("ansible-playbook", 4, "ERROR! something odd\n");
    let error = project.enable("ansible", &without_places).unwrap_err();
    assert_eq!(shown(&error), ["- ansible-playbook ended with exit code 4: ERROR! something odd"]);
}

#[test]
fn broken_switch_files_and_unknown_stacks_are_clear_errors() {
    let project = Project::new(PUPPET);
    let error = project.enable("pupet", &Answers::default()).unwrap_err();
    assert_eq!(error.code(), "UnknownStack");
    assert!(matches!(error, ProvisionerError::UnknownStack { near: Some("puppet"), .. }));
    project.write(switches::FILE, "[builders]\n");
    let error = project.enable("puppet", &Answers::default()).unwrap_err();
    assert_eq!(
        error.diagnostics()[0].location.as_ref().unwrap().to_string(),
        "configs/provisioners.toml:1:2"
    );
    assert_eq!(error.diagnostics()[0].hint.as_deref(), Some("did you mean `builder`?"));
    assert_eq!(project.switches().unwrap(), "[builders]\n", "left alone");
}

/// Runs the linters of this machine; `NotFound` where one is missing.
struct Installed;

impl CommandRunner for Installed {
    fn run(&self, invocation: &LinterRun) -> io::Result<Ended> {
        let output = std::process::Command::new(invocation.program)
            .args(&invocation.args)
            .current_dir(&invocation.cwd)
            .output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Ended { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) })
    }
}

fn example_project() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[test]
fn the_stacks_of_the_example_project_pass_their_checks() {
    for stack in registry::STACKS {
        let problems = checks::check(stack, example_project(), &["linux.rootfs.minimal".parse().unwrap()]);
        assert!(problems.is_empty(), "{}: {problems:?}", stack.name);
    }
}

#[test]
#[ignore = "slow: runs the real linters"]
fn the_stacks_of_the_example_project_pass_the_linters_of_this_machine() {
    for stack in registry::STACKS {
        let report = lint(stack, example_project(), &Installed);
        assert!(report.diagnostics.is_empty(), "{}: {:?}", stack.name, report.diagnostics);
    }
}

#[test]
#[ignore = "slow: runs the real linters"]
fn real_linters_answer_with_places() {
    let project = Project::new(PUPPET);
    project.write("templates/puppet/manifests/site.pp", "node default {\n  include base\n");
    let puppet = lint(registry::find("puppet").unwrap(), project.root(), &Installed);
    let project = Project::new(ANSIBLE);
    project.write("templates/ansible/playbooks/base.yml", "---\n- name: Base\n  hosts: all\n  tsks: []\n");
    let ansible = lint(registry::find("ansible").unwrap(), project.root(), &Installed);
    for (report, file) in
        [(puppet, "templates/puppet/manifests/site.pp"), (ansible, "templates/ansible/playbooks/base.yml")]
    {
        if report.ran.is_empty() {
            continue;
        }
        let at = |one: &hc_config::Diagnostic| {
            one.location.as_ref().is_some_and(|location| location.path == Path::new(file))
        };
        assert!(report.diagnostics.iter().any(at), "{report:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn switches_survive_the_file(moves in proptest::collection::vec((0..2usize, any::<bool>(), 0..3usize, 0..3usize), 0..12)) {
        let envs = [None, Some("dev"), Some("prod")];
        let builders = [None, Some("linux.qemu.base"), Some("windows.vsphere.base")];
        let mut switches = Switches::default();
        for (stack, on, env, builder) in moves {
            switches.set(&registry::STACKS[stack], envs[env], builders[builder], on);
        }
        let text = switches.render().unwrap();
        prop_assert_eq!(&Switches::parse(&text).unwrap(), &switches);
        prop_assert_eq!(Switches::parse(&text).unwrap().render().unwrap(), text);
    }
}
