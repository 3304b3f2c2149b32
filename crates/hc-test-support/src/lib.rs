//! A scripted fake packer, for versions, failures and signals that a real one cannot show on demand.
//!
//! It is a shell script: what it prints is written down in full, so a test shows all of it. It records every call, with
//! its arguments and its environment.

pub mod canary;

use std::io;
use std::path::{Path, PathBuf};

/// A fake packer in a directory of its own.
#[derive(Debug)]
pub struct FakePacker {
    dir: PathBuf,
}

impl FakePacker {
    /// Writes `packer` into `dir`, which claims `version` and runs `script` for everything but `packer version`. In the
    /// script `$FAKE` is `dir` and `$CALL` counts calls from 1.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(dir: &Path, version: &str, script: &str) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let text = format!(
            "#!/bin/sh\nFAKE='{dir}'\nif [ \"$1\" = version ]; then echo 'Packer v{version}'; exit 0; fi\n\
             CALL=$(($(cat \"$FAKE/calls\" 2>/dev/null || echo 0) + 1))\necho $CALL > \"$FAKE/calls\"\n\
             for word in \"$@\"; do printf '%s\\n' \"$word\"; done > \"$FAKE/args.$CALL\"\n\
             env | LC_ALL=C sort > \"$FAKE/env.$CALL\"\n{script}\n",
            dir = dir.display()
        );
        let path = dir.join("packer");
        std::fs::write(&path, text)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
        }
        Ok(Self { dir: dir.to_owned() })
    }

    /// Path of the program.
    pub fn path(&self) -> PathBuf {
        self.dir.join("packer")
    }

    /// Arguments of the n-th call, from 1.
    ///
    /// # Errors
    /// When there was no such call.
    pub fn args(&self, call: usize) -> io::Result<Vec<String>> {
        let text = std::fs::read_to_string(self.dir.join(format!("args.{call}")))?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// Environment of the n-th call, `NAME=value`, sorted; without what the shell itself sets.
    ///
    /// # Errors
    /// When there was no such call.
    pub fn env(&self, call: usize) -> io::Result<Vec<String>> {
        let text = std::fs::read_to_string(self.dir.join(format!("env.{call}")))?;
        let own =
            |line: &&str| !["PWD=", "OLDPWD=", "SHLVL=", "_="].iter().any(|name| line.starts_with(name));
        Ok(text.lines().filter(own).map(str::to_owned).collect())
    }

    /// How often it was called, `version` left out.
    pub fn calls(&self) -> usize {
        std::fs::read_to_string(self.dir.join("calls"))
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(0)
    }
}
