//! What packer is told, and what is made of all that it may do, on the scripted fake one (PKR-1 … PKR-4).

use std::path::Path;
use std::time::{Duration, Instant};

use hc_packer::build::Build;
use hc_packer::call::Call;
use hc_packer::{Built, Cancel, Class, EndingKind, Event, Packer, Retry};
use hc_test_support::FakePacker;

const DONE: &str = "echo \"1,,ui,say,Build 'null.x' finished after 1 s.\"; echo '1,null.x,artifact,0,id,image-1'; \
                    echo '1,null.x,artifact,0,end'; exit 0";

pub(super) struct World {
    pub(super) dir: tempfile::TempDir,
    pub(super) fake: FakePacker,
    pub(super) packer: Packer,
}

impl World {
    pub(super) fn new(version: &str, script: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let fake = FakePacker::new(&dir.path().join("fake"), version, script).unwrap();
        let packer = Packer::locate(fake.path()).find().unwrap();
        Self { dir, fake, packer }
    }

    /// A call with everything around it.
    pub(super) fn around<'a, W>(&self, call: Call<'a, W>) -> Call<'a, W> {
        let caller = [
            ("PATH", "/usr/bin:/bin"),
            ("HOME", "/home/builder"),
            ("AWS_PROFILE", "images"),
            ("LD_PRELOAD", "/evil.so"),
            ("PACKER_LOG_PATH", "/elsewhere"),
            ("UNRELATED", "1"),
        ];
        call.env(caller.map(|(name, value)| (name.into(), value.into())))
            .cwd(self.dir.path())
            .work(self.dir.path().join("work"))
            .secret("token", "hunter2hunter2")
            .set("STAGE", "dev")
            .cache_dir(self.dir.path().join("cache"))
            .plugin_path(self.dir.path().join("plugins"))
            .timeout(Duration::from_secs(60))
            .grace(Duration::from_millis(500))
    }

    pub(super) fn a_build<'a>(&self) -> Call<'a, Build<'a>> {
        self.around(self.packer.build("stage"))
            .var_file("common.pkrvars.hcl")
            .var("stage", "dev")
            .platform("null")
            .manifest_variable("manifest")
            .output_dir(self.dir.path().join("output"))
            .force()
            .log(self.dir.path().join("raw.log"))
    }

    fn build(&self, retry: Retry) -> Built {
        self.a_build().retry(retry).run(&Cancel::new()).unwrap()
    }

    pub(super) fn raw_log(&self) -> Vec<u8> {
        std::fs::read(self.dir.path().join("raw.log")).unwrap()
    }

    /// Text without this run's directory.
    fn anonymous(&self, lines: &[String]) -> String {
        // The descriptor of a file without a name.
        let own_log = format!("/proc/{}/fd/", std::process::id());
        let mut lines = lines.to_vec();
        for line in &mut lines {
            if let Some(at) = line.find(&own_log) {
                line.replace_range(at.., "DESCRIPTOR");
            }
        }
        lines.join("\n").replace(&self.dir.path().display().to_string(), "DIR") + "\n"
    }
}

fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("HYBRID_UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, wanted, "{name} differs; HYBRID_UPDATE_GOLDEN=1 writes it anew");
}

#[test]
fn arguments_and_environment_are_golden_for_every_version() {
    for version in ["1.6.6", "1.11.2", "1.16.0"] {
        let world = World::new(version, DONE);
        let (packer, cancel) = (&world.packer, Cancel::new());
        let mut text =
            format!("has init: {}\nbundles plugins: {}\n", packer.has_init(), packer.bundles_plugins());
        world.around(packer.fmt("stage")).run(&cancel).unwrap();
        world.around(packer.fmt_check("stage")).run(&cancel).unwrap();
        let validate = || world.around(packer.validate("stage")).var("a", "b c");
        validate().syntax_only().run(&cancel).unwrap();
        validate().run(&cancel).unwrap();
        world.around(packer.init("stage")).run(&cancel).unwrap();
        world.build(Retry::never());
        for call in 1..=world.fake.calls() {
            text.push_str(&format!("\n# call {call}\n{}", world.anonymous(&world.fake.args(call).unwrap())));
        }
        text.push_str(&format!(
            "\n# environment of the build\n{}",
            world.anonymous(&world.fake.env(6).unwrap())
        ));
        golden(&format!("packer-{version}.txt"), &text);
    }
}

#[test]
fn every_ending_has_its_class_and_exit_code() {
    let cases: [(&str, Class, u8, EndingKind); 9] = [
        (DONE, Class::Success, 0, EndingKind::Exited),
        ("exit 0", Class::Config, 1, EndingKind::Exited),
        ("echo '1,null.x,error,Timeout waiting for SSH.'; exit 1", Class::Transient, 2, EndingKind::Exited),
        (
            "echo '1,null.x,error,write /x: no space left on device'; exit 1",
            Class::Capacity,
            2,
            EndingKind::Exited,
        ),
        (
            "echo '1,null.x,error,Packer experienced an authentication error'; exit 1",
            Class::Auth,
            1,
            EndingKind::Exited,
        ),
        (
            "echo '1,null.x,error,Script exited with non-zero exit status: 3'; exit 1",
            Class::Config,
            1,
            EndingKind::Exited,
        ),
        (
            "echo '1,null.x,error,Script exited with non-zero exit status: 75'; exit 1",
            Class::Transient,
            2,
            EndingKind::Exited,
        ),
        ("echo '1,null.x,error,nobody knows this'; exit 1", Class::Unknown, 1, EndingKind::Exited),
        ("kill -KILL $$", Class::Unknown, 1, EndingKind::Killed),
    ];
    for (script, class, exit, ending) in cases {
        let result = World::new("1.16.0", script).build(Retry::never()).result;
        assert_eq!(
            (result.classification, result.exit_code, result.ending),
            (class, exit, Some(ending)),
            "{script}"
        );
    }
    let killed = World::new("1.16.0", "kill -KILL $$").build(Retry::never()).result;
    assert!(killed.evidence.is_some_and(|evidence| evidence.contains("signal 9")));
    for code in [2, 3, 127, 255] {
        let built = World::new("1.11.2", &format!("exit {code}")).build(Retry::never());
        assert_eq!(built.result.exit_code, 1, "{code}");
    }
}

#[test]
fn a_transient_failure_is_tried_again_and_a_lasting_one_is_not() {
    let flaky = format!(
        "if [ $CALL -lt 3 ]; then echo '1,null.x,error,Timeout waiting for SSH.'; exit 1; fi; {DONE}"
    );
    let world = World::new("1.16.0", &flaky);
    let built = world.build(Retry::transient(1));
    assert_eq!((built.result.exit_code, built.result.attempts, world.fake.calls()), (2, 2, 2));
    let world = World::new("1.16.0", &flaky);
    let mut pauses = Vec::new();
    let building = world.a_build().retry(Retry::transient(5)).on_event(|event| {
        if let Event::Retrying { after_ms, .. } = event {
            pauses.push(after_ms);
        }
    });
    let built = building.run(&Cancel::new()).unwrap();
    assert_eq!((built.result.exit_code, built.result.attempts), (0, 3));
    assert!(pauses.len() == 2 && pauses[1] > pauses[0], "{pauses:?}");
    let world =
        World::new("1.16.0", "echo '1,null.x,error,Script exited with non-zero exit status: 3'; exit 1");
    world.build(Retry::transient(5));
    assert_eq!(world.fake.calls(), 1);
}

#[test]
fn a_hook_runs_before_a_retry_and_its_failure_ends_the_retries() {
    let script = format!(
        "if [ $CALL -eq 1 ]; then echo '1,null.x,error,Timeout waiting for SSH.'; exit 1; fi; {DONE}"
    );
    for (hook, calls, exit) in [("exit 0", 2, 0), ("echo cannot; exit 1", 1, 2)] {
        let world = World::new("1.16.0", &script);
        let built = world.build(quick(1).before("/bin/sh", ["-c", hook]));
        assert_eq!((world.fake.calls(), built.result.exit_code), (calls, exit), "{hook}");
    }
}

/// Retries with hardly a pause.
pub(super) fn quick(times: u32) -> Retry {
    Retry::transient(times).pauses(Duration::from_millis(10), Duration::from_millis(10))
}

#[test]
fn only_the_source_that_failed_is_tried_again() {
    let script = "if [ $CALL -eq 1 ]; then\n\
         echo '1,null.good,artifact,0,id,image-good'; echo '1,null.good,artifact,0,end'\n\
         echo \"1,,ui,say,Build 'null.good' finished after 1 s.\"\n\
         echo \"1,,ui,error,Build 'null.bad' errored after 1 s: Timeout waiting for SSH.\"\n\
         echo '1,null.bad,error,Timeout waiting for SSH.'; exit 1\nfi\n\
         echo '1,null.bad,artifact,0,id,image-bad'; echo '1,null.bad,artifact,0,end'\n\
         echo \"1,,ui,say,Build 'null.bad' finished after 1 s.\"";
    let world = World::new("1.16.0", script);
    std::fs::create_dir(world.dir.path().join("output")).unwrap();
    std::fs::write(world.dir.path().join("output/good"), "made by the first attempt").unwrap();
    let once = world.build(Retry::never());
    assert_eq!(once.result.failed_sources, ["null.bad"]);
    std::fs::remove_file(world.dir.path().join("fake/calls")).unwrap();
    let built = world.build(quick(1));
    assert_eq!((built.result.exit_code, built.result.failed_sources.len()), (0, 0));
    assert_eq!(built.image_ids, ["image-bad", "image-good"]);
    let sources: Vec<&str> = built.artifacts.iter().map(|artifact| artifact.source.as_str()).collect();
    assert_eq!(sources, ["null.good", "null.bad"]);
    assert!(world.fake.args(2).unwrap().contains(&"-only=null.bad".to_owned()), "{:?}", world.fake.args(2));
    assert!(world.dir.path().join("output/good").exists());
}

/// The other tests of this process would hide what this one takes, so it is run in a process of its own.
#[test]
#[cfg(target_os = "linux")]
fn a_million_lines_cost_no_memory_and_none_is_lost() {
    let output = std::process::Command::new("/proc/self/exe")
        .args(["--exact", "fake::a_million_lines", "--ignored", "--nocapture", "--test-threads=1"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    println!("{}", said.lines().find(|line| line.contains("peak memory")).unwrap());
}

#[test]
#[ignore = "measures its process; the test above runs it alone"]
fn a_million_lines() {
    let peak = || -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    };
    // Packer's own log is as long as its output.
    let script = "seq 1000000 | sed \"s/.*/1700000000,,ui,message,    null.x: line & of a very chatty build/\" \
                  | tee $PACKER_LOG_PATH; exit 7";
    let world = World::new("1.16.0", script);
    let mut lines = 0_u64;
    let count = |event| lines += u64::from(matches!(event, Event::Line { .. }));
    world.a_build().on_event(count).run(&Cancel::new()).unwrap();
    let peak = peak();
    println!("1,000,000 lines: peak memory {peak} KiB");
    assert_eq!(lines, 1_000_000);
    let log = world.raw_log();
    assert_eq!(log.iter().filter(|byte| **byte == b'\n').count(), 1_000_000);
    let own = std::fs::metadata(world.dir.path().join("work/attempt-1/packer.log")).unwrap();
    assert_eq!(own.len(), log.len() as u64);
    assert!(peak < 64 << 10, "{peak} KiB");
}

#[test]
fn strange_bytes_arrive_in_the_raw_log_as_they_are() {
    let script = "printf 'bad \\377\\376 bytes\\r\\n'; printf '50%%\\r100%%\\n'; head -c 10000000 /dev/zero | tr '\\0' y; \
                  printf '\\nno end'; exit 1";
    let world = World::new("1.16.0", script);
    let mut texts = Vec::new();
    let keep = |event| {
        if let Event::Line { text, .. } = event {
            texts.push(text);
        }
    };
    world.a_build().on_event(keep).run(&Cancel::new()).unwrap();
    let log = world.raw_log();
    assert!(log.starts_with(b"bad \xff\xfe bytes\n"));
    assert_eq!(log.iter().filter(|byte| **byte == b'y').count(), 10_000_000 + 1);
    assert!(log.ends_with(b"no end\n"));
    assert!(texts.contains(&"100%".to_owned()) && texts.contains(&"no end".to_owned()));
    assert!(texts.iter().all(|text| text.len() < 256 << 10));
}

#[test]
fn a_packer_that_ignores_term_is_killed_after_its_grace() {
    let world = World::new("1.16.0", "trap '' TERM INT; echo '1,,ui,say,deaf'; while :; do sleep 1; done");
    let cancel = Cancel::new();
    let asker = cancel.clone();
    let start = Instant::now();
    let building = world.a_build().retry(Retry::transient(3)).on_event(move |event| {
        if matches!(event, Event::Line { .. }) {
            asker.request();
        }
    });
    let result = building.run(&cancel).unwrap().result;
    assert_eq!((result.classification, result.exit_code, result.attempts), (Class::Cancelled, 130, 1));
    assert_eq!(result.ending, Some(EndingKind::Cancelled));
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
}
