//! A project from somebody else (issue 7): it cannot write outside itself, steer the terminal or exhaust memory.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::{Project, Ran};

/// Everything that a user may run on a project before trusting it, and what a trusting one runs next.
const COMMANDS: &[&[&str]] = &[
    &["templates", "list"],
    &["templates", "scan"],
    &["wizard", "--out", "answers.json"],
    &["diag", "state"],
    &["status"],
    &["plan"],
    &["validate"],
    &["config", "render"],
    &["config", "show"],
    &["build", "--force"],
    &["test"],
    &["fmt"],
    &["fmt", "--check"],
    &["doctor"],
    &["logs"],
    &["state", "check"],
    &["state", "show"],
    &["artifacts", "list"],
    &["artifacts", "verify"],
    &["orphans", "--stop"],
    &["sources", "status"],
    &["provisioners", "status"],
    &["cache", "list"],
    &["diag", "bundle", "--out", "bundle.tar.zst"],
    &["clean", "--scope", "all", "--older-than", "0s", "--yes"],
];

/// A directory that does not belong to the project, and what it held.
struct Outside {
    dir: tempfile::TempDir,
    before: BTreeMap<PathBuf, Vec<u8>>,
}

impl Outside {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["precious", "sub/precious", "hybrid.log", "a.json", "x.auto.pkrvars.json"] {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, format!("precious {name}")).unwrap();
            let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(400 * 86400);
            std::fs::File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
        }
        let before = snapshot(dir.path());
        Self { dir, before }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    #[track_caller]
    fn is_untouched(&self, why: &str) {
        assert!(snapshot(self.path()) == self.before, "{why} changed what lies outside");
    }
}

fn snapshot(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut todo = vec![dir.to_owned()];
    while let Some(dir) = todo.pop() {
        for entry in std::fs::read_dir(&dir).unwrap().flatten() {
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                files.insert(path.clone(), Vec::new());
                todo.push(path);
            } else {
                files.insert(path.clone(), std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// Output for people: nothing steers the terminal, and no name begins a line of its own.
#[track_caller]
fn is_tame(ran: &Ran, args: &[&str]) {
    for (stream, text) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
        let steers = text.chars().find(|c| {
            c.is_control() && !matches!(c, '\n' | '\t')
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        });
        assert_eq!(steers, None, "{args:?} {stream}: {text:?}");
        let forged =
            text.lines().find(|line| line.starts_with("error[Forged]") || line.starts_with("FORGED"));
        assert_eq!(forged, None, "{args:?} {stream}: {text}");
        assert!(!text.contains("panicked at"), "{args:?}: {text}");
    }
    assert!(!ran.stderr.contains("unrecognized subcommand"), "{args:?} is no command");
    assert!([0, 1, 2, 3].contains(&ran.code), "{args:?} ended with {}: {}", ran.code, ran.stderr);
}

#[test]
fn directories_that_lead_outside_are_refused_by_every_command() {
    for place in [
        ".hybrid",
        ".hybrid/work",
        ".hybrid/cache",
        ".hybrid/journal",
        "artifacts",
        "artifacts/images",
        "configs/dev",
        "logs",
        "logs/packer",
        "logs/tests",
        "sources",
        "state",
        "state/packer",
    ] {
        let project = Project::with_motd();
        let outside = Outside::new();
        std::fs::create_dir_all(project.path(place).parent().unwrap()).unwrap();
        symlink(outside.path(), project.path(place)).unwrap();
        for args in
            [&["validate"][..], &["build", "--force"], &["config", "render"], COMMANDS[COMMANDS.len() - 1]]
        {
            project.run(args).expect(3).says("error[PathOutsideProject]").says(place);
        }
        outside.is_untouched(place);
    }
}

#[test]
fn links_in_the_place_of_files_are_never_written_through() {
    let names = [
        ("logs/hybrid.log", "hybrid.log"),
        ("logs/hybrid.jsonl", "hybrid.log"),
        (".hybrid/stat-cache", "precious"),
        (".hybrid/cache/packer-version.json", "a.json"),
        ("configs/dev/linux.file.motd.auto.pkrvars.hcl", "precious"),
        ("configs/dev/linux.file.motd.auto.pkrvars.json", "x.auto.pkrvars.json"),
        ("configs/provisioners.toml", "precious"),
        ("artifacts/linux.file.motd.hash.json", "a.json"),
        ("state/packer-hybrid.json", "a.json"),
        ("state/audit.log", "precious"),
        ("state/locks/linux.file.motd@dev.lock", "precious"),
        ("state/packer/trusted/linux.file.motd@dev.json", "precious"),
        ("state/packer/logs/linux.file.motd.json", "precious"),
        ("plugins.lock", "precious"),
        ("bundle.tar.zst", "precious"),
    ];
    for (place, target) in names {
        let project = Project::with_motd();
        let outside = Outside::new();
        std::fs::create_dir_all(project.path(place).parent().unwrap()).unwrap();
        symlink(outside.path().join(target), project.path(place)).unwrap();
        for args in COMMANDS {
            is_tame(&project.run(args), args);
        }
        outside.is_untouched(place);
    }
    // A whole project of links to nothing: they must not come to be by being written.
    let project = Project::with_motd();
    let outside = Outside::new();
    for (at, (place, _)) in names.iter().enumerate() {
        std::fs::create_dir_all(project.path(place).parent().unwrap()).unwrap();
        symlink(outside.path().join(format!("new{at}")), project.path(place)).unwrap();
    }
    for args in COMMANDS {
        is_tame(&project.run(args), args);
    }
    outside.is_untouched("a link to nothing");
}

#[test]
fn records_that_name_paths_outside_remove_nothing() {
    let project = Project::with_motd();
    let outside = Outside::new();
    let (up, absolute) = (format!("../{}", name(outside.path())), outside.path().display().to_string());
    symlink(outside.path(), project.path("inner")).unwrap();
    for (work, output) in [
        (up.as_str(), "artifacts/images/x"),
        (".hybrid/work/x/y", absolute.as_str()),
        ("inner/sub", "artifacts/images/x"),
        (".hybrid/work/../../inner", "artifacts/images/x"),
        (".hybrid/work", "templates"),
    ] {
        let id = "linux.file.motd-dev-20200101T000000.000Z-00000000";
        let entry = format!(
            r#"{{"schema":{{"name":"journal","version":1}},"build_id":"{id}","target":"linux.file.motd@dev",
            "run_id":"20200101T000000.000Z-00000000","pid":1,"host":"elsewhere","started_at":"2020-01-01T00:00:00Z",
            "work":"{work}","output":"{output}","log":"{absolute}/precious","names":{{}}}}"#
        );
        project.write(&format!(".hybrid/journal/{id}.json"), &entry);
        project.run(&["orphans", "--stop"]).expect(3).says("error[PathOutsideProject]");
        outside.is_untouched(work);
        assert!(project.path("templates/linux").exists());
    }
    project.write("hybrid.toml", &format!("[project]\nname = \"x\"\n[packer]\ncache_dir = \"{up}\"\n"));
    let clean = ["clean", "--scope", "cache", "--older-than", "0s", "--yes"];
    project.run(&clean).expect(3).says("error[PathOutsideProject]");
    project.write("hybrid.toml", &format!("[project]\nname = \"x\"\n[packer]\ncache_dir = \"{absolute}\"\n"));
    project.run(&clean).expect(3).says("error[PathOutsideProject]");
    let socket =
        format!("[project]\nname = \"x\"\n[logs]\nsystem = \"syslog\"\nsystem_socket = \"{absolute}\"\n");
    project.write("hybrid.toml", &socket);
    project.run(&["status"]).expect(3).says("error[PathOutsideProject]");
    outside.is_untouched("a cache directory outside");
}

fn name(dir: &Path) -> String {
    dir.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn names_cannot_leave_the_project_or_steer_the_terminal() {
    let evil = "evil\u{1b}[2J\u{1b}]0;x\u{7}\nerror[Forged]: all is well\nFORGED\r\u{9b}31m\u{202e}";
    let project = Project::with_motd();
    let outside = Outside::new();
    let up = format!("../../../../../{}", name(outside.path()));
    // Files and directories with such names, where hybrid looks.
    project
        .write(&format!("templates/linux/file/motd/{evil}.pkr.hcl"), "variable \"a\" {\n  type = = 1\n}\n");
    project.write(&format!("templates/linux/file/{evil}/x.pkr.hcl"), "source \"file\" \"x\" {}\n");
    project.write(&format!("templates/{evil}/file/x/x.pkr.hcl"), "source \"null\" \"x\" {}\n");
    project.write(&format!("configs/overlays/{evil}.pkrvars.hcl"), "a = = 1\n");
    project.write(&format!("configs/overlays/dev/{evil}.pkrvars.hcl"), "a = = 1\n");
    project.write(&format!("logs/packer/{evil}.log"), evil);
    project.write(&format!("logs/tests/{evil}.log"), evil);
    project.write(&format!("artifacts/{evil}.json"), "{}");
    project.write(&format!(".hybrid/work/{evil}/x"), "");
    project.write(&format!(".hybrid/journal/{evil}.json"), "{}");
    project.write(&format!("state/locks/{evil}.lock"), &format!("{{\"pid\":1,\"host\":\"{evil}\"}}"));
    project.write(
        "logs/hybrid.jsonl",
        &format!(
            "{}\n",
            serde_json::json!({
                "version": 1, "timestamp": "2026-11-20T22:56:20.123Z", "level": "info", "component": evil,
                "run_id": "20261120T225620.123Z-00000001", "target": evil, "message": evil,
            })
        ),
    );
    for args in COMMANDS {
        is_tame(&project.run(args), args);
    }
    outside.is_untouched("a name");

    // The same in values: names of blocks, labels, scripts, includes.
    let quoted = serde_json::to_string(evil).unwrap();
    let escaped = quoted.trim_matches('"').replace("\\u001b", "\\u001B");
    for (from, to) in [
        ("source \"file\" \"motd\"", format!("source \"file\" \"{escaped}\"")),
        ("source \"file\" \"motd\"", format!("source \"{escaped}\" \"motd\"")),
        ("${path.root}/../../../scripts/linux/greet.sh", escaped.clone()),
        ("${path.root}/../../../scripts/linux/greet.sh", format!("${{path.root}}/{up}/precious")),
        ("${path.root}/../../../scripts/linux/greet.sh", format!("{}/precious", outside.path().display())),
        ("variable \"message\"", format!("variable \"{escaped}\"")),
        ("description = \"Text of the file\"", format!("description = \"{escaped}\"")),
        ("provisioner \"shell-local\"", format!("provisioner \"{escaped}\"")),
        ("source.file.motd", escaped.clone()),
        ("var.hybrid_manifest", format!("\"{up}/manifest.json\"")),
    ] {
        let project = Project::with_motd();
        project.edit("templates/linux/file/motd/motd.pkr.hcl", from, &to);
        // What packer itself is told to write is the template's word; hybrid runs it only after `validate` shows it.
        for args in COMMANDS.iter().filter(|args| !matches!(args[0], "build")) {
            is_tame(&project.run(args), args);
        }
        outside.is_untouched(&to);
    }
    for toml in [
        format!("[project]\nname = {quoted}\n"),
        format!("[project]\nname = \"x\"\ndefault_env = {quoted}\n"),
        format!("[project]\nname = \"x\"\n[builders]\n{quoted} = \"templates/linux/file/motd\"\n"),
        format!("[project]\nname = \"x\"\n[builders]\n\"a.file.b\" = \"{up}\"\n"),
        format!("[project]\nname = \"x\"\n[sources.{quoted}]\nurl = \"https://localhost/x\"\nref = \"v1\"\n"),
        "[project]\nname = \"x\"\n[sources.\"../../x\"]\nurl = \"https://localhost/x\"\nref = \"v1\"\n"
            .to_string(),
        format!("[project]\nname = \"x\"\n[packer]\nbinary = {quoted}\n"),
        format!("{quoted} = 1\n"),
    ] {
        let toml = toml.replace("\\u001B", "\\u001b");
        let project = Project::with_motd();
        project.write("hybrid.toml", &toml);
        for args in COMMANDS {
            is_tame(&project.run(args), args);
        }
        outside.is_untouched(&toml);
    }
}

/// Address space that a run may take, in KiB.
const ADDRESS_SPACE: u64 = 1_500_000;

/// Runs under a limit of memory and of time.
fn limited(project: &Project, args: &[&str]) -> Ran {
    let hybrid = project.command(args);
    let mut command = Command::new("sh");
    let script = format!("ulimit -v {ADDRESS_SPACE}; exec timeout 60 \"$@\"");
    command.args(["-c", &script, "sh"]).arg(hybrid.get_program()).args(hybrid.get_args());
    command.current_dir(project.root()).env_clear();
    for (name, value) in hybrid.get_envs() {
        command.env(name, value.unwrap());
    }
    Ran::from(command.output().unwrap())
}

fn sparse(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::File::create(path).unwrap().set_len(1 << 30).unwrap();
}

#[test]
fn files_of_a_gigabyte_do_not_fill_the_memory() {
    for place in [
        "hybrid.toml",
        "templates/linux/file/motd/motd.pkr.hcl",
        "templates/linux/file/motd/builder.toml",
        "templates/common.pkr.hcl",
        "templates/vars/linux/common.pkrvars.hcl",
        "configs/overlays/dev.pkrvars.hcl",
        "configs/provisioners.toml",
        "state/packer-hybrid.json",
        "state/packer/logs/linux.file.motd.json",
        "state/packer/trusted/linux.file.motd@dev.json",
        "state/locks/linux.file.motd@dev.lock",
        "state/audit.log",
        "artifacts/linux.file.motd.hash.json",
        "artifacts/linux.file.motd-dev-20200101T000000.000Z-00000000.json",
        "logs/hybrid.jsonl",
        ".hybrid/stat-cache",
        ".hybrid/cache/packer-version.json",
        ".hybrid/journal/linux.file.motd-dev-20200101T000000.000Z-00000000.json",
        ".hybridignore",
        "plugins.lock",
    ] {
        let project = Project::with_motd();
        sparse(&project.path(place));
        for args in [
            &["validate"][..],
            &["plan"],
            &["status"],
            &["state", "check"],
            &["artifacts", "list"],
            &["logs"],
            &["orphans"],
            &["clean", "--scope", "all"],
            &["templates", "scan"],
        ] {
            let ran = limited(&project, args);
            is_tame(&ran, args);
            assert!(!ran.stderr.contains("memory"), "{place} {args:?}: {}", ran.stderr);
        }
    }
}

#[test]
fn an_input_of_a_gigabyte_is_hashed_and_staged_in_little_memory() {
    let project = Project::with_motd();
    sparse(&project.path("templates/scripts/linux/big.bin"));
    project
        .write("templates/linux/file/motd/builder.toml", "inputs = [\"templates/scripts/linux/big.bin\"]\n");
    is_tame(&limited(&project, &["validate"]).expect(0), &["validate"]);
    is_tame(&limited(&project, &["plan"]).expect(0), &["plan"]);
}

#[test]
fn nesting_and_bombs_are_refused_in_little_memory() {
    let deep =
        |open: &str, close: &str, count: usize| format!("{}1{}", open.repeat(count), close.repeat(count));
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for at in 1..12 {
        let before = vec![format!("*a{}", at - 1); 10].join(", ");
        bomb.push_str(&format!("a{at}: &a{at} [{before}]\n"));
    }
    let doubling =
        (1..60).fold("local \"a0\" {\n  expression = \"xxxxxxxxxx\"\n}\n".to_owned(), |text, at| {
            let before = at - 1;
            text + &format!(
                "local \"a{at}\" {{\n  expression = \"${{local.a{before}}}${{local.a{before}}}\"\n}}\n"
            )
        });
    let template = "templates/linux/file/motd/motd.pkr.hcl";
    let values = "configs/overlays/dev.pkrvars.hcl";
    let cases: Vec<(&str, String)> = vec![
        (template, format!("locals {{\n  x = {}\n}}\n", deep("[", "]", 50_000))),
        (template, format!("locals {{\n  x = {}\n}}\n", deep("(", ")", 50_000))),
        (template, format!("locals {{\n  x = {}\n}}\n", deep("{ a = ", " }", 50_000))),
        (template, format!("locals {{\n  x = {}1\n}}\n", "!".repeat(100_000))),
        (template, format!("locals {{\n  x = {}1\n}}\n", "-".repeat(100_000))),
        (template, format!("locals {{\n  x = {}\n}}\n", deep("\"${", "}\"", 20_000))),
        (template, format!("locals {{\n  x = {}1\n}}\n", "true ? 1 : ".repeat(50_000))),
        (template, format!("locals {{\n  x = 1{}\n}}\n", " + 1".repeat(100_000))),
        (template, format!("locals {{\n  x = a{}\n}}\n", "[0]".repeat(100_000))),
        (template, format!("locals {{\n  x = {}\n}}\n", deep("f(", ")", 50_000))),
        (template, "a {\n".repeat(50_000)),
        (template, "a {\n".repeat(20_000) + &"}\n".repeat(20_000)),
        (template, format!("locals {{\n  x = 1e{}\n}}\n", "9".repeat(5_000))),
        (template, format!("locals {{\n  x = {}\n}}\n", "9".repeat(1_000_000))),
        (template, "locals {\n  x = format(\"%999999999999d\", 1)\n  y = range(1000000000)\n}\n".into()),
        (template, doubling),
        (values, format!("message = {}\n", deep("[", "]", 50_000))),
        (values, format!("message = \"{}\"\n", "x".repeat(3 << 20))),
        ("hybrid.toml", format!("x = {}\n", deep("[", "]", 50_000))),
        ("hybrid.toml", format!("[{}]\n", vec!["a"; 50_000].join("."))),
        ("templates/linux/file/motd/builder.toml", format!("x = {}\n", deep("[", "]", 50_000))),
        ("state/packer-hybrid.json", deep("[", "]", 500_000)),
        ("artifacts/linux.file.motd.hash.json", deep("{\"a\":", "}", 500_000)),
        ("artifacts/linux.file.motd-dev-20200101T000000.000Z-00000000.json", deep("[", "]", 500_000)),
        ("logs/hybrid.jsonl", deep("[", "]", 500_000)),
        ("templates/ansible/playbooks/site.yml", bomb.clone()),
        ("templates/ansible/playbooks/site.yml", deep("[", "]", 100_000)),
        ("templates/ansible/requirements.yml", bomb.clone()),
        ("templates/cloudinit/base.yml", format!("#cloud-config\n{bomb}")),
        ("templates/cloudinit/base.yml", format!("#cloud-config\nx: {}\n", deep("[", "]", 100_000))),
    ];
    for (place, text) in &cases {
        let project = Project::with_motd();
        project.write(place, text);
        let playbook = "provisioner \"ansible-local\" {\n    playbook_file = \"${path.root}/../../../ansible/playbooks/site.yml\"\n  }\n\n  post-processor \"manifest\"";
        if place.contains("ansible") {
            project.edit(template, "post-processor \"manifest\"", playbook);
        }
        if place.contains("cloudinit") {
            project.write("templates/linux/file/motd/builder.toml", &format!("cloudinit = [\"{place}\"]\n"));
            project.edit(
                template,
                "variable \"message\"",
                "variable \"cloudinit_user_data\" {\n  type = string\n}\n\nvariable \"message\"",
            );
        }
        for args in [
            &["templates", "scan"][..],
            &["config", "show"],
            &["config", "render"],
            &["validate"],
            &["plan"],
            &["provisioners", "status"],
            &["state", "check"],
            &["artifacts", "list"],
            &["logs"],
        ] {
            let ran = limited(&project, args);
            is_tame(&ran, args);
            let head: String = text.chars().take(60).collect();
            assert!(!ran.stderr.contains("memory"), "{place} {head}: {}", ran.stderr);
        }
    }
}
