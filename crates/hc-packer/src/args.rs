//! Argument vectors, as pure functions of what is asked for (PKR-1).

use std::ffi::OsString;
use std::path::PathBuf;

/// Which command packer gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// `packer validate`.
    Validate {
        /// Parses only, loads no plugin.
        syntax_only: bool,
    },
    /// `packer build`.
    Build {
        /// Replaces what stands in the way.
        force: bool,
    },
    /// `packer fmt`.
    Fmt {
        /// Changes nothing; exit code 3 when something would change.
        check: bool,
    },
    /// `packer init`.
    Init,
}

/// What packer works on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The directory, or for `fmt` the file or directory.
    pub(crate) path: PathBuf,
    /// Var files, in order.
    pub(crate) var_files: Vec<PathBuf>,
    /// `-var` values, in order. No secrets: arguments are visible to every process.
    pub(crate) vars: Vec<(String, String)>,
    /// `-only`.
    pub(crate) only: Vec<String>,
    /// `-except`.
    pub(crate) except: Vec<String>,
    /// Whether the template is a legacy one in JSON, which takes no values from its environment.
    pub(crate) is_legacy: bool,
    /// Flags that are not known here, as they are.
    pub(crate) further: Vec<OsString>,
}

/// The argument vector, without the program itself.
pub(crate) fn arguments(verb: Verb, subject: &Subject) -> Vec<OsString> {
    let mut words: Vec<OsString> = Vec::new();
    let mut push = |word: &str| words.push(word.into());
    match verb {
        // With two dashes packer silently answers in human form.
        Verb::Build { .. } => {
            push("-machine-readable");
            push("build");
        }
        Verb::Validate { .. } => push("validate"),
        Verb::Fmt { .. } => push("fmt"),
        Verb::Init => push("init"),
    }
    match verb {
        Verb::Build { force } => {
            push("-color=false");
            if force {
                push("-force");
            }
        }
        Verb::Validate { syntax_only: true } => push("-syntax-only"),
        Verb::Fmt { check } => {
            if check {
                push("-check");
            }
        }
        Verb::Validate { .. } | Verb::Init => {}
    }
    if matches!(verb, Verb::Build { .. } | Verb::Validate { .. }) {
        if !subject.only.is_empty() {
            push(&format!("-only={}", subject.only.join(",")));
        }
        if !subject.except.is_empty() {
            push(&format!("-except={}", subject.except.join(",")));
        }
        for file in &subject.var_files {
            let mut word = OsString::from("-var-file=");
            word.push(file);
            words.push(word);
        }
        for (name, value) in &subject.vars {
            words.push("-var".into());
            words.push(format!("{name}={value}").into());
        }
    }
    words.extend(subject.further.iter().cloned());
    words.push(subject.path.clone().into());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(verb: Verb, subject: &Subject) -> String {
        arguments(verb, subject).iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn flags_map_one_to_one_and_in_order() {
        let subject = Subject {
            path: "dir".into(),
            var_files: vec!["a.hcl".into(), "b.hcl".into()],
            vars: vec![("x".into(), "1".into())],
            only: vec!["null.x".into()],
            except: vec!["compress".into()],
            is_legacy: false,
            further: vec!["-parallel-builds=1".into()],
        };
        assert_eq!(
            line(Verb::Build { force: true }, &subject),
            "-machine-readable build -color=false -force -only=null.x -except=compress -var-file=a.hcl -var-file=b.hcl -var x=1 -parallel-builds=1 dir"
        );
        assert_eq!(
            line(Verb::Validate { syntax_only: true }, &Subject { path: "d".into(), ..Subject::default() }),
            "validate -syntax-only d"
        );
        assert_eq!(
            line(Verb::Fmt { check: true }, &Subject { path: "f".into(), ..Subject::default() }),
            "fmt -check f"
        );
    }
}
