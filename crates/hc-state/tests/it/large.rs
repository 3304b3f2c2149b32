//! A state of 5,000 builders and 50 sources stays usable, also without optimisation.

use std::time::{Duration, Instant};

use hc_state::{CheckContext, StateError};

use crate::project::{Project, fill, plugin, run};

#[test]
fn five_thousand_builders() {
    let project = Project::new();
    let store = project.store();
    let write = |builders| {
        store.with_exclusive::<_, StateError>(&run(1), |locked| {
            fill(locked.state_mut(), builders, 50);
            locked.state_mut().plugins.insert("x".into(), plugin("1"));
            Ok(())
        })
    };
    write(5_000).unwrap();
    let start = Instant::now();
    let state = store.read().unwrap().unwrap();
    let load = start.elapsed();
    assert_eq!(state.builders.len(), 5_000);
    let start = Instant::now();
    assert!(store.check(&CheckContext::default()).is_empty());
    let check = start.elapsed();
    let start = Instant::now();
    write(0).unwrap();
    let rewrite = start.elapsed();
    println!("{} KiB: load {load:?}, check {check:?}, rewrite {rewrite:?}", project.bytes().len() / 1024);
    assert!(
        load + check + rewrite < Duration::from_secs(20),
        "load {load:?}, check {check:?}, rewrite {rewrite:?}"
    );
}
