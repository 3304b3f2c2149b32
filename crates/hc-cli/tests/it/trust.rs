//! Nothing that a project names runs before a person trusts it; docs/guides/trust.md says what may run then.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::project::{Project, Ran};

const GUIDE: &str = include_str!("../../../../docs/guides/trust.md");

/// A project that names a program wherever it can, and tools on `PATH` that are noticed. Every one adds its word to a file
/// outside of the project.
struct Armed {
    project: Project,
    outside: tempfile::TempDir,
}

impl Armed {
    fn new() -> Self {
        let outside = tempfile::tempdir().unwrap();
        let mut project = Project::with_motd();
        let marker = outside.path().join("ran").display().to_string();
        let real = on_path("packer");
        let script = |word: &str, rest: &str| format!("#!/bin/sh\necho {word} >> {marker}\n{rest}\n");
        let tools = outside.path().join("bin");
        std::fs::create_dir(&tools).unwrap();
        let noticed = format!(
            "#!/bin/sh\nif [ \"$1\" = version ]; then echo packer version; else echo packer; fi >> {marker}\nexec {} \"$@\"\n",
            real.display()
        );
        for (name, text) in [
            ("packer", noticed),
            ("ansible-lint", script("linters", "")),
            ("yamllint", script("linters", "")),
        ] {
            let path = tools.join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        project.set_env("PATH", &format!("{}:{}", tools.display(), std::env::var("PATH").unwrap()));
        project.set_env("HOME", &outside.path().display().to_string());
        project.set_env("HYBRID_TRUST", "");
        project.set_env("XDG_STATE_HOME", "");
        for (name, word) in
            [("suite", "suites"), ("hook", "hooks"), ("scanner", "scanners"), ("ssh", "git programs")]
        {
            project.write(&format!("bin/{name}"), &script(word, ""));
        }
        project.write("bin/secret", &script("secrets", "echo q7-Zw9-kT3-vv1"));
        project.write("templates/scripts/linux/greet.sh", &script("provisioners", ""));
        project.edit(
            "templates/linux/file/motd/motd.pkr.hcl",
            "source \"file\"",
            "variable \"token\" {\n  type      = string\n  sensitive = true\n}\n\nsource \"file\"",
        );
        for env in ["dev", "prod"] {
            let overlay = format!("configs/overlays/{env}.pkrvars.hcl");
            let text = project.read(&overlay);
            project.write(&overlay, &format!("{text}token = command(\"./bin/secret\")\n"));
        }
        project
            .write("templates/linux/file/motd/builder.toml", "[suites.smoke]\ncommand = [\"./bin/suite\"]\n");
        let (root, settings) = (project.root().canonicalize().unwrap(), project.read("hybrid.toml"));
        let upstream = outside.path().join("upstream");
        let commands = "git init -q -b main . && echo x > x && git add -A && git -c user.name=t -c user.email=t@t commit -q -m x && git tag v1";
        std::fs::create_dir(&upstream).unwrap();
        let made = Command::new("sh").args(["-c", commands]).current_dir(&upstream).status().unwrap();
        assert!(made.success());
        project.write(
            "hybrid.toml",
            &format!(
                "{settings}\n[publish]\nhooks = [[\"./bin/hook\"]]\n\n[scanners.look]\ncommand = [\"./bin/scanner\"]\n\n\
                 [git]\nssh_command = \"{0}/bin/ssh\"\nretries = 0\n\n\
                 [[sources]]\nname = \"here\"\nurl = \"file://{1}\"\nref = \"v1\"\n\n\
                 [[sources]]\nname = \"there\"\nurl = \"ssh://git@host.invalid/x.git\"\nref = \"v1\"\n",
                root.display(),
                upstream.display(),
            ),
        );
        Self { project, outside }
    }

    /// What ran since the last question.
    fn ran(&self) -> BTreeSet<String> {
        let path = self.outside.path().join("ran");
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let _ = std::fs::remove_file(path);
        text.lines().map(str::to_owned).collect()
    }

    fn path(&self, name: &str) -> String {
        self.outside.path().join(name).display().to_string()
    }
}

fn on_path(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|path| path.is_file()).unwrap()
}

/// A row of the guide's table: commands, what they may start, what they do without trust.
struct Row {
    commands: Vec<String>,
    starts: BTreeSet<String>,
    untrusted: String,
}

fn rows() -> Vec<Row> {
    let lines = GUIDE.lines().filter(|line| line.starts_with("| `"));
    let rows = lines.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let starts = cells[1].split(", ").filter(|word| *word != "nothing").map(str::to_owned);
        Row {
            commands: cells[0].split('`').skip(1).step_by(2).map(str::to_owned).collect(),
            starts: starts.collect(),
            untrusted: cells[2].to_owned(),
        }
    });
    rows.collect()
}

/// Every command with words that let it do its work; later ones find what earlier ones left.
fn invocations(armed: &Armed) -> Vec<(&'static str, Vec<String>)> {
    let (out, packer) = (armed.path("stage"), on_path("packer").display().to_string());
    let lines = [
        ("templates list", "templates list".to_owned()),
        ("templates scan", "templates scan".into()),
        ("templates compose", format!("templates compose --targets motd --out {out}")),
        ("config render", "config render".into()),
        ("config show", "config show".into()),
        ("config schema", "config schema --targets motd".into()),
        ("config diff", "config diff dev prod".into()),
        ("wizard", format!("wizard --out {}", armed.path("answers.json"))),
        ("provisioners status", "provisioners status".into()),
        ("provisioners disable", "provisioners disable ansible".into()),
        ("provisioners enable", "provisioners enable ansible".into()),
        ("doctor", "doctor".into()),
        ("packer show", "packer show".into()),
        ("packer plugins status", "packer plugins status".into()),
        ("packer plugins lock", "packer plugins lock".into()),
        ("packer plugins install", "packer plugins install".into()),
        ("fmt", "fmt".into()),
        ("sources sync", "sources sync".into()),
        ("sources resume", "sources resume".into()),
        (
            "sources pin",
            format!(
                "sources pin there {} --reason because-it-broke-yesterday --approved-by ada --expires 30d",
                "a".repeat(40)
            ),
        ),
        ("sources status", "sources status".into()),
        ("sources verify", "sources verify".into()),
        ("sources log", "sources log".into()),
        ("sources bundle", format!("sources bundle {}", armed.path("bundle"))),
        ("sources unbundle", format!("sources unbundle {}", armed.path("bundle"))),
        ("sources scan", "sources scan here".into()),
        ("validate", "validate".into()),
        ("plan", "plan".into()),
        ("build", "build".into()),
        ("test", "test".into()),
        ("publish", "publish".into()),
        ("status", "status".into()),
        ("artifacts list", "artifacts list".into()),
        ("artifacts show", "artifacts show linux.file.motd".into()),
        ("artifacts verify", "artifacts verify".into()),
        ("artifacts diff", "artifacts diff linux.file.motd linux.file.motd".into()),
        ("artifacts revoke", "artifacts revoke linux.file.motd --reason r".into()),
        ("state show", "state show".into()),
        ("state check", "state check --deep".into()),
        ("state backups", "state backups".into()),
        ("state restore", "state restore".into()),
        ("state migrate", "state migrate".into()),
        ("state unlock", "state unlock".into()),
        ("diag state", "diag state".into()),
        ("diag bundle", format!("diag bundle --out {}", armed.path("diag.tar.zst"))),
        ("packer classify", "packer classify hybrid.toml".into()),
        ("packer pin", "packer pin".into()),
        ("packer upgrade-check", format!("packer upgrade-check --from packer --to {packer} --smoke motd")),
        ("cache list", "cache list".into()),
        ("cache verify", "cache verify".into()),
        ("cache prune", "cache prune".into()),
        ("orphans", "orphans".into()),
        ("logs", "logs".into()),
        ("clean", "clean --scope work --yes".into()),
        ("explain", "explain ProjectNotTrusted".into()),
        ("completions", "completions bash".into()),
        ("man", format!("man {}", armed.outside.path().display())),
        ("init", format!("init {}", armed.path("new"))),
        ("trust", "trust --show".into()),
    ];
    lines.into_iter().map(|(name, line)| (name, line.split(' ').map(str::to_owned).collect())).collect()
}

fn run(armed: &Armed, words: &[String], more: &[&str]) -> Ran {
    let words: Vec<&str> = words.iter().map(String::as_str).chain(more.iter().copied()).collect();
    let mut command = armed.project.command(&words);
    let ran = Ran::from(command.stdin(Stdio::null()).output().unwrap());
    assert!(!ran.stderr.contains("error[Usage]"), "{words:?}: {}", ran.stderr);
    ran
}

#[test]
fn without_trust_every_command_of_the_table_starts_what_the_table_says() {
    let armed = Armed::new();
    let rows: BTreeMap<String, Row> = rows()
        .into_iter()
        .flat_map(|row| {
            let (starts, untrusted) = (row.starts, row.untrusted);
            row.commands.into_iter().map(move |command| {
                (command, Row { commands: Vec::new(), starts: starts.clone(), untrusted: untrusted.clone() })
            })
        })
        .collect();
    let known: BTreeSet<&str> = rows.keys().map(String::as_str).collect();
    let driven: BTreeSet<&str> = invocations(&armed).iter().map(|(name, _)| *name).collect();
    assert_eq!(known, driven, "the guide's table and this test");
    for (name, words) in invocations(&armed) {
        let ran = run(&armed, &words, &[]);
        let (row, started) = (&rows[name], armed.ran());
        let refused = ran.stderr.contains("error[ProjectNotTrusted]");
        assert_eq!(refused, row.untrusted != "works", "{name}: {}", ran.stderr);
        // `build` plans before it is refused.
        let may_ask = row.starts.iter().any(|word| word.starts_with("packer"));
        let only_asked = started.iter().all(|word| may_ask && word == "packer version");
        assert!(only_asked, "{name}: {started:?}");
    }
}

#[test]
fn with_trust_every_command_starts_what_the_table_says_and_no_more() {
    let armed = Armed::new();
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, words) in invocations(&armed) {
        let ran = run(&armed, &words, &["--trust"]);
        assert!(!ran.stderr.contains("ProjectNotTrusted"), "{name}: {}", ran.stderr);
        seen.insert(name.to_owned(), armed.ran());
    }
    for row in rows() {
        let mut all = BTreeSet::new();
        for command in &row.commands {
            let mut started = seen[command].clone();
            if row.starts.contains("packer") {
                started.remove("packer version");
            }
            assert!(started.is_subset(&row.starts), "{command} started {started:?}");
            all.extend(started);
        }
        // Without files of Ansible there is nothing to lint, without plugins nothing to install, and without images on
        // platforms nobody to ask.
        let excused = ["provisioners enable", "packer plugins install", "artifacts verify"];
        if !row.commands.iter().any(|command| excused.contains(&command.as_str())) {
            assert_eq!(all, row.starts, "{:?}", row.commands);
        }
    }
}

#[test]
fn every_command_of_the_help_is_in_the_table() {
    let project = Project::bare();
    let mut leaves = BTreeSet::new();
    leaves_of(&project, &[], &mut leaves);
    let table: BTreeSet<String> = rows().into_iter().flat_map(|row| row.commands).collect();
    assert_eq!(leaves, table);
}

fn leaves_of(project: &Project, words: &[&str], leaves: &mut BTreeSet<String>) {
    let help = project.ok(&[words, &["-h"]].concat()).stdout;
    let listed =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names: Vec<&str> = listed
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    if names.is_empty() {
        leaves.insert(words.join(" "));
    }
    for name in names.into_iter().filter(|name| *name != "help") {
        leaves_of(project, &[words, &[name]].concat(), leaves);
    }
}

#[test]
fn a_packer_of_the_project_is_never_run_without_trust() {
    let armed = Armed::new();
    let settings = armed.project.read("hybrid.toml");
    armed.project.write("hybrid.toml", &format!("{settings}\n[packer]\nbinary = \"bin/packer\"\n"));
    let text = format!(
        "#!/bin/sh\necho evil >> {}\nexec {} \"$@\"\n",
        armed.path("ran"),
        on_path("packer").display()
    );
    armed.project.write("bin/packer", &text);
    for (name, words) in invocations(&armed) {
        let ran = run(&armed, &words, &[]);
        assert_eq!(armed.ran(), BTreeSet::new(), "{name}: {}", ran.stderr);
    }
    armed
        .project
        .run(&["packer", "show"])
        .expect(1)
        .says("the version of packer is unknown")
        .says("bin/packer");
    armed.project.run(&["doctor"]).expect(1);
    let shown = armed.project.ok(&["trust", "--show"]).stdout;
    let first = shown.lines().find(|line| line.starts_with("  ")).unwrap();
    assert_eq!(first, "  packer: bin/packer", "{shown}");
    armed.project.ok(&["packer", "show", "--trust"]);
    assert_eq!(armed.ran(), BTreeSet::from(["evil".to_owned()]));
}

#[test]
fn plugins_beside_the_templates_are_not_loaded_to_ask_for_a_version() {
    let armed = Armed::new();
    // Packer 1.6 starts what is called so and lies where it runs.
    for kind in ["builder-evil", "provisioner-evil", "post-processor-evil"] {
        let name = format!("packer-{kind}");
        armed.project.write(&name, &format!("#!/bin/sh\necho plugin >> {}\n", armed.path("ran")));
        let path = armed.project.path(&name);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    for words in [["plan"].as_slice(), &["packer", "show"], &["doctor"], &["status"]] {
        armed.project.run(words);
        assert!(!armed.ran().contains("plugin"), "{words:?}");
    }
    armed.project.ok(&["packer", "show", "--trust"]);
    assert!(!armed.ran().contains("plugin"));
}

#[test]
fn trust_is_given_once_for_this_directory_and_taken_back() {
    let mut project = Project::with_motd();
    let home = tempfile::tempdir().unwrap();
    project.set_env("HYBRID_TRUST", "");
    project.set_env("XDG_STATE_HOME", "");
    project.set_env("HOME", &home.path().display().to_string());
    let refused = |project: &Project| project.run(&["validate"]).expect(1).says("error[ProjectNotTrusted]");
    refused(&project).says("hybrid trust");
    project.ok(&["validate", "--trust"]);
    refused(&project);
    let document = project.ok(&["trust", "--format", "json"]).json();
    assert_eq!(
        (&document["result"]["trusted"], &document["result"]["changed"]),
        (&true.into(), &true.into())
    );
    project.ok(&["validate"]);
    let list = home.path().join(".local/state/hybrid");
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&list), mode(&list.join("trusted.json"))), (0o700, 0o600));
    assert!(project.ok(&["trust", "--show"]).stdout.contains("is trusted on this machine since"));
    // Another clone in the same place.
    let (root, aside) = (project.root().to_owned(), project.root().with_extension("aside"));
    std::fs::rename(&root, &aside).unwrap();
    assert!(Command::new("cp").arg("-r").args([&aside, &root]).status().unwrap().success());
    refused(&project);
    project.ok(&["trust"]);
    project.ok(&["trust", "--revoke"]);
    refused(&project);
    assert!(project.ok(&["trust", "--revoke"]).stdout.contains("is not trusted"));
    std::fs::remove_dir_all(aside).unwrap();
}

#[test]
fn the_variable_and_the_state_directory_of_the_environment_count() {
    let mut project = Project::with_motd();
    let state = tempfile::tempdir().unwrap();
    project.set_env("XDG_STATE_HOME", &state.path().display().to_string());
    let root = project.root().canonicalize().unwrap();
    let above = root.parent().unwrap().display().to_string();
    for (value, code) in
        [("1", 0), ("0", 1), ("", 1), (&*format!("/nowhere:{above}"), 0), (".", 1), ("/nowhere", 1)]
    {
        project.set_env("HYBRID_TRUST", value);
        project.run(&["fmt"]).expect(code);
    }
    project.ok(&["trust"]);
    project.ok(&["fmt"]);
    std::fs::write(state.path().join("hybrid/trusted.json"), "garbage").unwrap();
    project.run(&["fmt"]).expect(1).says("error[ProjectNotTrusted]");
    project.run(&["trust"]).expect(1).says("error[TrustUnusable]");
}

#[test]
fn a_project_that_is_made_here_is_trusted() {
    let mut empty = Project::bare();
    let home = tempfile::tempdir().unwrap();
    empty.set_env("HYBRID_TRUST", "");
    empty.set_env("XDG_STATE_HOME", "");
    empty.set_env("HOME", &home.path().display().to_string());
    empty.ok(&["init", "images"]);
    empty.ok(&["fmt", "--check", "--project", "images"]);
    empty.write("old/x.pkr.hcl", "source \"null\" \"x\" {\n  communicator = \"none\"\n}\n\nbuild {\n  sources = [\"source.null.x\"]\n}\n");
    empty.ok(&["init", "--adopt", "old"]);
    empty.ok(&["fmt", "--check", "--project", "old"]);
}

/// What a person at a terminal sees who answers `answer`.
fn at_a_terminal(project: &Project, args: &[&str], answer: &str, ci: bool) -> (i32, String) {
    let inner = project.command(args);
    let words = std::iter::once(inner.get_program()).chain(inner.get_args());
    let quoted = words.map(|word| format!("'{}'", word.to_str().unwrap())).collect::<Vec<_>>().join(" ");
    let mut command = Command::new("script");
    command
        .args(["-q", "-e", "-c", &format!("exec {quoted}"), "/dev/null"])
        .current_dir(project.root())
        .env_clear();
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("SHELL", "/bin/sh");
    if ci {
        command.env("CI", "true");
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, format!("{answer}\n").as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn at_a_terminal_a_person_is_asked_once() {
    let mut project = Project::with_motd();
    let home = tempfile::tempdir().unwrap();
    project.set_env("HYBRID_TRUST", "");
    project.set_env("XDG_STATE_HOME", "");
    project.set_env("HOME", &home.path().display().to_string());
    let settings = project.read("hybrid.toml");
    project.write("hybrid.toml", &format!("{settings}\n[publish]\nhooks = [[\"./bin/hook\", \"x\"]]\n"));
    let (code, said) = at_a_terminal(&project, &["validate"], "n", false);
    assert!(
        code == 1 && said.contains("[y/N]") && said.contains("publish hook: `./bin/hook x` (in the project)"),
        "{said}"
    );
    assert!(said.contains("ProjectNotTrusted"), "{said}");
    let (code, said) = at_a_terminal(&project, &["validate"], "y", true);
    assert!(code == 1 && !said.contains("[y/N]"), "CI is asked nothing: {said}");
    let (code, said) = at_a_terminal(&project, &["validate"], "y", false);
    assert!(code == 0 && said.matches("[y/N]").count() == 1, "{said}");
    let (code, said) = at_a_terminal(&project, &["build"], "n", false);
    assert!(code == 0 && !said.contains("[y/N]"), "{said}");
}
