//! Cure and causes of every error of the engine, in terms of this program's commands and flags.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use hc_config::suggest;
use hc_core::BuilderId;
use hc_core::id::IdError;
use hc_engine::EngineError;
use hc_engine::error::{AcceptedList, EvidenceError, InstallError, Needs, TrustError, UnknownEnv};
use hc_engine::outcome::gate::{InputChange, Refused, Verdict, never_validated};
use hc_engine::setup::{PLATFORMS, SYSTEMS};
use hc_records::InputKind;

use super::causes::beneath;
use super::{fs, install, logs, packer, provisioners, records, secrets, sources, state};

/// How many changes of one target a refusal spells out.
const SPELLED_OUT: usize = 20;

/// What lies beneath, outermost first.
pub(super) fn causes(error: &EngineError) -> Vec<String> {
    match error {
        EngineError::Refused { targets, .. } => {
            targets.iter().map(|refused| format!("{}: {}", refused.target, verdict(refused))).collect()
        }
        EngineError::Partly { error, .. } => causes(error),
        EngineError::ToolsMissing { missing, .. } => {
            missing.iter().map(|(builder, tool)| format!("{builder} needs `{tool}`")).collect()
        }
        EngineError::Install(InstallError::Apt { said, .. }) => said.clone(),
        EngineError::Trust(TrustError::NotTrusted { named, .. }) => named.clone(),
        EngineError::KeyNotMade { said } | EngineError::NotFormatted { said, .. } => vec![said.clone()],
        EngineError::SecretTooLarge { .. } => {
            vec!["it is larger than 64 KiB and could not be hidden in logs".into()]
        }
        EngineError::PackerHung { command, .. } => vec![format!("the command was `{}`", command.join(" "))],
        EngineError::NothingToTest { untested } => untested.clone(),
        EngineError::Evidence(
            EvidenceError::PublishRefused { problems } | EvidenceError::ParentRefused { problems, .. },
        ) => problems.clone(),
        EngineError::HookFailed { last, ran, .. } => {
            let ran = ran.iter().map(|build| format!("the hooks have already run for {build}"));
            last.iter().cloned().chain(ran).collect()
        }
        EngineError::UnsupportedCombination { reasons } => reasons.clone(),
        EngineError::WouldOverwrite { existing, .. } => existing.clone(),
        EngineError::NothingToAdopt { found, .. } => {
            let unmapped = found.iter().flatten();
            unmapped.map(|one| format!("{}: {}", one.path.display(), one.reason)).collect()
        }
        // The list's error is the message already.
        EngineError::Accepted(accepted) => beneath(&accepted.source),
        EngineError::Record(error) => records::causes(error),
        other => beneath(other),
    }
}

/// Why a target did not pass the gate.
fn verdict(refused: &Refused) -> String {
    match &refused.verdict {
        Verdict::NeverValidated => "was never validated".into(),
        Verdict::TrustLost => "the record of what was validated is gone or was edited".into(),
        Verdict::Drifted(changes) => drifted(changes, refused.inputs),
    }
}

fn drifted(changes: &[InputChange], inputs: usize) -> String {
    let mut text = format!("{} of {inputs} inputs differ", changes.len());
    // Writing to a string cannot fail.
    for change in changes.iter().take(SPELLED_OUT) {
        let _ = write!(text, "\n  {} {}", change.change.word(), change.input);
        for line in &change.lines {
            let _ = write!(text, "\n      {line}");
        }
    }
    if changes.len() > SPELLED_OUT {
        let _ = write!(text, "\n  and {} more", changes.len() - SPELLED_OUT);
    }
    text
}

/// The cure.
pub(super) fn hint(error: &EngineError) -> Option<String> {
    of_project(error).or_else(|| of_build(error)).or_else(|| of_upkeep(error)).or_else(|| of_crates(error))
}

/// Errors about the project and what was asked of it.
fn of_project(error: &EngineError) -> Option<String> {
    Some(match error {
        EngineError::NotAProject { .. } => {
            "go to a project, name one with `--project DIR`, or make one: `hybrid init`, and `hybrid init --adopt` where templates exist".into()
        }
        EngineError::Trust(TrustError::NotTrusted { .. }) => {
            "look at what it names: `hybrid trust --show`; then trust it: `hybrid trust`; for one run --trust, in CI HYBRID_TRUST=1".into()
        }
        EngineError::Trust(TrustError::Unusable { .. }) => {
            "mend or remove it; until then --trust and HYBRID_TRUST=1 trust a project for one run".into()
        }
        EngineError::UnknownEnvironment { name, why } => unknown_environment(name, why),
        EngineError::NothingSelected { term, known } => nothing_selected(term.as_deref(), known),
        EngineError::NotOneBuilder { .. } => "name one with --targets".into(),
        EngineError::BadSet { .. } => "write --set key=value".into(),
        EngineError::BadAnswers { .. } => "an answers file is one JSON object of variable values".into(),
        EngineError::CloudinitOutside { .. } => {
            "copy it below templates/cloudinit/: it is an input of the image".into()
        }
        EngineError::UnknownVariable { key, known } => {
            nearest(key, known.iter().map(String::as_str), || "`hybrid config show` lists all".into())
        }
        EngineError::UnknownScaffold { word, known, .. } => {
            nearest(word, known.iter().copied(), || format!("known: {}", known.join(", ")))
        }
        EngineError::UnsupportedCombination { .. } => {
            format!("platforms: {}; systems: {}", PLATFORMS.join(", "), SYSTEMS.join(", "))
        }
        EngineError::WouldOverwrite { .. } => {
            "choose an empty directory, or `hybrid init --adopt` for a repository that has templates".into()
        }
        EngineError::AnswersExist { path } => {
            format!("continue it with `--from {}`, or choose another file with --out", path.display())
        }
        EngineError::NothingToAdopt { found: None, .. } => {
            "name the directory of a repository that has Packer templates".into()
        }
        EngineError::NothingToAdopt { found: Some(found), .. } => {
            if found.iter().any(|one| one.reason.starts_with("legacy")) {
                "`packer hcl2_upgrade FILE` writes a legacy template as HCL, which can then be adopted".into()
            } else {
                "`hybrid init` scaffolds a new project".into()
            }
        }
        EngineError::WizardEnded => "answer every question, or pipe one line for each".into(),
        _ => return None,
    })
}

/// Errors on the way of a target: gate, tools, packer, tests, channels.
fn of_build(error: &EngineError) -> Option<String> {
    Some(match error {
        EngineError::Refused { targets, .. } => refused(targets),
        EngineError::Partly { error, .. } => return hint(error),
        EngineError::NotRecorded { .. } => {
            "its image and its log are where packer put them: `hybrid orphans` shows what is left, and the next \
             build of the target clears it away"
                .into()
        }
        EngineError::ToolsMissing { env, targets, .. } => {
            let targets: Vec<String> = targets.iter().map(ToString::to_string).collect();
            format!("`hybrid doctor --install --env {env} --targets {}`", targets.join(","))
        }
        EngineError::Install(error) => install::hint(error),
        EngineError::ToolMissing { needs, .. } => match needs {
            Needs::RunKey(_) => "install it: `hybrid doctor --install`".into(),
            Needs::SuiteTool { builder, env, .. } => {
                format!("`hybrid doctor --install --env {env} --targets {builder}`")
            }
            Needs::Suite { .. } => "install it, or correct `command` in builder.toml".into(),
            Needs::Hook => "install it, or correct `[publish] hooks` in hybrid.toml".into(),
        },
        EngineError::SecretTooLarge { .. } => {
            "give the image a file that is fetched during the build instead".into()
        }
        EngineError::SecretInArtifact { .. } => {
            "name it by something else and build again; `hybrid orphans --stop` clears this one away, and revoke the secret: the name was seen by the platform".into()
        }
        EngineError::PackerHung { .. } => {
            "run it by hand to see what it waits for, or raise `packer.timeout` in hybrid.toml".into()
        }
        EngineError::ParentUnpublished { builder, .. } => {
            format!("`hybrid build --with-parents --targets {builder}` builds, tests and publishes it first")
        }
        EngineError::Evidence(EvidenceError::ParentImageUnclear { region: None, .. }) => {
            "set `region` (Azure: `location`) in the source, or a variable of that name".into()
        }
        EngineError::Evidence(EvidenceError::ParentImageUnclear { region: Some(_), .. }) => {
            "have the parent copied to that region (`ami_regions`, `replication_regions`), with one source for each image, then build and publish it again".into()
        }
        EngineError::ParentNotPublishedYet { .. } => {
            "run `hybrid test` and `hybrid publish` on it, or build with --with-parents".into()
        }
        EngineError::Evidence(EvidenceError::ImageChanged { parent: true, .. }) => {
            "build and publish the parent again; `hybrid artifacts verify` looks at all images".into()
        }
        EngineError::Evidence(EvidenceError::ImageChanged { parent: false, .. }) => {
            "build again: `hybrid build --rebuild`; `hybrid artifacts verify` looks at all images".into()
        }
        EngineError::Evidence(EvidenceError::RecordChanged { .. }) => {
            "put the record back from a copy, or build again: `hybrid build --rebuild`".into()
        }
        EngineError::Evidence(EvidenceError::ParentRefused { .. }) => "build, test and publish the parent again".into(),
        EngineError::UnknownSuite { name, known } => {
            let tables = || "suites are `[suites.NAME]` tables of builder.toml".into();
            nearest(name, known.iter().map(String::as_str), tables)
        }
        EngineError::SuiteWithoutCommand { .. } => {
            "give it a program and arguments: command = [\"tests/smoke.sh\", \"{image}\"]".into()
        }
        EngineError::NothingToTest { .. } => {
            "build first: `hybrid build`; suites are `[suites.NAME]` tables of builder.toml".into()
        }
        EngineError::BadChannel { .. } => "channel names are kebab-case: stable, canary, eu-west".into(),
        EngineError::Evidence(EvidenceError::PublishRefused { .. }) => {
            "fix what is listed: build again, or run `hybrid test`; then publish again".into()
        }
        EngineError::HookFailed { .. } => {
            "its output is in logs/; publish again once it works: hooks that passed run again".into()
        }
        _ => return None,
    })
}

/// Errors about what a project keeps, and about packer and its plugins.
fn of_upkeep(error: &EngineError) -> Option<String> {
    Some(match error {
        EngineError::PackerTooOld { .. } => "use packer 1.11 or newer".into(),
        EngineError::BadVersion { .. } => "write all three numbers: 1.11.2".into(),
        EngineError::PluginMissing { .. } => "run `hybrid packer plugins install`".into(),
        EngineError::PluginArchiveDiffers { .. } => {
            "bring what is locked; to take the new one on purpose, remove its entry from plugins.lock, install it, and lock it (`hybrid packer plugins lock`)".into()
        }
        EngineError::PluginNotInstalled { .. } => {
            "without a network, use `--from` with the publisher's archives, or with a binary; a rate limit asks for PACKER_GITHUB_API_TOKEN".into()
        }
        EngineError::ArtifactNotFound { name, known } => {
            let list = || "`hybrid artifacts list` shows the builds there are".into();
            nearest(name, known.iter().map(|build| build.as_str()), list)
        }
        EngineError::OrphanNotFound { .. } => "`hybrid orphans` lists them".into(),
        EngineError::OrphanLives { pids, .. } => {
            let pids: Vec<String> = pids.iter().map(u32::to_string).collect();
            format!("end them: `hybrid orphans --stop`, or `kill -9 {}`", pids.join(" "))
        }
        EngineError::InputsNotKept { .. } => "they are kept from the first build on this machine on".into(),
        EngineError::BadReason => {
            "say what is wrong with the image: --reason \"CVE-2026-1234 in openssl\"".into()
        }
        EngineError::EvidenceKept { why, .. } => why.clone().unwrap_or_else(|| {
            "it is the newest build of its target, published, or what one of these was made from".into()
        }),
        EngineError::NoRunLogged => "runs that change something are logged".into(),
        EngineError::NoSuchFile { .. } => "raw logs are in logs/packer/".into(),
        EngineError::ScannerInvalid { missing: true, .. } => {
            "install it, or correct `command` in hybrid.toml".into()
        }
        EngineError::ScannerInvalid { missing: false, .. } => "correct `[scanners]` in hybrid.toml".into(),
        _ => return None,
    })
}

/// Errors that other crates raise.
fn of_crates(error: &EngineError) -> Option<String> {
    match error {
        EngineError::SecretUnavailable { source, .. } => Some(secrets::hint(source)),
        EngineError::Accepted(accepted) => Some(match accepted.list {
            AcceptedList::Allow => {
                "an entry of [[security.allow]] needs a rule, a glob over paths, and a reason".into()
            }
            AcceptedList::Baseline => {
                "`hybrid templates scan --write-baseline` writes it anew, with what is found now".into()
            }
        }),
        EngineError::Id(IdError::Run(_)) => {
            Some("copy it whole from `hybrid status` or `hybrid artifacts list`".into())
        }
        EngineError::Id(_) => Some("see `hybrid templates list` for the names".into()),
        EngineError::File(error) => Some(fs::hint(error).into()),
        EngineError::Record(error) => records::hint(error),
        EngineError::State(error) => Some(state::hint(error)),
        EngineError::Packer(error) => packer::hint(error),
        EngineError::Plugin(error) => packer::plugin_hint(error),
        EngineError::Iso(error) => packer::iso_hint(error),
        EngineError::Source(error) => Some(sources::hint(error)),
        EngineError::Log(error) => logs::hint(error),
        EngineError::Provisioner(error) => provisioners::hint(error),
        EngineError::Stage(_) => Some("rename the file of the builder".into()),
        _ => None,
    }
}

/// The name that was probably meant, or another hint.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>, other: impl Fn() -> String) -> String {
    suggest::nearest(name, known).map_or_else(other, |near| format!("did you mean `{near}`?"))
}

fn unknown_environment(name: &str, why: &UnknownEnv) -> String {
    let UnknownEnv::NoOverlay(known) = why else {
        return "environment names are kebab-case: dev, prod, eu-west".into();
    };
    let names: Vec<&str> = known.iter().map(|env| env.as_str()).collect();
    nearest(name, names.iter().copied(), || {
        format!(
            "known environments: {}; a new one begins with configs/overlays/{name}.pkrvars.hcl",
            names.join(", ")
        )
    })
}

fn nothing_selected(term: Option<&str>, known: &[BuilderId]) -> String {
    let Some(term) = term else {
        return "begin with templates/<os>/<platform>/<variant>/*.pkr.hcl".into();
    };
    if known.is_empty() {
        return "the project has no builders; see `hybrid init --help`, or begin with templates/<os>/<platform>/<variant>/".into();
    }
    let ids: Vec<String> = known.iter().map(ToString::to_string).collect();
    let mut words: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    for id in known {
        words.extend([id.os(), id.platform(), id.variant()]);
    }
    nearest(term, words.into_iter(), || format!("builders: {}", ids.join(", ")))
}

fn refused(targets: &[Refused]) -> String {
    let env = targets.first().map_or(String::new(), |one| one.target.env.to_string());
    let names: Vec<String> = targets.iter().map(|one| one.target.builder.to_string()).collect();
    let command = format!("`hybrid validate --env {env} --targets {}`", names.join(","));
    if never_validated(targets) {
        return format!("run {command}");
    }
    let pins: BTreeSet<String> =
        targets.iter().flat_map(|one| &one.not_pinned).map(|pin| format!("`{pin}`")).collect();
    let pins = match pins.len() {
        0 => String::new(),
        _ => {
            let pins: Vec<String> = pins.into_iter().collect();
            format!(". Programs count by the binaries of this machine until {} pins them", pins.join(" and "))
        }
    };
    let pages: Vec<String> = pages(targets).iter().map(|page| format!("`hybrid explain {page}`")).collect();
    format!(
        "look at the changes, then run {command}; reverting them restores trust{pins}. See {}",
        pages.join(", ")
    )
}

/// What explains the kinds of inputs that changed.
fn pages(targets: &[Refused]) -> BTreeSet<&'static str> {
    let changes = targets.iter().flat_map(|one| match &one.verdict {
        Verdict::Drifted(changes) => changes.as_slice(),
        Verdict::NeverValidated | Verdict::TrustLost => &[],
    });
    let mut pages: BTreeSet<&str> = changes.map(|change| page(change.kind)).collect();
    if pages.is_empty() {
        pages.insert("DriftDetected");
    }
    pages
}

/// The section that explains a change of this kind of input.
fn page(kind: InputKind) -> &'static str {
    match kind {
        InputKind::Template
        | InputKind::Layer
        | InputKind::Metadata
        | InputKind::Script
        | InputKind::Asset
        | InputKind::Observed
        | InputKind::Iso => "TemplateChanged",
        InputKind::Vars
        | InputKind::Overlay
        | InputKind::Cloudinit
        | InputKind::Value
        | InputKind::Environment => "ValueChanged",
        InputKind::Ansible | InputKind::Puppet => "ProvisionerChanged",
        InputKind::Source => "SourceChanged",
        InputKind::Packer | InputKind::Plugin => "PackerChanged",
        InputKind::Parent => "ParentChanged",
    }
}

#[cfg(test)]
mod tests {
    use hc_core::Target;

    use super::*;

    fn ids(names: &[&str]) -> Vec<BuilderId> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn a_typo_is_answered_with_what_was_meant() {
        let known = ids(&["linux.vsphere.base", "linux.file.motd"]);
        let error = EngineError::NothingSelected { term: Some("vspere".into()), known: known.clone() };
        assert_eq!(hint(&error).as_deref(), Some("did you mean `vsphere`?"));
        let error = EngineError::NothingSelected { term: Some("zzz".into()), known };
        assert_eq!(hint(&error).as_deref(), Some("builders: linux.vsphere.base, linux.file.motd"));
        let error = EngineError::UnknownScaffold {
            noun: "platform",
            word: "vspere".into(),
            known: PLATFORMS.to_vec(),
        };
        assert_eq!(hint(&error).as_deref(), Some("did you mean `vsphere`?"));
    }

    #[test]
    fn a_refusal_names_the_command_that_restores_trust() {
        let target: Target = "linux.file.motd@dev".parse().unwrap();
        let targets =
            vec![Refused { target, inputs: 7, verdict: Verdict::NeverValidated, not_pinned: Vec::new() }];
        let error = EngineError::Refused { targets, warnings: Vec::new() };
        assert_eq!(causes(&error), ["linux.file.motd@dev: was never validated"]);
        assert!(hint(&error).unwrap().contains("`hybrid validate --env dev --targets linux.file.motd`"));
    }
}
