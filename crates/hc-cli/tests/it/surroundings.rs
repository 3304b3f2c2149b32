//! A machine that refuses something: a full or closed output, few threads, small files, a project that cannot be written,
//! files that change or wait. Each ends with an answer or with a typed error, never by a signal or a panic (PKR-4).

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::project::{Project, Ran};

/// Runs a script of `sh` in the project, with `$HYBRID` as the program.
fn sh(project: &Project, script: &str) -> Ran {
    let mut command = project.command(&[]);
    let program = command.get_program().to_owned();
    let envs: Vec<_> =
        command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
    command = Command::new("/bin/sh");
    command.args(["-c", script]).current_dir(project.root()).env_clear().envs(envs).env("HYBRID", program);
    Ran::from(command.output().unwrap())
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error_and_a_closed_pipe_is_none() {
    let project = Project::with_motd();
    for args in [
        "status",
        "status --format json",
        "templates list",
        "explain Usage",
        "--help",
        "--version",
        "completions bash",
    ] {
        let ran = sh(&project, &format!("\"$HYBRID\" {args} > /dev/full"));
        assert!(
            ran.code == 2 && ran.stderr.contains("cannot write the standard output"),
            "{args}: {} {}",
            ran.code,
            ran.stderr
        );
        let closed = sh(&project, &format!("\"$HYBRID\" {args} 2> err | true; cat err >&2"));
        assert!(!closed.stderr.contains("standard output"), "{args}: {}", closed.stderr);
    }
}

#[test]
fn limits_of_the_system_are_errors() {
    let project = Project::with_motd();
    let big = vec![b'x'; 3 << 20];
    std::fs::write(project.path("templates/scripts/linux/big.bin"), big).unwrap();
    project.edit(
        "templates/linux/file/motd/builder.toml",
        "greeting\"\n",
        "greeting\"\ninputs = [\"templates/scripts/linux/big.bin\"]\n",
    );
    // A file may not grow beyond a KiB: the state does.
    let ran = sh(&project, "ulimit -f 1; \"$HYBRID\" validate");
    assert!(ran.code == 2 && ran.stderr.contains("error["), "{} {}", ran.code, ran.stderr);
    // Room for the program, not for stacks of threads.
    for kib in [200_000, 300_000, 800_000] {
        let ran = sh(&project, &format!("ulimit -v {kib}; \"$HYBRID\" plan"));
        assert!(
            [0, 1, 2].contains(&ran.code) && !ran.stderr.contains("panicked"),
            "{kib}: {} {}",
            ran.code,
            ran.stderr
        );
    }
    project.ok(&["validate"]);
}

#[test]
fn what_is_no_file_is_refused_and_not_waited_for() {
    let project = Project::with_motd();
    project.ok(&["validate"]);
    project.ok(&["build"]);
    let image =
        project.path("artifacts/images").read_dir().unwrap().next().unwrap().unwrap().path().join("motd");
    for (path, args) in [
        (image, vec!["artifacts", "list"]),
        (project.path(".hybrid/stat-cache"), vec!["plan"]),
        (project.path("templates/linux/file/motd/builder.toml"), vec!["plan"]),
        (project.path("configs/overlays/dev.pkrvars.hcl"), vec!["plan"]),
        (project.path("templates/scripts/linux/greet.sh"), vec!["plan"]),
        (project.path("state/packer-hybrid.json"), vec!["status"]),
        (project.path("hybrid.toml"), vec!["status"]),
    ] {
        let kept = project.path("kept");
        if path.exists() {
            std::fs::rename(&path, &kept).unwrap();
        }
        for make in ["mkfifo \"$0\"", "ln -s /dev/zero \"$0\""] {
            let made = Command::new("sh").args(["-c", make]).arg(&path).status().unwrap();
            assert!(made.success());
            let start = Instant::now();
            let mut child =
                project.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            while child.try_wait().unwrap().is_none() {
                if start.elapsed() > Duration::from_secs(20) {
                    child.kill().unwrap();
                    child.wait().unwrap();
                    panic!("`{}` waits for {}, made by {make}", args.join(" "), path.display());
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            std::fs::remove_file(&path).unwrap();
        }
        if kept.exists() {
            std::fs::rename(&kept, &path).unwrap();
        }
    }
}

#[test]
fn a_large_input_that_is_cut_short_meanwhile_ends_nothing() {
    let project = Project::with_motd();
    let path = project.path("templates/scripts/linux/big.bin");
    let file = std::fs::File::create(&path).unwrap();
    file.set_len(256 << 20).unwrap();
    project.edit(
        "templates/linux/file/motd/builder.toml",
        "greeting\"\n",
        "greeting\"\ninputs = [\"templates/scripts/linux/big.bin\"]\n",
    );
    let mut child = project
        .command(&["plan", "--no-stat-cache"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut large = false;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        large = !large;
        file.set_len(if large { 256 << 20 } else { 0 }).unwrap();
        std::thread::sleep(Duration::from_millis(2));
    };
    assert!(status.code().is_some_and(|code| code < 3), "{status:?}");
}

#[test]
fn a_project_that_cannot_be_written_can_be_looked_at() {
    let project = Project::with_motd();
    project.ok(&["validate"]);
    project.ok(&["build"]);
    // Root writes everywhere; another user does not.
    let is_root =
        std::fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0);
    if !is_root {
        return;
    }
    std::fs::set_permissions(project.root(), std::fs::Permissions::from_mode(0o755)).unwrap();
    for args in ["status", "config show", "state show", "plan", "templates list", "artifacts list", "orphans"]
    {
        // The program itself may lie where the other user cannot reach it.
        let script = format!(
            "cp \"$HYBRID\" /tmp/hybrid-$$ && chmod 755 /tmp/hybrid-$$ && \
             HOME=/nonexistent setpriv --reuid=65534 --regid=65534 --clear-groups /tmp/hybrid-$$ {args}; \
             code=$?; rm -f /tmp/hybrid-$$; exit $code"
        );
        sh(&project, &script).expect(0);
    }
}

#[test]
fn marks_that_nobody_sees_are_shown() {
    let project = Project::with_motd();
    project.edit(
        "configs/overlays/dev.pkrvars.hcl",
        "message = \"hello\"",
        "message = \"he\u{200b}l\u{202e}lo\u{feff}\"",
    );
    let shown = project.ok(&["config", "show"]);
    let text = format!("{}{}", shown.stdout, shown.stderr);
    assert!(text.contains("he\\u{200b}l\\u{202e}lo\\u{feff}"), "{text}");
    assert!(!text.contains(['\u{200b}', '\u{202e}', '\u{feff}']), "{text}");
    let json = project.ok(&["config", "show", "--format", "json"]).stdout;
    assert!(!json.contains('\u{200b}') && json.contains("\\u200b"), "{json}");
}

#[test]
fn leftovers_of_killed_writers_are_swept() {
    let project = Project::with_motd();
    let left = [
        "configs/.atomicwriteAbCdEf/tmpfile.tmp",
        "configs/overlays/dev/.atomicwriteXyZ",
        "artifacts/.atomicwrite12",
    ];
    for path in left {
        project.write(path, "half");
    }
    project.ok(&["validate"]);
    assert!(left.iter().all(|path| project.path(path).exists()), "a young one may have its writer");
    let age = "find . -name '.atomicwrite*' -exec touch -h -d '2 minutes ago' {} +";
    sh(&project, age).expect(0);
    project.ok(&["validate"]);
    assert!(!left.iter().any(|path| project.path(path).exists()));
}

#[test]
fn a_path_with_characters_of_the_shell_works_or_is_refused_early() {
    let outside = tempfile::tempdir().unwrap();
    let from = Project::with_motd();
    for name in ["with space", "do$HOME;'x'", "new\nline"] {
        let dir = outside.path().join(name);
        assert!(Command::new("cp").arg("-r").arg(from.root()).arg(&dir).status().unwrap().success());
        let run = |args: &[&str]| Ran::from(from.command(args).current_dir(&dir).output().unwrap());
        let refused = run(&["validate"]).expect(1).says("error[PathNeedsQuoting]");
        assert!(!refused.stderr.contains("not found"), "{name}: {}", refused.stderr);
        let template = dir.join("templates/linux/file/motd/motd.pkr.hcl");
        let text = std::fs::read_to_string(&template).unwrap();
        let (before, behind) = text.split_once("  provisioner").unwrap();
        let (_, behind) = behind.split_once("  }\n").unwrap();
        std::fs::write(&template, format!("{before}{behind}")).unwrap();
        run(&["validate"]).expect(0);
        run(&["build"]).expect(0);
    }
}

#[test]
fn without_threads_there_is_an_error_and_no_panic() {
    let project = Project::with_motd();
    // A user of its own, who may have no second process.
    let script = "cp \"$HYBRID\" /tmp/hybrid-$$ && chmod 755 /tmp/hybrid-$$ && chmod -R a+rwX . && \
                  setpriv --reuid=64999 --regid=64999 --clear-groups prlimit --nproc=1 /tmp/hybrid-$$ status; \
                  code=$?; rm -f /tmp/hybrid-$$; exit $code";
    let ran = sh(&project, script);
    // Only root can become another user.
    if ran.stderr.contains("setpriv: ") {
        return;
    }
    let ran = ran.expect(2);
    assert!(
        ran.stderr.contains("error[ThreadsUnavailable]") && !ran.stderr.contains("panicked"),
        "{}",
        ran.stderr
    );
}
