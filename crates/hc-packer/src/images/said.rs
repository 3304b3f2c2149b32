//! What a run said of what it made, and what its template says of where.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use crate::machine::StreamArtifact;
use crate::manifest::{Build, PackerManifest};

/// Texts of plugins that tell of an image what nothing else does.
const TELLING: &[&str] = &[
    "Creating AMI ",
    "Creating the image: ",
    "Converting virtual machine to template",
    "Convert VM into template",
    " to Content Library '",
];
/// Those of post-processors, with what packer sets before their lines.
const TELLING_STEPS: &[(&str, &[&str])] = &[("(docker-push): ", &["Pushing: ", ": digest: sha256:"])];

/// Whether a line of a source is one that [`super::read`] wants to see.
pub fn is_telling(text: &str) -> bool {
    let has = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    has(TELLING) || TELLING_STEPS.iter().any(|(step, parts)| text.starts_with(step) && has(parts))
}

/// What a run said of what it made.
#[derive(Debug, Clone, Default)]
pub struct Said {
    pub(super) artifacts: Vec<StreamArtifact>,
    pub(super) builds: Vec<Build>,
    /// Source and text.
    pub(super) lines: Vec<(String, String)>,
}

impl Said {
    /// What one attempt said: artifacts of its stream, its manifest, and [telling](is_telling) lines with their sources.
    pub fn new(
        artifacts: &[StreamArtifact],
        manifest: Option<&PackerManifest>,
        lines: &[(String, String)],
    ) -> Self {
        Self {
            artifacts: artifacts.to_vec(),
            builds: manifest.map(|manifest| manifest.builds.clone()).unwrap_or_default(),
            lines: lines.to_vec(),
        }
    }

    /// Adds what a later attempt said.
    pub(crate) fn extend(&mut self, later: Self) {
        self.artifacts.extend(later.artifacts);
        self.builds.extend(later.builds);
        self.lines.extend(later.lines);
    }

    /// Files that were told of, repeated where both tell of them.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        let of_manifest = self.builds.iter().flat_map(|build| build.files.iter().flatten());
        let of_stream = self.artifacts.iter().flat_map(|artifact| &artifact.files);
        of_stream.map(String::as_str).chain(of_manifest.map(|file| file.name.as_str()))
    }

    /// Everything that was said, once for each artifact.
    pub(super) fn pieces<'s>(&'s self, configured: &'s Configured) -> Vec<Piece<'s>> {
        let of_stream = self.artifacts.iter().map(|artifact| {
            self.piece(&artifact.source, (&artifact.builder_id, &artifact.id, &artifact.text), configured)
        });
        // What the stream has told is told better there.
        let is_told = |build: &&Build| {
            let same =
                |one: &StreamArtifact| is_of(&one.source, &build.address()) && one.id == build.artifact_id;
            !self.artifacts.iter().any(same)
        };
        let of_manifest = self.builds.iter().filter(is_told).map(|build| {
            let address = self.source_of(build);
            self.piece(address, ("", &build.artifact_id, ""), configured)
        });
        of_stream.chain(of_manifest).collect()
    }

    fn source_of<'s>(&'s self, build: &'s Build) -> Cow<'s, str> {
        let address = build.address();
        let told = self.artifacts.iter().find(|one| is_of(&one.source, &address));
        told.map_or(address.into(), |one| one.source.as_str().into())
    }

    fn piece<'s>(
        &'s self,
        source: impl Into<Cow<'s, str>>,
        (speaker, id, text): (&'s str, &'s str, &'s str),
        configured: &'s Configured,
    ) -> Piece<'s> {
        let source = source.into();
        let custom = self.builds.iter().filter(|build| is_of(&source, &build.address()));
        let lines = self.lines.iter().filter(|(whose, _)| *whose == source).map(|(_, text)| text.as_str());
        Piece {
            speaker,
            id,
            text,
            lines: lines.collect(),
            custom: custom.map(|build| &build.custom_data).collect(),
            configured: configured.of(&source),
            source,
        }
    }
}

/// Whether a source, which may have the name of its build before it, is the one with an address.
fn is_of(source: &str, address: &str) -> bool {
    source.strip_suffix(address).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// What a template says of its sources, by their addresses (`vsphere-iso.base`) and the names of attributes; those of blocks
/// and maps with a dot: `content_library_destination.library`, `tags.Name`. One that is set and that only packer knows has no value.
/// `Debug` shows no values.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Configured(pub BTreeMap<String, BTreeMap<String, Option<String>>>);

impl fmt::Debug for Configured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

impl Configured {
    /// What is said of the source that a stream names.
    pub fn of(&self, source: &str) -> Option<&BTreeMap<String, Option<String>>> {
        self.0.iter().find(|(address, _)| is_of(source, address)).map(|(_, values)| values)
    }
}

/// One artifact with everything that may tell of it.
pub(super) struct Piece<'s> {
    /// `amazon-ebs.base`, or with the name of its build before it.
    pub(super) source: Cow<'s, str>,
    /// What the builder or post-processor calls itself; empty where only the manifest tells.
    pub(super) speaker: &'s str,
    /// What it calls the id.
    pub(super) id: &'s str,
    /// What it says of it.
    pub(super) text: &'s str,
    /// Telling lines of the source.
    pub(super) lines: Vec<&'s str>,
    custom: Vec<&'s BTreeMap<String, String>>,
    configured: Option<&'s BTreeMap<String, Option<String>>>,
}

impl Piece<'_> {
    /// The type of the source.
    pub(super) fn kind(&self) -> Option<&str> {
        let (before, _) = self.source.rsplit_once('.')?;
        Some(before.rsplit_once('.').map_or(before, |(_, kind)| kind))
    }

    /// What the source's configuration says, else the manifest's custom data under the same name; never empty.
    pub(super) fn known(&self, name: &str) -> Option<&str> {
        let custom = self.custom.iter().find_map(|data| data.get(name));
        let value = self.configured.and_then(|values| values.get(name)?.as_ref()).or(custom)?;
        // What packer or the plugin would still fill in is no value.
        Some(value.as_str()).filter(|value| !value.is_empty() && !value.contains("{{"))
    }

    /// Whether the source says something that only packer knows.
    pub(super) fn is_open(&self, name: &str) -> bool {
        self.known(name).is_none() && self.configured.is_some_and(|values| values.contains_key(name))
    }

    /// The first of several attributes that says something.
    pub(super) fn any(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.known(name))
    }

    /// The entries of a map, as `key=value`; a list's as they are.
    pub(super) fn entries(&self, map: &str) -> Vec<String> {
        let values = self.configured.into_iter().flatten();
        let inside = values
            .filter_map(|(name, value)| Some((name.strip_prefix(map)?.strip_prefix('.')?, value.as_ref()?)));
        let told = inside.filter(|(_, value)| !value.contains("{{"));
        told.map(|(key, value)| match key.bytes().all(|b| b.is_ascii_digit()) {
            true => value.clone(),
            false => format!("{key}={value}"),
        })
        .collect()
    }

    /// What stands between two texts in one of the telling lines, the last such.
    pub(super) fn line(&self, before: &str, after: &str) -> Option<&str> {
        self.lines.iter().rev().find_map(|line| between(line, before, after))
    }

    /// What stands between two texts in the artifact's sentence.
    pub(super) fn sentence(&self, before: &str, after: &str) -> Option<&str> {
        between(self.text, before, after)
    }

    /// What the artifact's text says in a line of its own: `ManagedImageName: web`.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.text.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(key, _)| *key == name).map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }
}

/// What stands between two texts, neither of it empty; an empty `after` means the end.
pub(super) fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(before)?;
    let inside = if after.is_empty() { rest } else { rest.split_once(after)?.0 };
    Some(inside.trim()).filter(|inside| !inside.is_empty())
}
