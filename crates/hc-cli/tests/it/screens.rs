//! What people see: the output of every command and of frequent errors, compared with `tests/screens/NAME.txt`.
//!
//! A screen holds a command twice: without a terminal (stdout and stderr apart, no colours) and on a terminal of 80
//! columns (both together, in colour; `␛` is the escape character), whose lines are not broken, so that review sees which
//! of them are too long. `HYBRID_UPDATE_SCREENS=1` writes the files anew.

mod errors;
mod terminal;
mod usual;

use std::path::{Path, PathBuf};
use std::process::Command;

use regex::{Captures, Regex};

use crate::project::Project;

/// Compares screens of one project, and tells all that differ at the end.
struct Screens {
    project: Project,
    wrong: Vec<String>,
    runs: Vec<String>,
}

impl Screens {
    fn of(project: Project) -> Self {
        Self { project, wrong: Vec::new(), runs: Vec::new() }
    }

    /// Runs `hybrid` with `args` on both kinds of output and compares with `tests/screens/NAME.txt`.
    fn show(&mut self, name: &str, args: &[&str]) {
        let plain = self.project.run(args);
        let seen = terminal::run(&self.project, args);
        let mut screen = format!("$ hybrid {}\n", args.join(" "));
        for (title, text) in [("stdout", &plain.stdout), ("stderr", &plain.stderr)] {
            if !text.is_empty() {
                screen.push_str(&format!("--- {title}\n{text}"));
            }
        }
        screen.push_str(&format!("--- exit {}\n--- terminal\n{seen}", plain.code));
        let screen = self.normal(&screen);
        let golden = golden(name);
        if std::env::var_os("HYBRID_UPDATE_SCREENS").is_some() {
            std::fs::create_dir_all(golden.parent().unwrap()).unwrap();
            std::fs::write(&golden, screen).unwrap();
            return;
        }
        let wanted = std::fs::read_to_string(&golden).unwrap_or_default();
        if wanted != screen {
            self.wrong.push(format!("=== {} should be\n{wanted}=== and is\n{screen}", golden.display()));
        }
    }

    /// Fails when a screen was not as its file has it.
    #[track_caller]
    fn end(self) {
        let again = "HYBRID_UPDATE_SCREENS=1 writes the screens as they are now";
        assert!(self.wrong.is_empty(), "{}\n{again}", self.wrong.join("\n"));
    }

    /// The text with what differs between runs and machines replaced by something as long, so that tables stay tables.
    fn normal(&mut self, text: &str) -> String {
        let text = text.replace(&self.project.root().display().to_string(), "/project");
        let text = self.numbered(&text);
        let replaced = [
            (r"\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\d", "2026-01-02${1}03:04:05"),
            (r"03:04:05\.\d{3}", "03:04:05.678"),
            (r"\b\d+\.\d+s\b", "0.0s"),
            (r"finished after .*\.", "finished after 1 second."),
            (r"errored after .*? (milli|micro)?seconds?:", "errored after 1 second:"),
            (r"\bhost=\S+ pid=\d+ version=\S+", "host=here pid=1 version=0.0.0"),
            // Versions, and sizes of records: some hold times in milliseconds.
            (r"\d+\.\d+\.\d+", "1.2.3"),
            // Packers differ in what they say and in how loud.
            (r"status: 7\. ?Allowed", "status: 7. Allowed"),
            (r"␛\[1m(greeting|done)␛\[0m", "$1"),
            (r"(?m)^.*Provisioning step had errors.*\n", ""),
            (r"\b(\d{3,4} B|\d\.\d KiB)\b", "1.0 KiB"),
            (r"(?m)[ \t]+$", ""),
        ];
        let text = replaced
            .into_iter()
            .fold(text, |text, (from, to)| Regex::new(from).unwrap().replace_all(&text, to).into_owned());
        let digest = Regex::new(r"\b([0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{12})\b").unwrap();
        digest.replace_all(&text, |found: &Captures<'_>| "0".repeat(found[0].len())).into_owned()
    }

    /// Runs in the order in which they are met.
    fn numbered(&mut self, text: &str) -> String {
        let run = Regex::new(r"\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{8}").unwrap();
        run.replace_all(text, |found: &Captures<'_>| {
            let at = self.runs.iter().position(|known| known == &found[0]).unwrap_or_else(|| {
                self.runs.push(found[0].to_owned());
                self.runs.len() - 1
            });
            format!("20260102T030405.678Z-{:08}", at + 1)
        })
        .into_owned()
    }
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/screens").join(format!("{name}.txt"))
}

/// A program of this machine.
fn on_path(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file()).unwrap()
}

/// The usual project, with a suite, a channel that wants it, and every file in git.
fn project() -> Project {
    let project = Project::with_motd();
    project.write(
        "templates/linux/file/motd/builder.toml",
        "description = \"A greeting\"\n\n[suites.smoke]\ncommand = [\"tests/greets.sh\", \"{image}\"]\n\n\
         [publish]\nsuites = [\"smoke\"]\n",
    );
    project.write("tests/greets.sh", "#!/bin/sh\ngrep hello \"$1\"\n");
    project.write(".gitignore", "/.hybrid/\n/artifacts/\n/state/\n/logs/\n");
    for words in ["init -q", "add .", "-c user.name=x -c user.email=x@example.com commit -q -m start"] {
        let mut git = Command::new("git");
        git.args(words.split(' ')).current_dir(project.root()).env("HOME", project.root());
        let done = git.env("GIT_CONFIG_NOSYSTEM", "1").status().unwrap();
        assert!(done.success());
    }
    project
}
