//! The inputs of a target are the same on every machine: whichever directory, user, file system, locale, umask and kind of
//! machine; and what still differs is said, with the command that ends it.

use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use hc_engine::{Host, Platform, ProjectOptions, Selector, Values};
use hc_packer::plugins::sha256;

use crate::project::Project;

const SOURCE: &str = "github.com/acme/demo";
const TOOLS: &str = "other.null.tools";
/// Kinds of machines, the one of this program first.
const OTHER: &str = "plan9_mips";
/// A user without a name.
const NOBODY: u32 = 12_345;

/// What lies where packer should be, on a machine of another kind.
const ANOTHER: &str = "#!/bin/sh\necho another\n";

/// A packer that is content with everything; the same bytes wherever it lies.
const PACKER: &str = "#!/bin/sh\n[ \"$1\" = version ] && echo 'Packer v1.16.0'\nexit 0\n";

const TEMPLATE: &str = r#"packer {
  required_plugins {
    demo = {
      version = "~> 1.0"
      source  = "github.com/acme/demo"
    }
  }
}

source "null" "tools" {
  communicator = "none"
}

build {
  sources = ["source.null.tools"]

  provisioner "shell-local" {
    script = "scripts/setup.sh"
  }
  provisioner "file" {
    source      = "files/"
    destination = "/tmp"
  }
  provisioner "file" {
    source      = "~/shared.conf"
    destination = "/tmp/shared.conf"
  }
}
"#;

fn here() -> String {
    Platform::of_this_program().to_string()
}

fn plugin_name(version: &str, platform: &str) -> String {
    format!("packer-plugin-demo_v{version}_x5.0_{platform}")
}

/// A plugin that describes itself, another one for each kind of machine.
fn plugin(version: &str, platform: &str) -> String {
    format!("#!/bin/sh\n# {platform}\n[ \"$1\" = describe ] && echo '{{\"version\":\"{version}\"}}'\n")
}

/// Puts a program of a version into `archives/`, as publishers do.
fn publish(project: &Project, file: &str, list: &str, program: &str, content: &str) {
    project.write(&format!("archives/{file}"), "");
    let archive = project.path("archives").join(file);
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&archive).unwrap());
    zip.start_file(program, zip::write::SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
    zip.write_all(content.as_bytes()).unwrap();
    zip.finish().unwrap();
    let known = std::fs::read_to_string(project.path("archives").join(list)).unwrap_or_default();
    let sum = sha256(&archive).unwrap();
    project.write(&format!("archives/{list}"), &format!("{known}{sum}  {file}\n"));
}

fn publish_plugin(project: &Project, platform: &str) {
    let (name, list) = (plugin_name("1.2.0", platform), "packer-plugin-demo_v1.2.0_SHA256SUMS");
    publish(project, &format!("{name}.zip"), list, &name, &plugin("1.2.0", platform));
}

/// The files of a checkout: names that locales sort differently, and one that lies beside the project.
fn files() -> Vec<(String, String)> {
    let mut files = vec![
        ("hybrid.toml".to_owned(), settings()),
        ("image/tools.pkr.hcl".to_owned(), TEMPLATE.to_owned()),
        ("scripts/setup.sh".to_owned(), "#!/bin/sh\necho setup\n".to_owned()),
        ("configs/overlays/dev.pkrvars.hcl".to_owned(), "release = \"${git_sha}\"\n".to_owned()),
        ("packer".to_owned(), PACKER.to_owned()),
    ];
    for name in ["a", "B", "ä", "Z", "z", "I", "ı", "i", "İ", "10", "9", "a b", "_", "-", "ß/x", "ss/x"] {
        files.push((format!("files/{name}.txt"), name.to_owned()));
    }
    files
}

fn settings() -> String {
    format!(
        "[project]\nname = \"test\"\n\n[packer]\nbinary = \"./packer\"\nplugin_path = \"plugins\"\n\n\
         [builders.\"{TOOLS}\"]\npath = \"image\"\nworkdir = \".\"\n"
    )
}

/// A checkout whose files are written in the given order, with the plugin installed for this machine and another one.
fn checkout(project: &Project, files: &[(String, String)]) {
    for (name, text) in files {
        project.write(name, text);
    }
    for platform in [&*here(), OTHER] {
        project.write_plugin(
            &format!("plugins/{SOURCE}/{}", plugin_name("1.2.0", platform)),
            &plugin("1.2.0", platform),
        );
    }
    let commands = "git init -q -b main . && printf 'plugins\\narchives\\n' > .gitignore && git add -A && git commit -q -m one";
    let mut git = Command::new("sh");
    git.args(["-c", commands]).current_dir(project.root()).env("HOME", project.root());
    for who in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{who}_NAME"), "t").env(format!("GIT_{who}_EMAIL"), "t@example.org");
        git.env(format!("GIT_{who}_DATE"), "2020-01-01T00:00:00Z");
    }
    assert!(git.status().unwrap().success());
}

fn one_checkout() -> Project {
    let project = Project::bare();
    checkout(&project, &files());
    project
}

/// The plan of the one target.
fn planned(command: &mut Command) -> serde_json::Value {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    plan["result"]["targets"][0].clone()
}

/// What a machine of a kind would count: digest, and what it says of other machines.
fn counted(project: &Project, platform: &str, home: &Path) -> (String, Vec<String>) {
    let vars: [(OsString, OsString); 2] =
        [("HOME".into(), home.into()), ("PATH".into(), std::env::var_os("PATH").unwrap())];
    let mut host = Host::new(project.root(), vars);
    host.platform = Platform::named(platform).unwrap();
    host.trust = hc_engine::Trust::Given;
    let opened = hc_engine::Project::open(project.root(), host, ProjectOptions::default()).unwrap();
    let selection = opened.select(&Selector::all()).unwrap();
    let env = opened.env(None).unwrap();
    let plan = opened.plan(&selection, &env, &Values::default()).unwrap().report();
    (plan.targets[0].inputs_hash.clone(), plan.targets[0].not_portable.clone())
}

/// A home directory with the file that templates name there.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("shared.conf"), "shared = true\n").unwrap();
    home
}

/// A command in the project by another user in other surroundings; by the same user where there is no other.
fn elsewhere(project: &Project, home: &Path, args: &[&str]) -> Command {
    let hybrid = project.command(&[]).get_program().to_owned();
    let as_nobody = |program: &std::ffi::OsStr| {
        let mut command = Command::new("sh");
        // Not every shell has a umask option; all have this.
        command.args(["-c", "umask 077; exec \"$@\"", "sh"]).arg(program);
        command.current_dir(project.root()).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.env("HOME", home).env("USER", "ada").env("LC_ALL", "tr_TR.UTF-8");
        command
            .env("HYBRID_TRUST", "1")
            .env("LANG", "tr_TR.UTF-8")
            .env("TZ", "Asia/Tokyo")
            .env("TMPDIR", project.root());
        command
    };
    let mut command = as_nobody(&hybrid);
    let may = rustix_is_root() && {
        let mut probe = as_nobody(&hybrid);
        probe.arg("--version").uid(NOBODY).gid(NOBODY);
        probe.output().is_ok_and(|output| output.status.success())
    };
    if may {
        let chown = Command::new("chown")
            .args(["-R", &format!("{NOBODY}:{NOBODY}")])
            .args([project.root(), home])
            .status()
            .unwrap();
        assert!(chown.success());
        command.uid(NOBODY).gid(NOBODY);
    }
    command.args(args);
    command
}

fn rustix_is_root() -> bool {
    Path::new("/proc/self").metadata().is_ok_and(|meta| meta.uid() == 0)
}

#[test]
fn two_checkouts_count_the_same_whoever_made_them_and_wherever() {
    let one = one_checkout();
    // Another file system, where there is one.
    let memory = Path::new("/dev/shm");
    let other = match memory.is_dir() {
        true => Project::below(memory),
        false => Project::bare(),
    };
    let mut files = files();
    files.reverse();
    checkout(&other, &files);
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for (name, _) in &files {
        let file = std::fs::File::options().write(true).open(other.path(name)).unwrap();
        file.set_modified(long_ago).unwrap();
    }

    let (home, other_home) = (home(), home());
    let plan = ["plan", "--format", "json"];
    let here = planned(one.command(&plan).env("HOME", home.path()));
    let there = planned(&mut elsewhere(&other, other_home.path(), &plan));
    assert_eq!(here["inputs_hash"], there["inputs_hash"]);
    let there_before = there["inputs_hash"].clone();

    // Not the digest alone: name by name.
    let trusted = format!("state/packer/trusted/dev/{TOOLS}.json");
    for command in [
        one.command(&["validate"]).env("HOME", home.path()),
        &mut elsewhere(&other, other_home.path(), &["validate"]),
    ] {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let (here, there) = (one.read(&trusted), other.read(&trusted));
    assert_eq!(here, there);
    for name in ["files/ß/x.txt", "~/shared.conf", "scripts/setup.sh"] {
        assert!(here.contains(&format!("\"{name}\"")), "no {name} in {here}");
    }
    assert!(!here.contains(&one.root().display().to_string()), "{here}");

    // Content counts, and byte for byte.
    other.write("files/ß/x.txt", "x\r\n");
    let changed = planned(&mut elsewhere(&other, other_home.path(), &plan));
    assert_ne!(changed["inputs_hash"], there_before);
}

fn here_digest(project: &Project) -> serde_json::Value {
    planned(&mut project.command(&["plan", "--format", "json"]))["inputs_hash"].clone()
}

#[test]
fn the_commit_counts_in_a_checkout_that_belongs_to_another_user_too() {
    if !rustix_is_root() {
        eprintln!("skipped: only root can work in the checkout of another user");
        return;
    }
    let project = one_checkout();
    let own = here_digest(&project);
    let chown = Command::new("chown").args(["-R", "12345:12345"]).arg(project.root()).status().unwrap();
    assert!(chown.success());
    assert_eq!(here_digest(&project), own);
}

#[test]
fn a_locked_plugin_counts_the_same_on_every_kind_of_machine() {
    let project = one_checkout();
    let count = |platform: &str| counted(&project, platform, project.root());
    let (own, said) = count(&here());
    assert!(said.iter().any(|what| what.contains("`hybrid packer plugins lock` pins it")), "{said:?}");
    assert_ne!(own, count(OTHER).0, "not locked: each machine counts its own binary");

    for platform in [&*here(), OTHER] {
        publish_plugin(&project, platform);
    }
    project.ok(&["packer", "plugins", "lock", "--from", "archives"]);
    let (own, said) = count(&here());
    assert!(said.iter().all(|what| !what.contains("plugin")), "{said:?}");
    assert_eq!(own, count(OTHER).0);

    // What is installed is not what counts, but it must be what the lock names.
    let installed = project.path(&format!("plugins/{SOURCE}/{}", plugin_name("1.2.0", OTHER)));
    std::fs::write(&installed, "changed").unwrap();
    assert_eq!(own, count(&here()).0);
    assert_ne!(own, count(OTHER).0);
    std::fs::remove_file(&installed).unwrap();
    assert_eq!(own, count(OTHER).0, "nothing is installed there yet");
}

#[test]
fn a_lock_that_other_machines_wrote_is_added_to() {
    let project = one_checkout();
    let other = format!("{OTHER} = \"{}\"", "00".repeat(32));
    project.write(
        "plugins.lock",
        &format!("schema = 1\n[plugins.\"{SOURCE}\"]\nversion = \"1.2.0\"\nsha256 = {{ {other} }}\n"),
    );
    project
        .run(&["validate"])
        .expect(1)
        .says("error[PluginNotLocked]")
        .says(&format!("run `hybrid packer plugins lock` on {}", here()));
    let before = here_digest(&project);
    project.ok(&["packer", "plugins", "lock"]);
    let lock = project.read("plugins.lock");
    assert!(lock.contains(&other) && lock.contains(&format!("{} = ", here())), "{lock}");
    assert_ne!(here_digest(&project), before, "one more binary is trusted");
    project.ok(&["validate"]);

    // A plugin that is not the locked one is not an input to look at and accept.
    let installed = project.path(&format!("plugins/{SOURCE}/{}", plugin_name("1.2.0", &here())));
    std::fs::write(&installed, plugin("1.2.0", "changed")).unwrap();
    assert_eq!(planned(&mut project.command(&["plan", "--format", "json"]))["trusted"], false);
    project.run(&["build"]).expect(3).says("error[PluginDiffers]");
    project.run(&["validate"]).expect(3).says("error[PluginDiffers]");
}

#[test]
fn a_pinned_packer_counts_the_same_on_every_kind_of_machine_and_another_is_not_run() {
    let project = one_checkout();
    for platform in [&*here(), OTHER] {
        let (file, list) = (format!("packer_1.16.0_{platform}.zip"), "packer_1.16.0_SHA256SUMS");
        let content = if platform == OTHER { ANOTHER } else { PACKER };
        publish(&project, &file, list, "packer", content);
    }
    let said = |project: &Project| {
        let plan = planned(&mut project.command(&["plan", "--format", "json"]));
        plan["not_portable"].as_array().unwrap().iter().map(ToString::to_string).collect::<String>()
    };
    assert!(said(&project).contains("`hybrid packer pin` pins it"), "{}", said(&project));
    let pin = project.ok(&["packer", "pin", "1.16.0", "--from", "archives"]);
    assert!(pin.stdout.contains(OTHER) && pin.stdout.contains(&here()), "{}", pin.stdout);
    assert!(!said(&project).contains("packer pin"), "{}", said(&project));
    let own = counted(&project, &here(), project.root()).0;
    project.ok(&["validate"]);

    // The machine of another kind has another program in the same place.
    project.write("packer", ANOTHER);
    let vars = [("HOME", project.root().as_os_str())];
    let mut host = Host::new(project.root(), vars);
    host.platform = Platform::named(OTHER).unwrap();
    host.trust = hc_engine::Trust::Given;
    let opened = hc_engine::Project::open(project.root(), host, ProjectOptions::default()).unwrap();
    let packer = hc_engine::project::packer::find(&opened);
    assert_eq!(packer.unwrap_err().code(), "PackerNotFound", "it was let through, and is not packer");

    // Here it is not the pinned one: nothing of it is run.
    project.write("packer", &PACKER.replace("exit 0", "touch ran\nexit 0"));
    for command in ["plan", "validate", "build"] {
        project.run(&[command]).expect(3).says("error[PackerDiffers]").says("hybrid packer pin");
    }
    assert!(!project.path("ran").exists());
    project.write("packer", PACKER);
    assert_eq!(counted(&project, &here(), project.root()).0, own);

    let pinned = project.read("hybrid.toml");
    let without: String =
        pinned.lines().filter(|line| !line.contains(&here())).map(|line| format!("{line}\n")).collect();
    project.write("hybrid.toml", &without);
    let command = format!("run `hybrid packer pin` on {}", here());
    project.run(&["plan"]).expect(1).says("error[PackerNotPinned]").says(&command);
    project.ok(&["packer", "pin"]);
    assert_eq!(project.read("hybrid.toml"), pinned);
}

#[test]
fn drift_by_a_program_that_is_not_pinned_names_the_command_that_pins() {
    let project = one_checkout();
    project.ok(&["validate"]);
    project.write("packer", &format!("{PACKER}# another build\n"));
    project
        .run(&["build"])
        .expect(1)
        .says("error[DriftDetected]")
        .says("changed packer")
        .says("until `hybrid packer pin` pins them");
}

#[test]
fn the_record_says_what_is_not_portable() {
    let mut project = Project::with_motd();
    let show = |project: &Project| {
        let list = project.ok(&["artifacts", "list", "--format", "json"]).json();
        let id = list["result"]["artifacts"][0]["build_id"].as_str().unwrap().to_owned();
        project.ok(&["artifacts", "show", &id]).stdout
    };
    project.ok(&["packer", "pin"]);
    project.ok(&["validate"]);
    project.ok(&["build"]);
    let shown = show(&project);
    assert!(!shown.contains("not portable"), "{shown}");

    let text = project.read("hybrid.toml");
    let version = text.lines().filter(|line| !line.starts_with("sha256.")).map(|line| format!("{line}\n"));
    let version = version.collect::<String>() + "pass_env = [\"GREETING\"]\n";
    project.write("hybrid.toml", &version);
    project.set_env("GREETING", "hello");
    project.ok(&["validate"]);
    project.ok(&["build", "--rebuild"]);
    let shown = show(&project);
    for said in ["(not portable)", "`hybrid packer pin`", "`GREETING` of the environment"] {
        assert!(shown.contains(said), "no {said:?} in {shown}");
    }
}
