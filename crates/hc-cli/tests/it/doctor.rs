//! `hybrid doctor`: what targets need, what is missing, and how apt installs it. The machine's own programs are left out:
//! `PATH` holds only what a test puts there.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::project::{Project, Ran};

/// A project whose one builder needs programs that no machine has.
fn needy() -> Project {
    let project = Project::with_motd();
    project.write(
        "templates/linux/file/motd/builder.toml",
        "requires = [\"x-bake\", \"x-fry\"]\n\n[suites.taste]\ncommand = [\"x-taste\", \"{image}\"]\nrequires = [\"x-fork\"]\n",
    );
    project
}

/// A `bin` with `packer` and the shell, and further programs as scripts.
fn bin(project: &Project, scripts: &[(&str, &str)]) {
    for (name, body) in scripts {
        project.write(&format!("bin/{name}"), &format!("#!/bin/sh\n{body}\n"));
    }
    std::fs::create_dir_all(project.path("bin")).unwrap();
    for name in ["packer", "sh", "env", "touch", "cat"] {
        symlink(on_path(name).canonicalize().unwrap(), project.path("bin").join(name)).unwrap();
    }
}

/// A program of this machine.
fn on_path(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file()).unwrap()
}

/// Runs `hybrid` with nothing but `bin` on `PATH`.
fn run(project: &Project, args: &[&str]) -> Ran {
    Ran::from(project.command(args).env("PATH", project.path("bin")).output().unwrap())
}

/// apt-get that installs every package `x-…` as a program of `bin`, and writes down what it was asked for.
const APT: &str = r#"echo "apt-get $*" >>"$HOME/apt.log"
for word in "$@"; do
  case $word in x-*) printf '#!/bin/sh\n' >"$HOME/bin/$word" && /bin/chmod +x "$HOME/bin/$word" ;; esac
done"#;

fn as_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout == b"0\n"
}

/// What sudo does for whom it trusts.
const SUDO: &str = r#"echo sudo "$@" >>"$HOME/sudo.log"; while case $1 in -*) true ;; *) false ;; esac; do shift; done; exec "$@""#;

fn tool<'a>(document: &'a Value, command: &str) -> &'a Value {
    let tools = document["result"]["tools"].as_array().unwrap();
    tools.iter().find(|tool| tool["command"] == command).unwrap_or_else(|| panic!("{command}: {document:#}"))
}

#[test]
fn what_is_missing_is_said_with_packages_and_one_line_that_installs_them() {
    let project = needy();
    bin(&project, &[("apt-get", APT)]);
    let ran = run(&project, &["doctor", "--targets", "motd", "--tool", "mkfs.x-ext", "--tool", "qemu-img-x"])
        .expect(1);
    let missing = "missing: mkfs.x-ext qemu-img-x x-bake x-fork x-fry x-taste";
    assert!(ran.stdout.contains(missing), "{}", ran.stdout);
    let line =
        "apt-get install --yes --no-install-recommends mkfs.x-ext qemu-img-x x-bake x-fork x-fry x-taste\n";
    assert!(ran.stdout.ends_with(line), "{}", ran.stdout);

    let document = run(&project, &["doctor", "--targets", "motd", "--format", "json"]).expect(1).json();
    assert_eq!(tool(&document, "x-bake")["needed_by"], serde_json::json!(["linux.file.motd"]));
    assert_eq!(tool(&document, "x-fork")["needed_by"], serde_json::json!(["linux.file.motd (suite taste)"]));
    assert_eq!(document["result"]["install"]["manager"], "apt-get");
    assert!(!project.path("apt.log").exists(), "nothing was installed unasked");

    assert_eq!(tool(&document, "yamllint")["required"], false);
    let missing = run(&project, &["doctor", "--optional", "--format", "json"]).expect(1).json();
    assert!(missing["result"]["missing"].as_array().unwrap().contains(&"yamllint".into()), "{missing:#}");
}

#[test]
fn stacks_and_keys_count_where_a_template_uses_them() {
    let project = Project::example();
    let needs = |targets: &str| {
        let document = Ran::from(
            project.command(&["doctor", "--format", "json", "--targets", targets]).output().unwrap(),
        )
        .json();
        let tools = document["result"]["tools"].as_array().unwrap().clone();
        let required = tools.iter().filter(|tool| tool["required"] == true);
        required.map(|tool| tool["command"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let has = |targets: &str, command: &str| needs(targets).iter().any(|found| found == command);
    assert!(has("linux.rootfs.minimal", "ansible-playbook"));
    assert!(has("linux.azure.base", "ansible-playbook"));
    assert!(!has("linux.rootfs.bootable", "ansible-playbook"));
    assert!(has("linux.qemu.web", "ssh-keygen") && !has("linux.rootfs.minimal", "ssh-keygen"));
    assert!(!has("linux.qemu.web", "mkfs.ext4"));
    let with_parents =
        project.command(&["doctor", "--with-parents", "--targets", "linux.qemu.web"]).output().unwrap();
    assert!(String::from_utf8(with_parents.stdout).unwrap().contains("mkfs.ext4"));
    project.ok(&["provisioners", "disable", "ansible", "--builder", "linux.rootfs.minimal"]);
    assert!(!has("linux.rootfs.minimal", "ansible-playbook"));
}

#[test]
fn a_build_names_everything_that_is_missing_before_it_starts() {
    let project = needy();
    bin(&project, &[]);
    project.ok(&["validate"]);
    run(&project, &["build"])
        .expect(1)
        .says("linux.file.motd needs `x-bake`")
        .says("linux.file.motd needs `x-fry`")
        .says("hybrid doctor --install --env dev --targets linux.file.motd");
}

#[test]
fn apt_installs_what_is_missing_and_a_second_run_has_nothing_to_do() {
    let project = needy();
    bin(&project, &[("apt-get", APT), ("sudo", SUDO)]);
    let ran =
        run(&project, &["doctor", "--install"]).expect(0).says("installing: x-bake x-fork x-fry x-taste");
    assert!(ran.stdout.contains("installed: x-bake x-fork x-fry x-taste"), "{}", ran.stdout);
    let log = project.read("apt.log");
    let calls: Vec<&str> = log.lines().collect();
    assert_eq!(calls[0], "apt-get update");
    assert!(calls[1].starts_with("apt-get install --yes --no-install-recommends -o"), "{log}");
    assert_eq!(project.path("sudo.log").exists(), !as_root(), "sudo is for those who are not root");
    run(&project, &["doctor", "--install"]).expect(0);
    assert_eq!(project.read("apt.log"), log);
}

#[test]
fn what_an_interrupted_run_left_is_finished_first() {
    let project = needy();
    let dpkg = r#"echo "dpkg $*" >>"$HOME/apt.log"; touch "$HOME/mended""#;
    let apt = format!(
        "if [ \"$1\" = install ] && [ ! -e \"$HOME/mended\" ]; then echo \"E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.\" >&2; exit 100; fi\n{APT}"
    );
    bin(&project, &[("apt-get", &apt), ("dpkg", dpkg), ("sudo", SUDO)]);
    run(&project, &["doctor", "--install"]).expect(0);
    assert!(
        project.read("apt.log").contains("dpkg --configure -a\napt-get install"),
        "{}",
        project.read("apt.log")
    );
}

#[test]
fn a_package_that_broke_off_is_gone_on_with_though_its_command_is_there() {
    let project = needy();
    // The command of the first package arrives, and then the disk is full.
    let apt = format!(
        "[ \"$1\" = install ] && [ ! -e \"$HOME/mended\" ] && set -- x-bake && full=1\n{APT}\n[ -z \"$full\" ] || {{ echo 'No space left on device' >&2; exit 100; }}"
    );
    bin(&project, &[("apt-get", &apt), ("sudo", SUDO)]);
    run(&project, &["doctor", "--install"]).expect(2);
    assert!(project.path("bin/x-bake").exists());
    for name in ["x-fork", "x-fry", "x-taste"] {
        project.write(&format!("bin/{name}"), "#!/bin/sh\n");
    }
    // Nothing is missing, and yet it is not done.
    let broken = run(&project, &["doctor"]).expect(1);
    assert!(broken.stdout.contains("an installation broke off"), "{}", broken.stdout);
    project.write("mended", "");
    run(&project, &["doctor", "--install"]).expect(0).says("installing: x-bake x-fork x-fry x-taste");
    run(&project, &["doctor"]).expect(0);
}

#[test]
fn every_way_to_fail_says_what_to_do_and_trying_again_goes_on() {
    let cases = [
        (
            "E: Failed to fetch http://mirror.example/x.deb  Temporary failure resolving 'mirror.example'",
            2,
            "apt cannot fetch packages",
            "look at the network",
        ),
        (
            "dpkg: error processing archive x.deb (--unpack):\n cannot copy extracted data: failed to write (No space left on device)",
            2,
            "the disk is full",
            "make room",
        ),
        (
            "E: You don't have enough free space in /var/cache/apt/archives/.",
            2,
            "the disk is full",
            "make room",
        ),
        (
            "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (apt)",
            2,
            "apt is locked",
            "wait until",
        ),
        (
            "E: Unable to locate package x-bake",
            1,
            "apt's sources do not have every package",
            "add a package source",
        ),
        (
            "E: Sub-process /usr/bin/dpkg returned an error code (1)",
            2,
            "apt could not install every package",
            "mend what apt says",
        ),
    ];
    for (words, code, what, hint) in cases {
        let project = needy();
        let apt = format!(
            "if [ \"$1\" = install ] && [ ! -e \"$HOME/mended\" ]; then cat >&2 <<'END'\n{words}\nEND\nexit 100; fi\n{APT}"
        );
        bin(&project, &[("apt-get", &apt), ("sudo", SUDO)]);
        run(&project, &["doctor", "--install"])
            .expect(code)
            .says(what)
            .says(hint)
            .says(words.lines().last().unwrap().trim());
        project.write("mended", "");
        run(&project, &["doctor", "--install"]).expect(0);
    }
}

#[test]
fn packages_that_are_not_found_because_their_lists_could_not_be_fetched_are_the_networks_fault() {
    let project = needy();
    let apt = "case $1 in update) echo 'Err:1 http://mirror.example x InRelease'; echo \"  Temporary failure resolving 'mirror.example'\" ;; *) echo 'E: Unable to locate package x-bake' >&2; exit 100 ;; esac";
    bin(&project, &[("apt-get", apt), ("sudo", SUDO)]);
    run(&project, &["doctor", "--install"])
        .expect(2)
        .says("apt cannot fetch packages")
        .says("Temporary failure");
}

#[test]
fn a_machine_without_apt_gets_the_line_to_type() {
    let project = needy();
    bin(&project, &[]);
    let nothing = run(&project, &["doctor", "--install"]).expect(1);
    nothing
        .says("error[CannotInstall]: this machine lacks x-bake x-fork x-fry x-taste")
        .says("hint: install them");
    project.write("bin/dnf", "#!/bin/sh\nexit 1\n");
    let ran = run(&project, &["doctor", "--install"]).expect(1);
    assert!(ran.stderr.contains("dnf install --assumeyes x-bake x-fork x-fry x-taste"), "{}", ran.stderr);
    assert!(run(&project, &["doctor"]).expect(1).stdout.contains("dnf install"));
}

#[test]
fn a_package_without_its_command_is_told() {
    let project = needy();
    bin(&project, &[("apt-get", "exit 0"), ("sudo", SUDO)]);
    run(&project, &["doctor", "--install"])
        .expect(1)
        .says("installed, and still missing: x-bake x-fork x-fry x-taste");
}

/// Runs as nobody, where the tests run as root; the binary and the project go where nobody can reach them.
fn unprivileged(project: &Project, args: &[&str]) -> Option<Ran> {
    let own = project.command(args);
    if !as_root() {
        return Some(run(project, args));
    }
    let binary = project.path("hybrid-copy");
    std::fs::copy(own.get_program(), &binary).unwrap();
    assert!(
        Command::new("chown").args(["-R", "65534:65534"]).arg(project.root()).status().unwrap().success()
    );
    std::fs::set_permissions(project.root(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(on_path("setpriv"));
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(&binary).args(args);
    command
        .current_dir(project.root())
        .env_clear()
        .env("PATH", project.path("bin"))
        .env("HOME", project.root());
    let reachable = Path::new("/tmp") == std::env::temp_dir();
    reachable.then(|| Ran::from(command.output().unwrap()))
}

#[test]
fn without_root_sudo_is_asked_and_where_it_is_missing_or_refuses_the_line_for_root_is_shown() {
    let project = needy();
    bin(&project, &[("apt-get", APT)]);
    let Some(ran) = unprivileged(&project, &["doctor", "--install"]) else {
        return eprintln!("skipped: nobody cannot reach the temporary directory");
    };
    let line = "as root: apt-get update && apt-get install --yes --no-install-recommends x-bake x-fork x-fry x-taste";
    ran.expect(1).says("error[CannotInstall]").says("neither as root nor by sudo").says(line);
    assert!(!project.path("apt.log").exists());

    project.write("bin/sudo", "#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n");
    unprivileged(&project, &["doctor", "--install"]).unwrap().expect(1).says("sudo refused").says(line);

    project.write("bin/sudo", &format!("#!/bin/sh\n{SUDO}\n"));
    unprivileged(&project, &["doctor", "--install"]).unwrap().expect(0);
    assert!(
        project
            .read("sudo.log")
            .starts_with("sudo -n env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 apt-get update")
    );
}

#[test]
fn a_suite_whose_tools_are_missing_gives_no_verdict() {
    let project = Project::with_motd();
    project.write(
        "templates/linux/file/motd/builder.toml",
        "[suites.taste]\ncommand = [\"true\"]\nrequires = [\"x-fork\"]\n",
    );
    project.ok(&["validate"]);
    project.ok(&["build"]);
    project
        .run(&["test"])
        .expect(1)
        .says("error[ToolMissing]")
        .says("suite `taste` of linux.file.motd needs `x-fork`");
}

/// Programs that scripts of the example start on the building machine and that not every machine has. `./check` in a
/// clean root notices others when they are started; this notices an entry that is gone, for every builder and at once.
const STARTED: [&str; 16] = [
    "debugfs",
    "dpkg-query",
    "e2fsck",
    "mcopy",
    "mkfs.ext4",
    "mkfs.vfat",
    "mmdebstrap",
    "mount",
    "qemu-img",
    "qemu-system-x86_64",
    "sfdisk",
    "ssh",
    "ssh-keygen",
    "tar",
    "unshare",
    "zstd",
];

/// Programs that the scripts named in `text` start, with those that they call in turn.
fn started_by_scripts(
    project: &Project,
    text: &str,
    found: &mut BTreeSet<String>,
    seen: &mut BTreeSet<String>,
) {
    let name = regex::Regex::new(r"[a-z-]+\.sh\b").unwrap();
    let comment = regex::Regex::new(r"(?m)^\s*#.*$").unwrap();
    let quoted = regex::Regex::new(r#""[^"\n]*"|'[^'\n]*'"#).unwrap();
    for script in name.find_iter(text) {
        let path = format!("templates/scripts/linux/{}", script.as_str());
        // What a build runs inside the machine needs nothing here.
        if script.as_str().starts_with("vm-") || !project.path(&path).is_file() || !seen.insert(path.clone())
        {
            continue;
        }
        let script = project.read(&path);
        let script = comment.replace_all(&script, "");
        let bare = quoted.replace_all(&script, "");
        for program in STARTED {
            // tar starts zstd by that name.
            let option = if program == "zstd" { "(--)?" } else { "" };
            let starts = format!(r"(?m)(^|[\s(|]){option}{}(\s|\)|$)", regex::escape(program));
            if regex::Regex::new(&starts).unwrap().is_match(&bare) {
                found.insert(program.to_owned());
            }
        }
        started_by_scripts(project, &script, found, seen);
    }
}

#[test]
fn builders_of_the_example_declare_what_their_scripts_start_and_nothing_else() {
    let project = Project::example();
    let (inventory, _) = hc_templates::Inventory::load(project.root(), &BTreeMap::new());
    // A file that a machine needs, a firmware, is nothing that a script starts.
    let started = |word: &&String| !word.starts_with('/');
    let set = |words: &[String]| words.iter().filter(started).cloned().collect::<BTreeSet<String>>();
    for builder in
        inventory.builders.iter().filter(|builder| ["rootfs", "qemu"].contains(&builder.id.platform()))
    {
        let template: String =
            builder.files.iter().map(|file| project.read(file.to_str().unwrap())).collect();
        let mut started = BTreeSet::new();
        started_by_scripts(&project, &template, &mut started, &mut BTreeSet::new());
        if builder.id.platform() == "qemu" {
            // Packer's own, and Ansible's way into the machine.
            started.extend(["qemu-img", "qemu-system-x86_64"].map(str::to_owned));
            started.extend(template.contains("provisioner \"ansible\"").then(|| "ssh".to_owned()));
        }
        assert_eq!(set(&builder.metadata.requires), started, "{}", builder.id);
        for (name, suite) in &builder.metadata.suites {
            let mut started = BTreeSet::new();
            started_by_scripts(&project, &suite.command.join(" "), &mut started, &mut BTreeSet::new());
            assert_eq!(set(&suite.requires), started, "suite {name} of {}", builder.id);
        }
    }
    assert_eq!(inventory.builders.len(), 17);
}
