//! Why the engine did not do what it was asked: one variant per situation, with its data.
//!
//! No hints: a cure names flags and files of a program, so the program that embeds the engine words it.

use std::path::PathBuf;

use hc_config::Diagnostic;
use hc_config::secrets::SecretError;
use hc_core::fs::FsError;
use hc_core::id::IdError;
use hc_core::{BuildId, BuilderId, EnvName, ExitClass, Target};

use crate::outcome::gate::Refused;

/// Result of an operation of the engine.
pub type Result<T, E = EngineError> = std::result::Result<T, E>;

/// Who needs a program that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needs {
    /// A target, for the SSH key of its run.
    RunKey(Target),
    /// A test suite of a builder.
    Suite {
        /// Name of the suite.
        suite: String,
        /// The builder.
        builder: BuilderId,
    },
    /// A publish hook.
    Hook,
}

impl std::fmt::Display for Needs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::RunKey(target) => write!(f, "{target}"),
            Self::Suite { suite, builder } => write!(f, "suite `{suite}` of {builder}"),
            Self::Hook => f.write_str("a publish hook"),
        }
    }
}

/// Why an environment cannot be worked in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnknownEnv {
    /// The name breaks the rules of names.
    NotAName,
    /// No overlay knows it; these are known.
    NoOverlay(Vec<EnvName>),
}

/// Why an operation failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// Problems in the project's files, of which at least one is an error; nothing was changed.
    #[error("{}", invalid(.0))]
    Invalid(Vec<Diagnostic>),
    /// hybrid.toml cannot be used.
    #[error("hybrid.toml is invalid, nothing was done")]
    SettingsUnusable(Box<Diagnostic>),
    /// There is no project here.
    #[error("{} is not a hybrid project: it has no hybrid.toml", dir.display())]
    NotAProject {
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// The environment cannot be worked in.
    #[error("{}", unknown_env(name, why))]
    UnknownEnvironment {
        /// Its name as given.
        name: String,
        /// Why not.
        why: UnknownEnv,
    },
    /// A selector matches nothing.
    #[error("{}", nothing(term.as_deref()))]
    NothingSelected {
        /// The part of the selector that matches nothing; `None` when the project has no builders.
        term: Option<String>,
        /// Builders of the project.
        known: Vec<BuilderId>,
    },
    /// An operation for one builder was given another number of them.
    #[error("{selected} builders are selected, {what} is for one")]
    NotOneBuilder {
        /// What was asked for: `a stage`, `a schema`.
        what: &'static str,
        /// How many are selected.
        selected: usize,
    },
    /// A `key=value` word has no `=`.
    #[error("`--set {word}` has no `=`")]
    BadSet {
        /// The word.
        word: String,
    },
    /// The answers file cannot be used.
    #[error("{}: {what}", path.display())]
    BadAnswers {
        /// The file as named.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// User data from outside the project was given.
    #[error("{} lies outside of the project", path.display())]
    CloudinitOutside {
        /// The file as named.
        path: PathBuf,
    },
    /// Targets did not pass the gate; nothing was run.
    #[error("{}", drift(targets))]
    Refused {
        /// The targets, and why.
        targets: Vec<Refused>,
        /// Warnings that were found on the way.
        warnings: Vec<Diagnostic>,
    },
    /// One target failed by an error, others by something that matters more to the caller.
    #[error("{error}")]
    Partly {
        /// How the run ends.
        class: ExitClass,
        /// The error.
        error: Box<EngineError>,
    },
    /// Programs that builds need are not on PATH; nothing was run.
    #[error("programs that the builds need are not on PATH; nothing was run")]
    ToolsMissing(Vec<(BuilderId, String)>),
    /// One program is missing.
    #[error("{needs} needs `{tool}`")]
    ToolMissing {
        /// Who needs it.
        needs: Needs,
        /// Its name.
        tool: String,
    },
    /// ssh-keygen ran and made no key.
    #[error("ssh-keygen made no key")]
    KeyNotMade {
        /// What it said.
        said: String,
    },
    /// A secret cannot be had.
    #[error("{target}: secret `{name}` is not available")]
    SecretUnavailable {
        /// The target that needs it.
        target: Target,
        /// The variable.
        name: String,
        /// Why.
        source: SecretError,
    },
    /// A secret is too large to be hidden in logs.
    #[error("{target}: secret `{name}` is not available")]
    SecretTooLarge {
        /// The target that needs it.
        target: Target,
        /// The variable.
        name: String,
    },
    /// An image has a secret in its name.
    #[error("the image `{name}` has a secret in its name")]
    SecretInArtifact {
        /// The name, redacted.
        name: String,
    },
    /// A request to stop was heard.
    #[error("stopped by request")]
    Interrupted,
    /// Packer did not end in time.
    #[error("packer did not end within {timeout} and was stopped")]
    PackerHung {
        /// The limit.
        timeout: hc_config::settings::HumanDuration,
        /// The command line.
        command: Vec<String>,
    },
    /// Packer cannot read a file that it should format.
    #[error("packer cannot format {file}")]
    NotFormatted {
        /// The file, relative to the project.
        file: String,
        /// Packer's words.
        said: String,
    },
    /// Packer is too old for what was asked.
    #[error("packer {found} {lacks}")]
    PackerTooOld {
        /// Its version.
        found: hc_core::Version,
        /// What it does not do.
        lacks: &'static str,
    },
    /// The text is not a version.
    #[error("`{text}` is not a version of packer")]
    BadVersion {
        /// The text.
        text: String,
    },
    /// A plugin is not installed in a version that all builders take.
    #[error("plugin {source_address} is not installed in a version that all builders take")]
    PluginMissing {
        /// Its source address.
        source_address: String,
    },
    /// The archive of a plugin is not what plugins.lock says.
    #[error("{source_address} in {} has sha256:{found}, plugins.lock has sha256:{wanted}", dir.display())]
    PluginArchiveDiffers {
        /// Its source address.
        source_address: String,
        /// Directory of the archives.
        dir: PathBuf,
        /// SHA-256 found.
        found: String,
        /// SHA-256 locked.
        wanted: String,
    },
    /// Packer did not install a plugin.
    #[error("packer did not install {source_address}: {said}")]
    PluginNotInstalled {
        /// Its source address.
        source_address: String,
        /// Packer's words.
        said: String,
    },
    /// A builder starts from an image that its channel does not have.
    #[error("{builder} starts from {parent}, of which channel `{channel}` has no image for {env}")]
    ParentUnpublished {
        /// The child.
        builder: BuilderId,
        /// The parent.
        parent: BuilderId,
        /// The channel.
        channel: String,
        /// The environment.
        env: EnvName,
    },
    /// A builder starts from an image that this run built and that is not published.
    #[error("{builder} starts from {parent}, whose new build {build} is not published")]
    ParentNotPublishedYet {
        /// The child.
        builder: BuilderId,
        /// The parent.
        parent: BuilderId,
        /// The parent's new build.
        build: BuildId,
    },
    /// An image is not what was recorded.
    #[error("{path} is not what {build} recorded")]
    ImageChanged {
        /// The image file, relative to the project.
        path: String,
        /// The build.
        build: BuildId,
        /// Whether a child was about to start from it.
        parent: bool,
    },
    /// No selected builder has a suite of this name.
    #[error("no selected builder has a suite `{name}`")]
    UnknownSuite {
        /// The name.
        name: String,
        /// Suites that there are.
        known: Vec<String>,
    },
    /// A suite has no command.
    #[error("suite `{suite}` of {builder} has no command")]
    SuiteWithoutCommand {
        /// The suite.
        suite: String,
        /// The builder.
        builder: BuilderId,
    },
    /// Nothing that is selected can be tested.
    #[error("no selected builder has both an image and a suite")]
    NothingToTest {
        /// Why, per target.
        untested: Vec<String>,
    },
    /// A channel's name breaks the rules of names.
    #[error("`{name}` is not a channel name")]
    BadChannel {
        /// The name.
        name: String,
    },
    /// Records, state, images, inputs or tests disagree; nothing was published.
    #[error("what was built and what is there do not agree; nothing was published")]
    PublishRefused {
        /// Every disagreement.
        problems: Vec<String>,
    },
    /// A publish hook failed.
    #[error("the hook `{hook}` failed for {build}; the channel was not moved")]
    HookFailed {
        /// The hook's program.
        hook: String,
        /// The build.
        build: BuildId,
        /// Its last line.
        last: Option<String>,
    },
    /// There is no such build.
    #[error("no build is called `{name}`")]
    ArtifactNotFound {
        /// The name as given.
        name: String,
        /// Builds that there are.
        known: Vec<BuildId>,
    },
    /// There is no such orphan.
    #[error("no orphan has the id `{name}`")]
    OrphanNotFound {
        /// The id as given.
        name: String,
    },
    /// Processes of an abandoned build still run.
    #[error("processes of {build} still run")]
    OrphanLives {
        /// The build.
        build: BuildId,
        /// Their ids.
        pids: Vec<u32>,
    },
    /// The inputs of a build were not kept on this machine.
    #[error("the inputs of {name} were not kept on this machine")]
    InputsNotKept {
        /// The build as named.
        name: String,
    },
    /// A reason is empty, too long, or more than a line.
    #[error("a reason is one line of 1 to 500 characters")]
    BadReason,
    /// What was to be removed is evidence.
    #[error("{build} is evidence and stays")]
    EvidenceKept {
        /// The build.
        build: String,
        /// Why all builds stay, where it is more than this one's own role.
        why: Option<String>,
    },
    /// No run was logged yet.
    #[error("no run was logged yet")]
    NoRunLogged,
    /// A file that the caller named does not exist.
    #[error("{} does not exist", path.display())]
    NoSuchFile {
        /// The file as named.
        path: PathBuf,
    },
    /// A scanner of hybrid.toml cannot be used.
    #[error("scanner `{name}`{} {what}", if *missing { ":" } else { "" })]
    ScannerInvalid {
        /// Its name.
        name: String,
        /// What is wrong.
        what: String,
        /// Whether its program is missing, and not its settings wrong.
        missing: bool,
    },
    /// No selected builder has a value for a variable.
    #[error("no selected builder has a value for `{key}`")]
    UnknownVariable {
        /// The variable.
        key: String,
        /// Variables with a value.
        known: Vec<String>,
    },
    /// A word is not one of the platforms or systems that have a scaffold.
    #[error("no scaffold for the {noun} `{word}`")]
    UnknownScaffold {
        /// `platform` or `operating system`.
        noun: &'static str,
        /// The word.
        word: String,
        /// Words that there are.
        known: Vec<&'static str>,
    },
    /// No builder can be scaffolded of a choice.
    #[error("no builder can be made of this choice")]
    UnsupportedCombination {
        /// Why, per combination.
        reasons: Vec<String>,
    },
    /// Files that would be written exist.
    #[error("{} of {planned} files exist already, nothing was written", existing.len())]
    WouldOverwrite {
        /// The files.
        existing: Vec<String>,
        /// How many were to be written.
        planned: usize,
    },
    /// The answers file belongs to something else.
    #[error("{} exists already", path.display())]
    AnswersExist {
        /// The file as named.
        path: PathBuf,
    },
    /// There is nothing to adopt.
    #[error("{}", nothing_to_adopt(dir, found.as_deref()))]
    NothingToAdopt {
        /// The directory.
        dir: PathBuf,
        /// What was found and cannot be mapped; `None` when the directory is not there.
        found: Option<Vec<hc_templates::adopt::Unmapped>>,
    },
    /// The answers ended before the questions.
    #[error("the input ended before everything was answered, nothing was written")]
    WizardEnded,
    /// A list of accepted secrets cannot be used.
    #[error(transparent)]
    Accepted(AcceptedError),
    /// A name breaks its rules.
    #[error(transparent)]
    Id(#[from] IdError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FsError),
    /// A record cannot be used.
    #[error(transparent)]
    Record(#[from] hc_records::RecordError),
    /// The state cannot be used.
    #[error(transparent)]
    State(#[from] hc_state::StateError),
    /// Packer cannot be used.
    #[error(transparent)]
    Packer(#[from] hc_packer::PackerError),
    /// An installation medium cannot be had.
    #[error(transparent)]
    Iso(#[from] hc_packer::iso::IsoError),
    /// A source cannot be used.
    #[error(transparent)]
    Source(#[from] hc_sources::SourceError),
    /// A log cannot be used.
    #[error(transparent)]
    Log(#[from] hc_logs::LogError),
    /// A provisioner stack cannot be used.
    #[error(transparent)]
    Provisioner(#[from] hc_provisioners::ProvisionerError),
    /// Two files of a builder would stand in the same place of its stage.
    #[error(transparent)]
    Stage(#[from] hc_templates::compose::StageCollision),
}

/// Which list of accepted secrets cannot be used, and why.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct AcceptedError {
    /// Which list.
    pub list: AcceptedList,
    /// What is wrong with it.
    pub source: hc_logs::LogError,
}

/// A list of plaintext secrets that are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptedList {
    /// `[[security.allow]]` of hybrid.toml.
    Allow,
    /// The baseline file.
    Baseline,
}

impl EngineError {
    /// Stable code for `hybrid explain`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(diagnostics) => first_error(diagnostics).map_or("Invalid", |first| first.code),
            Self::SettingsUnusable(diagnostic) => diagnostic.code,
            Self::NotAProject { .. } => "NotAProject",
            Self::UnknownEnvironment { .. } => "UnknownEnvironment",
            Self::NothingSelected { .. } => "NothingSelected",
            Self::NotOneBuilder { .. } | Self::BadSet { .. } => "Usage",
            Self::BadAnswers { .. } => "BadAnswers",
            Self::CloudinitOutside { .. } => "BadCloudinit",
            Self::Refused { .. } => "DriftDetected",
            Self::Partly { error, .. } => error.code(),
            Self::ToolsMissing(_) | Self::ToolMissing { .. } | Self::KeyNotMade { .. } => "ToolMissing",
            Self::SecretUnavailable { source, .. } => source.code(),
            Self::SecretTooLarge { .. } => "SecretUnavailable",
            Self::SecretInArtifact { .. } => "SecretInArtifact",
            Self::Interrupted => "Interrupted",
            Self::PackerHung { .. } => "PackerProcess",
            Self::NotFormatted { .. } => "HclSyntax",
            Self::PackerTooOld { .. } => "PackerTooOld",
            Self::BadVersion { .. } => "BadVersion",
            Self::PluginMissing { .. } => "PluginInvalid",
            Self::PluginArchiveDiffers { .. } => "PluginDiffers",
            Self::PluginNotInstalled { .. } => "PluginInstallFailed",
            Self::ParentUnpublished { .. } | Self::ParentNotPublishedYet { .. } => "ParentUnpublished",
            Self::ImageChanged { .. } => "ImageChanged",
            Self::UnknownSuite { .. } => "UnknownSuite",
            Self::SuiteWithoutCommand { .. } => "SettingsInvalid",
            Self::BadChannel { .. } => "BadChannel",
            Self::PublishRefused { .. } => "PublishRefused",
            Self::HookFailed { .. } => "PublishHookFailed",
            Self::NothingToTest { .. }
            | Self::ArtifactNotFound { .. }
            | Self::OrphanNotFound { .. }
            | Self::InputsNotKept { .. } => "ArtifactNotFound",
            Self::OrphanLives { .. } => "OrphanLives",
            Self::BadReason => "BadReason",
            Self::EvidenceKept { .. } => "EvidenceKept",
            Self::NoRunLogged => "BadRunId",
            Self::NoSuchFile { .. } => "FileUnavailable",
            Self::ScannerInvalid { .. } => "ScannerInvalid",
            Self::UnknownVariable { .. } => "UnknownVariable",
            Self::UnknownScaffold { noun: "platform", .. } => "UnknownPlatform",
            Self::UnknownScaffold { .. } => "UnknownSystem",
            Self::UnsupportedCombination { .. } => "UnsupportedCombination",
            Self::WouldOverwrite { .. } | Self::AnswersExist { .. } => "WouldOverwrite",
            Self::NothingToAdopt { .. } => "NothingToAdopt",
            Self::WizardEnded => "WizardEnded",
            Self::Accepted(error) => error.source.code(),
            Self::Id(error) => error.code(),
            Self::File(error) => error.code(),
            Self::Record(error) => error.code(),
            Self::State(error) => error.code(),
            Self::Packer(error) => error.code(),
            Self::Iso(error) => error.code(),
            Self::Source(error) => error.code(),
            Self::Log(error) => error.code(),
            Self::Provisioner(error) => error.code(),
            Self::Stage(error) => error.code(),
        }
    }

    /// How a run that fails by it ends (PKR-4).
    pub fn class(&self) -> ExitClass {
        match self {
            Self::Invalid(diagnostics) => {
                let secret = |one: &Diagnostic| one.is_error() && one.code == "PlaintextSecret";
                if diagnostics.iter().any(secret) { ExitClass::Security } else { ExitClass::Invalid }
            }
            Self::SecretInArtifact { .. } | Self::PluginArchiveDiffers { .. } | Self::EvidenceKept { .. } => {
                ExitClass::Security
            }
            Self::Interrupted => ExitClass::Interrupted,
            Self::PackerHung { .. }
            | Self::PluginNotInstalled { .. }
            | Self::HookFailed { .. }
            | Self::OrphanLives { .. } => ExitClass::Infrastructure,
            Self::Partly { class, .. } => *class,
            Self::Accepted(_) => ExitClass::Invalid,
            Self::File(error) => error.class(),
            Self::Record(error) => error.class(),
            Self::State(error) => error.class(),
            Self::Packer(error) => error.class(),
            Self::Iso(error) => error.class(),
            Self::Source(error) => error.class(),
            Self::Log(error) => error.class(),
            _ => ExitClass::Invalid,
        }
    }

    /// The same refusal with warnings that were found on the way.
    #[must_use]
    pub(crate) fn with_warnings(self, warnings: Vec<Diagnostic>) -> Self {
        match self {
            Self::Refused { targets, .. } => Self::Refused { targets, warnings },
            other => other,
        }
    }

    /// Problems in files that led here, with their places.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        match self {
            Self::Invalid(diagnostics) | Self::Refused { warnings: diagnostics, .. } => diagnostics,
            Self::Partly { error, .. } => error.diagnostics(),
            Self::SettingsUnusable(diagnostic) => std::slice::from_ref(diagnostic),
            Self::Provisioner(error) => error.diagnostics(),
            _ => &[],
        }
    }
}

impl From<Box<Diagnostic>> for EngineError {
    fn from(diagnostic: Box<Diagnostic>) -> Self {
        Self::Invalid(vec![*diagnostic])
    }
}

fn first_error(diagnostics: &[Diagnostic]) -> Option<&Diagnostic> {
    diagnostics.iter().find(|diagnostic| diagnostic.is_error())
}

fn invalid(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let noun = if errors == 1 { "problem" } else { "problems" };
    format!("{errors} {noun} found, nothing was changed")
}

fn unknown_env(name: &str, why: &UnknownEnv) -> String {
    match why {
        UnknownEnv::NotAName => format!("`{name}` is not an environment name"),
        UnknownEnv::NoOverlay(_) => format!("environment `{name}` has no overlay"),
    }
}

fn nothing(term: Option<&str>) -> String {
    match term {
        Some(term) => format!("`{term}` selects no builder"),
        None => "the project has no builders".into(),
    }
}

fn drift(refused: &[Refused]) -> String {
    let noun = match refused.len() {
        1 => "1 target has".to_owned(),
        count => format!("{count} targets have"),
    };
    format!("{noun} inputs that nobody validated; nothing was run")
}

fn nothing_to_adopt(dir: &std::path::Path, found: Option<&[hc_templates::adopt::Unmapped]>) -> String {
    match found {
        None => format!("{} is not a directory", dir.display()),
        Some(_) => format!("no Packer template below {} can be mapped", dir.display()),
    }
}
