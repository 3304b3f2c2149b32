//! Why the engine did not do what it was asked: one variant per situation, with its data.
//!
//! No hints: a cure names flags and files of a program, so the program that embeds the engine words it.

mod class;
mod evidence;
mod install;
mod messages;
mod parts;
mod trust;

use std::path::PathBuf;

use hc_config::Diagnostic;
use hc_config::secrets::SecretError;
use hc_core::fs::FsError;
use hc_core::id::IdError;
use hc_core::{BuildId, BuilderId, EnvName, ExitClass, Target};

use self::messages::{drift, invalid, nothing, nothing_to_adopt, unknown_env};
pub use self::parts::{AcceptedError, AcceptedList, Needs, UnknownEnv};
use crate::outcome::gate::Refused;
pub use evidence::{EvidenceError, RecordFault};
pub use install::{AptTrouble, InstallError};
pub use trust::TrustError;

/// Result of an operation of the engine.
pub type Result<T, E = EngineError> = std::result::Result<T, E>;

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
    /// The project is not trusted on this machine, or the list of those that are cannot be used.
    #[error(transparent)]
    Trust(#[from] TrustError),
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
    ToolsMissing {
        /// Which builder needs which program.
        missing: Vec<(BuilderId, String)>,
        /// The environment.
        env: EnvName,
        /// All targets of the run.
        targets: Vec<BuilderId>,
    },
    /// Programs that are missing cannot be installed.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// What was built cannot be proven.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
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
    /// A build has ended, and a request to stop came before the state could be told of it.
    #[error("{build} ended with {exit_code} and is not in the state")]
    NotRecorded {
        /// The build.
        build: BuildId,
        /// What packer's run came to.
        exit_code: u8,
        /// What stood in the way.
        source: Box<hc_state::StateError>,
    },
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
    /// The archive or binary of a plugin is not what plugins.lock says.
    #[error("{source_address} in {} has sha256:{found}, plugins.lock has sha256:{wanted}", from.display())]
    PluginArchiveDiffers {
        /// Its source address.
        source_address: String,
        /// Directory of the archives, or the binary.
        from: PathBuf,
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
    /// A publish hook failed.
    #[error("the hook `{hook}` failed for {build}; nothing was put into the channel")]
    HookFailed {
        /// The hook's program.
        hook: String,
        /// The build.
        build: BuildId,
        /// Its last line.
        last: Option<String>,
        /// Builds whose hooks have run before.
        ran: Vec<BuildId>,
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
        build: String,
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
    /// A plugin of packer is not taken.
    #[error(transparent)]
    Plugin(#[from] hc_packer::plugins::PluginError),
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

impl From<Box<Diagnostic>> for EngineError {
    fn from(diagnostic: Box<Diagnostic>) -> Self {
        Self::Invalid(vec![*diagnostic])
    }
}
