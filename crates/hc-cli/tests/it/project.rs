//! A temporary project and the `hybrid` binary on it, with an environment of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A project in a temporary directory; gone when dropped.
pub(crate) struct Project {
    dir: tempfile::TempDir,
    /// What hybrid keeps for the user beside projects.
    state: tempfile::TempDir,
    env: Vec<(String, String)>,
}

/// What one invocation left: exit code, stdout, stderr.
pub(crate) struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Project {
    /// An empty project: hybrid.toml and nothing else.
    pub(crate) fn empty() -> Self {
        let project = Self::bare();
        project.write("hybrid.toml", "[project]\nname = \"test\"\n");
        project
    }

    /// A directory that is no project.
    pub(crate) fn bare() -> Self {
        Self::in_dir(tempfile::tempdir().unwrap())
    }

    /// The same, on the file system of `dir`.
    pub(crate) fn below(dir: &Path) -> Self {
        Self::in_dir(tempfile::tempdir_in(dir).unwrap())
    }

    fn in_dir(dir: tempfile::TempDir) -> Self {
        Self { dir, state: tempfile::tempdir().unwrap(), env: Vec::new() }
    }

    /// A copy of the example project.
    pub(crate) fn example() -> Self {
        let project = Self::empty();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        for part in ["templates", "configs", "hybrid.toml"] {
            let status =
                Command::new("cp").arg("-r").arg(root.join(part)).arg(project.root()).status().unwrap();
            assert!(status.success());
        }
        project
    }

    /// A project with one seconds-fast builder, `linux.file.motd`, in the shape of the example project.
    pub(crate) fn with_motd() -> Self {
        let project = Self::empty();
        project.write(
            "templates/common.pkr.hcl",
            r#"variable "hybrid_output_dir" {
  type    = string
  default = "output"
}

variable "hybrid_manifest" {
  type    = string
  default = "packer-manifest.json"
}

variable "enable_ansible" {
  type    = bool
  default = true
}

variable "enable_puppet" {
  type    = bool
  default = false
}

variable "puppet_mode" {
  type    = string
  default = "apply"
}
"#,
        );
        project.write("templates/platforms/file.pkr.hcl", "variable \"hostname\" {\n  type = string\n}\n");
        project.write(
            "templates/linux/file/motd/motd.pkr.hcl",
            r#"variable "message" {
  type        = string
  description = "Text of the file"
}

variable "lines" {
  type    = number
  default = 1
}

source "file" "motd" {
  content = "${var.message} from ${var.hostname}\n"
  target  = "${var.hybrid_output_dir}/motd"
}

build {
  sources = ["source.file.motd"]

  provisioner "shell-local" {
    script = "${path.root}/../../../scripts/linux/greet.sh"
  }

  post-processor "manifest" {
    output = var.hybrid_manifest
  }
}
"#,
        );
        project.write("templates/linux/file/motd/builder.toml", "description = \"A greeting\"\n");
        project.write("templates/scripts/linux/greet.sh", "#!/bin/sh\nset -eu\necho greeting\necho done\n");
        project.write("templates/vars/linux/common.pkrvars.hcl", "hostname = \"common-host\"\n");
        project.write(
            "configs/overlays/dev.pkrvars.hcl",
            "# the dev overlay\nmessage = \"hello\"\nhostname = \"${env}-host\"\n",
        );
        project.write("configs/overlays/prod.pkrvars.hcl", "message = \"welcome\"\n");
        project
    }

    /// The project's root.
    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    /// A path in the project.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root().join(relative)
    }

    /// Writes a file, creating its parents.
    pub(crate) fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        if relative.ends_with(".sh") || relative.starts_with("bin/") || relative == "packer" {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    /// Writes a plugin's program with its checksum beside it, as packer installs it.
    pub(crate) fn write_plugin(&self, relative: &str, program: &str) {
        self.write(relative, program);
        let sum = hc_packer::plugins::sha256(&self.path(relative)).unwrap();
        self.write(&format!("{relative}_SHA256SUM"), &sum);
    }

    /// Reads a file.
    pub(crate) fn read(&self, relative: &str) -> String {
        std::fs::read_to_string(self.path(relative)).unwrap_or_else(|error| panic!("{relative}: {error}"))
    }

    /// Replaces `from` with `to` in a file; fails when `from` is not there.
    pub(crate) fn edit(&self, relative: &str, from: &str, to: &str) {
        let text = self.read(relative);
        assert!(text.contains(from), "{relative} holds no {from:?}:\n{text}");
        self.write(relative, &text.replacen(from, to, 1));
    }

    /// Sets a variable of the environment for all later runs.
    pub(crate) fn set_env(&mut self, name: &str, value: &str) {
        self.env.push((name.into(), value.into()));
    }

    /// What was set, for other programs.
    pub(crate) fn env(&self) -> impl Iterator<Item = (&str, &str)> {
        self.env.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The command, ready to run, in a clean environment.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hybrid"));
        command.args(args).current_dir(self.root()).env_clear();
        let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".into());
        command.env("PATH", path).env("HOME", self.root()).env("LANG", "C.UTF-8");
        // What trust is for is tested by itself.
        command.env("HYBRID_TRUST", "1").env("XDG_STATE_HOME", self.state.path());
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs `hybrid` with `args`.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::from(self.command(args).output().unwrap())
    }

    /// Runs and expects exit code 0.
    pub(crate) fn ok(&self, args: &[&str]) -> Ran {
        self.run(args).expect(0)
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// Fails unless the exit code is `code`.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    /// Fails unless stderr holds `text`.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "stderr holds no {text:?}:\n{}", self.stderr);
        self
    }

    /// Stdout as exactly one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!("stdout is not one JSON document: {error}\n{}\n{}", self.stdout, self.stderr)
        })
    }
}
