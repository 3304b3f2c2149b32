//! Many processes, one state (STATE-2).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hc_core::lock::Holder;
use hc_state::{StateError, Store};

use crate::child;
use crate::project::{Project, bump, options};

#[test]
fn sixteen_processes_lose_no_update() {
    const PROCESSES: usize = 16;
    const UPDATES: usize = 200;
    let project = Project::with_commits(1);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (store, mut last, mut reads) = (project.store(), 0, 0_u64);
            while !done.load(Ordering::Relaxed) {
                let serial = store.read().expect("a reader saw an invalid state").unwrap().serial;
                assert!(serial >= last, "serial went from {last} to {serial}");
                (last, reads) = (serial, reads + 1);
                std::thread::sleep(Duration::from_millis(5));
            }
            reads
        });
        let children: Vec<_> = (0..PROCESSES)
            .map(|n| child::command(project.root(), &format!("count p{n} {UPDATES}")).output_later())
            .collect();
        let outputs: Vec<_> = children.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
        done.store(true, Ordering::Relaxed);
        for output in outputs {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        assert!(reader.join().unwrap() > 0);
    });
    let state = project.store().read().unwrap().unwrap();
    assert_eq!(state.serial, 1 + (PROCESSES * UPDATES) as u64);
    for n in 0..PROCESSES {
        assert_eq!(state.plugins[&format!("p{n}")].version, UPDATES.to_string());
    }
    project.assert_no_leftovers();
}

trait OutputLater {
    fn output_later(self) -> std::process::Child;
}

impl OutputLater for std::process::Command {
    fn output_later(mut self) -> std::process::Child {
        use std::process::Stdio;
        self.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

#[test]
fn a_loser_is_told_who_holds_the_lock_and_what_to_do() {
    let project = Project::with_commits(1);
    let old = project.bytes();
    let mut holder = child::start(project.root(), "hold");
    let mut options = options();
    options.lock_timeout = Duration::ZERO;
    let store = Store::open(project.root(), options).unwrap();
    let error = bump(&store).unwrap_err();
    assert_eq!((error.code(), error.class().number()), ("StateLockHeld", 2));
    let message = error.to_string();
    let expected = format!("the state is locked by `hybrid hold` (pid {} on builder-01, since ", holder.id());
    assert!(message.starts_with(&expected), "{message}");
    let StateError::LockHeld(held) = error else { panic!("another error") };
    assert!(held.hint().contains("--lock-timeout 30s"));
    assert!(!held.is_orphaned());
    assert_eq!(held.processes[0].pid, holder.id());
    assert_eq!(store.read().unwrap().unwrap().serial, 1, "readers take no lock");
    let advice = store.unlock_advice().unwrap();
    assert!(advice[0].held && advice[0].holder.as_ref().unwrap().pid == holder.id());

    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(!store.unlock_advice().unwrap()[0].held);
    assert_eq!(project.bytes(), old);
    bump(&store).unwrap();
}

#[test]
fn waiting_shows_the_holder_and_ends_with_the_timeout() {
    let project = Project::with_commits(1);
    let mut holder = child::start(project.root(), "hold");
    let seen: Arc<Mutex<Vec<Option<Holder>>>> = Arc::default();
    let mut options = options();
    options.lock_timeout = Duration::from_millis(400);
    let sink = Arc::clone(&seen);
    options.waiting = Some(Arc::new(move |holder| sink.lock().unwrap().push(holder.cloned())));
    let store = Store::open(project.root(), options).unwrap();
    let error = bump(&store).unwrap_err();
    assert!(error.to_string().contains("(waited 0."), "{error}");
    {
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].as_ref().unwrap().command, "hybrid hold");
    }
    holder.kill().unwrap();
    holder.wait().unwrap();
}
