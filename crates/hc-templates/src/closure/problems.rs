//! What cannot be made an input, as values with their places, and the one function that turns them into diagnostics.

use std::path::{Path, PathBuf};

use hc_config::{Diagnostic, Location};

use super::disk::{Link, is_own};

/// A path that must lead to a file and leads to none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Relative to the project.
    pub path: PathBuf,
    /// What names it.
    pub location: Location,
    /// What it is.
    pub what: MissingKind,
    /// A path that may have been meant, relative to the project.
    pub near: Option<PathBuf>,
}

/// What is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingKind {
    /// A file or directory that packer or a plugin opens.
    Path,
    /// The same, of a plugin that this crate knows only by its customs.
    Likely,
    /// A pattern in `inputs` of builder.toml.
    Pattern,
    /// A role that a playbook uses; it may lie outside of the project.
    Role,
}

/// Something that can decide the image, and that is known only when packer runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The place.
    pub location: Location,
    /// The attribute, function or directive: `script`, `file()`.
    pub attribute: String,
    /// Why.
    pub what: UnknownKind,
    /// What in it only packer knows, and why: `timestamp() depends on the time of the run`; where that can be told.
    pub reason: Option<String>,
}

/// Why something is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnknownKind {
    /// Its value depends on something that only packer knows.
    RunTime,
    /// A part of the path is known: everything below this directory may be meant.
    Below(PathBuf),
    /// The expression cannot be evaluated; what was wrong.
    Fails(String),
    /// A command works on the whole project.
    Everything,
    /// It lies in a directory that hybrid fills (`artifacts`, `logs`, `state`), of which nothing is an input.
    Own(PathBuf),
    /// A text template that cannot be read as one.
    Template(PathBuf),
}

/// A path that leads out of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    /// As it was written, or where a link leads.
    pub path: PathBuf,
    /// What names it.
    pub location: Location,
    /// What it is for.
    pub what: OutsideKind,
}

/// What a path outside of the project is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutsideKind {
    /// A file that packer or a plugin opens: it decides the image.
    Asset,
    /// A medium or firmware of this machine.
    Medium,
    /// A key: it decides how the machine is reached.
    Credential,
    /// Named in a command that runs on this machine, and may write it.
    Command,
    /// Read by a command that runs on this machine.
    Read,
    /// A link of the project that leads out of it.
    Link(Link),
    /// An absolute path to a file of the project: it is an input here, and means nothing on another machine.
    Absolute(PathBuf),
}

impl OutsideKind {
    /// Whether it is this link that leaves the project.
    pub(super) fn is_link(&self, link: &Link) -> bool {
        matches!(self, Self::Link(known) if known == link)
    }
}

/// The problems of one closure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    /// Paths that must lead to a file and lead to none.
    pub missing: Vec<Missing>,
    /// What only packer knows.
    pub unknown: Vec<Unknown>,
    /// Paths that leave the project.
    pub outside: Vec<Outside>,
}

impl Problems {
    /// Sorted by place, each once.
    pub(super) fn tidy(&mut self) {
        fn key(location: &Location) -> (&Path, usize, usize) {
            (&location.path, location.span.start, location.span.end)
        }
        self.missing.sort_by(|a, b| (key(&a.location), &a.path).cmp(&(key(&b.location), &b.path)));
        self.missing.dedup();
        self.unknown.sort_by(|a, b| (key(&a.location), &a.attribute).cmp(&(key(&b.location), &b.attribute)));
        self.unknown.dedup();
        self.outside.sort_by(|a, b| (key(&a.location), &a.path).cmp(&(key(&b.location), &b.path)));
        self.outside.dedup();
    }

    /// What people are told. What an adopted builder lacks is a warning: packer judges it.
    pub fn diagnostics(&self, adopted: bool) -> Vec<Diagnostic> {
        let weigh = |code, message: String, warning: bool| match warning || adopted {
            true => Diagnostic::warning(code, message),
            false => Diagnostic::error(code, message),
        };
        let missing = self.missing.iter().map(|one| missing(one, &weigh));
        let unknown = self.unknown.iter().map(unknown);
        let outside = self.outside.iter().filter_map(|one| outside(one, &weigh));
        missing.chain(unknown).chain(outside).collect()
    }
}

type Weigh<'a> = &'a dyn Fn(&'static str, String, bool) -> Diagnostic;

fn missing(one: &Missing, weigh: Weigh<'_>) -> Diagnostic {
    let path = one.path.display();
    let (message, warning, label) = match one.what {
        MissingKind::Path | MissingKind::Likely => {
            (format!("`{path}` does not exist"), false, Some("referred to here"))
        }
        MissingKind::Pattern => (format!("`inputs` pattern `{path}` matches no file"), false, None),
        MissingKind::Role => (format!("role `{path}` is nowhere in the project"), true, Some("used here")),
    };
    let mut diagnostic = weigh("MissingAsset", message, warning).at(one.location.clone());
    if let Some(label) = label {
        diagnostic = diagnostic.label(label);
    }
    match (&one.near, one.what) {
        (Some(near), _) if near.file_name() == one.path.file_name() => diagnostic.hint(format!(
            "{} exists: packer looks from its working directory (`workdir` in builder.toml)",
            near.display()
        )),
        (Some(near), _) => diagnostic.hint(format!("did you mean `{}`?", near.display())),
        (None, MissingKind::Pattern) => diagnostic,
        (None, MissingKind::Role) => {
            diagnostic.hint("add the role, or list it in a requirements file that `galaxy_file` names")
        }
        (None, _) => diagnostic
            .hint("create it, or correct the path: relative to the project root, or `${path.root}/…`"),
    }
}

fn unknown(one: &Unknown) -> Diagnostic {
    let attribute = &one.attribute;
    let message = match &one.what {
        UnknownKind::RunTime => format!("what `{attribute}` names is known only when packer runs"),
        UnknownKind::Below(dir) => {
            format!("which file below {} `{attribute}` names is known only when packer runs", dir.display())
        }
        UnknownKind::Fails(_) => format!("`{attribute}` cannot be evaluated"),
        UnknownKind::Everything => format!("`{attribute}` works on the whole project"),
        UnknownKind::Own(path) => {
            format!(
                "`{attribute}` names {}, which hybrid fills: nothing in there is an input",
                path.display()
            )
        }
        UnknownKind::Template(path) => format!("{} is no template that can be read", path.display()),
    };
    let diagnostic = Diagnostic::warning("InputUnknown", message).at(one.location.clone());
    let hint = match &one.what {
        UnknownKind::Own(path) if is_own(path) => "move the file elsewhere",
        _ => "name the files in `inputs` of builder.toml",
    };
    let diagnostic = diagnostic.hint(hint);
    match &one.what {
        UnknownKind::Fails(reason) => diagnostic.label(reason.clone()),
        _ => match &one.reason {
            Some(reason) => diagnostic.label(reason.clone()),
            None => diagnostic,
        },
    }
}

fn outside(one: &Outside, weigh: Weigh<'_>) -> Option<Diagnostic> {
    let path = one.path.display();
    let (message, warning, hint) = match &one.what {
        OutsideKind::Asset => (
            format!("`{path}` lies outside the project"),
            false,
            "move it into the project: another checkout need not have it, and a stage of layers has no place for it".to_owned(),
        ),
        OutsideKind::Link(link) => (
            format!("{} is a link to `{}`, outside the project", link.path.display(), link.target.display()),
            false,
            "replace the link with what it points to".to_owned(),
        ),
        OutsideKind::Absolute(inside) => (
            format!("`{path}` means nothing on another machine"),
            true,
            format!(
                "write `${{path.root}}/…`, or a path relative to the working directory: {}",
                inside.display()
            ),
        ),
        // Said in the record of a build, not before every build.
        OutsideKind::Medium | OutsideKind::Credential | OutsideKind::Command | OutsideKind::Read => {
            return None;
        }
    };
    Some(weigh("AssetOutsideProject", message, warning).at(one.location.clone()).hint(hint))
}
