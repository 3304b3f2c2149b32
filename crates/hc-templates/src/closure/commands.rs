//! Files that commands name, and what the scripts among them name in turn.
//!
//! A command that runs on this machine can read the project, so directories count and scripts are looked into. One that
//! runs in the image names what was uploaded before; where such a file stands in the project, it is an input.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hc_config::Location;
use hc_core::fs::normalize;
use hc_records::InputKind;

use super::around;
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
/// Commands that ask for a file without reading it, which no access time tells.
const ASK: [&str; 8] = ["[", "[[", "test", "stat", "readlink", "du", "wc", "realpath"];
/// Tests of a shell that ask for files.
const FILE_TESTS: [&str; 10] = ["-e", "-f", "-d", "-s", "-r", "-L", "-h", "-w", "-nt", "-ot"];
/// Calls of other languages that do the same.
const EXISTS: [&str; 9] =
    ["exists", "exist?", "isfile", "is_file", "isdir", "is_dir", "access(", "stat(", "Test-Path"];
/// Commands that read the files behind their name, and write none of them.
const READERS: [&str; 16] = [
    "cat",
    ".",
    "source",
    "sh",
    "bash",
    "zsh",
    "python",
    "python3",
    "perl",
    "ruby",
    "jq",
    "head",
    "tail",
    "base64",
    "sha256sum",
    "md5sum",
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
    /// Whether the command at hand reads what it names, and writes none of it.
    pub(super) reads: bool,
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
    if from.side == Side::Host {
        work.mention(&text, location);
        around::look(work, &text, from.attribute, location);
    }
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

/// Adds the file or directory that one argument of a command of this machine is, whatever it is written like.
pub(super) fn argument(work: &mut Work<'_>, text: &str, location: &dyn Fn() -> Location) {
    let Some(spot) = work.bases.spot(work.disk, Path::new(""), text) else { return };
    match &spot.found {
        Found::File(path) | Found::Dir(path) if !is_own(path) && !path.as_os_str().is_empty() => {
            if let Some(path) = work.add(&spot, InputKind::Asset, location) {
                lead(work, path, Side::Host, false);
            }
        }
        _ => {}
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
    if from.side == Side::Host && asks_for_anything(command) {
        work.unknown(from.attribute, UnknownKind::RunTime, location());
    }
    let directories = Directories::of(command, from);
    let program = command.first().map_or("", |program| program.rsplit('/').next().unwrap_or(program));
    let from = &From { reads: READERS.contains(&program), ..*from };
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
        // `./*` in a command of the image means the image's directory. `*` alone is told by what the run lists.
        let names_files = text.contains('/') || directories == Directories::Words && text.contains('.');
        if host && names_files && !text.starts_with('/') {
            let dir = Path::new(text).parent().filter(|dir| !globs::has(&dir.to_string_lossy()));
            work.picked_from.extend(dir.map(|dir| normalize(&base.join(dir))));
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
            let what = match what {
                OutsideKind::Command if from.reads => OutsideKind::Read,
                what => what,
            };
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
        work.mention(&text, &place);
        around::look(work, &text, "script", &place);
        let from = From { attribute: "script", side: Side::Host, ansible: false, reads: false };
        for command in words::commands(&text) {
            let directories = Directories::of(&command, &from);
            let names = if asks(&command) { Names::Bare } else { Names::Paths };
            for candidate in command.iter().flat_map(|word| words::candidates(word)) {
                in_script(work, &candidate, (directories, names), &bases, &place);
            }
        }
        for line in text.lines().filter(|line| EXISTS.iter().any(|call| line.contains(call))) {
            for name in words::commands(line).concat() {
                in_script(work, &name, (Directories::Never, Names::Bare), &bases, &place);
            }
        }
    }
}

/// Which words of a script may name a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// Those that are written like a path, or have an ending.
    Paths,
    /// All.
    Bare,
}

/// Whether a command asks for what only the name of a file tells: that it is there, how large it is.
fn asks(command: &Command) -> bool {
    command.iter().any(|word| ASK.contains(&word.as_str()))
}

/// Whether a command asks for a file whose name is computed as a whole: no access time tells which one that was.
fn asks_for_anything(command: &Command) -> bool {
    let Some(at) = command.iter().position(|word| ASK.contains(&word.as_str())) else { return false };
    let rest = &command[at + 1..];
    let is_test = matches!(command[at].as_str(), "[" | "[[" | "test");
    let is_about_files = rest.iter().any(|word| FILE_TESTS.contains(&word.as_str()));
    let is_computed = |word: &String| word.chars().all(|c| c == words::VARIABLE) && !word.is_empty();
    match is_test {
        true => is_about_files && rest.iter().any(is_computed),
        false => matches!(command[at].as_str(), "stat" | "du") && rest.iter().any(is_computed),
    }
}

/// A word of a script: what is written like a path, or stands behind a command that reads directories.
fn in_script(
    work: &mut Work<'_>,
    candidate: &str,
    (directories, names): (Directories, Names),
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
            Found::File(path) if (names == Names::Bare || text.contains(['/', '.'])) && !is_own(path) => {
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
