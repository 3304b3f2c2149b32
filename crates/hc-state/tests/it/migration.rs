//! Version 1 up, version 2 down, newer versions not at all (STATE-3).

use hc_state::codec::version_of;
use hc_state::{AuditAction, MigrateOptions, RunOutcome, Store, paths};

use crate::project::{NOW, Project, fill, options, run, target};

const V1: &str = include_str!("../fixtures/state-v1.json");

fn v1_project() -> (Project, Store, MigrateOptions) {
    let project = Project::new();
    std::fs::create_dir(paths::state_dir(project.root())).unwrap();
    project.put(V1.as_bytes());
    let mut options = options();
    options.now = || NOW;
    let store = Store::open(project.root(), options).unwrap();
    (project, store, MigrateOptions { env: "dev".parse().unwrap() })
}

#[test]
fn version_one_is_refused_until_migrated() {
    let (project, store, _) = v1_project();
    for error in [store.read().unwrap_err(), project.bump().unwrap_err()] {
        assert_eq!((error.code(), error.class().number()), ("StateTooOld", 1));
    }
    assert_eq!(project.bytes(), V1.as_bytes());
}

#[test]
fn a_dry_run_says_what_happens_and_writes_nothing() {
    let (project, store, options) = v1_project();
    let plan = store.plan_migration(None, &options, &run(1)).unwrap();
    assert_eq!((plan.from, plan.to, plan.steps.len()), (1, 2, 1));
    let lost: Vec<String> = plan.lost.iter().map(|loss| format!("{}: {}", loss.subject, loss.what)).collect();
    assert_eq!(
        lost,
        [
            "last run: its id `build-42` is no run id, it gets a new one",
            "windows.vsphere.server@dev: its hash is not BLAKE3 and cannot be compared: validate again",
        ]
    );
    assert_eq!(project.names(), ["packer-hybrid.json"]);
    assert_eq!(project.bytes(), V1.as_bytes());
}

#[test]
fn version_one_goes_up_with_backup_and_audit_entry() {
    let (project, store, options) = v1_project();
    let migrated = store.migrate(None, &options, &run(1)).unwrap();
    assert_eq!(std::fs::read(migrated.backup.unwrap()).unwrap(), V1.as_bytes());
    let state = store.read().unwrap().unwrap();
    assert_eq!((state.schema.version, state.serial), (2, 1));
    let base = &state.builders[&target("linux.qemu.base@dev")];
    let trusted = base.trusted.as_ref().unwrap();
    assert_eq!(
        trusted.inputs.to_string(),
        "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    );
    assert_eq!(base.template_id.as_deref(), Some("templates/linux/qemu/base"));
    assert!(state.builders[&target("windows.vsphere.server@dev")].trusted.is_none(), "sha256 is no trust");
    assert_eq!(state.plugins["github.com/hashicorp/qemu"].version, "1.1.0");
    assert_eq!(state.sources["packer-plugins"].sha, "89abcdef0123456789abcdef0123456789abcdef");
    assert_eq!((state.runs[0].outcome, state.runs[0].exit_code), (RunOutcome::Succeeded, Some(0)));
    let report = store.audit_log().unwrap();
    assert!(report.problems.is_empty());
    assert_eq!(
        (report.entries[0].action, report.entries[0].details["to"].as_str()),
        (AuditAction::Migrate, "2")
    );
    assert!(store.migrate(None, &options, &run(1)).unwrap().plan.steps.is_empty(), "nothing is left to do");
    project.bump().unwrap();
    assert_eq!(project.serial(), 2);
}

#[test]
fn version_two_goes_down_where_it_can_and_up_again_into_its_history() {
    let (project, store, options) = v1_project();
    store.migrate(None, &options, &run(1)).unwrap();
    let first = store.read().unwrap().unwrap();
    let migrated = store.migrate(Some(1), &options, &run(2)).unwrap();
    assert_eq!((migrated.plan.from, migrated.plan.to), (2, 1));
    assert!(migrated.plan.lost.iter().any(|loss| loss.subject == "state"), "{:?}", migrated.plan.lost);
    assert_eq!(version_of(&project.bytes()).unwrap(), 1);
    // Only what version 2 had already dropped is missing.
    let down: serde_json::Value = serde_json::from_slice(&project.bytes()).unwrap();
    let before: serde_json::Value = serde_json::from_str(V1).unwrap();
    for kept in ["plugins", "sources"] {
        assert_eq!(down[kept], before[kept]);
    }
    assert_eq!(down["manifests"]["linux.qemu.base"], before["manifests"]["linux.qemu.base"]);
    assert_eq!(down["last_run"]["started_at"], before["last_run"]["started_at"]);

    store.migrate(None, &options, &run(3)).unwrap();
    let again = store.read().unwrap().unwrap();
    assert_eq!(again.lineage, first.lineage);
    assert!(again.serial > first.serial);
    let base = target("linux.qemu.base@dev");
    assert_eq!(again.builders[&base], first.builders[&base]);
    assert_eq!(store.audit_log().unwrap().entries.len(), 3);
}

#[test]
fn going_down_names_everything_that_is_lost() {
    let (_project, store, options) = v1_project();
    store.migrate(None, &options, &run(1)).unwrap();
    store
        .with_exclusive::<_, hc_state::StateError>(&run(2), |locked| {
            fill(locked.state_mut(), 1, 0);
            let record = locked.state().builders[&target("linux.qemu.v0@dev")].clone();
            locked.state_mut().builders.insert(target("linux.qemu.v0@prod"), record);
            Ok(())
        })
        .unwrap();
    let plan = store.plan_migration(Some(1), &options, &run(3)).unwrap();
    let subjects: Vec<&str> = plan.lost.iter().map(|loss| loss.subject.as_str()).collect();
    for expected in ["linux.qemu.v0@dev", "linux.qemu.v0@prod", "stable", "packer-plugins", "runs", "state"] {
        assert!(subjects.contains(&expected), "{expected} is not in {subjects:?}");
    }
}

#[test]
fn newer_and_unknown_versions_are_left_alone() {
    let (project, store, options) = v1_project();
    let newer = V1.replacen("\"version\": 1", "\"version\": 3", 1);
    project.put(newer.as_bytes());
    assert_eq!(store.migrate(None, &options, &run(1)).unwrap_err().code(), "StateTooNew");
    assert_eq!(store.migrate(Some(1), &options, &run(1)).unwrap_err().code(), "StateTooNew");
    assert_eq!(project.bytes(), newer.as_bytes());
    project.put(V1.as_bytes());
    store.migrate(None, &options, &run(1)).unwrap();
    assert_eq!(store.migrate(Some(7), &options, &run(1)).unwrap_err().code(), "NoMigration");
}

#[test]
fn a_broken_version_one_is_corrupt() {
    let (project, store, options) = v1_project();
    let broken = V1.replace("\"plugins\"", "\"plugnis\"");
    project.put(broken.as_bytes());
    let error = store.migrate(None, &options, &run(1)).unwrap_err();
    assert_eq!(error.code(), "StateCorrupt");
    assert_eq!(project.bytes(), broken.as_bytes());
}

#[test]
fn nothing_to_migrate_is_said() {
    let project = Project::new();
    let options = MigrateOptions { env: "dev".parse().unwrap() };
    assert_eq!(project.store().migrate(None, &options, &run(1)).unwrap_err().code(), "StateMissing");
    assert!(!project.state_file().exists());
}
