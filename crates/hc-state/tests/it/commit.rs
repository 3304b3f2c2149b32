//! One writer at a time, nothing in its way.

use std::time::Duration;

use hc_state::codec::{decode, encode};
use hc_state::{Lineage, RestorePoint, StateError, Store, paths};

use crate::project::{NOW, Project, bump, fill, names_in, options, plugin, run, target};

#[test]
fn the_first_commit_makes_a_state_with_serial_one() {
    let project = Project::new();
    assert!(project.store().read().unwrap().is_none());
    project.bump().unwrap();
    let state = project.store().read().unwrap().unwrap();
    assert_eq!((state.serial, state.schema.version), (1, 2));
    assert!(state.created_with.starts_with("hybrid "));
    assert_eq!(state.written_by.unwrap().run_id, run(1));
    assert_eq!(project.names(), [".lock", "backups", "packer-hybrid.json"]);
}

#[test]
fn every_commit_raises_the_serial_by_one_and_keeps_the_old_bytes() {
    let project = Project::with_commits(1);
    for serial in 1..5 {
        let old = project.bytes();
        project.bump().unwrap();
        assert_eq!(project.serial(), serial + 1);
        assert_eq!(std::fs::read(paths::backup_file(project.root(), serial)).unwrap(), old);
    }
}

#[test]
fn the_file_is_canonical() {
    let project = Project::new();
    project
        .store()
        .with_exclusive::<_, StateError>(&run(1), |locked| {
            fill(locked.state_mut(), 3, 2);
            Ok(())
        })
        .unwrap();
    let text = String::from_utf8(project.bytes()).unwrap();
    assert!(text.ends_with("}\n"));
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_sorted(&value, "$");
    assert_eq!(encode(&decode(text.as_bytes()).unwrap()).unwrap(), text.as_bytes());
}

fn assert_sorted(value: &serde_json::Value, at: &str) {
    match value {
        serde_json::Value::Object(map) => {
            let keys: Vec<&String> = map.keys().collect();
            assert!(keys.is_sorted(), "keys of {at} are not sorted: {keys:?}");
            map.iter().for_each(|(key, value)| assert_sorted(value, &format!("{at}.{key}")));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| assert_sorted(item, at)),
        _ => {}
    }
}

#[test]
fn reformatting_by_other_tools_is_no_corruption_and_editing_is() {
    let project = Project::with_commits(2);
    let value: serde_json::Value = serde_json::from_slice(&project.bytes()).unwrap();
    project.put(&serde_json::to_vec(&value).unwrap());
    assert_eq!(project.serial(), 2);
    let edited = String::from_utf8(project.bytes()).unwrap().replace("sha256:00", "sha256:01");
    project.put(edited.as_bytes());
    assert_eq!(project.store().read().unwrap_err().code(), "StateCorrupt");
}

#[test]
fn only_changes_are_written_and_a_failed_change_is_not() {
    let project = Project::with_commits(1);
    let old = project.bytes();
    let seen = project.store().with_exclusive::<_, StateError>(&run(1), |locked| Ok(locked.state().serial));
    assert_eq!(seen.unwrap(), 1);
    let failed: Result<(), StateError> = project.store().with_exclusive(&run(1), |locked| {
        locked.state_mut().plugins.clear();
        Err(StateError::NoState { path: "x".into() })
    });
    assert_eq!(failed.unwrap_err().code(), "StateMissing");
    assert_eq!(project.bytes(), old);
}

#[test]
fn serial_lineage_and_schema_are_the_stores() {
    let project = Project::with_commits(1);
    let before = project.store().read().unwrap().unwrap();
    project
        .store()
        .with_exclusive::<_, StateError>(&run(1), |locked| {
            let state = locked.state_mut();
            state.serial = 99;
            state.lineage = Lineage::new(1, "forged");
            state.schema.version = 9;
            Ok(())
        })
        .unwrap();
    let after = project.store().read().unwrap().unwrap();
    assert_eq!((after.serial, after.lineage, after.schema.version), (2, before.lineage, 2));
}

#[test]
fn backups_rotate() {
    let project = Project::new();
    let mut options = options();
    options.backups = 3;
    let store = Store::open(project.root(), options).unwrap();
    for _ in 0..12 {
        bump(&store).unwrap();
    }
    let names = names_in(&paths::backups_dir(project.root()));
    assert_eq!(names, ["packer-hybrid.10.json", "packer-hybrid.11.json", "packer-hybrid.9.json"]);
    let serials: Vec<_> = store.backups().unwrap().iter().map(|backup| backup.serial).collect();
    assert_eq!(serials, [Some(11), Some(10), Some(9)]);
}

#[test]
fn lists_that_grow_with_every_run_are_cut() {
    let project = Project::new();
    for n in 0..60 {
        project
            .store()
            .with_exclusive::<_, StateError>(&run(n), |locked| {
                let mut donor = locked.state().clone();
                fill(&mut donor, 1, 0);
                let mut record = donor.runs.pop().unwrap();
                record.run_id = run(n);
                let state = locked.state_mut();
                state.record_run(record);
                let target = target("linux.qemu.v0@dev");
                let result = donor.builders[&target].provenance[0].clone();
                state.builder_mut(&target).provenance.push(result);
                Ok(())
            })
            .unwrap();
    }
    let state = project.store().read().unwrap().unwrap();
    assert_eq!(state.runs.len(), 50);
    assert_eq!(state.runs.last().unwrap().run_id, run(59));
    assert_eq!(state.builders[&target("linux.qemu.v0@dev")].provenance.len(), 50);
}

#[test]
fn a_plan_made_on_another_state_is_refused() {
    let project = Project::with_commits(1);
    let planned_on = project.store().read().unwrap().unwrap().revision();
    let apply = || {
        project.store().with_exclusive::<_, StateError>(&run(1), |locked| {
            locked.require(&planned_on)?;
            locked.state_mut().plugins.insert("applied".into(), plugin("1"));
            Ok(())
        })
    };
    apply().unwrap();
    let error = apply().unwrap_err();
    assert_eq!((error.code(), error.class().number()), ("StateChanged", 1));
    assert!(error.to_string().contains("serial 1 ") && error.to_string().contains("serial 2 "), "{error}");
}

#[test]
fn a_serial_that_went_backwards_is_refused_until_restored() {
    let project = Project::with_commits(2);
    let old = project.bytes();
    project.bump().unwrap();
    project.bump().unwrap();
    project.put(&old);
    for error in [project.store().read().unwrap_err(), project.bump().unwrap_err()] {
        assert_eq!((error.code(), error.class().number()), ("StateRegressed", 1));
        assert_eq!(error.backup().unwrap().serial, 3);
    }
    assert_eq!(project.bytes(), old);
    let restored = project.store().restore(RestorePoint::NewestGood, &run(9)).unwrap();
    assert_eq!((restored.from.serial, restored.serial), (3, 4));
    assert_eq!(project.serial(), 4);
    project.bump().unwrap();
}

#[test]
fn another_history_in_the_states_place_is_refused() {
    let project = Project::with_commits(5);
    let other = Project::new();
    let mut options = options();
    options.entropy = 8;
    bump(&Store::open(other.root(), options).unwrap()).unwrap();
    project.put(&other.bytes());
    let error = project.bump().unwrap_err();
    assert_eq!(error.code(), "StateForeign");
    assert_eq!(project.bytes(), other.bytes());
    project.store().restore(RestorePoint::NewestGood, &run(9)).unwrap();
    assert_eq!(project.serial(), 5);
}

#[test]
fn a_state_that_vanished_is_not_begun_anew() {
    let project = Project::with_commits(3);
    std::fs::remove_file(project.state_file()).unwrap();
    let error = project.bump().unwrap_err();
    assert_eq!(error.code(), "StateMissing");
    assert_eq!(error.backup().unwrap().serial, 2);
    assert!(!project.state_file().exists());
    let restored = project.store().restore(RestorePoint::NewestGood, &run(9)).unwrap();
    assert_eq!((restored.from.serial, restored.kept), (2, None));
    assert_eq!(project.serial(), restored.serial);
}

#[test]
fn a_chosen_backup_comes_back_with_a_higher_serial() {
    let project = Project::with_commits(6);
    let wanted = decode(&std::fs::read(paths::backup_file(project.root(), 2)).unwrap()).unwrap();
    let error = project.store().restore(RestorePoint::Serial(77), &run(9)).unwrap_err();
    assert_eq!(error.code(), "BackupNotFound");
    let StateError::BackupNotFound { available, .. } = &error else { panic!("{error}") };
    assert_eq!(available, &[5, 4, 3, 2, 1]);
    let restored = project.store().restore(RestorePoint::Serial(2), &run(9)).unwrap();
    let state = project.store().read().unwrap().unwrap();
    assert_eq!((restored.serial, state.serial), (7, 7));
    assert_eq!(state.plugins, wanted.plugins);
    assert_eq!(restored.kept.unwrap(), paths::backup_file(project.root(), 6));
    let entry = &project.store().audit_log().unwrap().entries[0];
    assert_eq!((entry.operator.as_str(), entry.details["backup_serial"].as_str()), ("ada", "2"));
}

#[test]
fn threads_of_one_process_take_turns_without_a_timeout() {
    let project = Project::new();
    let mut options = options();
    options.lock_timeout = Duration::ZERO;
    let store = Store::open(project.root(), options).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..5).for_each(|_| bump(&store).unwrap()));
        }
    });
    assert_eq!(project.serial(), 40);
}

#[test]
fn sidecars_are_written_under_the_lock_and_read_back() {
    let project = Project::new();
    let target = target("linux.qemu.base@dev");
    let digest = project
        .store()
        .with_exclusive::<_, StateError>(&run(1), |locked| {
            locked.write_log_summary(&target.builder, "{\"summary\":1}\n".into());
            Ok(locked.write_trusted_manifest(&target, "{}\n".into()))
        })
        .unwrap();
    assert_eq!(digest, hc_core::Digest::of(b"{}\n"));
    assert_eq!(project.store().trusted_manifest(&target).unwrap().unwrap(), b"{}\n");
    assert_eq!(project.store().log_summary(&target.builder).unwrap().unwrap(), b"{\"summary\":1}\n");
    assert!(project.root().join("state/packer/trusted/dev/linux.qemu.base.json").is_file());
    assert!(project.root().join("state/packer/logs/linux.qemu.base.json").is_file());
}

#[cfg(unix)]
#[test]
fn a_private_state_stays_private() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::with_commits(1);
    std::fs::set_permissions(project.state_file(), std::fs::Permissions::from_mode(0o600)).unwrap();
    project.bump().unwrap();
    let mode = std::fs::metadata(project.state_file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn the_clock_is_the_callers() {
    let project = Project::new();
    let mut options = options();
    options.now = || NOW;
    bump(&Store::open(project.root(), options).unwrap()).unwrap();
    assert_eq!(project.store().read().unwrap().unwrap().written_by.unwrap().at, NOW);
}

#[test]
fn a_time_that_cannot_be_written_is_said_and_nothing_changes() {
    fn odd() -> time::OffsetDateTime {
        NOW.to_offset(time::UtcOffset::from_hms(1, 0, 30).unwrap())
    }
    let project = Project::with_commits(1);
    let old = project.bytes();
    let mut options = options();
    options.now = odd;
    let error = bump(&Store::open(project.root(), options).unwrap()).unwrap_err();
    assert_eq!((error.code(), error.class().number()), ("StateUnwritable", 1));
    assert_eq!(project.bytes(), old);
}
