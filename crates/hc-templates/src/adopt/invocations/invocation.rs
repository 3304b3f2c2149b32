//! What is told of the runs of packer that a repository makes.

use std::path::PathBuf;

use hc_config::Location;

/// `packer build` or `packer validate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Verb {
    Validate,
    Build,
}

/// One run of packer that the repository's own Makefiles, scripts or pipelines make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Invocation {
    /// What people call it: the make target without `build-` or `validate-`, or the script's stem.
    pub(in super::super) name: String,
    /// `packer build` or `packer validate`.
    pub(in super::super) verb: Verb,
    /// File and line that say so.
    pub(in super::super) location: Location,
    /// Packer's working directory, relative to the repository.
    pub(in super::super) workdir: PathBuf,
    /// Template file or directory, relative to the repository, normalised; it need not exist.
    pub(in super::super) template: PathBuf,
    /// Var files in order, relative to the repository; they need not exist.
    pub(in super::super) var_files: Vec<PathBuf>,
    /// `-var name=value`, in order; those whose value is not known are left out and named in `unknown`.
    pub(in super::super) vars: Vec<(String, String)>,
    /// `PKR_VAR_name=value` that is set for packer, in order; var files and `-var` win over it.
    pub(in super::super) preset: Vec<(String, String)>,
    /// Names after `-only`.
    pub(in super::super) only: Vec<String>,
    /// Names after `-except`.
    pub(in super::super) except: Vec<String>,
    /// What of it could not be read, in words.
    pub(in super::super) unknown: Vec<String>,
}

/// A run that was seen and cannot be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Unread {
    /// What people call it, as in [`Invocation`].
    pub(in super::super) name: String,
    /// File and line.
    pub(in super::super) location: Location,
    /// Why.
    pub(in super::super) reason: String,
}

/// Everything that was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct Invocations {
    /// Runs, sorted by place and name, without repetition.
    pub(in super::super) found: Vec<Invocation>,
    /// Runs whose template could not be told, sorted by place.
    pub(in super::super) unread: Vec<Unread>,
}
