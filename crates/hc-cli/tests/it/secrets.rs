//! Secrets reach the build and nothing else: no file, no output, no process list (CONFIG-4, LOG-2).

use std::path::Path;
use std::process::{Command, Stdio};

use crate::project::{Project, Ran};

const ENV: &str = "canary-env-7f3a9c51e2";
const FILE: &str = "canary-file-\"q'$x{1}\\-88d1";
const COMMAND: &str = "canary-command-first-line-4410\ncanary-command-second-line-5521";

fn project() -> Project {
    let mut project = Project::empty();
    project.set_env("CANARY_ENV", ENV);
    project.set_env("HYBRID_TEST_MARK", &project.path("mark").display().to_string());
    project.write("hybrid.toml", "[packer]\npass_env = [\"HYBRID_TEST_MARK\"]\n");
    project.write(
        "templates/linux/null/keys/keys.pkr.hcl",
        r#"variable "from_env" {
  type      = string
  sensitive = true
}

variable "from_file" {
  type      = string
  sensitive = true
}

variable "from_command" {
  type      = string
  sensitive = true
}

source "null" "keys" {
  communicator = "none"
}

build {
  sources = ["source.null.keys"]

  provisioner "shell-local" {
    inline = [
      "cat > \"$HYBRID_TEST_MARK\" <<'END'\n${var.from_env}\n${var.from_file}\n${var.from_command}\nEND",
      "cat \"$HYBRID_TEST_MARK\"",
      "cat \"$HYBRID_TEST_MARK\" >&2",
      "echo ${base64encode(var.from_env)} ${urlencode(var.from_env)}",
      "echo ${base64encode(var.from_command)}",
      "touch \"$HYBRID_TEST_MARK.ready\"",
      "while test -f \"$HYBRID_TEST_MARK\"; do sleep 0.05; done",
      "exit 4",
    ]
  }
}
"#,
    );
    project.write(
        "configs/overlays/dev.pkrvars.hcl",
        "from_env     = env(\"CANARY_ENV\")\nfrom_file    = file(\"../secret.txt\")\nfrom_command = command(\"printf\", \"%s\", \"PLACE\")\n",
    );
    project
}

/// Every file below `dir`, links not followed.
pub(crate) fn files(dir: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            files(&entry.path(), found);
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
}

fn holds(bytes: &[u8], needle: &str) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[test]
fn canaries_reach_the_build_and_nothing_else() {
    let mut project = project();
    // The two secrets that are files lie outside of the project.
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret.txt");
    std::fs::write(&secret, FILE).unwrap();
    let teller = outside.path().join("teller");
    std::fs::write(&teller, format!("#!/bin/sh\nprintf '%s' '{COMMAND}'\n")).unwrap();
    Command::new("chmod").arg("+x").arg(&teller).status().unwrap();
    let overlay = "configs/overlays/dev.pkrvars.hcl";
    project.edit(overlay, "../secret.txt", &secret.display().to_string());
    project.edit(overlay, "\"printf\", \"%s\", \"PLACE\"", &format!("\"{}\"", teller.display()));
    project.set_env("PACKER_LOG", "1");

    project.ok(&["config", "render"]);
    project.ok(&["validate"]);
    let child =
        project.command(&["build", "-v"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let start = std::time::Instant::now();
    while !project.path("mark.ready").exists() {
        assert!(start.elapsed().as_secs() < 20, "the build does not get its secrets");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let given = project.read("mark");
    assert_eq!(given, format!("{ENV}\n{FILE}\n{COMMAND}\n"));

    let lines: Vec<&str> = COMMAND.lines().collect();
    // base64 of the first and of the third secret, as the template prints them.
    let encoded = ["Y2FuYXJ5LWVudi03ZjNhOWM1MWUy", "Y2FuYXJ5LWNvbW1hbmQtZmlyc3QtbGluZS00NDEwCmNhbmFyeS"];
    let needles: Vec<&str> = [ENV, FILE, lines[0], lines[1]].into_iter().chain(encoded).collect();
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let command_line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        for needle in &needles {
            assert!(!holds(&command_line, needle), "{needle} in {}", String::from_utf8_lossy(&command_line));
        }
    }
    std::fs::remove_file(project.path("mark")).unwrap();
    let ran = Ran::from(child.wait_with_output().unwrap()).expect(1);
    for needle in &needles {
        assert!(
            !ran.stdout.contains(needle) && !ran.stderr.contains(needle),
            "{needle} on the terminal:\n{}",
            ran.stderr
        );
    }
    let mut all = Vec::new();
    files(project.root(), &mut all);
    assert!(
        all.iter().any(|path| path.ends_with("packer.log"))
            && all.iter().any(|path| path.starts_with(project.path("logs/packer")))
    );
    for path in all {
        let bytes = std::fs::read(&path).unwrap();
        for needle in &needles {
            assert!(!holds(&bytes, needle), "{needle} in {}", path.display());
        }
    }
    let log = std::fs::read_dir(project.path("logs/packer")).unwrap().flatten().next().unwrap();
    let log = std::fs::read_to_string(log.path()).unwrap();
    assert!(log.contains("***"), "nothing was replaced:\n{log}");
}

#[test]
fn a_private_key_that_nobody_registered_is_cut_out_line_by_line() {
    let project = Project::with_motd();
    project.write(
        "templates/scripts/linux/greet.sh",
        "#!/bin/sh\nset -e\nssh-keygen -q -t ed25519 -N '' -f \"$HYBRID_TEST_MARK\"\necho before\ncat \"$HYBRID_TEST_MARK\"\n\
         cat \"$HYBRID_TEST_MARK\" >&2\necho after the key\n",
    );
    project.write("hybrid.toml", "[packer]\npass_env = [\"HYBRID_TEST_MARK\"]\n");
    let outside = tempfile::tempdir().unwrap();
    let mut project = project;
    project.set_env("HYBRID_TEST_MARK", &outside.path().join("key").display().to_string());
    project.ok(&["validate"]);
    let ran = project.ok(&["build", "--keep-work"]);
    let key = std::fs::read_to_string(outside.path().join("key")).unwrap();
    let body: Vec<&str> = key.lines().filter(|line| !line.starts_with("-----")).collect();
    assert!(body.len() > 3);
    let mut all = Vec::new();
    files(project.root(), &mut all);
    for line in body {
        assert!(!ran.stderr.contains(line), "{line} on the terminal:\n{}", ran.stderr);
        for path in &all {
            assert!(!holds(&std::fs::read(path).unwrap(), line), "{line} in {}", path.display());
        }
    }
    assert!(ran.stderr.contains("before") && ran.stderr.contains("after the key"), "{}", ran.stderr);
}

#[test]
fn a_secret_that_cannot_be_had_stops_the_build_with_its_name() {
    let project = Project::with_motd();
    project.edit(
        "templates/linux/file/motd/motd.pkr.hcl",
        "default = 1",
        "default   = 1\n  sensitive = true",
    );
    project.write("configs/overlays/dev.pkrvars.hcl", "message = \"x\"\nlines = env(\"NOT_SET_ANYWHERE\")\n");
    project.ok(&["validate"]);
    project
        .run(&["build"])
        .expect(1)
        .says("error[SecretUnavailable]")
        .says("`lines`")
        .says("NOT_SET_ANYWHERE");
    project.edit("templates/linux/file/motd/motd.pkr.hcl", "  sensitive = true\n", "");
    project
        .run(&["validate"])
        .expect(1)
        .says("error[SecretNotSensitive]")
        .says("configs/overlays/dev.pkrvars.hcl:2");
}

#[test]
fn an_old_project_begins_with_a_baseline() {
    let project = Project::with_motd();
    let script = "templates/scripts/linux/greet.sh";
    project.edit(script, "echo done", "export DB_PASSWORD=\"Tr0ub4dor-and-3\"\necho done");
    let refused = project.run(&["validate"]).expect(3).says("error[PlaintextSecret]").says("***");
    assert!(!refused.stderr.contains("Tr0ub4dor"), "a CI log would hold it:\n{}", refused.stderr);
    let scan = project.run(&["templates", "scan", "--format", "json"]).expect(3).json();
    let finding = &scan["result"]["findings"][0];
    assert_eq!((finding["path"].as_str(), finding["line"].as_u64()), (Some(script), Some(4)), "{scan}");
    assert!(!scan.to_string().contains("Tr0ub4dor"));

    project.ok(&["templates", "scan", "--write-baseline"]);
    let baseline = "configs/secret-baseline.json";
    assert!(!project.read(baseline).contains("Tr0ub4dor"));
    project.ok(&["validate"]);
    assert!(project.ok(&["templates", "scan"]).stdout.contains("no plaintext secret (1 accepted"));
    // It moved, which is no change; another one is.
    project.edit(script, "echo greeting", "echo greeting\necho more");
    project.ok(&["validate"]);
    project.edit(script, "Tr0ub4dor-and-3", "Tr0ub4dor-and-4");
    project.run(&["validate"]).expect(3).says("error[PlaintextSecret]");
    assert!(project.run(&["templates", "scan"]).expect(3).stdout.contains("1 of the baseline are gone"));
    project.edit(script, "export DB_PASSWORD=\"Tr0ub4dor-and-4\"\n", "");
    project.ok(&["templates", "scan", "--write-baseline"]);
    assert!(project.ok(&["templates", "scan"]).stdout.contains("no plaintext secret (0 accepted"));

    project.write(baseline, "{ torn");
    project.run(&["validate"]).expect(1).says("error[SecretListInvalid]").says("--write-baseline");
    std::fs::remove_file(project.path(baseline)).unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path().join("x"), project.path(baseline)).unwrap();
    project.run(&["templates", "scan", "--write-baseline"]).expect(3).says("error[PathOutsideProject]");
    assert!(!outside.path().join("x").exists());
}

#[test]
fn suites_and_hooks_that_print_the_environment_leak_nothing() {
    let mut project = Project::with_motd();
    project.set_env("CANARY_ENV", ENV);
    project.edit(
        "templates/linux/file/motd/motd.pkr.hcl",
        "variable \"lines\"",
        "variable \"key\" {\n  type      = string\n  sensitive = true\n}\n\nvariable \"lines\"",
    );
    project.write("configs/overlays/dev.pkrvars.hcl", "message = \"hello\"\nkey = env(\"CANARY_ENV\")\n");
    project.write("bin/tell", "#!/bin/sh\nenv\nenv >&2\nexit $1\n");
    project
        .write("templates/linux/file/motd/builder.toml", "[suites.tell]\ncommand = [\"bin/tell\", \"0\"]\n");
    project.write("hybrid.toml", "[publish]\nhooks = [[\"bin/tell\", \"1\"]]\n");
    project.ok(&["validate"]);
    project.ok(&["build"]);
    let runs = [project.ok(&["test", "-v"]), project.run(&["publish", "-vv"]).expect(2)];
    assert!(runs[1].stderr.contains("PublishHookFailed"), "{}", runs[1].stderr);
    for ran in runs {
        assert!(!ran.stdout.contains(ENV) && !ran.stderr.contains(ENV), "{}", ran.stderr);
    }
    let mut all = Vec::new();
    files(project.root(), &mut all);
    for path in all {
        assert!(!holds(&std::fs::read(&path).unwrap(), ENV), "{}", path.display());
    }
}

/// A project whose provisioner prints what `shown` says, with the secret of `reference` in `var.key`.
fn telling(reference: &str, kind: &str, shown: &str) -> Project {
    let project = Project::with_motd();
    project.edit(
        "templates/linux/file/motd/motd.pkr.hcl",
        "variable \"lines\"",
        &format!("variable \"key\" {{\n  type      = {kind}\n  sensitive = true\n}}\n\nvariable \"lines\""),
    );
    project.edit(
        "templates/linux/file/motd/motd.pkr.hcl",
        "    script = ",
        &format!("    inline = [\"cat <<'END'\", \"{shown}\", \"END\"]\n  }}\n\n  provisioner \"shell-local\" {{\n    script = "),
    );
    project.write("configs/overlays/dev.pkrvars.hcl", &format!("message = \"hello\"\nkey = {reference}\n"));
    project
}

#[track_caller]
fn leaks_nothing(project: &Project, needles: &[&str], args: &[&str], code: i32) -> Ran {
    let ran = project.run(args).expect(code);
    let mut all = Vec::new();
    files(project.root(), &mut all);
    for needle in needles {
        assert!(!ran.stdout.contains(needle) && !ran.stderr.contains(needle), "{needle}:\n{}", ran.stderr);
        for path in all.iter().filter(|path| !path.ends_with("secret.sh")) {
            assert!(!holds(&std::fs::read(path).unwrap(), needle), "{needle} in {}", path.display());
        }
    }
    ran
}

#[test]
fn what_a_template_takes_out_of_a_structured_secret_is_hidden_too() {
    let mut project = telling("env(\"KEYS\")", "list(string)", "${join(\" \", var.key)}");
    project.set_env("KEYS", "[\"listelem-one-aaa1\", \"listelem-two-bbb2\"]");
    project.ok(&["validate"]);
    leaks_nothing(&project, &["listelem-one-aaa1", "listelem-two-bbb2"], &["build", "--keep-work"], 0);
}

#[test]
fn programs_that_give_secrets_are_heard_bounded_and_stopped() {
    let project = telling("command(\"bin/secret.sh\")", "string", "${var.key}");
    let script = "#!/bin/sh\nprintf '\\033[2Jwarn\\nerror[Forged]: told-by-a-program\\n' >&2\nprintf told-by-a-program\n";
    project.write("bin/secret.sh", script);
    project.ok(&["validate"]);
    let ran = leaks_nothing(&project, &["told-by-a-program"], &["build"], 0);
    assert!(!ran.stderr.contains('\u{1b}'), "{}", ran.stderr);
    assert!(!ran.stderr.lines().any(|line| line.starts_with("error[Forged]")), "{}", ran.stderr);

    for (script, why) in [
        ("exit 3", "exit code 3"),
        ("head -c 100000 /dev/zero | tr '\\0' x", "64 KiB"),
        ("printf '\\377'", "no text"),
    ] {
        project.write("bin/secret.sh", &format!("#!/bin/sh\n{script}\n"));
        project.run(&["build"]).expect(1).says("error[SecretUnavailable]").says(why);
    }
    project.write("bin/secret.sh", "#!/bin/sh\nsleep 60\n");
    let child = project.command(&["build"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(700));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let start = std::time::Instant::now();
    child.wait_with_output().unwrap();
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());

    let project = telling("file(\"pipe\")", "string", "${var.key}");
    Command::new("mkfifo").arg(project.path("pipe")).status().unwrap();
    project.ok(&["validate"]);
    project.run(&["build"]).expect(1).says("not a regular file");
    project.write("configs/overlays/dev.pkrvars.hcl", "message = \"hello\"\nkey = file(\"large\")\n");
    project.write("large", &"y".repeat(70_000));
    project.ok(&["validate"]);
    project.run(&["build"]).expect(1).says("64 KiB");
}

#[test]
fn drift_and_snippets_show_no_secret() {
    let mut project = telling("env(\"CANARY_ENV\")", "string", "x");
    project.set_env("CANARY_ENV", ENV);
    project.write("templates/scripts/linux/greet.sh", &format!("#!/bin/sh\necho {ENV}\n"));
    project.ok(&["validate"]);
    project.write("templates/scripts/linux/greet.sh", &format!("#!/bin/sh\necho {ENV} more\n"));
    for args in [&["build"][..], &["plan"], &["build", "--format", "json"]] {
        let ran = project.run(args);
        assert!(!ran.stdout.contains(ENV) && !ran.stderr.contains(ENV), "{}", ran.stderr);
    }
    let overlay = "configs/overlays/dev.pkrvars.hcl";
    project.write(overlay, "message = \"hello\"\ndb_password = \"Summer2026-plain!x\" = 1\n");
    let refused = project.run(&["validate"]).expect(1).says("dev.pkrvars.hcl:2:");
    assert!(!refused.stderr.contains("Summer2026"), "{}", refused.stderr);
}

#[test]
fn a_secret_that_is_a_word_of_a_name_is_refused_at_its_source() {
    let mut project = Project::with_motd();
    project.edit(
        "templates/linux/file/motd/motd.pkr.hcl",
        "  type        = string",
        "  type        = string\n  sensitive   = true",
    );
    project.write("configs/overlays/dev.pkrvars.hcl", "hostname = \"h\"\nmessage = env(\"GREETING\")\n");
    project.set_env("GREETING", "good-enough-51");
    project.ok(&["validate"]);
    for weak in ["motd", "linux", "file", "images"] {
        project.set_env("GREETING", weak);
        for command in ["validate", "plan", "build"] {
            let ran = project.run(&[command]).expect(1).says("error[SecretTooWeak]: the secret `message`");
            let ran = ran.says("configs/overlays/dev.pkrvars.hcl:2:");
            // Nothing was hidden that names something.
            assert!(
                !ran.stderr.contains("REDACTED") && ran.stderr.contains("linux.file.motd"),
                "{}",
                ran.stderr
            );
        }
    }
    project.set_env("GREETING", "good-enough-52");
    project.ok(&["build"]);
}

#[test]
fn a_password_in_clear_text_is_not_rendered() {
    let project = Project::with_motd();
    project.write(
        "configs/overlays/dev.pkrvars.hcl",
        "hostname = \"h\"\nmessage = \"m\"\nadmin_password = \"correct-horse-77\"\n",
    );
    let ran = project.run(&["config", "render"]).expect(3);
    let ran = ran.says("error[PlaintextSecret]").says("configs/overlays/dev.pkrvars.hcl:3:");
    assert!(!ran.stderr.contains("correct-horse") && !project.path("configs/dev").exists(), "{}", ran.stderr);
    project.write("configs/overlays/dev.pkrvars.hcl", "hostname = \"h\"\nmessage = \"m\"\n");
    project.ok(&["config", "render"]);
}
