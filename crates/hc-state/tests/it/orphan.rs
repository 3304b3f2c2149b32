//! A child that outlives its run keeps the build lock, and never the state lock (STATE-2).

use std::time::{Duration, Instant};

use hc_state::{CheckContext, FindingCode, StateError};

use crate::child;
use crate::project::{Project, target};

#[test]
fn an_orphan_holds_its_targets_lock_and_nothing_else() {
    let project = Project::with_commits(1);
    let store = project.store();
    let (mine, other) = (target("linux.qemu.base@dev"), target("linux.qemu.base@prod"));
    let mut run = child::start(project.root(), "build linux.qemu.base@dev");

    let error = store.build_lock(&mine).unwrap_err();
    let StateError::LockHeld(held) = &error else { panic!("{error}") };
    assert!(!held.is_orphaned());
    assert!(store.build_lock(&other).unwrap().is_some(), "other targets are free");

    run.kill().unwrap();
    run.wait().unwrap();
    let error = store.build_lock(&mine).unwrap_err();
    let StateError::LockHeld(held) = &error else { panic!("{error}") };
    assert_eq!((error.code(), error.class().number()), ("StateLockHeld", 2));
    assert!(held.is_orphaned());
    let orphan = held.processes[0].clone();
    assert_eq!(orphan.name, "sleep");
    assert!(
        error.to_string().contains(&format!("its child sleep (pid {}) still holds", orphan.pid)),
        "{error}"
    );
    assert!(held.hint().contains("hybrid orphans --stop"), "{}", held.hint());

    project.bump().unwrap();
    let findings = store.check(&CheckContext::default());
    assert!(findings.iter().any(|finding| finding.code == FindingCode::BuildOrphaned), "{findings:?}");
    let holders = store.build_holders().unwrap();
    assert_eq!((holders.len(), &holders[0].target, holders[0].orphaned), (1, &mine, true));
    assert!(
        store
            .unlock_advice()
            .unwrap()
            .iter()
            .any(|advice| advice.held && advice.advice.contains("hybrid orphans --stop"))
    );

    let killed = std::process::Command::new("kill").arg(orphan.pid.to_string()).status().unwrap();
    assert!(killed.success());
    let start = Instant::now();
    while store.build_lock(&mine).is_err() {
        assert!(start.elapsed() < Duration::from_secs(10), "the lock outlived the orphan");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(store.build_holders().unwrap().is_empty());
}
