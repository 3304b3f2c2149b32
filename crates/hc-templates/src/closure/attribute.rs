//! What becomes of a text at a position: an input, a problem, or nothing.

use std::path::{Path, PathBuf};

use hc_config::Location;
use hc_records::InputKind;

use super::commands;
use super::disk::{Found, is_own};
use super::globs;
use super::places::{HOLE, ROOT, Spot, shown};
use super::positions::{Block, Need, Role, Side, role};
use super::problems::{Missing, MissingKind, Outside, OutsideKind, UnknownKind};
use super::texts::{Lack, Sink, Text};
use super::words;
use super::work::Work;

/// Takes the texts of one attribute.
pub(super) struct Attribute<'w, 'a> {
    pub(super) work: &'w mut Work<'a>,
    pub(super) block: Block,
    /// Type of the source, provisioner or post-processor.
    pub(super) plugin: &'w str,
    pub(super) name: &'w str,
    pub(super) role: Role,
    /// Whether the expression names the template's directory: then a path is meant, whatever the attribute.
    pub(super) rooted: bool,
    /// Directories that earlier commands of the attribute went to.
    reached: Vec<PathBuf>,
    /// The last place at which something unknown was told.
    told: Option<Location>,
}

impl Sink for Attribute<'_, '_> {
    fn text(&mut self, text: &Text<'_>) {
        let role = match (self.role, text.key) {
            (Role::Override, Some(key)) => role(self.block, self.plugin, key),
            (role, _) => role,
        };
        let filled;
        let text = match text.text.contains("{{") {
            true => {
                filled = self.filled(text.text);
                &Text { text: &filled, ..*text }
            }
            false => text,
        };
        match role {
            Role::Never | Role::Override => {}
            Role::Path(need, kind) => self.path(text, need, kind),
            Role::Medium => self.medium(text),
            Role::Checksum => {
                if let Some(place) = text.text.strip_prefix("file:") {
                    self.medium(&Text { text: place.strip_prefix("//").unwrap_or(place), ..*text });
                }
            }
            Role::Credential => self.credential(text),
            Role::Command(side) => self.command(text, side),
            Role::Assignments(side) => {
                let value = text.text.split_once('=').map_or(text.text, |(_, value)| value);
                self.command(&Text { text: value, ..*text }, side);
                self.anything(&Text { text: value, ..*text });
            }
            Role::Content | Role::Other => self.anything(text),
        }
    }

    fn lack(&mut self, lack: Lack, location: &dyn Fn() -> Location) {
        if self.told.as_ref() == Some(&location()) {
            return;
        }
        let told = match (self.role, &lack) {
            (Role::Never | Role::Credential | Role::Override, _) => false,
            (Role::Path(..), _) => true,
            // What it downloads is pinned by its checksum.
            (Role::Medium | Role::Checksum, _) => false,
            (_, Lack::Fails(_)) => true,
            (_, Lack::RunTime(_)) => false,
        };
        if told {
            let (what, reason) = match lack {
                Lack::RunTime(reason) => (UnknownKind::RunTime, reason),
                Lack::Fails(why) => (UnknownKind::Fails(why), None),
            };
            self.work.unknown_because(self.name, what, reason, location());
        }
    }
}

impl<'w, 'a> Attribute<'w, 'a> {
    /// The attribute `name` of a plugin in a block.
    pub(super) fn new(
        work: &'w mut Work<'a>,
        (block, plugin): (Block, &'w str),
        name: &'w str,
        role: Role,
    ) -> Self {
        Self { work, block, plugin, name, role, rooted: false, reached: Vec::new(), told: None }
    }

    /// Packer's older templates (`{{ … }}`): what is known of them, with holes for the rest.
    fn filled(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("{{") {
            out.push_str(before);
            let Some((inside, after)) = behind.split_once("}}") else {
                out.push(HOLE);
                return out;
            };
            match inside.trim() {
                "template_dir" => out.push_str(&self.work.bases.root_value()),
                "pwd" => out.push_str(&self.work.bases.cwd_value()),
                _ => out.push(HOLE),
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }

    fn spot(&self, base: &Path, text: &str) -> Option<Spot> {
        self.work.bases.spot(self.work.disk, base, text)
    }

    /// A path that a plugin opens, relative to the working directory.
    fn path(&mut self, text: &Text<'_>, need: Need, kind: InputKind) {
        let workdir = self.work.bases.workdir.clone();
        if text.text.contains(HOLE) {
            self.below(text, true);
            return;
        }
        if globs::has(text.text) && self.wildcards(&workdir, text, kind) {
            return;
        }
        let Some(spot) = self.spot(&workdir, text.text) else { return };
        if let Some(path) = self.take(&spot, kind, text) {
            self.lead(&path, kind);
            return;
        }
        match spot.found {
            Found::Outside(link) => {
                let what = link.map_or(OutsideKind::Asset, OutsideKind::Link);
                if need == Need::Must || matches!(what, OutsideKind::Link(_)) {
                    self.outside(text, what);
                }
            }
            Found::Missing(path) => {
                let elsewhere = self.elsewhere(text, kind);
                let likely = self.rooted && (self.name.ends_with("_file") || self.name.ends_with("_files"));
                if text.sure && (need == Need::Must || likely || elsewhere.is_some()) {
                    let path = hc_core::fs::normalize(&path);
                    if is_own(&path) {
                        return;
                    }
                    let what = if need == Need::Must { MissingKind::Path } else { MissingKind::Likely };
                    let near = elsewhere.or_else(|| self.work.disk.nearest(&path));
                    let location = (text.location)();
                    self.work.problems.missing.push(Missing { path, location, what, near });
                }
            }
            _ => {}
        }
    }

    /// Adds what a path leads to. What lies where hybrid writes is told instead.
    fn take(&mut self, spot: &Spot, kind: InputKind, text: &Text<'_>) -> Option<PathBuf> {
        let path = match &spot.found {
            Found::File(path) | Found::Dir(path) => path.clone(),
            _ => return None,
        };
        if is_own(&path) {
            self.work.unknown(self.name, UnknownKind::Own(path.clone()), (text.location)());
            return Some(path);
        }
        if spot.absolute {
            self.outside(text, OutsideKind::Absolute(path.clone()));
        }
        self.work.add(spot, kind, text.location)
    }

    /// What else is to be looked into because of an input.
    fn lead(&mut self, path: &Path, kind: InputKind) {
        match kind {
            InputKind::Ansible => self.work.playbooks.push(path.to_owned()),
            InputKind::Puppet if self.name == "hiera_config_path" => self.work.hieras.push(path.to_owned()),
            InputKind::Script if self.plugin == "shell-local" => self.work.scripts.push(path.to_owned()),
            _ => {}
        }
    }

    /// The same text from the template's directory or the project's root, where the working directory has nothing.
    fn elsewhere(&mut self, text: &Text<'_>, kind: InputKind) -> Option<PathBuf> {
        for base in [self.work.bases.template.clone(), PathBuf::new()] {
            let spot = self.spot(&base, text.text);
            if let Some(path) = spot.and_then(|spot| self.take(&spot, kind, text)) {
                return Some(path);
            }
        }
        None
    }

    fn wildcards(&mut self, base: &Path, text: &Text<'_>, kind: InputKind) -> bool {
        let (base, pattern) = match Path::new(text.text).strip_prefix(ROOT) {
            Ok(rest) => (Path::new(""), rest.to_string_lossy().into_owned()),
            Err(_) => (base, text.text.to_owned()),
        };
        let found = globs::every(self.work.disk, base, &pattern);
        for (_, spot) in &found {
            self.take(spot, kind, text);
        }
        !found.is_empty()
    }

    /// A path of which only a part is known: the directory that it certainly lies in.
    fn below(&mut self, text: &Text<'_>, is_path: bool) {
        let Some(parts) = words::parts(text.text).filter(|_| !text.unset) else { return };
        let dir = parts.before.and_then(|dir| self.spot(&self.work.bases.workdir, dir));
        let location = (text.location)();
        let reason = text.why.map(str::to_owned);
        match dir.map(|spot| spot.found) {
            Some(Found::Dir(dir)) if !is_own(&dir) => {
                self.work.unknown_because(self.name, UnknownKind::Below(dir), reason, location.clone());
            }
            Some(Found::Outside(_)) => {}
            _ if is_path => {
                self.work.unknown_because(self.name, UnknownKind::RunTime, reason, location.clone());
            }
            _ => return,
        }
        self.told = Some(location);
    }

    fn medium(&mut self, text: &Text<'_>) {
        let Some(spot) = self.spot(&self.work.bases.workdir.clone(), text.text) else { return };
        match &spot.found {
            Found::File(_) => drop(self.take(&spot, InputKind::Asset, text)),
            // A disk in a directory of its own.
            Found::Dir(path) if text.text.contains('/') && !path.as_os_str().is_empty() => {
                self.take(&spot, InputKind::Asset, text);
            }
            Found::Outside(_) => self.outside(text, OutsideKind::Medium),
            Found::Missing(_) => drop(self.elsewhere(text, InputKind::Asset)),
            Found::Dir(_) => {}
        }
    }

    fn credential(&mut self, text: &Text<'_>) {
        let Some(spot) = self.spot(&self.work.bases.workdir.clone(), text.text) else { return };
        match &spot.found {
            Found::File(path) if !is_own(path) => drop(self.work.add(&spot, InputKind::Asset, text.location)),
            Found::Outside(_) => self.outside(text, OutsideKind::Credential),
            _ => {}
        }
    }

    fn outside(&mut self, text: &Text<'_>, what: OutsideKind) {
        let path = PathBuf::from(shown(text.text));
        self.work.problems.outside.push(Outside { path, location: (text.location)(), what });
    }

    fn command(&mut self, text: &Text<'_>, side: Side) {
        let from = commands::From {
            attribute: self.name,
            side,
            ansible: self.plugin.starts_with("ansible"),
            reads: false,
        };
        commands::look(self.work, text.text, &from, &mut self.reached, text.location);
    }

    /// A text at a position of which nothing is known: an existing file is an input, and so is a directory that is
    /// written like a path.
    fn anything(&mut self, text: &Text<'_>) {
        if text.text.contains(HOLE) {
            if self.role == Role::Other && text.text.contains(ROOT) {
                self.below(text, false);
            }
            return;
        }
        for base in [self.work.bases.workdir.clone(), self.work.bases.template.clone(), PathBuf::new()] {
            let Some(spot) = self.spot(&base, text.text) else { return };
            let path = match &spot.found {
                Found::File(path) => path,
                Found::Dir(path) if text.text.trim_end_matches('/').contains('/') => path,
                _ => continue,
            };
            // A directory that holds the template names a place to start from, not what is used of it.
            if is_own(path)
                || self.work.bases.template.starts_with(path) && spot.found == Found::Dir(path.clone())
            {
                continue;
            }
            if spot.absolute {
                self.outside(text, OutsideKind::Absolute(path.clone()));
            }
            self.work.add(&spot, InputKind::Asset, text.location);
        }
    }
}
