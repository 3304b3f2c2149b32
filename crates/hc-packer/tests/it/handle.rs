//! A build as a program that depends on the crate sees it: what it is told, how it limits it, what it leaves behind.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hc_packer::{Cancel, Class, Clock, EndingKind, Event};

use super::fake::{World, quick};

const TWO_SOURCES: &str = "echo '1,,ui,error,Warning: The template is old\\n\\n  on a.pkr.hcl line 1:\\n\\nRenew it.'\n\
     echo '1,,ui,say,==> file.good: Writing'\n\
     echo '1,,ui,say,==> file.good (checksum): Summing'\n\
     echo '1,,ui,error,==> null.bad: curl: (56) connection reset by peer'\n\
     echo \"1,,ui,error,Build 'null.bad' errored after 1 s: Script exited with non-zero exit status: 7\"\n\
     echo \"1,,ui,say,Build 'file.good' finished after 1 s.\"\n\
     echo '1,null.bad,error,Script exited with non-zero exit status: 7'\n\
     echo '1,file.good,artifact,0,file,0,out'; echo '1,file.good,artifact,0,end'; exit 1";

/// Whether a process lives: neither gone nor waiting to be buried.
fn lives(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn events_tell_what_happens_to_every_source() {
    let world = World::new("1.16.0", TWO_SOURCES);
    let mut told = Vec::new();
    let built = world.a_build().on_event(|event| {
        told.push(match event {
            Event::Attempt(number) => format!("attempt {number}"),
            Event::Started { pid } => format!("started {}", pid > 1),
            Event::SourceStarted { source } => format!("{source} started"),
            Event::SourceFinished { source, error } => format!("{source} finished: {error:?}"),
            Event::Artifact(artifact) => format!("{} made {:?}", artifact.source, artifact.files),
            Event::Warning { text } => format!("warning: {text}"),
            Event::Line { source, text, .. } if !source.is_empty() => format!("{source} | {text}"),
            _ => return,
        });
    });
    let result = built.run(&Cancel::new()).unwrap().result;
    assert_eq!(
        told,
        [
            "attempt 1",
            "started true",
            "warning: The template is old",
            "file.good started",
            "file.good | Writing",
            "file.good | (checksum): Summing",
            "null.bad started",
            "null.bad | curl: (56) connection reset by peer",
            "null.bad finished: Some(\"Script exited with non-zero exit status: 7\")",
            "file.good finished: None",
            "file.good made [\"out\"]",
        ]
    );
    assert_eq!(
        (result.failed_sources.as_slice(), result.rule.as_deref()),
        (&["null.bad".to_owned()][..], Some("provisioner-exit"))
    );
}

#[test]
fn what_a_script_printed_decides_when_a_rule_asks_for_it() {
    let world = World::new("1.16.0", TWO_SOURCES);
    let rule: hc_packer::RuleSpec = toml::from_str(
        "id = \"mirror\"\npattern = \"connection reset\"\nclass = \"transient\"\nscope = \"provisioner\"",
    )
    .unwrap();
    let rules = hc_packer::Rules::new(&[rule]).unwrap();
    let result = world.a_build().rules(&rules).run(&Cancel::new()).unwrap().result;
    assert_eq!((result.classification, result.rule.as_deref()), (Class::Transient, Some("mirror")));
    assert_eq!(result.evidence.as_deref(), Some("curl: (56) connection reset by peer"));
}

#[test]
fn a_deadline_ends_all_attempts_together() {
    // Bounds are wide: the machine may be busy. Without a deadline it would take four minutes.
    let busy = Duration::from_secs(120);
    let world = World::new("1.16.0", "echo '1,null.x,error,Timeout waiting for SSH.'; sleep 0.2; exit 1");
    let start = Instant::now();
    let built = world.a_build().retry(quick(1_200)).deadline(Duration::from_secs(2)).run(&Cancel::new());
    assert_eq!(built.unwrap().result.exit_code, 2);
    assert!(start.elapsed() < busy, "{:?}", start.elapsed());
    // A timeout of each attempt alone would be waited for once per retry.
    let world = World::new("1.16.0", "exec sleep 600");
    let start = Instant::now();
    let build = world.a_build().retry(quick(9)).timeout(Duration::from_secs(500));
    let result = build.deadline(Duration::from_millis(300)).run(&Cancel::new()).unwrap().result;
    assert_eq!((result.ending, result.exit_code, result.attempts), (Some(EndingKind::TimedOut), 2, 1));
    assert!(start.elapsed() < busy, "{:?}", start.elapsed());
}

#[test]
fn a_listener_that_panics_takes_packer_along() {
    let world = World::new("1.16.0", "sleep 300 & echo \"1,,ui,say,$!\"; wait");
    let pids = Mutex::new(Vec::new());
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let build = world.a_build().on_event(|event| match event {
            Event::Started { pid } => pids.lock().unwrap().push(pid),
            Event::Line { text, .. } => {
                pids.lock().unwrap().push(text.parse().unwrap());
                panic!("the listener is broken");
            }
            _ => {}
        });
        build.run(&Cancel::new())
    }));
    assert!(panic.is_err());
    let pids = pids.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    assert!(pids.len() == 2 && !pids.iter().any(|pid| lives(*pid)), "{pids:?}");
}

#[test]
fn relative_directories_are_those_of_the_caller() {
    let script = "for word in \"$@\"; do case $word in manifest=*) \
                  echo '{\"builds\":[{\"name\":\"x\",\"builder_type\":\"file\",\"files\":[{\"name\":\"out/x\",\"size\":3}]}]}' > \"${word#manifest=}\";; \
                  esac; done";
    let world = World::new("1.16.0", script);
    let work = tempfile::tempdir_in(".").unwrap();
    let relative = std::path::Path::new(".").join(work.path().file_name().unwrap());
    let build =
        world.packer.build("stage").cwd(world.dir.path()).work(&relative).manifest_variable("manifest");
    let built = build.run(&Cancel::new()).unwrap();
    assert!(built.succeeded(), "{:?}", built.result);
    assert!(built.manifest.is_some_and(|path| path.is_absolute()));
    assert!(relative.join("raw.log").exists() && !world.dir.path().join(&relative).exists());
}

#[test]
fn without_a_work_directory_nothing_is_written_down() {
    let world = World::new("1.16.0", "echo \"1,,ui,say,log: $PACKER_LOG_PATH\"; exit 1");
    let before = std::fs::read_dir(world.dir.path()).unwrap().count();
    let result = world.packer.build("stage").cwd(world.dir.path()).run(&Cancel::new()).unwrap().result;
    assert_eq!((result.stdout.as_str(), result.log_path, result.manifest_path), ("log: \n", None, None));
    assert_eq!(std::fs::read_dir(world.dir.path()).unwrap().count(), before);
}

#[test]
fn times_are_the_callers() {
    let world = World::new("1.16.0", "exit 1");
    let clock = Clock::new(|| time::OffsetDateTime::UNIX_EPOCH);
    let result = world.a_build().clock(clock).run(&Cancel::new()).unwrap().result;
    assert_eq!(result.started_at, time::OffsetDateTime::UNIX_EPOCH);
    assert_eq!(result.finished_at, time::OffsetDateTime::UNIX_EPOCH);
}

#[test]
fn a_build_in_the_background_is_waited_for_stopped_and_killed() {
    let world = World::new("1.16.0", "trap 'exit 1' TERM; sleep 300 & wait");
    let pid = Arc::new(Mutex::new(0));
    let start = || {
        let pid = Arc::clone(&pid);
        world.packer.build("stage").on_event(move |event| {
            if let Event::Started { pid: started } = event {
                *pid.lock().unwrap() = started;
            }
        })
    };
    let building = start().start();
    assert!(!building.wait_timeout(Duration::from_millis(100)));
    building.stop();
    assert!(building.wait_timeout(Duration::from_secs(120)));
    assert_eq!(building.wait().unwrap().result.ending, Some(EndingKind::Cancelled));
    let building = start().start();
    while *pid.lock().unwrap() == 0 || !lives(*pid.lock().unwrap()) {
        std::thread::sleep(Duration::from_millis(5));
    }
    building.kill();
    assert_eq!(building.wait().unwrap().result.exit_code, 130);
    // Dropped without a word, it is stopped too.
    drop(start().start());
    assert!(!lives(*pid.lock().unwrap()));
}

#[test]
fn retries_are_told_apart_by_their_sources() {
    let script = "if [ $CALL -eq 1 ]; then echo '1,null.x,error,Timeout waiting for SSH.'; exit 1; fi\n\
                  echo \"1,,ui,say,Build 'null.x' finished after 1 s.\"; echo '1,null.x,artifact,0,id,i'; echo '1,null.x,artifact,0,end'";
    let world = World::new("1.16.0", script);
    let mut attempts = Vec::new();
    let build = world.a_build().retry(quick(3)).on_event(|event| {
        if let Event::Attempt(number) = event {
            attempts.push(number);
        }
    });
    assert!(build.run(&Cancel::new()).unwrap().succeeded());
    assert_eq!(attempts, [1, 2]);
}
