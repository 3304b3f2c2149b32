//! A state that is not what was written: never a panic, never a silent half-read, always a way back.

use hc_state::codec::decode;
use hc_state::{CheckContext, FindingCode, RestorePoint, State, StateError, Validity, paths};

use crate::project::{Project, fill, names_in, run};

fn filled() -> Project {
    let project = Project::with_commits(2);
    project
        .store()
        .with_exclusive::<_, StateError>(&run(1), |locked| {
            fill(locked.state_mut(), 2, 2);
            Ok(())
        })
        .unwrap();
    project
}

#[test]
fn cut_at_every_byte() {
    let project = filled();
    let whole = project.bytes();
    for length in 0..whole.len() - 1 {
        let error = decode(&whole[..length]).expect_err("a cut state was read");
        assert!(!error.to_string().is_empty());
    }
    // Without its last newline nothing is lost.
    assert!(decode(&whole[..whole.len() - 1]).is_ok());
    // Through the whole store, at fewer places.
    for length in (0..whole.len() - 1).step_by(97) {
        project.put(&whole[..length]);
        let error = project.store().read().unwrap_err();
        assert_eq!((error.code(), error.class().number()), ("StateCorrupt", 1));
        assert_eq!(error.backup().unwrap().serial, 2);
        assert_eq!(project.bump().unwrap_err().code(), "StateCorrupt");
        assert_eq!(project.bytes(), &whole[..length], "a corrupt state was touched");
    }
}

#[test]
fn a_thousand_flipped_bits() {
    let project = filled();
    let whole = project.bytes();
    let good = decode(&whole).unwrap();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..1_000 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let bit = random as usize % (whole.len() * 8);
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_noticed(&flipped, &good, bit);
    }
    // The version's own bits: 3 and 6 look like newer schemas and are none.
    let at = String::from_utf8_lossy(&whole).find("\"version\": 2").unwrap() + "\"version\": ".len();
    for bit in 0..8 {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << bit;
        project.put(&flipped);
        assert_eq!(project.store().read().unwrap_err().code(), "StateCorrupt", "bit {bit} of the version");
    }
}

/// A flip is an error; or it changed nothing that is read, such as the case of a digest's hex digit.
fn assert_noticed(flipped: &[u8], good: &State, bit: usize) {
    if let Ok(state) = decode(flipped) {
        assert_eq!(state, *good, "bit {bit} was not noticed");
    }
}

#[test]
fn restore_brings_back_the_newest_good_backup_and_keeps_the_bad_file() {
    let project = filled();
    let cut = project.bytes()[..300].to_vec();
    project.put(&cut);
    std::fs::write(paths::backup_file(project.root(), 2), "rotten too").unwrap();
    let error = project.store().read().unwrap_err();
    assert_eq!(error.to_string(), format!("{} is corrupt", project.state_file().display()));
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "the file is cut off");
    assert_eq!(error.backup().unwrap().to_string(), "serial 1 (state/backups/packer-hybrid.1.json)");
    let findings = project.store().check(&CheckContext::default());
    let codes: Vec<FindingCode> = findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [FindingCode::StateUnusable, FindingCode::BadBackup]);

    let restored = project.store().restore(RestorePoint::NewestGood, &run(9)).unwrap();
    assert_eq!((restored.from.serial, restored.serial), (1, 4), "the lost state had serial 3");
    assert_eq!(std::fs::read(restored.kept.unwrap()).unwrap(), cut);
    assert_eq!(project.serial(), 4);
    project.bump().unwrap();
    assert_eq!(names_in(&paths::backups_dir(project.root())).len(), 3, "the rotten backup is kept");
    assert_eq!(project.store().check(&CheckContext::default()).len(), 1);
}

#[test]
fn restoring_twice_in_one_second_keeps_both_bad_files() {
    let project = filled();
    let mut kept = Vec::new();
    for bad in ["first", "second"] {
        project.put(bad.as_bytes());
        kept.push((project.store().restore(RestorePoint::NewestGood, &run(9)).unwrap().kept.unwrap(), bad));
    }
    for (path, bad) in kept {
        assert_eq!(std::fs::read_to_string(path).unwrap(), bad);
    }
}

#[test]
fn without_a_good_backup_nothing_is_touched() {
    let project = Project::with_commits(1);
    project.put(b"{");
    assert!(project.store().read().unwrap_err().backup().is_none());
    assert_eq!(
        project.store().restore(RestorePoint::NewestGood, &run(9)).unwrap_err().code(),
        "BackupNotFound"
    );
    assert_eq!(project.bytes(), b"{");
}

#[test]
fn strange_texts_are_named_for_what_they_are() {
    let project = Project::with_commits(2);
    let cases: &[(&str, &str, &str)] = &[
        ("", "StateCorrupt", "the file is empty"),
        ("\0\0\0\0", "StateCorrupt", "the file is not JSON"),
        ("[]", "StateCorrupt", "the file has no schema version"),
        ("{}", "StateCorrupt", "the file has no schema version"),
        ("{\"schema\":{\"version\":2}}", "StateCorrupt", "the file does not follow schema version 2"),
        ("{\"schema\":{\"version\":0}}", "StateCorrupt", "the file has no schema version"),
        ("{\"schema\":{\"version\":3},\"new\":1}", "StateTooNew", ""),
        ("{\"schema\":{\"version\":1}}", "StateTooOld", ""),
    ];
    for (text, code, cause) in cases {
        project.put(text.as_bytes());
        for error in [project.store().read().unwrap_err(), project.bump().unwrap_err()] {
            assert_eq!((error.code(), error.class().number()), (*code, 1), "{text}");
            if !cause.is_empty() {
                assert_eq!(std::error::Error::source(&error).unwrap().to_string(), *cause, "{text}");
            }
        }
        assert_eq!(project.bytes(), text.as_bytes(), "the bytes changed");
    }
}

#[test]
fn a_backup_says_what_is_wrong_with_it() {
    let project = Project::with_commits(4);
    let dir = paths::backups_dir(project.root());
    std::fs::write(dir.join("packer-hybrid.2.json"), "{").unwrap();
    std::fs::copy(dir.join("packer-hybrid.1.json"), dir.join("packer-hybrid.3.json")).unwrap();
    std::fs::write(dir.join("packer-hybrid.v1-0123.json"), "{\"schema\":{\"version\":1}}").unwrap();
    let validities: Vec<Validity> =
        project.store().backups().unwrap().into_iter().map(|backup| backup.validity).collect();
    assert!(matches!(&validities[0], Validity::Bad { reason } if reason.contains("holds serial 1")));
    assert!(matches!(&validities[1], Validity::Bad { reason } if reason.contains("cut off")));
    assert!(matches!(&validities[2], Validity::Good { revision, .. } if revision.serial == 1));
    assert_eq!(validities[3], Validity::OtherVersion { version: 1 });
}
