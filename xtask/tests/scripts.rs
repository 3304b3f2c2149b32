//! The shell scripts of the repository on machines that lack something: each says what, what to do, and which command
//! goes on. `PATH` holds what a test puts there; a fake `id` decides who runs them.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and hands PATH on"
)]

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A copy of the scripts, and a `bin` that is all of `PATH`.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new(programs: &[(&str, &str)]) -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for dir in [".ci", "bin", "xtask"] {
            std::fs::create_dir(machine.path(dir)).unwrap();
        }
        for file in ["Cargo.toml", "check", "demo", ".ci/compiler", ".ci/fresh-root", ".ci/packers"] {
            std::fs::copy(root.join(file), machine.path(file)).unwrap();
        }
        for name in [
            "bash", "sh", "env", "cat", "cut", "mktemp", "rm", "df", "dirname", "head", "sed", "sort",
            "tail", "touch", "uname",
        ] {
            symlink(on_path(name), machine.path("bin").join(name)).unwrap();
        }
        for (name, body) in programs {
            machine.program(name, body);
        }
        machine
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    fn program(&self, name: &str, body: &str) {
        let path = self.path("bin").join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn run(&self, script: &str) -> Output {
        let mut command = Command::new(self.path(script));
        command
            .current_dir(self.0.path())
            .env_clear()
            .env("PATH", self.path("bin"))
            .env("HOME", self.0.path());
        command.output().unwrap()
    }

    #[track_caller]
    fn fails(&self, script: &str, words: &[&str]) {
        let output = self.run(script);
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!output.status.success(), "{script} succeeds:\n{said}");
        for word in words {
            assert!(said.contains(word), "{script} does not say {word:?}:\n{said}");
        }
    }
}

fn on_path(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file()).unwrap()
}

const CARGO: (&str, &str) =
    ("cargo", "case $1 in --version) echo 'cargo 9.99.0 (x 2026-01-01)' ;; *) exit 1 ;; esac");
const ROOT: (&str, &str) = ("id", "echo 0");
const USER: (&str, &str) = ("id", "echo 1000");

#[test]
fn without_a_toolchain_or_with_an_old_one() {
    for script in ["demo", "check"] {
        let machine = Machine::new(&[]);
        machine.fails(
            script,
            &["error: cargo is missing", "hint: install one with rustup", &format!("./{script}")],
        );
        machine.program("cargo", "echo 'cargo 1.63.0 (x 2022-01-01)'");
        machine.fails(
            script,
            &["error: cargo 1.63.0 is too old", "rustup update stable", &format!("./{script} again")],
        );
    }
}

#[test]
fn without_apt() {
    let machine = Machine::new(&[CARGO, ROOT]);
    machine.fails(
        "demo",
        &[
            "`cc` is missing or incomplete, and there is no apt-get",
            "hint: install one with the package manager of this machine",
            "./demo again",
        ],
    );
}

#[test]
fn without_root_and_sudo() {
    let machine = Machine::new(&[CARGO, USER, ("apt-get", "exit 0")]);
    machine.fails(
        "check",
        &[
            "neither root nor sudo",
            "as root: apt-get update && apt-get install",
            "gcc libc6-dev",
            "./check again",
        ],
    );
}

/// apt-get that fails until `mended` is there, and then brings a compiler.
const APT: &str = r#"echo "apt-get $*" >>apt.log
[ "$1" = install ] || exit 0
[ -e mended ] || { echo "E: $WORDS"; exit 100; }
printf '#!/bin/sh\n' >bin/cc; /bin/chmod +x bin/cc"#;

#[test]
fn apt_that_fails_is_repeated_and_trying_again_goes_on() {
    for words in ["Failed to fetch: Could not resolve 'mirror.example'", "No space left on device"] {
        let machine = Machine::new(&[CARGO, USER, ("sudo", "exec \"$@\""), ("dpkg", "exit 0")]);
        machine.program("apt-get", &APT.replace("$WORDS", words));
        machine.fails(
            "demo",
            &[words, "error: apt-get could not install gcc and libc6-dev", "run ./demo again: it goes on"],
        );
        std::fs::write(machine.path("mended"), "").unwrap();
        // Now the compiler is there, and cargo is what fails: its words stand, and what to do.
        machine.fails("demo", &["$ cargo build", "./demo ended early", "it goes on"]);
        assert!(machine.path("bin/cc").exists());
    }
}

#[test]
fn a_machine_that_cannot_have_a_fresh_root_says_so_and_counts_as_skipped() {
    let skipped = |programs: &[(&str, &str)], reason: &str| {
        let machine = Machine::new(programs);
        let output = machine.run(".ci/fresh-root");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            said.starts_with("skipped: ") && said.contains(reason),
            "{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(output.status.code(), Some(77));
    };
    let rustc = ("rustc", "echo /opt/rust");
    skipped(&[USER, rustc], "needs root, or sudo without a password");
    skipped(&[USER, rustc, ("sudo", "exit 1")], "needs root, or sudo without a password");
    skipped(&[ROOT, ("rustc", "echo /usr")], "use rustup");
    let tools = [("git", ""), ("mmdebstrap", ""), ("unshare", "exit 1")];
    skipped(&[&[ROOT, rustc], &tools[..]].concat(), "namespaces or mounts are not allowed here");
    let machine = Machine::new(&[ROOT, rustc]);
    machine.fails(".ci/fresh-root", &["error: git is missing", "hint: run ./check"]);
}
