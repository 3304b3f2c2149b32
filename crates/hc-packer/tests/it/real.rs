//! The same on real packers: the one on `PATH`, and those that `HYBRID_TEST_PACKERS` lists. Where there is none, nothing is
//! shown.

use std::path::Path;
use std::time::{Duration, Instant};

use hc_packer::build::Build;
use hc_packer::call::Call;
use hc_packer::{Cancel, EndingKind, Event, Packer};

use super::fake::quick;

#[expect(clippy::print_stderr, reason = "a test that shows nothing says so")]
fn packers() -> Vec<Packer> {
    let variable = |name| std::env::var_os(name).unwrap_or_default();
    let first = Packer::locate("packer").path(variable("PATH")).find().ok();
    let listed = variable("HYBRID_TEST_PACKERS");
    let others = std::env::split_paths(&listed).filter(|path| path.is_file());
    let all: Vec<Packer> =
        first.into_iter().chain(others.map(|path| Packer::locate(path).find().unwrap())).collect();
    if all.is_empty() {
        eprintln!("skipped: no packer");
    }
    all
}

fn a_build<'a>(packer: &Packer, dir: &Path, body: &str) -> Call<'a, Build<'a>> {
    let template = format!(
        "source \"null\" \"good\" {{\n  communicator = \"none\"\n}}\nsource \"null\" \"bad\" {{\n  communicator = \"none\"\n}}\n\
         build {{\n  sources = [\"source.null.good\", \"source.null.bad\"]\n{body}}}\n"
    );
    std::fs::write(dir.join("base.pkr.hcl"), template).unwrap();
    packer
        .build(".")
        .cwd(dir)
        .work(dir.join("work"))
        .env([("PATH".into(), std::env::var_os("PATH").unwrap())])
        .grace(Duration::from_secs(20))
}

fn shell_local(line: &str) -> String {
    format!("  provisioner \"shell-local\" {{\n    inline = [\"{line}\"]\n  }}\n")
}

/// Whether a process lives: neither gone nor waiting to be buried.
fn lives(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn a_request_and_a_timeout_end_packer_and_its_scripts() {
    for packer in packers() {
        for ending in [EndingKind::Cancelled, EndingKind::TimedOut] {
            let dir = tempfile::tempdir().unwrap();
            let cancel = Cancel::new();
            let (asker, mut asked) = (cancel.clone(), None);
            let limit = Duration::from_secs(if ending == EndingKind::TimedOut { 3 } else { 300 });
            let script =
                shell_local(&format!("echo $$ >> {}/pids; echo waiting; sleep 300", dir.path().display()));
            let build = a_build(&packer, dir.path(), &script).timeout(limit).on_event(|event| {
                let says = matches!(&event, Event::Line { text, .. } if text == "waiting");
                if says && ending == EndingKind::Cancelled && asked.is_none() {
                    asked = Some(Instant::now());
                    asker.request();
                }
            });
            let start = Instant::now();
            let result = build.run(&cancel).unwrap().result;
            let took = asked.map_or_else(|| start.elapsed().saturating_sub(limit), |asked| asked.elapsed());
            println!("{}: {ending:?} took {took:?}", packer.version);
            assert_eq!(result.ending, Some(ending), "{}: {}", packer.version, result.stdout);
            assert!(took < Duration::from_secs(60), "{}: {took:?}", packer.version);
            let pids = std::fs::read_to_string(dir.path().join("pids")).unwrap();
            assert!(!pids.is_empty() && !pids.lines().any(lives), "{}: {pids}", packer.version);
        }
    }
}

#[test]
fn a_retry_repeats_only_the_source_that_failed() {
    for packer in packers() {
        let dir = tempfile::tempdir().unwrap();
        let script = "echo $PACKER_BUILD_NAME >> DIR/ran; \
                      [ $PACKER_BUILD_NAME = good ] || [ $(grep -c bad DIR/ran) = 2 ] || exit 75"
            .replace("DIR", &dir.path().display().to_string());
        let built = a_build(&packer, dir.path(), &shell_local(&script)).retry(quick(2)).run(&Cancel::new());
        let built = built.unwrap();
        assert!(built.succeeded() && built.result.attempts == 2, "{}: {:?}", packer.version, built.result);
        let mut ran: Vec<String> =
            std::fs::read_to_string(dir.path().join("ran")).unwrap().lines().map(str::to_owned).collect();
        ran.sort();
        assert_eq!(ran, ["bad", "bad", "good"], "{}", packer.version);
        let mut sources: Vec<&str> =
            built.artifacts.iter().map(|artifact| artifact.source.as_str()).collect();
        sources.sort_unstable();
        assert_eq!(sources, ["null.bad", "null.good"], "{}", packer.version);
        let mut kept: Vec<String> = std::fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        kept.sort();
        assert_eq!(kept, ["base.pkr.hcl", "ran", "work"], "{}", packer.version);
    }
}

#[test]
fn a_failed_build_names_its_sources_and_a_post_processor_belongs_to_one() {
    for packer in packers() {
        let dir = tempfile::tempdir().unwrap();
        let fails = "[ $PACKER_BUILD_NAME = good ] || exit 3";
        let body = format!(
            "{}  post-processor \"shell-local\" {{\n    inline = [\"echo after\"]\n  }}\n",
            shell_local(fails)
        );
        let mut told = Vec::new();
        let build = a_build(&packer, dir.path(), &body).on_event(|event| match event {
            Event::Line { source, text, .. } if text == "(shell-local): after" => told.push(source),
            Event::SourceFinished { source, error } => told.push(format!("{source} {}", error.is_none())),
            _ => {}
        });
        let result = build.run(&Cancel::new()).unwrap().result;
        assert_eq!(result.failed_sources, ["null.bad"], "{}", packer.version);
        assert_eq!(result.rule.as_deref(), Some("provisioner-exit"), "{}", packer.version);
        told.sort();
        assert_eq!(told, ["null.bad false", "null.good", "null.good true"], "{}", packer.version);
    }
}

/// `continue_on_error` came with packer 1.16.
#[test]
fn a_failure_at_which_packer_goes_on_is_told() {
    let new_enough = |packer: &Packer| (packer.version.major, packer.version.minor) >= (1, 16);
    let packers: Vec<Packer> = packers().into_iter().filter(new_enough).collect();
    if packers.is_empty() {
        eprintln!("skipped: no packer 1.16 in HYBRID_TEST_PACKERS");
    }
    for packer in packers {
        let dir = tempfile::tempdir().unwrap();
        let body = "  provisioner \"shell-local\" {\n    inline = [\"exit 3\"]\n    continue_on_error = true\n  }\n  \
                    provisioner \"shell-local\" {\n    inline = [\"echo after\"]\n  }\n";
        let mut told = Vec::new();
        let build = a_build(&packer, dir.path(), body).on_event(|event| match event {
            Event::FailureIgnored { source, why } => told.push(format!("{source}: {why}")),
            Event::Line { source, text, .. } if text == "after" => told.push(format!("{source} after")),
            _ => {}
        });
        assert!(build.run(&Cancel::new()).unwrap().succeeded());
        told.sort();
        let why = "Script exited with non-zero exit status: 3. Allowed exit codes are: [0]";
        let of = |name: &str| [format!("null.{name} after"), format!("null.{name}: {why}")];
        assert_eq!(told, [of("bad"), of("good")].concat(), "{}", packer.version);
    }
}

#[test]
fn a_problem_of_a_template_has_its_line() {
    for packer in packers() {
        let dir = tempfile::tempdir().unwrap();
        let template = "source \"null\" \"x\" {\n  communicator = \"none\"\n  foo = 1\n}\nbuild {\n  sources = [\"source.null.x\"]\n}\n";
        std::fs::write(dir.path().join("base.pkr.hcl"), template).unwrap();
        let validation = packer.validate(".").cwd(dir.path()).run(&Cancel::new()).unwrap();
        let error = &validation.errors[0];
        let place = (error.file.as_deref(), error.line);
        assert_eq!(place, (Some("base.pkr.hcl".as_ref()), Some(3)), "{}: {error:?}", packer.version);
        assert_eq!(validation.verdict.rule.as_deref(), Some("template"), "{}", packer.version);
    }
}
