//! Files of a project: settings, metadata, locks, switches, the state.

use std::path::Path;

use hc_config::settings;
use hc_logs::scan::Allow;
use hc_provisioners::{Switches, edited};
use hc_sources::LockFile;
use hc_state::{State, audit, codec, format};
use hc_templates::BuilderToml;

use super::super::mutate::Rng;
use super::outcome::{kind, placed, plain};

/// `hybrid.toml`: every error has its place, and what was read is written and read without a change.
pub(super) fn hybrid_toml(bytes: &[u8]) -> u64 {
    let (path, text) = (Path::new(settings::FILE_NAME), String::from_utf8_lossy(bytes));
    match settings::parse(path, &text) {
        Ok(read) => {
            let written = toml::to_string(&read).unwrap_or_else(|error| panic!("{error}: {read:?}"));
            let again =
                settings::parse(path, &written).unwrap_or_else(|error| panic!("{error:?}\n{written}"));
            assert_eq!(again, read, "{written}");
            let allow: Vec<_> = read.security.allow.iter().map(|allowed| allowed.rule.len()).collect();
            kind((
                read.builders.len().min(3),
                read.sources.len().min(3),
                read.packer.platforms.len().min(3),
                allow.len(),
            ))
        }
        Err(diagnostic) => placed(path, &text, [&*diagnostic]),
    }
}

/// `builder.toml`, likewise.
pub(super) fn builder_toml(bytes: &[u8]) -> u64 {
    let (path, text) = (Path::new("builder.toml"), String::from_utf8_lossy(bytes));
    match settings::parse_toml::<BuilderToml>(path, &text, "BuilderTomlInvalid") {
        Ok(read) => {
            let written = toml::to_string(&read).unwrap_or_else(|error| panic!("{error}: {read:?}"));
            let again = settings::parse_toml::<BuilderToml>(path, &written, "BuilderTomlInvalid");
            assert_eq!(again.as_ref(), Ok(&read), "{written}");
            kind((
                read.suites.len().min(3),
                read.plugins.len().min(3),
                read.iso.is_some(),
                read.parent.is_some(),
            ))
        }
        Err(diagnostic) => placed(path, &text, [&*diagnostic]),
    }
}

/// `sources.lock`, the switches of provisioners and the allow-list of the scanner.
pub(super) fn locks(bytes: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(bytes);
    let path = Path::new("sources.lock");
    let lock = LockFile::parse(path, &text).map(|read| {
        let written = read.render(path).unwrap_or_else(|error| panic!("{error}: {read:?}"));
        let again = LockFile::parse(path, &written).unwrap_or_else(|error| panic!("{error}\n{written}"));
        assert_eq!(again.render(path).ok(), Some(written), "{read:?}");
        read.sources.len().min(3)
    });
    let switches = Switches::parse(&text).map(|read| {
        let written = read.render().unwrap_or_else(|error| panic!("{error}: {read:?}"));
        assert_eq!(Switches::parse(&written).as_ref(), Ok(&read), "{written}");
        edited::problems(&read, &text, &[]).len().min(4)
    });
    let allow = Allow::parse(Path::new("allow.toml"), &text).map(|_| ());
    let seen = |error: String| plain(&error);
    kind((
        lock.map_err(|error| seen(error.to_string())),
        switches.map_err(|problem| seen(problem.message)),
        allow.map_err(|error| seen(error.to_string())),
    ))
}

/// The state: whatever has its shape is written and read without a change, and no changed byte goes unseen.
pub(super) fn state(bytes: &[u8]) -> u64 {
    let log = audit::verify(bytes);
    let audit = (log.entries.len().min(3), log.problems.len().min(3));
    let outcome = codec::decode(bytes).map_err(|error| error.to_string());
    if let Ok(state) = &outcome {
        changes_show(bytes, state);
    }
    // Hardly a mutated state carries the right digest, so it gets one.
    let sealed =
        serde_json::from_slice::<State>(bytes).ok().filter(|state| state.schema.version == format::VERSION);
    let sealed = sealed.map(|mut state| {
        let encoded = codec::encode(&state).ok()?;
        let again = codec::decode(&encoded).unwrap_or_else(|error| panic!("{error}: {state:?}"));
        state.digest = again.digest;
        assert_eq!(again, state);
        assert_eq!(codec::encode(&again).ok().as_ref(), Some(&encoded));
        changes_show(&encoded, &again);
        Some((state.builders.len().min(3), state.runs.len().min(3), state.sources.len().min(3)))
    });
    let version = codec::version_of(bytes).map_err(|error| error.to_string());
    kind((
        audit,
        outcome.map(|_| ()).map_err(|error| plain(&error)),
        sealed,
        version.map_err(|error| plain(&error)),
    ))
}

/// A changed byte is refused, or is one that means nothing.
fn changes_show(bytes: &[u8], state: &State) {
    let mut rng = Rng(kind(bytes));
    for _ in 0..4 {
        let (mut changed, at) = (bytes.to_vec(), rng.below(bytes.len()));
        changed[at] = if rng.below(2) == 0 { changed[at] ^ (1 << rng.below(8)) } else { rng.next() as u8 };
        if let Ok(other) = codec::decode(&changed) {
            assert_eq!(other, *state, "byte {at} was changed from {} to {}", bytes[at], changed[at]);
        }
    }
}
