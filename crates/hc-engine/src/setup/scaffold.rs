//! What a new project consists of: a list of texts, chosen by operating system and platform.
//!
//! Pure: knows no disk. The texts are the files below `scaffold/`, readable and checkable by themselves; only
//! `@NAME@` and `@TYPE@` are replaced in them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use hc_records::layout::OVERLAYS;

use crate::error::{EngineError, Result};
use crate::setup::new_files::NewFile;

macro_rules! text {
    ($path:literal) => {
        include_str!(concat!("../../scaffold/", $path))
    };
}

/// Platforms that have a scaffold, in the order in which they are listed.
pub const PLATFORMS: [&str; 9] =
    ["file", "null", "rootfs", "qemu", "vsphere", "proxmox", "azure", "aws", "docker"];
/// Operating systems that have one.
pub const SYSTEMS: [&str; 2] = ["linux", "windows"];

/// A project that does not exist yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Scaffold {
    /// Files by path, relative to the project.
    pub files: BTreeMap<PathBuf, NewFile>,
    /// Ids of the builders in it.
    pub builders: Vec<String>,
    /// Combinations that were asked for and cannot be, with the reason.
    pub skipped: Vec<(String, &'static str)>,
    /// Environment variables that its overlays refer to.
    pub secrets: Vec<String>,
}

/// How a builder's machine is reached.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// There is no machine.
    Local,
    /// By an account whose password the overlay refers to.
    Password,
    /// By an account that the platform makes.
    Account,
}

struct Part {
    os: &'static str,
    platform: &'static str,
    source: &'static str,
    reach: Reach,
    base: &'static str,
    metadata: &'static str,
    vars: Option<&'static str>,
    scripts: &'static [(&'static str, &'static str)],
}

const CLEAN: (&str, &str) =
    ("templates/scripts/linux/clean-machine.sh", text!("scripts/linux/clean-machine.sh"));
const DRY_RUN: (&str, &str) = ("templates/scripts/linux/dry-run.sh", text!("scripts/linux/dry-run.sh"));
const PRESEED: (&str, &str) = ("templates/files/linux/preseed.cfg", text!("files/linux/preseed.cfg"));
const WINDOWS_CLEAN: (&str, &str) =
    ("templates/scripts/windows/clean.ps1", text!("scripts/windows/clean.ps1"));

macro_rules! part {
    ($os:literal, $platform:literal, $source:literal, $reach:expr, $vars:expr, [$($script:expr),*]) => {
        Part {
            os: $os,
            platform: $platform,
            source: $source,
            reach: $reach,
            base: include_str!(concat!("../../scaffold/", $os, "/", $platform, "/base.pkr.hcl")),
            metadata: include_str!(concat!("../../scaffold/", $os, "/", $platform, "/builder.toml")),
            vars: $vars,
            scripts: &[$($script),*],
        }
    };
}

const PARTS: &[Part] = &[
    part!(
        "linux",
        "file",
        "file",
        Reach::Local,
        Some(text!("linux/file/vars.pkrvars.hcl")),
        [("templates/scripts/linux/check-motd.sh", text!("scripts/linux/check-motd.sh"))]
    ),
    part!("linux", "null", "null", Reach::Local, None, [DRY_RUN]),
    part!(
        "linux",
        "rootfs",
        "null",
        Reach::Local,
        Some(text!("linux/rootfs/vars.pkrvars.hcl")),
        [("templates/scripts/linux/rootfs.sh", text!("scripts/linux/rootfs.sh"))]
    ),
    part!(
        "linux",
        "qemu",
        "qemu",
        Reach::Password,
        Some(text!("linux/qemu/vars.pkrvars.hcl")),
        [CLEAN, PRESEED]
    ),
    part!(
        "linux",
        "vsphere",
        "vsphere-iso",
        Reach::Password,
        Some(text!("linux/vsphere/vars.pkrvars.hcl")),
        [CLEAN, PRESEED]
    ),
    part!(
        "linux",
        "proxmox",
        "proxmox-iso",
        Reach::Password,
        Some(text!("linux/proxmox/vars.pkrvars.hcl")),
        [CLEAN, PRESEED]
    ),
    part!(
        "linux",
        "azure",
        "azure-arm",
        Reach::Account,
        None,
        [
            CLEAN,
            ("templates/scripts/linux/deprovision-azure.sh", text!("scripts/linux/deprovision-azure.sh"))
        ]
    ),
    part!("linux", "aws", "amazon-ebs", Reach::Account, None, [CLEAN]),
    part!("linux", "docker", "docker", Reach::Local, Some(text!("linux/docker/vars.pkrvars.hcl")), []),
    part!("windows", "file", "file", Reach::Local, Some(text!("windows/file/vars.pkrvars.hcl")), []),
    part!("windows", "null", "null", Reach::Local, None, [DRY_RUN]),
    part!(
        "windows",
        "vsphere",
        "vsphere-iso",
        Reach::Password,
        Some(text!("windows/vsphere/vars.pkrvars.hcl")),
        [
            WINDOWS_CLEAN,
            ("templates/scripts/windows/open-winrm.ps1", text!("scripts/windows/open-winrm.ps1")),
            ("templates/files/windows/autounattend.xml", text!("files/windows/autounattend.xml"))
        ]
    ),
    part!(
        "windows",
        "azure",
        "azure-arm",
        Reach::Account,
        None,
        [
            WINDOWS_CLEAN,
            ("templates/scripts/windows/generalise-azure.ps1", text!("scripts/windows/generalise-azure.ps1"))
        ]
    ),
    part!(
        "windows",
        "aws",
        "amazon-ebs",
        Reach::Account,
        None,
        [
            WINDOWS_CLEAN,
            ("templates/scripts/windows/generalise-aws.ps1", text!("scripts/windows/generalise-aws.ps1")),
            ("templates/scripts/windows/open-winrm-cloud.ps1", text!("scripts/windows/open-winrm-cloud.ps1"))
        ]
    ),
];

/// Why a combination has no scaffold.
const IMPOSSIBLE: &[(&str, &str, &str)] = &[
    ("windows", "rootfs", "the root file system is a Debian one, made by mmdebstrap"),
    ("windows", "docker", "Windows containers need a Windows host; begin from linux.docker there"),
    (
        "windows",
        "qemu",
        "Windows setup needs VirtIO drivers whose ISO has no stable address; begin from windows.vsphere",
    ),
    (
        "windows",
        "proxmox",
        "Windows setup needs VirtIO drivers whose ISO has no stable address; begin from windows.vsphere",
    ),
];

/// Layer 2 and overlay of a platform, where it has them.
const PLATFORM_TEXTS: &[(&str, Option<&str>, Option<&str>)] = &[
    ("file", Some(text!("platforms/file.pkr.hcl")), None),
    ("null", None, None),
    ("rootfs", Some(text!("platforms/rootfs.pkr.hcl")), None),
    ("qemu", Some(text!("platforms/qemu.pkr.hcl")), Some(text!("overlays/qemu.pkrvars.hcl"))),
    ("vsphere", Some(text!("platforms/vsphere.pkr.hcl")), Some(text!("overlays/vsphere.pkrvars.hcl"))),
    ("proxmox", Some(text!("platforms/proxmox.pkr.hcl")), Some(text!("overlays/proxmox.pkrvars.hcl"))),
    ("azure", Some(text!("platforms/azure.pkr.hcl")), Some(text!("overlays/azure.pkrvars.hcl"))),
    ("aws", Some(text!("platforms/aws.pkr.hcl")), Some(text!("overlays/aws.pkrvars.hcl"))),
    ("docker", Some(text!("platforms/docker.pkr.hcl")), None),
];

/// Files that every project has.
const PROJECT: &[(&str, &str)] = &[
    (".gitignore", text!("project/gitignore")),
    (".github/workflows/images.yml", text!("project/ci.yml")),
    ("README.md", text!("project/README.md")),
    ("artifacts/README.md", text!("project/artifacts-readme.md")),
    ("configs/overlays/dev.pkrvars.hcl", text!("overlays/dev.pkrvars.hcl")),
    ("configs/overlays/prod.pkrvars.hcl", text!("overlays/prod.pkrvars.hcl")),
    ("state/README.md", text!("project/state-readme.md")),
    ("templates/ansible/.ansible-lint", text!("ansible/ansible-lint.yml")),
    ("templates/ansible/ansible.cfg", text!("ansible/ansible.cfg")),
    ("templates/common.pkr.hcl", text!("project/common.pkr.hcl")),
];

/// Ansible of an operating system.
const LINUX_ANSIBLE: &[(&str, &str)] = &[
    ("templates/ansible/playbooks/linux.yml", text!("ansible/linux.yml")),
    ("templates/ansible/roles/motd/defaults/main.yml", text!("ansible/motd-defaults.yml")),
    ("templates/ansible/roles/motd/tasks/main.yml", text!("ansible/motd-tasks.yml")),
    ("templates/ansible/roles/motd/templates/motd.j2", text!("ansible/motd.j2")),
];
const WINDOWS_ANSIBLE: &[(&str, &str)] = &[
    ("templates/ansible/playbooks/windows.yml", text!("ansible/windows.yml")),
    ("templates/ansible/requirements.yml", text!("ansible/requirements.yml")),
    ("templates/ansible/roles/notice/defaults/main.yml", text!("ansible/notice-defaults.yml")),
    ("templates/ansible/roles/notice/tasks/main.yml", text!("ansible/notice-tasks.yml")),
];

/// Plans the project of `platforms` × `systems`. `name` is for people.
///
/// # Errors
/// [`EngineError::UnknownScaffold`] for a word that is neither; [`EngineError::UnsupportedCombination`] when no builder
/// is left.
pub(super) fn plan(name: &str, platforms: &[String], systems: &[String]) -> Result<Scaffold> {
    let platforms = known("platform", platforms, &PLATFORMS)?;
    let systems = known("operating system", systems, &SYSTEMS)?;
    let mut scaffold = Scaffold::default();
    let mut overlays: BTreeMap<&str, String> = BTreeMap::new();
    for platform in &platforms {
        for os in &systems {
            match PARTS.iter().find(|part| part.os == *os && part.platform == *platform) {
                Some(part) => scaffold.builder(part, &mut overlays),
                None => scaffold.skipped.push((format!("{os}.{platform}"), why_not(os, platform))),
            }
        }
    }
    if scaffold.builders.is_empty() {
        let reasons = scaffold.skipped.iter().map(|(what, reason)| format!("{what}: {reason}")).collect();
        return Err(EngineError::UnsupportedCombination { reasons });
    }
    scaffold.project(name, &systems, platforms.contains(&"rootfs"));
    for (platform, text) in overlays {
        for env in ["dev", "prod"] {
            scaffold.add(&format!("{OVERLAYS}/{env}/{platform}.pkrvars.hcl"), &text);
        }
    }
    scaffold.secrets = secrets(&scaffold.files);
    scaffold.builders.sort();
    Ok(scaffold)
}

fn why_not(os: &str, platform: &str) -> &'static str {
    let reason = IMPOSSIBLE.iter().find(|(o, p, _)| *o == os && *p == platform);
    reason.map_or("no scaffold is known", |(_, _, reason)| reason)
}

impl Scaffold {
    fn add(&mut self, path: &str, text: &str) {
        let file = NewFile { text: text.to_owned(), executable: path.ends_with(".sh") };
        self.files.insert(PathBuf::from(path), file);
    }

    fn builder(&mut self, part: &'static Part, overlays: &mut BTreeMap<&'static str, String>) {
        let Part { os, platform, .. } = part;
        let dir = format!("templates/{os}/{platform}/base");
        self.add(&format!("{dir}/base.pkr.hcl"), part.base);
        self.add(&format!("{dir}/builder.toml"), part.metadata);
        if part.reach != Reach::Local {
            let build =
                if *os == "windows" { text!("windows/build.pkr.hcl") } else { text!("linux/build.pkr.hcl") };
            self.add(&format!("{dir}/build.pkr.hcl"), &build.replace("@TYPE@", part.source));
        }
        if let Some(vars) = part.vars {
            self.add(&format!("templates/vars/{os}/{platform}.pkrvars.hcl"), vars);
        }
        for (path, text) in part.scripts {
            self.add(path, text);
        }
        let texts = PLATFORM_TEXTS.iter().find(|(name, _, _)| name == platform);
        if let Some((_, layer, overlay)) = texts {
            if let Some(layer) = layer {
                self.add(&format!("templates/platforms/{platform}.pkr.hcl"), layer);
            }
            let mut whole =
                overlays.remove(platform).unwrap_or_else(|| overlay.unwrap_or_default().to_owned());
            if part.reach == Reach::Password {
                whole.push('\n');
                whole.push_str(if *os == "windows" {
                    text!("overlays/windows-login.pkrvars.hcl")
                } else {
                    text!("overlays/linux-login.pkrvars.hcl")
                });
            }
            if !whole.is_empty() {
                overlays.insert(platform, whole);
            }
        }
        self.builders.push(format!("{os}.{platform}.base"));
    }

    fn project(&mut self, name: &str, systems: &[&str], rootfs: bool) {
        for (path, text) in PROJECT {
            self.add(path, &text.replace("@NAME@", name));
        }
        for (os, files, common) in [
            ("linux", LINUX_ANSIBLE, text!("linux/common.pkrvars.hcl")),
            ("windows", WINDOWS_ANSIBLE, text!("windows/common.pkrvars.hcl")),
        ] {
            if systems.contains(&os) {
                self.add(&format!("templates/vars/{os}/common.pkrvars.hcl"), common);
                for (path, text) in files {
                    self.add(path, text);
                }
            }
        }
        // A JSON string is a TOML string.
        let quoted = serde_json::Value::from(name).to_string();
        let mut settings = text!("project/hybrid.toml").replace("\"@NAME@\"", &quoted);
        if rootfs {
            settings.push_str(text!("project/naming.toml"));
        }
        self.add(hc_config::settings::FILE_NAME, &settings);
    }
}

/// The words that are known, each once.
fn known(noun: &'static str, given: &[String], all: &[&'static str]) -> Result<Vec<&'static str>> {
    let mut found = Vec::new();
    for word in given.iter().map(|word| word.trim()).filter(|word| !word.is_empty()) {
        let Some(name) = all.iter().find(|name| **name == word) else {
            return Err(EngineError::UnknownScaffold { noun, word: word.to_owned(), known: all.to_vec() });
        };
        if !found.contains(name) {
            found.push(*name);
        }
    }
    Ok(found)
}

/// Names in `env("NAME")` of overlays.
fn secrets(files: &BTreeMap<PathBuf, NewFile>) -> Vec<String> {
    let mut names: Vec<String> = files
        .iter()
        .filter(|(path, _)| path.starts_with(OVERLAYS))
        .flat_map(|(_, file)| file.text.split("env(\"").skip(1))
        .filter_map(|rest| rest.split('"').next())
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn every_combination_is_a_builder_or_has_a_reason() {
        let all = plan("images", &words(&PLATFORMS), &words(&SYSTEMS)).unwrap();
        assert_eq!(all.builders.len() + all.skipped.len(), PLATFORMS.len() * SYSTEMS.len());
        assert!(all.skipped.iter().all(|(_, reason)| *reason != "no scaffold is known"), "{:?}", all.skipped);
        assert!(!all.files.values().any(|file| file.text.contains("@TYPE@") || file.text.contains("@NAME@")));
        assert!(all.files.values().all(|file| file.text.ends_with('\n')));
    }

    #[test]
    fn only_what_was_asked_for_is_there() {
        let motd = plan("images", &words(&["file"]), &words(&["linux"])).unwrap();
        assert_eq!(motd.builders, ["linux.file.base"]);
        assert!(motd.secrets.is_empty());
        assert!(!motd.files.keys().any(|path| path.to_string_lossy().contains("windows")));
        let vsphere = plan("images", &words(&["vsphere"]), &words(&["windows"])).unwrap();
        assert_eq!(vsphere.secrets, ["IMAGE_WINRM_PASSWORD", "VSPHERE_PASSWORD"]);
    }

    #[test]
    fn a_typo_and_an_impossible_choice_are_named() {
        let error = plan("images", &words(&["vspere"]), &words(&["linux"])).unwrap_err();
        assert_eq!(
            (error.code(), error.to_string().as_str()),
            ("UnknownPlatform", "no scaffold for the platform `vspere`")
        );
        let error = plan("images", &words(&["docker"]), &words(&["windows"])).unwrap_err();
        assert_eq!(error.code(), "UnsupportedCombination");
    }

    #[test]
    fn a_name_with_quotes_stays_a_name() {
        let odd = plan("a \"b\" \\ c", &words(&["file"]), &words(&["linux"])).unwrap();
        let settings = &odd.files[&PathBuf::from("hybrid.toml")].text;
        let settings = hc_config::settings::parse(std::path::Path::new("hybrid.toml"), settings).unwrap();
        assert_eq!(settings.project.name, "a \"b\" \\ c");
    }
}
