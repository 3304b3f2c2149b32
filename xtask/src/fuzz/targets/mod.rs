//! What is fuzzed, and what must be true of every input. A target panics when it is not.

mod files;
mod hcl;
mod outcome;
mod stream;
mod text;
mod trap;
mod values;
mod words;

use self::words::{BUILDER, HCL, IDS, JSON, LOCKS, MACHINE, NUMBERS, SETTINGS, TOKENS, YAML};

/// One thing that reads what others wrote.
pub(crate) struct Target {
    /// Name, also of the directory of its seeds.
    pub name: &'static str,
    /// Tries one input, panics when something is wrong, and tells what kind of outcome it had.
    pub run: fn(&[u8]) -> u64,
    /// Words of the format.
    pub dictionary: &'static [&'static str],
}

/// All targets.
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "answers", run: values::answers, dictionary: JSON },
    Target { name: "builder_toml", run: files::builder_toml, dictionary: BUILDER },
    Target { name: "hcl", run: hcl::hcl, dictionary: HCL },
    Target { name: "hybrid_toml", run: files::hybrid_toml, dictionary: SETTINGS },
    Target { name: "ids", run: values::ids, dictionary: IDS },
    Target { name: "locks", run: files::locks, dictionary: LOCKS },
    Target { name: "machine_readable", run: stream::machine_readable, dictionary: MACHINE },
    Target { name: "manifest", run: stream::manifest, dictionary: JSON },
    Target { name: "number", run: values::number, dictionary: NUMBERS },
    Target { name: "redactor", run: text::redactor, dictionary: TOKENS },
    Target { name: "scan", run: text::scan, dictionary: TOKENS },
    Target { name: "state", run: files::state, dictionary: JSON },
    Target { name: "yaml", run: values::yaml, dictionary: YAML },
];

/// Fails as it is told; only runs when it is named.
pub(crate) const TRAP: Target = Target { name: "trap", run: trap::trap, dictionary: &[] };
