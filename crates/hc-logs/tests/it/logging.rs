//! The subscriber, as `hybrid` uses it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use hc_core::SecretString;
use hc_logs::read::{Filter, LogReader};
use hc_logs::{ConsoleOptions, LogGuard, LogOptions, Redactor, Rotation, SystemOptions, SystemProtocol};
use time::macros::datetime;

#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Screen {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn logged(
    dir: Option<PathBuf>,
    verbosity: i8,
    color: bool,
    body: impl FnOnce(&LogGuard),
) -> (String, LogGuard) {
    logged_to(dir, None, verbosity, color, body)
}

fn logged_to(
    dir: Option<PathBuf>,
    system: Option<SystemOptions>,
    verbosity: i8,
    color: bool,
    body: impl FnOnce(&LogGuard),
) -> (String, LogGuard) {
    let screen = Screen::default();
    let options = LogOptions {
        dir,
        component: "hybrid".into(),
        run_id: "20261120T225620.123Z-1f2e3d4c".parse().unwrap(),
        console: ConsoleOptions { verbosity, json: false, color, writer: Box::new(screen.clone()) },
        redactor: Redactor::tokens_only(),
        rotation: Rotation::default(),
        system,
        now: || datetime!(2026-11-20 22:56:20.5 UTC),
    };
    let (subscriber, guard) = hc_logs::build(options).unwrap();
    tracing::subscriber::with_default(subscriber, || body(&guard));
    (screen.text(), guard)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn one_line_format_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("logs");
    let (screen, guard) = logged(Some(logs.clone()), 0, false, |_| {
        let span = tracing::info_span!(target: "hc_cli::build", "build", target = %"linux.qemu.base@dev");
        span.in_scope(|| tracing::info!(target: "hc_packer::process", attempt = 2, "packer started"));
        tracing::debug!(target: "hc_state", "not on the console");
        tracing::info!(target: "foreign_crate", "nowhere");
    });
    let first = "[2026-11-20T22:56:20.500Z] INFO packer 20261120T225620.123Z-1f2e3d4c packer started \
                 target=linux.qemu.base@dev attempt=2\n";
    assert_eq!(screen, first);
    let text = read(&logs.join("hybrid.log"));
    assert!(text.starts_with(first) && text.contains("DEBUG state"), "{text}");
    assert!(!text.contains("nowhere"));
    let lines: Vec<_> = LogReader::open(&logs, "hybrid", Filter::default()).unwrap().collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].target.as_deref(), Some("linux.qemu.base@dev"));
    assert_eq!(lines[0].fields["attempt"], "2");
    assert_eq!(guard.failures(), 0);
}

#[test]
fn secrets_are_redacted_in_messages_fields_spans_and_errors() {
    let dir = tempfile::tempdir().unwrap();
    let (screen, _) = logged(Some(dir.path().to_owned()), 2, false, |guard| {
        guard.add_secrets(&[SecretString::new("correct \"horse\"\nbattery")]);
        let value = "correct \"horse\"\nbattery";
        let span = tracing::info_span!(target: "hc_cli", "s", password = value, debug = ?value);
        span.in_scope(|| {
            let error = std::io::Error::other(format!("login with {value} failed"));
            tracing::error!(target: "hc_cli", error = &error as &dyn std::error::Error, "tried {value}");
        });
    });
    for text in [screen, read(&dir.path().join("hybrid.log")), read(&dir.path().join("hybrid.jsonl"))] {
        assert!(!text.contains("horse") && !text.contains("battery"), "{text}");
        assert_eq!(text.matches("***").count(), 4, "{text}");
        assert_eq!(text.lines().count(), 1);
    }
}

#[test]
fn hostile_texts_stay_one_line_without_escapes() {
    let dir = tempfile::tempdir().unwrap();
    let hostile = "a\x1b]0;owned\x07\r\n[2026-11-20T22:56:20.500Z] INFO forged\u{202e}\u{9b}2J";
    let (screen, _) = logged(Some(dir.path().to_owned()), 0, true, |_| {
        tracing::info!(target: "hc_cli", name = hostile, "{hostile}");
    });
    for text in [
        screen.replace("\x1b[32m", "").replace("\x1b[0m", ""),
        read(&dir.path().join("hybrid.log")),
        read(&dir.path().join("hybrid.jsonl")),
    ] {
        assert_eq!(text.lines().count(), 1);
        assert!(!text.trim_end().chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
    }
    assert!(screen.contains(" \x1b[32mINFO\x1b[0m "));
}

#[test]
fn a_log_that_cannot_be_written_is_said_once_and_fails_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let blocked = dir.path().join("logs");
    std::fs::write(&blocked, "a file where the directory should be").unwrap();
    let (screen, guard) = logged(Some(blocked), -2, false, |_| {
        for index in 0..5 {
            tracing::info!(target: "hc_cli", index, "work goes on");
        }
    });
    assert_eq!(screen.matches("cannot write").count(), 1, "{screen}");
    assert!(guard.failures() >= 10);
}

#[test]
fn a_process_logs_to_one_place() {
    let options = || LogOptions {
        dir: None,
        component: "hybrid".into(),
        run_id: "20261120T225620.123Z-1f2e3d4c".parse().unwrap(),
        console: ConsoleOptions { verbosity: 0, json: true, color: false, writer: Box::new(std::io::sink()) },
        redactor: Redactor::tokens_only(),
        rotation: Rotation::default(),
        system: None,
        now: time::OffsetDateTime::now_utc,
    };
    let _first = hc_logs::init(options()).unwrap();
    assert_eq!(hc_logs::init(options()).err().unwrap().code(), "LoggingAlreadySet");
}

#[test]
fn verbosity_and_bad_components() {
    let shown = |verbosity| {
        let (screen, _) = logged(None, verbosity, false, |_| {
            tracing::error!(target: "hc_cli", "e");
            tracing::warn!(target: "hc_cli", "w");
            tracing::info!(target: "hc_cli", "i");
            tracing::debug!(target: "hc_cli", "d");
            tracing::trace!(target: "hc_cli", "t");
        });
        screen.lines().count()
    };
    assert_eq!([-2, -1, 0, 1, 2].map(shown), [1, 2, 3, 4, 5]);
    let options = LogOptions {
        dir: None,
        component: "../x".into(),
        run_id: "20261120T225620.123Z-1f2e3d4c".parse().unwrap(),
        console: ConsoleOptions { verbosity: 0, json: true, color: false, writer: Box::new(std::io::sink()) },
        redactor: Redactor::tokens_only(),
        rotation: Rotation::default(),
        system: None,
        now: time::OffsetDateTime::now_utc,
    };
    assert_eq!(hc_logs::build(options).err().unwrap().code(), "BadLogComponent");
}

#[cfg(unix)]
mod system {
    use std::os::unix::net::UnixDatagram;

    use super::*;

    fn options(protocol: SystemProtocol, socket: &Path, debug: bool) -> Option<SystemOptions> {
        Some(SystemOptions { protocol, socket: Some(socket.to_owned()), debug, pid: 42 })
    }

    fn listen(path: &Path) -> UnixDatagram {
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
    }

    fn received(socket: &UnixDatagram) -> Vec<Vec<u8>> {
        let mut buffer = vec![0; 1 << 18];
        std::iter::from_fn(|| socket.recv(&mut buffer).ok().map(|length| buffer[..length].to_vec())).collect()
    }

    #[test]
    fn syslog_gets_one_redacted_line_per_event() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let socket = listen(&path);
        let system = options(SystemProtocol::Syslog, &path, false);
        let (screen, guard) = logged_to(None, system, -2, false, |guard| {
            guard.add_secrets(&[SecretString::new("correct-horse")]);
            let text = "login correct-horse\n<0>Nov 20 22:56:20 kernel: forged";
            tracing::warn!(target: "hc_packer", by = "correct-horse", "{text}");
            tracing::debug!(target: "hc_packer", "not wanted");
        });
        let texts: Vec<_> =
            received(&socket).into_iter().map(|bytes| String::from_utf8(bytes).unwrap()).collect();
        assert_eq!(
            texts,
            ["<12>Nov 20 22:56:20 hybrid[42]: packer 20261120T225620.123Z-1f2e3d4c login ***\\n\
              <0>Nov 20 22:56:20 kernel: forged by=***"]
        );
        assert_eq!((screen.as_str(), guard.failures()), ("", 0));
    }

    #[test]
    fn the_journal_gets_fields_and_debugging_when_asked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let socket = listen(&path);
        let system = options(SystemProtocol::Journald, &path, true);
        logged_to(None, system, -2, false, |guard| {
            guard.add_secrets(&[SecretString::new("correct-horse")]);
            tracing::debug!(target: "hc_packer", target = "linux.qemu.base@dev\nPRIORITY=0", "a correct-horse\nPRIORITY=0");
        });
        let records = received(&socket);
        let [record] = &records[..] else { panic!("{records:?}") };
        let text = "a ***\nPRIORITY=0 target=\"linux.qemu.base@dev\\nPRIORITY=0\"";
        let mut expected = b"MESSAGE\n".to_vec();
        expected.extend_from_slice(&(text.len() as u64).to_le_bytes());
        expected.extend_from_slice(format!("{text}\nPRIORITY=7\nSYSLOG_IDENTIFIER=hybrid\n").as_bytes());
        expected.extend_from_slice(b"HYBRID_RUN_ID=20261120T225620.123Z-1f2e3d4c\nHYBRID_COMPONENT=packer\n");
        let target = "linux.qemu.base@dev\nPRIORITY=0";
        expected.extend_from_slice(b"HYBRID_TARGET\n");
        expected.extend_from_slice(&(target.len() as u64).to_le_bytes());
        expected.extend_from_slice(format!("{target}\n").as_bytes());
        assert_eq!(String::from_utf8_lossy(record), String::from_utf8_lossy(&expected));
    }

    #[test]
    fn a_socket_that_is_missing_full_or_none_is_said_once_and_waited_for_never() {
        let dir = tempfile::tempdir().unwrap();
        let (file, full) = (dir.path().join("file"), dir.path().join("full"));
        std::fs::write(&file, "").unwrap();
        // Nobody reads here.
        let _socket = UnixDatagram::bind(&full).unwrap();
        for (path, lines) in [(dir.path().join("missing"), 20), (file, 20), (full, 2000)] {
            let system = options(SystemProtocol::Syslog, &path, false);
            let begun = std::time::Instant::now();
            let (screen, guard) = logged_to(None, system, -2, false, |_| {
                for index in 0..lines {
                    tracing::info!(target: "hc_cli", index, "work goes on {}", "x".repeat(500));
                }
            });
            assert!(begun.elapsed() < std::time::Duration::from_secs(10));
            assert_eq!(screen.matches(&format!("cannot write {}", path.display())).count(), 1, "{screen}");
            assert_eq!(screen.lines().count(), 1);
            assert!(guard.failures() >= 20, "{}: {}", path.display(), guard.failures());
        }
    }

    #[test]
    fn a_log_of_the_system_that_comes_back_is_used_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let first = listen(&path);
        let (_, guard) = logged_to(None, options(SystemProtocol::Syslog, &path, false), -2, false, |_| {
            tracing::info!(target: "hc_cli", "one");
            drop(first);
            std::fs::remove_file(&path).unwrap();
            tracing::info!(target: "hc_cli", "lost");
            let second = listen(&path);
            tracing::info!(target: "hc_cli", "two");
            assert!(received(&second)[0].ends_with(b" two"));
        });
        assert_eq!(guard.failures(), 1);
    }
}
