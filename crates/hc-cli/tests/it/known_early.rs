//! Credentials of the environment: packer gets those of its own platform only, and none is ever shown (LOG-2).

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::project::{Project, Ran};
use crate::secrets::files;

/// Credentials that a build machine of several platforms has.
const PLATFORMS: [(&str, &str); 12] = [
    ("PROXMOX_PASSWORD", "pmx-canary-11aa"),
    ("PROXMOX_TOKEN", "pmx-canary-22bb"),
    ("ARM_CLIENT_SECRET", "arm-canary-33cc"),
    ("AZURE_CLIENT_SECRET", "arm-canary-44dd"),
    ("AWS_SECRET_ACCESS_KEY", "aws-canary-55ee"),
    ("AWS_SESSION_TOKEN", "aws-canary-66ff"),
    ("VSPHERE_PASSWORD", "vsp-canary-77aa"),
    ("GOVC_PASSWORD", "vsp-canary-88bb"),
    ("DIGITALOCEAN_TOKEN", "doc-canary-99cc"),
    ("HCP_CLIENT_SECRET", "hcp-canary-10dd"),
    ("GITHUB_TOKEN", "ghb-canary-21ee"),
    ("VAULT_TOKEN", "vlt-canary-32ff"),
];
const SCRIPT: &str = "templates/scripts/linux/greet.sh";

fn with_platforms() -> Project {
    let mut project = Project::with_motd();
    for (name, value) in PLATFORMS {
        project.set_env(name, value);
    }
    project.write(SCRIPT, "#!/bin/sh\nset -eu\nenv | sort\nenv >&2\n");
    project
}

#[track_caller]
fn holds_none_of(project: &Project, ran: &Ran, values: &[&str]) {
    let mut all = Vec::new();
    files(project.root(), &mut all);
    for value in values {
        assert!(!ran.stdout.contains(value) && !ran.stderr.contains(value), "{value}:\n{}", ran.stderr);
        for path in &all {
            let bytes = std::fs::read(path).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains(value), "{value} in {}", path.display());
        }
    }
}

fn raw_log(project: &Project) -> String {
    let mut all = Vec::new();
    files(&project.path("logs/packer"), &mut all);
    all.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn packer_gets_no_credentials_of_other_platforms() {
    let project = with_platforms();
    project.ok(&["validate"]);
    let ran = project.ok(&["build", "-v"]);
    let log = raw_log(&project);
    assert!(log.contains("HYBRID_ENV=dev"), "the script did not print its environment:\n{log}");
    for (name, _) in PLATFORMS {
        assert!(!log.contains(name) && !ran.stderr.contains(name), "{name} reached packer:\n{log}");
    }
    let values: Vec<&str> = PLATFORMS.iter().map(|(_, value)| *value).collect();
    holds_none_of(&project, &ran, &values);
}

#[test]
fn a_platforms_own_credentials_and_named_ones_reach_packer_and_are_stars() {
    let mut project = with_platforms();
    project.set_env("DEPLOY_TOKEN", "dpl-canary-12ab");
    project.set_env("PKR_VAR_registry_password", "pkr-canary-34cd");
    project.set_env("PKR_VAR_plain_words", "pkr-canary-56ef");
    project.set_env("PKR_VAR_other_words", "pkr-canary-78ab");
    project.write("hybrid.toml", "[packer]\npass_env = [\"DEPLOY_TOKEN\", \"PROXMOX_*\"]\n");
    // A function of packer takes the variables of Vault; a template that reads a variable by its name gets it.
    project.edit(
        "templates/linux/file/motd/motd.pkr.hcl",
        "variable \"lines\"",
        "variable \"registry_password\" {\n  type    = string\n  default = \"\"\n}\n\n\
         variable \"plain_words\" {\n  type      = string\n  default   = \"\"\n  sensitive = true\n}\n\n\
         variable \"cloud\" {\n  type      = string\n  default   = env(\"HCP_CLIENT_SECRET\")\n  sensitive = true\n}\n\n\
         variable \"lines\"",
    );
    project.ok(&["validate"]);
    let ran = project.ok(&["build", "-v"]);
    let log = raw_log(&project);
    for name in [
        "DEPLOY_TOKEN",
        "PROXMOX_PASSWORD",
        "PKR_VAR_registry_password",
        "PKR_VAR_plain_words",
        "HCP_CLIENT_SECRET",
    ] {
        assert!(log.contains(&format!("{name}=***")), "no {name}:\n{log}");
    }
    for name in ["PKR_VAR_other_words", "ARM_CLIENT_SECRET", "AWS_SESSION_TOKEN"] {
        assert!(!log.contains(name), "{name} reached packer:\n{log}");
    }
    let mut values: Vec<&str> = PLATFORMS.iter().map(|(_, value)| *value).collect();
    values.extend(["dpl-canary-12ab", "pkr-canary-34cd", "pkr-canary-56ef"]);
    holds_none_of(&project, &ran, &values);
}

#[test]
fn suites_hooks_and_bundles_show_no_credential_of_the_environment() {
    let project = with_platforms();
    project.write("bin/tell", "#!/bin/sh\nenv\nenv >&2\nexit $1\n");
    let metadata = "[suites.tell]\ncommand = [\"bin/tell\", \"0\"]\n";
    project.write("templates/linux/file/motd/builder.toml", metadata);
    project.write("hybrid.toml", "[publish]\nhooks = [[\"bin/tell\", \"1\"]]\n");
    project.ok(&["validate"]);
    project.ok(&["build"]);
    let values: Vec<&str> = PLATFORMS.iter().map(|(_, value)| *value).collect();
    let suite = project.ok(&["test", "-v"]);
    assert!(suite.stderr.contains("PROXMOX_PASSWORD=***"), "{}", suite.stderr);
    holds_none_of(&project, &suite, &values);
    holds_none_of(&project, &project.run(&["publish", "-vv"]).expect(2), &values);
    project.write("logs/old.log", "login with pmx-canary-11aa\n");
    project.ok(&["diag", "bundle", "--out", "bundle.tar.zst"]);
    let unpacked = Command::new("tar").args(["--zstd", "-xOf"]).arg(project.path("bundle.tar.zst")).output();
    let text = String::from_utf8_lossy(&unpacked.unwrap().stdout).into_owned();
    assert!(text.contains("login with ***"), "{text}");
}

#[test]
fn everyday_words_and_names_stay_visible_and_refuse_nothing() {
    let mut project = Project::with_motd();
    for (name, value) in [
        ("SERVICE_TOKEN", "motd"),
        ("OTHER_SECRET", "linux.file"),
        ("KEY_PASSWORD", "greeting"),
        ("DB_PASSWORD", "packer"),
        ("USE_TOKEN", "true"),
        ("SSH_KEY", "/etc/passwd"),
        ("KEYMAP", "de-latin1-nodeadkeys"),
    ] {
        project.set_env(name, value);
    }
    project.write(SCRIPT, "#!/bin/sh\nset -eu\necho /etc/passwd de-latin1-nodeadkeys\n");
    project.ok(&["validate"]);
    let ran = project.ok(&["build", "-v"]);
    assert!(
        ran.stderr.contains("/etc/passwd de-latin1-nodeadkeys") && ran.stderr.contains("linux.file.motd")
    );
}

#[test]
fn values_of_sensitive_variables_are_known_wherever_they_stand() {
    let project = Project::with_motd();
    project.edit(
        "templates/linux/file/motd/motd.pkr.hcl",
        "variable \"lines\"",
        "variable \"phrase\" {\n  type      = string\n  sensitive = true\n}\n\n\
         variable \"phrases\" {\n  type      = list(string)\n  default   = []\n  sensitive = true\n}\n\n\
         variable \"lines\"",
    );
    project
        .write("templates/vars/linux/common.pkrvars.hcl", "hostname = \"h\"\nphrase = \"over-ridden-71\"\n");
    project.write(
        "configs/overlays/dev.pkrvars.hcl",
        "message = \"hello\"\nphrase = \"the-phrase-72\"\nphrases = [\"in-a-list-73\", \"in-a-list-74\"]\n",
    );
    project.write(SCRIPT, "#!/bin/sh\necho over-ridden-71 the-phrase-72 in-a-list-73 in-a-list-74\n");
    project.ok(&["validate"]);
    let ran = project.ok(&["build", "-v"]);
    assert!(ran.stderr.contains("*** *** *** ***"), "{}", ran.stderr);
    assert!(raw_log(&project).contains("*** *** *** ***"));
}

#[test]
fn a_refused_edit_of_a_sensitive_value_shows_the_line_and_not_the_value() {
    let project = Project::with_motd();
    project.edit(
        "templates/linux/file/motd/motd.pkr.hcl",
        "variable \"lines\"",
        "variable \"phrase\" {\n  type      = string\n  sensitive = true\n}\n\nvariable \"lines\"",
    );
    let overlay = "configs/overlays/dev.pkrvars.hcl";
    let text = |phrase: &str| format!("message = \"hello\"\nphrase  = \"{phrase}\"\nlines   = 1\n");
    project.write(overlay, &text("old-phrase"));
    project.write("templates/scripts/linux/settings.sh", "X=1\napi_key=old-k3y-value\n");
    project.edit(SCRIPT, "echo done", "echo done # settings.sh\n. \"$(dirname \"$0\")/settings.sh\" || true");
    // What git holds needs not be kept, so both texts are there.
    for args in [
        &["init", "-q"][..],
        &["add", "-A"],
        &["-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "x"],
    ] {
        assert!(Command::new("git").current_dir(project.root()).args(args).status().unwrap().success());
    }
    let allow = "[[security.allow]]\nrule = \"hardcoded-secret-bare\"\npath = \"templates/**\"\nreason = \"an example of a test\"\n";
    project.write("hybrid.toml", allow);
    project.ok(&["validate"]);
    project.write(overlay, &text("new-phrase").replace("= 1", "= 2"));
    let values = ["old-phrase", "new-phrase"];
    for args in [
        &["build"][..],
        &["build", "--format", "json"],
        &["plan"],
        &["config", "render", "--check", "--diff"],
    ] {
        let ran = project.run(args);
        for value in values {
            let shown = ran.stdout.contains(value) || ran.stderr.contains(value);
            assert!(!shown, "{value} after {args:?}:\n{}\n{}", ran.stdout, ran.stderr);
        }
    }
    let refused = project.run(&["build"]).expect(1);
    let refused = refused.says("-2 phrase  = ***").says("+2 phrase  = ***").says("+3 lines   = 2");
    assert!(!refused.stderr.contains("message"), "{}", refused.stderr);
    let mut logs = Vec::new();
    files(&project.path("logs"), &mut logs);
    for path in logs {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(values.iter().all(|value| !text.contains(value)), "{}", path.display());
    }
}

/// A packer that is asked for its temporary directory, and what it says.
fn temporary_directory(log: &str) -> String {
    let line = log.lines().find_map(|line| line.split("TEMP=").nth(1)).unwrap_or_else(|| panic!("{log}"));
    line.split_whitespace().next().unwrap().trim_end_matches("\\n").to_owned()
}

#[test]
fn packer_has_a_temporary_directory_of_its_own_that_goes_with_it() {
    let project = Project::with_motd();
    project.write(
        SCRIPT,
        "#!/bin/sh\nset -eu\necho x > \"$TMPDIR/left\"\necho \"TEMP=$TMPDIR $(stat -c %a \"$TMPDIR\")\"\n",
    );
    project.ok(&["validate"]);
    project.ok(&["build"]);
    let log = raw_log(&project);
    let dir = temporary_directory(&log);
    assert!(log.contains(&format!("{dir} 700")), "{log}");
    assert!(Path::new(&dir).starts_with(project.root().canonicalize().unwrap()), "{dir}");
    // A socket of a plugin fits: 107 bytes are all that the system allows.
    assert!(dir.len() + "/packer-plugin1234567890".len() < 107, "{dir}");
    assert!(!Path::new(&dir).exists(), "{dir} is left");

    // Below a long path it is the system's, private and removed all the same.
    let deep = project.path(&"long-name/".repeat(9));
    std::fs::create_dir_all(deep.parent().unwrap()).unwrap();
    std::fs::create_dir_all(&deep).unwrap();
    let parts = [project.path("templates"), project.path("configs"), deep.clone()];
    assert!(Command::new("cp").arg("-r").args(parts).status().unwrap().success());
    std::fs::write(deep.join("hybrid.toml"), "[project]\nname = \"deep\"\n").unwrap();
    for command in ["validate", "build"] {
        let run = Ran::from({ project.command(&[command]) }.current_dir(&deep).output().unwrap());
        run.expect(0);
    }
    let mut logs = Vec::new();
    files(&deep.join("logs/packer"), &mut logs);
    let dir = temporary_directory(&std::fs::read_to_string(&logs[0]).unwrap());
    assert!(!Path::new(&dir).starts_with(&deep) && dir.len() < 72 && !Path::new(&dir).exists(), "{dir}");
}

#[test]
fn nothing_of_a_packer_is_left_after_a_timeout_or_a_kill() {
    let project = Project::with_motd();
    project.write("hybrid.toml", "[packer]\ntimeout = \"2s\"\ngrace = \"1s\"\nretries = 0\n");
    project.write(SCRIPT, "#!/bin/sh\necho secret > \"$TMPDIR/left\"\nsleep 60\n");
    project.ok(&["validate"]);
    let temporary = project.path(".hybrid/tmp");
    let left = || std::fs::read_dir(&temporary).map_or(0, Iterator::count);
    let ran = project.run(&["build"]);
    assert_ne!(ran.code, 0);
    assert_eq!(left(), 0, "{}", ran.stderr);

    project.write("hybrid.toml", "[packer]\ngrace = \"1s\"\n");
    let mut child = project.command(&["build"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    let is_there = || {
        std::fs::read_dir(&temporary)
            .is_ok_and(|mut dirs| dirs.any(|dir| dir.is_ok_and(|dir| dir.path().join("left").exists())))
    };
    while !is_there() {
        assert!(start.elapsed() < Duration::from_secs(30), "the build does not come to its script");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // Its packer is still there and uses it.
    project.ok(&["validate"]);
    assert_eq!(left(), 1);
    project.ok(&["orphans", "--stop"]);
    assert_eq!(left(), 0);

    // What a killed `validate` left goes with the next run.
    std::fs::create_dir_all(temporary.join("0123abcd/deep")).unwrap();
    project.ok(&["validate"]);
    assert_eq!(left(), 0);
}

#[test]
fn a_suite_beside_a_broken_overlay_leaks_nothing_of_it() {
    let mut project = Project::with_motd();
    project.set_env("SOMETHING_ELSE", "ref-canary-91aa");
    project.set_env("DB_PASSWORD", "env-canary-92bb");
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("secret");
    std::fs::write(&file, "file-canary-93cc\n").unwrap();
    project.write("bin/tell", "#!/bin/sh\nenv\necho file-canary-93cc lit-canary-94dd here-canary-95ee\n");
    let metadata = "[suites.tell]\ncommand = [\"bin/tell\"]\n";
    project.write("templates/linux/file/motd/builder.toml", metadata);
    project.ok(&["validate"]);
    project.ok(&["build"]);
    let broken = format!(
        "message = env(\"SOMETHING_ELSE\")\nhostname = file(\"{}\")\nword = \"lit-canary-94dd\"\n\
         more = <<EOT\nhere-canary-95ee\nEOT\nthis is = not HCL {{\n",
        file.display()
    );
    project.write("configs/overlays/dev.pkrvars.hcl", &broken);
    let ran = project.ok(&["test", "-v"]).says("configs/overlays/dev.pkrvars.hcl cannot be parsed");
    assert!(
        ran.stderr.contains("SOMETHING_ELSE=***") && ran.stderr.contains("*** *** ***"),
        "{}",
        ran.stderr
    );
    let mut logs = Vec::new();
    files(&project.path("logs"), &mut logs);
    for value in ["ref-canary", "env-canary", "file-canary", "lit-canary", "here-canary"] {
        assert!(!ran.stderr.contains(value), "{value}:\n{}", ran.stderr);
        for path in &logs {
            assert!(!std::fs::read_to_string(path).unwrap().contains(value), "{value} in {}", path.display());
        }
    }
}

#[test]
fn a_secret_on_a_command_line_is_warned_of() {
    let project = Project::with_motd();
    project
        .write("hybrid.toml", "[publish]\nhooks = [[\"bin/tell\", \"--api-token\", \"tok-canary-51aa\"]]\n");
    let ran = project.ok(&["validate"]).says("warning[SecretOnCommandLine]: a hook of [publish]");
    let ran = ran.says("hybrid.toml:2:").says("--api-token");
    assert!(!ran.stderr.contains("tok-canary"), "{}", ran.stderr);
    project.write("hybrid.toml", "[publish]\nhooks = [[\"bin/tell\", \"--api-token\", \"$TOKEN\"]]\n");
    assert!(!project.ok(&["validate"]).stderr.contains("SecretOnCommandLine"));
    project.edit(
        "templates/linux/file/motd/motd.pkr.hcl",
        "  type        = string",
        "  type        = string\n  sensitive   = true",
    );
    let set = project.ok(&["validate", "--set", "message=set-canary-52bb"]);
    let set = set.says("warning[SecretOnCommandLine]: `--set message=…`");
    assert!(!set.stderr.contains("set-canary"), "{}", set.stderr);
    assert!(!project.ok(&["validate", "--set", "hostname=h"]).stderr.contains("SecretOnCommandLine"));
}

#[test]
fn tokens_in_urls_are_refused_where_they_would_be_kept_and_hidden_where_they_are_printed() {
    let token = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
    let project = Project::with_motd();
    for url in [
        format!("https://{token}@example.org/a.git"),
        format!("https://example.org/a.git?private_token={token}"),
        format!("http://oauth2:{token}@example.org/a.git"),
        format!("ext::https://{token}@example.org/a.git"),
    ] {
        let source = format!("[[sources]]\nname = \"a\"\nurl = \"{url}\"\nref = \"v1\"\n");
        project.write("hybrid.toml", &source);
        for args in [&["sources", "sync"][..], &["validate", "--format", "json"]] {
            let ran = project.run(args);
            assert_ne!(ran.code, 0, "{url}");
            assert!(!ran.stderr.contains(token) && !ran.stdout.contains(token), "{}", ran.stderr);
        }
    }
    let lock = "sources.lock";
    project.write("hybrid.toml", "");
    project.write(lock, &format!("url = \"https://{token}@example.org/a.git\"\n"));
    project.write(
        SCRIPT,
        &format!(
            "#!/bin/sh\necho get https://{token}@example.org/a 'https://h/b?x=1&access_token={token}'\n"
        ),
    );
    project.ok(&["validate"]);
    let ran = project.ok(&["build", "-v"]);
    let log = raw_log(&project);
    assert!(log.contains("https://***@example.org/a https://h/b?x=1&access_token=***"), "{log}");
    assert!(!ran.stderr.contains(token));
    project.ok(&["diag", "bundle", "--out", "bundle.tar.zst"]);
    let unpacked = Command::new("tar").args(["--zstd", "-xOf"]).arg(project.path("bundle.tar.zst")).output();
    assert!(!String::from_utf8_lossy(&unpacked.unwrap().stdout).contains(token));
}
