//! Names for builders that had none: operating system from the path or the values, platform from the source type,
//! variant from what is left of the path; kebab-case and unique.

use std::collections::{BTreeMap, BTreeSet};

use hc_config::Value;
use hc_config::settings::AdoptedBuilder;
use hc_core::BuilderId;
use hc_core::id::MAX_PART;

use super::found::Found;
use super::template::Draft;
use crate::naming;

/// Words that name an operating system, and what it is called in ids.
const SYSTEMS: &[(&str, &[&str])] = &[
    (
        "linux",
        &[
            "linux",
            "debian",
            "ubuntu",
            "rhel",
            "redhat",
            "centos",
            "rocky",
            "rockylinux",
            "alma",
            "almalinux",
            "oracle",
            "oraclelinux",
            "ol",
            "fedora",
            "suse",
            "sles",
            "opensuse",
            "photon",
            "amazonlinux",
            "amzn",
            "al",
            "arch",
            "archlinux",
            "alpine",
            "kali",
            "gentoo",
            "nixos",
            "flatcar",
            "coreos",
            "talos",
            "scientificlinux",
            "mint",
            "raspbian",
            "springdale",
            "eurolinux",
            "openeuler",
            "azurelinux",
            "mariner",
        ],
    ),
    ("windows", &["windows", "win", "winserver", "winsrv", "windowsserver"]),
    ("macos", &["macos", "osx", "darwin"]),
    ("freebsd", &["freebsd"]),
    ("openbsd", &["openbsd"]),
    ("netbsd", &["netbsd"]),
    ("solaris", &["solaris", "omnios", "openindiana", "smartos"]),
    ("esxi", &["esxi"]),
];
/// Variables that name the operating system.
const VARIABLES: [&str; 9] = [
    "os_family",
    "vm_guest_os_family",
    "os_name",
    "vm_guest_os_name",
    "os_type",
    "os",
    "distro",
    "guest_os_type",
    "vm_guest_os_type",
];
/// Directories whose names say nothing about an image.
const EMPTY_WORDS: [&str; 22] = [
    "builds",
    "build",
    "builders",
    "packer",
    "packer-templates",
    "templates",
    "template",
    "images",
    "image",
    "src",
    "hcl",
    "os",
    "os-pkrvars",
    "pkrvars",
    "vars",
    "variables",
    "var-files",
    "config",
    "configs",
    "definitions",
    "boxes",
    "machine-images",
];
/// Operating system of a builder of which nothing is known.
const OTHER: &str = "other";
/// Variant of a builder whose path and source say nothing.
const NAMELESS: &str = "base";

/// Gives every draft an id that no other has.
pub(super) fn name(drafts: Vec<Draft<'_>>, types: &mut BTreeMap<String, Vec<String>>) -> Vec<Found> {
    let parts: Vec<[String; 3]> = drafts.iter().map(|draft| draft.parts()).collect();
    let mut rivals: BTreeMap<&[String; 3], Vec<&Draft<'_>>> = BTreeMap::new();
    for (draft, part) in drafts.iter().zip(&parts) {
        rivals.entry(part).or_default().push(draft);
    }
    let mut used = BTreeSet::new();
    let mut found = Vec::new();
    for (draft, part) in drafts.iter().zip(&parts) {
        let [os, platform, variant] = part;
        let kind = draft.source.split('.').next().unwrap_or_default();
        if let (platform, true) = platform_of(kind) {
            let types = types.entry(platform).or_default();
            if !types.iter().any(|known| known == kind) {
                types.push(kind.to_owned());
            }
        }
        let mut candidates = vec![variant.clone()];
        if rivals[part].len() > 1 {
            // `desktop-11` and `windows-desktop-ent` make `desktop-11-ent`.
            let said: Vec<&str> = variant.split('-').chain([os.as_str(), platform.as_str()]).collect();
            let told_apart = |label: &str| {
                let label = kebab(label);
                let new: Vec<&str> = label.split('-').filter(|word| !said.contains(word)).collect();
                match variant.as_str() {
                    NAMELESS if !new.is_empty() => shortened(&new.join("-")),
                    _ => joined(variant, &new.join("-")),
                }
            };
            let rivals = &rivals[part];
            let sources: BTreeSet<&str> = rivals.iter().map(|rival| rival.source_name()).collect();
            let builds: BTreeSet<&str> = rivals.iter().map(|rival| rival.build_name()).collect();
            candidates.clear();
            if sources.len() == rivals.len() {
                candidates.push(told_apart(draft.source_name()));
            } else if builds.len() == rivals.len() {
                candidates.push(told_apart(draft.build_name()));
            }
            candidates.push(told_apart(&format!("{}-{}", draft.build_name(), draft.source_name())));
            candidates.push(joined(variant, &kebab(kind)));
        }
        candidates.extend((2..1000).map(|count| joined(variant, &count.to_string())));
        let id = candidates
            .iter()
            .filter_map(|variant| BuilderId::new(os, platform, variant).ok())
            .find(|id| used.insert(id.clone()));
        let Some(id) = id else { continue };
        found.push(Found {
            id,
            mapping: AdoptedBuilder {
                path: draft.path.to_owned(),
                var_files: draft.var_files.clone(),
                only: draft.only.clone(),
                except: draft.except.clone(),
                vars: draft.vars.clone(),
                workdir: draft.workdir.clone(),
            },
            source: draft.source.clone(),
            missing: draft.missing.clone(),
            examples: draft.examples.clone(),
        });
    }
    found
}

impl Draft<'_> {
    fn source_name(&self) -> &str {
        self.source.split_once('.').map_or("", |(_, name)| name)
    }

    fn build_name(&self) -> &str {
        self.build.as_deref().unwrap_or_default()
    }

    fn parts(&self) -> [String; 3] {
        let kind = self.source.split('.').next().unwrap_or_default();
        let (platform, _) = platform_of(kind);
        let mut words: Vec<String> =
            self.path.iter().map(|part| kebab(without_ending(&part.to_string_lossy()))).collect();
        let called = self.called.as_deref().map(kebab);
        let called = called.map(|called| match called.split_once('-') {
            Some(("build" | "validate", rest)) => rest.to_owned(),
            _ => called,
        });
        if let Some(called) = called.filter(|called| says_something(called)) {
            words = vec![called];
        }
        if let Some(image) = self.image {
            let shared = self.path.iter().zip(image.dir().iter()).take_while(|(a, b)| a == b).count();
            let own = image.dir().iter().skip(shared);
            words.extend(own.map(|part| kebab(&part.to_string_lossy())));
            words.push(kebab(image.stem()));
        }
        let os = self.system(&words).unwrap_or(OTHER);
        let mut variant: Vec<String> = Vec::new();
        for word in words {
            let word = [os, platform.as_str(), kind]
                .iter()
                .filter_map(|prefix| word.strip_prefix(*prefix)?.strip_prefix('-'))
                .find(|rest| !rest.is_empty())
                .map_or(word.clone(), str::to_owned);
            let empty = EMPTY_WORDS.contains(&word.as_str())
                || [os, platform.as_str(), kind].contains(&word.as_str())
                || word.is_empty();
            if empty {
                continue;
            }
            // `debian/debian-12` says debian once.
            if variant.last().is_some_and(|last| word == *last || word.starts_with(&format!("{last}-"))) {
                variant.pop();
            }
            variant.push(word);
        }
        let mut variant = shortened(&variant.join("-"));
        if variant.is_empty() {
            let source_name = kebab(self.source_name());
            let source_name =
                source_name.strip_prefix(os).and_then(|rest| rest.strip_prefix('-')).unwrap_or(&source_name);
            let empty = ["", "vm", "main", "this", "image", "build", "default"].contains(&source_name);
            variant = if empty { NAMELESS.into() } else { shortened(source_name) };
        }
        [os.to_owned(), platform, variant]
    }

    /// The path says it best, then the values, then the source's name, then how the machine is reached.
    fn system(&self, words: &[String]) -> Option<&'static str> {
        let texts = VARIABLES.iter().filter_map(|name| self.values.get(*name).and_then(Value::as_str));
        words
            .iter()
            .find_map(|word| system_in(word))
            .or_else(|| texts.into_iter().find_map(system_in))
            .or_else(|| system_in(&self.source))
            .or(match self.communicator.as_deref() {
                Some("winrm") => Some("windows"),
                Some("ssh") => Some("linux"),
                _ => None,
            })
    }
}

/// The name of a template without what says that it is one.
fn without_ending(name: &str) -> &str {
    let name = name.strip_suffix(".hcl").or(name.strip_suffix(".json")).unwrap_or(name);
    name.strip_suffix(".pkr").unwrap_or(name)
}

/// Whether the name of a run tells images apart.
fn says_something(name: &str) -> bool {
    const VERBS: [&str; 10] =
        ["", "all", "build", "ci", "default", "image", "packer", "release", "test", "validate"];
    !(VERBS.contains(&name) || EMPTY_WORDS.contains(&name))
}

/// The platform of a source type, and whether `[naming]` has to allow the type for it.
fn platform_of(kind: &str) -> (String, bool) {
    if let Some(platform) = naming::platform_of(kind) {
        return (platform.to_owned(), false);
    }
    let stem = kind.strip_suffix("-iso").unwrap_or(kind);
    (kebab(stem), stem == kind)
}

/// The operating system that a text names: `rhel9`, `windows-11`, `Debian12_64`.
fn system_in(text: &str) -> Option<&'static str> {
    let text = text.to_ascii_lowercase();
    text.split(|c: char| !c.is_ascii_alphanumeric()).find_map(|word| {
        let letters: String = word.chars().take_while(char::is_ascii_alphabetic).collect();
        SYSTEMS.iter().find(|(_, names)| names.contains(&letters.as_str())).map(|(system, _)| *system)
    })
}

/// Lower case, with single hyphens for everything that is neither letter nor digit.
fn kebab(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_end_matches('-').to_owned()
}

/// At most as long as a part may be, cut between words.
fn shortened(text: &str) -> String {
    if text.len() <= MAX_PART {
        return text.to_owned();
    }
    let cut = &text[..MAX_PART];
    cut.rsplit_once('-').map_or(cut, |(head, _)| head).to_owned()
}

fn joined(variant: &str, addition: &str) -> String {
    if addition.is_empty() || variant == addition {
        return variant.to_owned();
    }
    let room = MAX_PART.saturating_sub(addition.len() + 1);
    let head = variant.get(..room.min(variant.len())).unwrap_or(variant).trim_end_matches('-');
    format!("{head}-{addition}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operating_systems_are_read_from_words() {
        for (text, system) in [
            ("linux", Some("linux")),
            ("rhel9", Some("linux")),
            ("ubuntu-24-04-lts", Some("linux")),
            ("windows11-64", Some("windows")),
            ("win2022", Some("windows")),
            ("Debian12_64", Some("linux")),
            ("macos-26-aarch64", Some("macos")),
            ("builds", None),
            ("original", None),
        ] {
            assert_eq!(system_in(text), system, "{text}");
        }
    }

    #[test]
    fn names_become_kebab_case_and_fit() {
        assert_eq!(kebab("Ubuntu_24.04--LTS."), "ubuntu-24-04-lts");
        assert_eq!(kebab("…"), "");
        let long = "word-".repeat(20);
        assert!(hc_core::id::is_kebab(&shortened(&kebab(&long))));
        assert!(hc_core::id::is_kebab(&joined(&shortened(&kebab(&long)), "second-source")));
    }
}
