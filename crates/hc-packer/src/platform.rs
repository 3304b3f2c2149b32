//! System and architecture, as releases of packer and of plugins name them. A value, never looked up by itself: what a
//! machine of another kind would find can be asked on this one.

use std::fmt;

/// System and architecture, as releases of packer and of plugins name them: `linux_amd64`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform(String);

impl Platform {
    /// The one that this program was compiled for.
    pub fn of_this_program() -> Self {
        let os = match std::env::consts::OS {
            "macos" => "darwin",
            os => os,
        };
        let arch = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            arch => arch,
        };
        Self(format!("{os}_{arch}"))
    }

    /// One by its name: system and architecture in lower-case letters and digits. `None` for anything else.
    pub fn named(name: &str) -> Option<Self> {
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        let (os, arch) = name.split_once('_')?;
        (is_word(os) && is_word(arch)).then(|| Self(name.to_owned()))
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How programs end there: `.exe`, or nothing.
    pub fn program_ending(&self) -> &'static str {
        if self.0.starts_with("windows_") { ".exe" } else { "" }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_two_words_and_this_program_has_one() {
        let own = Platform::of_this_program();
        assert_eq!(Platform::named(own.as_str()), Some(own));
        assert_eq!(Platform::named("windows_amd64").unwrap().program_ending(), ".exe");
        assert_eq!(Platform::named("linux_386").unwrap().program_ending(), "");
        for bad in ["linux", "linux_", "Linux_amd64", "linux_amd64_x", "../x_y", ""] {
            assert_eq!(Platform::named(bad), None, "{bad}");
        }
    }
}
