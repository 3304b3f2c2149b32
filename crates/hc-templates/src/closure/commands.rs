//! Files that commands name, and what the scripts among them name in turn.
//!
//! A command that runs on this machine can read the project, so directories count and scripts are looked into. One that
//! runs in the image names what was uploaded before; where such a file stands in the project, it is an input.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hc_config::Location;
use hc_records::InputKind;

use super::disk::{Found, is_own};
use super::globs;
use super::places::ROOT;
use super::positions::Side;
use super::problems::{Outside, OutsideKind, UnknownKind};
use super::words::{self, Command};
use super::work::Work;

/// Commands whose words are names and texts, not files that they read.
const SAYS: [&str; 9] = ["echo", "printf", "mkdir", "rm", "rmdir", "export", "touch", "git", "make"];
/// Commands whose words may be directories that they read.
const READ: [&str; 22] = [
    "cp",
    "mv",
    "ln",
    "tar",
    "rsync",
    "scp",
    "zip",
    "7z",
    "find",
    "ls",
    "cat",
    "install",
    "genisoimage",
    "mkisofs",
    "xorriso",
    "xorrisofs",
    "docker",
    "podman",
    "ansible-playbook",
    "ansible-galaxy",
    "grep",
    "diff",
];
/// Where files of this machine lie that decide what a command does.
const MACHINE: [&str; 7] =
    ["/etc/", "/home/", "/root/", "/opt/", "/srv/", "/usr/share/", "/usr/local/share/"];
/// Larger scripts are not looked into, in bytes.
const LARGEST_SCRIPT: usize = 512 << 10;
/// Endings of files that are scripts of this machine.
const SCRIPTS: [&str; 12] = ["sh", "bash", "zsh", "py", "rb", "pl", "ps1", "psm1", "bat", "cmd", "mk", "js"];

/// Where a command comes from.
pub(super) struct From<'a> {
    pub(super) attribute: &'a str,
    pub(super) side: Side,
    /// Whether Ansible gets its arguments.
    pub(super) ansible: bool,
}

/// Which words of a command count as directories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Directories {
    /// None.
    Never,
    /// Those that are written like a path.
    Paths,
    /// All.
    Words,
}

impl Directories {
    fn of(command: &Command, from: &From<'_>) -> Self {
        let program = command.first().map(String::as_str).unwrap_or_default();
        let program = program.rsplit('/').next().unwrap_or(program);
        match (SAYS.contains(&program), from.ansible || READ.contains(&program)) {
            (true, _) => Self::Never,
            (false, true) => Self::Words,
            (false, false) => Self::Paths,
        }
    }

    fn take(self, text: &str) -> bool {
        match self {
            Self::Never => false,
            Self::Paths => text.contains('/'),
            Self::Words => true,
        }
    }
}

/// Adds what a text of commands names. `reached` are the directories that commands before it went to.
pub(super) fn look(
    work: &mut Work<'_>,
    text: &str,
    from: &From<'_>,
    reached: &mut Vec<PathBuf>,
    location: &dyn Fn() -> Location,
) {
    let mut bases = vec![work.bases.workdir.clone(), work.bases.template.clone(), PathBuf::new()];
    bases.extend(reached.iter().cloned());
    let mut seen = BTreeSet::new();
    bases.retain(|base| seen.insert(base.clone()));
    let text = text.replace("$HOME/", "~/").replace("${HOME}/", "~/");
    for command in words::commands(&text) {
        if let [cd, dir, ..] = command.as_slice()
            && matches!(cd.as_str(), "cd" | "pushd")
        {
            for dir in bases.clone().iter().filter_map(|base| directory(work, base, dir)) {
                if !bases.contains(&dir) {
                    reached.push(dir.clone());
                    bases.push(dir);
                }
            }
            continue;
        }
        words_of(work, &command, &bases, from, location);
    }
}

fn directory(work: &Work<'_>, base: &Path, text: &str) -> Option<PathBuf> {
    match work.bases.spot(work.disk, base, text)?.found {
        Found::Dir(path) => Some(path),
        _ => None,
    }
}

fn words_of(
    work: &mut Work<'_>,
    command: &Command,
    bases: &[PathBuf],
    from: &From<'_>,
    location: &dyn Fn() -> Location,
) {
    let directories = Directories::of(command, from);
    for word in command {
        for candidate in words::candidates(word) {
            if let Some(parts) = words::parts(&candidate) {
                if from.side == Side::Host {
                    behind_variable(work, &parts, bases, from, location);
                }
                continue;
            }
            for base in bases {
                one(work, &candidate, base, directories, from, location);
            }
        }
    }
}

/// One path of a command, from one directory.
fn one(
    work: &mut Work<'_>,
    text: &str,
    base: &Path,
    directories: Directories,
    from: &From<'_>,
    location: &dyn Fn() -> Location,
) {
    if matches!(text, "." | ".." | "/" | "./" | "../" | "*") {
        return;
    }
    let host = from.side == Side::Host;
    if globs::has(text) {
        // `./*` in a command of the image means the image's directory.
        if host && text.contains('/') && !text.starts_with('/') {
            for (_, spot) in globs::every(work.disk, base, text) {
                if !matches!(&spot.found, Found::File(path) | Found::Dir(path) if is_own(path)) {
                    work.add(&spot, InputKind::Asset, location);
                }
            }
        }
        return;
    }
    let Some(spot) = work.bases.spot(work.disk, base, text) else { return };
    match &spot.found {
        Found::File(path) if !is_own(path) && (host || text.contains(['/', '.'])) => {
            let kind = if from.ansible { InputKind::Ansible } else { InputKind::Asset };
            if let Some(path) = work.add(&spot, kind, location) {
                lead(work, path, from.side, from.ansible);
            }
        }
        Found::Dir(path) if host && !is_own(path) && directories.take(text) => {
            if work.bases.template.starts_with(path) {
                work.unknown(from.attribute, UnknownKind::Everything, location());
                return;
            }
            let kind = if from.ansible { InputKind::Ansible } else { InputKind::Asset };
            if let Some(path) = work.add(&spot, kind, location) {
                lead(work, path, from.side, from.ansible);
            }
        }
        Found::Outside(link) if host => {
            let what = link.clone().map_or(OutsideKind::Command, OutsideKind::Link);
            let machine = MACHINE.iter().any(|dir| text.starts_with(dir)) || text.starts_with("~/");
            if machine || matches!(what, OutsideKind::Link(_)) {
                work.problems.outside.push(Outside { path: text.into(), location: location(), what });
            }
        }
        _ => {}
    }
}

fn lead(work: &mut Work<'_>, path: PathBuf, side: Side, ansible: bool) {
    let ending = path.extension().map(|ending| ending.to_string_lossy().into_owned()).unwrap_or_default();
    if ansible || matches!(ending.as_str(), "yml" | "yaml") {
        work.playbooks.push(path);
    } else if side == Side::Host && (ending.is_empty() || SCRIPTS.contains(&ending.as_str())) {
        work.scripts.push(path);
    }
}

/// `$DIR/lib/x.sh` is looked for from every directory; `files/$NAME.conf` may be anything in `files`.
fn behind_variable(
    work: &mut Work<'_>,
    parts: &words::Parts<'_>,
    bases: &[PathBuf],
    from: &From<'_>,
    location: &dyn Fn() -> Location,
) {
    if let Some(behind) = parts.behind {
        for base in bases {
            one(work, behind, base, Directories::Never, from, location);
        }
    }
    let Some(before) = parts.before.filter(|dir| !dir.starts_with('/') || dir.starts_with(ROOT)) else {
        return;
    };
    for base in bases {
        let Some(spot) = work.bases.spot(work.disk, base, before) else { continue };
        if let Found::Dir(path) = &spot.found
            && !is_own(path)
            && !work.bases.template.starts_with(path)
        {
            work.add(&spot, InputKind::Asset, location);
        }
    }
}

/// Looks into the scripts that run on this machine, and into those that they name.
pub(super) fn scripts(work: &mut Work<'_>) {
    let mut seen = BTreeSet::new();
    while let Some(path) = work.scripts.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let Some(text) = work.disk.text(&path).filter(|text| text.len() <= LARGEST_SCRIPT) else { continue };
        let place = || Location::whole_file(&path);
        let own = path.parent().unwrap_or(Path::new("")).to_owned();
        let mut bases = vec![own, work.bases.workdir.clone(), work.bases.template.clone(), PathBuf::new()];
        bases.dedup();
        let from = From { attribute: "script", side: Side::Host, ansible: false };
        for command in words::commands(&text) {
            let directories = Directories::of(&command, &from);
            for candidate in command.iter().flat_map(|word| words::candidates(word)) {
                in_script(work, &candidate, directories, &bases, &place);
            }
        }
    }
}

/// A word of a script: what is written like a path, or stands behind a command that reads directories.
fn in_script(
    work: &mut Work<'_>,
    candidate: &str,
    directories: Directories,
    bases: &[PathBuf],
    location: &dyn Fn() -> Location,
) {
    let parts = words::parts(candidate);
    let text = match &parts {
        Some(parts) => parts.behind.unwrap_or_default(),
        None => candidate,
    };
    if globs::has(text) {
        return;
    }
    for base in bases {
        let Some(spot) = work.bases.spot(work.disk, base, text) else { continue };
        match &spot.found {
            Found::File(path) if text.contains(['/', '.']) && !is_own(path) => {
                if let Some(path) = work.add(&spot, InputKind::Asset, location) {
                    lead(work, path, Side::Host, false);
                }
            }
            // A directory that holds the script or the template is where it starts from.
            Found::Dir(path)
                if directories.take(text.trim_end_matches('/'))
                    && !is_own(path)
                    && !work.bases.template.starts_with(path)
                    && !base.starts_with(path) =>
            {
                work.add(&spot, InputKind::Asset, location);
            }
            _ => {}
        }
    }
}
