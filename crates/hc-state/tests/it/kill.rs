//! `kill -9` at any moment: the state is the old one or the new one, and the next command works at once.

use std::time::Duration;

use hc_state::{Store, paths};

use crate::child;
use crate::project::{Project, bump, names_in, options};

#[test]
fn killed_writers_leave_a_whole_state() {
    rounds(500);
}

#[test]
#[ignore = "ten times the rounds"]
fn killed_writers_leave_a_whole_state_for_long() {
    rounds(5_000);
}

fn rounds(count: u64) {
    let project = Project::with_commits(1);
    let mut options = options();
    options.lock_timeout = Duration::ZERO;
    let store = Store::open(project.root(), options).unwrap();
    let (mut serial, mut survived, mut random) = (1, 0_u64, 0x9e37_79b9_7f4a_7c15_u64);
    for round in 0..count {
        let mut child = child::start(project.root(), "commit-for-ever");
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_micros((random >> 33) % 15_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let state = store.read().unwrap_or_else(|error| panic!("round {round}: {error}")).unwrap();
        assert!(state.serial >= serial, "round {round}: serial {serial} became {}", state.serial);
        survived += state.serial - serial;
        bump(&store).unwrap_or_else(|error| panic!("round {round}: {error}"));
        serial = state.serial + 1;
        assert_eq!(project.serial(), serial);
        project.assert_no_leftovers();
    }
    assert!(survived > count / 4, "the kills came before the writes");
    assert_eq!(project.names(), [".lock", "backups", "packer-hybrid.json"]);
    assert!(names_in(&paths::backups_dir(project.root())).len() <= 20);
    assert!(store.backups().unwrap().iter().all(|b| matches!(b.validity, hc_state::Validity::Good { .. })));
}
