//! The ISO store against a server on this machine: once, resumed, retried, refused (PKR-9).

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use hc_core::Cancel;
use hc_core::lock::Holder;
use hc_packer::iso::{Checksum, Download, IsoError, IsoStore, Patience, Proxy};
use time::OffsetDateTime;

/// What the server does with the n-th request.
type Behaviour = dyn Fn(usize, Option<u64>) -> Answer + Send + Sync;

struct Answer {
    status: &'static str,
    from: u64,
    /// Bytes after which the connection is cut.
    cut: Option<usize>,
}

fn all(range: Option<u64>) -> Answer {
    Answer {
        status: if range.is_some() { "206 Partial Content" } else { "200 OK" },
        from: range.unwrap_or(0),
        cut: None,
    }
}

/// A server of one file; returns its url and the count of requests.
fn serve(content: Vec<u8>, behaviour: Box<Behaviour>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/images/debian.iso", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let requests = Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut line, mut range) = (String::new(), None);
            while reader.read_line(&mut line).unwrap() > 2 {
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("range: bytes=") {
                    range = value.trim().trim_end_matches('-').parse().ok();
                }
                line.clear();
            }
            let answer = behaviour(requests.fetch_add(1, Ordering::SeqCst), range);
            let body = &content[usize::try_from(answer.from).unwrap()..];
            let body = if answer.status.starts_with('2') { body } else { b"" };
            let mut out = &stream;
            let head = format!(
                "HTTP/1.1 {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                answer.status,
                body.len()
            );
            let _ = out
                .write_all(head.as_bytes())
                .and_then(|()| out.write_all(&body[..answer.cut.unwrap_or(body.len())]));
        }
    });
    (url, count)
}

fn content() -> Vec<u8> {
    (0..3_000_000_u32).flat_map(u32::to_le_bytes).take(5_000_003).collect()
}

fn checksum(bytes: &[u8]) -> Checksum {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let any: Checksum = "0".repeat(64).parse().unwrap();
    any.of_file(file.path()).unwrap()
}

fn me() -> Holder {
    Holder {
        pid: std::process::id(),
        host: "test".into(),
        command: "test".into(),
        since: OffsetDateTime::UNIX_EPOCH,
    }
}

fn patience() -> Patience {
    Patience::default()
        .attempts(3)
        .pause(Duration::from_millis(5))
        .silence(Duration::from_secs(5))
        .lock(Duration::from_secs(30))
}

fn get(store: &IsoStore, url: &str, checksum: &Checksum) -> Result<std::path::PathBuf, IsoError> {
    let wanted = Download { url: url.to_owned(), checksum: checksum.clone() };
    store.get(&wanted, &me(), &patience(), &mut |_, _| {})
}

/// Files below the store that do not begin with a dot.
fn kept(root: &Path) -> usize {
    IsoStore::new(root).list().unwrap().len()
}

#[test]
fn eight_askers_download_once_and_the_file_is_read_only() {
    let dir = tempfile::tempdir().unwrap();
    let (url, requests) = serve(content(), Box::new(|_, range| all(range)));
    let (checksum, barrier) = (checksum(&content()), Barrier::new(8));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                barrier.wait();
                let path = get(&IsoStore::new(dir.path()), &url, &checksum).unwrap();
                assert_eq!(std::fs::read(&path).unwrap(), content());
                assert!(path.metadata().unwrap().permissions().readonly());
                assert!(path.ends_with("debian.iso"));
            });
        }
    });
    assert_eq!(requests.load(Ordering::SeqCst), 1);
    let store = IsoStore::new(dir.path());
    let entry = store.list().unwrap().remove(0);
    assert!(store.verify(&entry).unwrap());
    store.remove(&entry, &me()).unwrap();
    assert_eq!(kept(dir.path()), 0);
}

#[test]
fn a_cut_connection_is_taken_up_where_it_ended() {
    let dir = tempfile::tempdir().unwrap();
    let behaviour =
        |at: usize, range: Option<u64>| Answer { cut: (at < 2).then_some(1_000_000), ..all(range) };
    let (url, requests) = serve(content(), Box::new(behaviour));
    let path = get(&IsoStore::new(dir.path()), &url, &checksum(&content())).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), content());
    assert_eq!(requests.load(Ordering::SeqCst), 3);
}

#[test]
fn a_server_without_ranges_starts_over() {
    let dir = tempfile::tempdir().unwrap();
    let behaviour = |at: usize, _: Option<u64>| Answer { cut: (at == 0).then_some(1_000_000), ..all(None) };
    let (url, _) = serve(content(), Box::new(behaviour));
    let path = get(&IsoStore::new(dir.path()), &url, &checksum(&content())).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), content());
}

#[test]
fn busy_is_tried_again_and_missing_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let busy = |at: usize, range: Option<u64>| match at {
        0 => Answer { status: "503 Service Unavailable", from: 0, cut: None },
        _ => all(range),
    };
    let (url, requests) = serve(content(), Box::new(busy));
    get(&IsoStore::new(dir.path()), &url, &checksum(&content())).unwrap();
    assert_eq!(requests.load(Ordering::SeqCst), 2);

    let other = tempfile::tempdir().unwrap();
    let gone = |_: usize, _: Option<u64>| Answer { status: "404 Not Found", from: 0, cut: None };
    let (url, requests) = serve(content(), Box::new(gone));
    let error = get(&IsoStore::new(other.path()), &url, &checksum(&content())).unwrap_err();
    assert_eq!((error.code(), error.class().number()), ("IsoMissing", 1));
    assert_eq!(requests.load(Ordering::SeqCst), 1);

    let never = |_: usize, _: Option<u64>| Answer { status: "503 Service Unavailable", from: 0, cut: None };
    let (url, requests) = serve(content(), Box::new(never));
    let error = get(&IsoStore::new(other.path()), &url, &checksum(&content())).unwrap_err();
    assert_eq!((error.code(), error.class().number()), ("IsoUnavailable", 2));
    assert_eq!(requests.load(Ordering::SeqCst), 3);
    assert_eq!(kept(other.path()), 0);
}

/// A server that sends three bytes of a hundred and then says nothing more, without hanging up.
fn silent_server() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/images/debian.iso", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let requests = Arc::clone(&count);
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for mut stream in listener.incoming().flatten() {
            requests.fetch_add(1, Ordering::SeqCst);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
            open.push(stream);
        }
    });
    (url, count)
}

#[test]
fn a_server_that_falls_silent_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let (url, requests) = silent_server();
    let wanted = Download { url, checksum: checksum(b"x") };
    let patience = patience().attempts(1).silence(Duration::from_millis(300));
    let start = Instant::now();
    let error = IsoStore::new(dir.path()).get(&wanted, &me(), &patience, &mut |_, _| {}).unwrap_err();
    assert_eq!((error.code(), error.class().number()), ("IsoUnavailable", 2));
    assert!(error.to_string().contains("silent"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(10));
    assert!(requests.load(Ordering::SeqCst) >= 1);
}

#[test]
fn a_request_to_stop_ends_a_download_and_the_wait_for_one() {
    let dir = tempfile::tempdir().unwrap();
    let (url, _) = silent_server();
    let wanted = Download { url, checksum: checksum(b"x") };
    let cancel = Cancel::new();
    let patience = patience().silence(Duration::from_secs(600)).cancel(&cancel);
    let start = Instant::now();
    std::thread::scope(|scope| {
        // One of them downloads, the other waits for it.
        let ask = || IsoStore::new(dir.path()).get(&wanted, &me(), &patience, &mut |_, _| {}).unwrap_err();
        let both = [scope.spawn(ask), scope.spawn(ask)];
        std::thread::sleep(Duration::from_millis(300));
        cancel.request();
        for one in both {
            let error = one.join().unwrap();
            assert_eq!((error.code(), error.class().number()), ("Interrupted", 130), "{error}");
        }
    });
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(kept(dir.path()), 0);
}

#[test]
fn bad_pieces_are_downloaded_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (url, requests) = serve(content(), Box::new(|_, range| all(range)));
    let checksum = checksum(&content());
    let entry = dir.path().join(checksum.to_string().replace(':', "-"));
    std::fs::create_dir_all(&entry).unwrap();
    std::fs::write(entry.join(".part"), vec![0; 1_000_000]).unwrap();
    let path = get(&IsoStore::new(dir.path()), &url, &checksum).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), content());
    assert_eq!(requests.load(Ordering::SeqCst), 2);
}

#[test]
fn a_stored_file_that_was_changed_is_not_used_but_downloaded_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (url, requests) = serve(content(), Box::new(|_, range| all(range)));
    let store = IsoStore::new(dir.path());
    let path = get(&store, &url, &checksum(&content())).unwrap();
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, b"something else").unwrap();
    let path = get(&store, &url, &checksum(&content())).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), content());
    assert_eq!(requests.load(Ordering::SeqCst), 2);
}

#[test]
fn a_part_that_a_crash_left_protected_is_no_obstacle() {
    let dir = tempfile::tempdir().unwrap();
    let (url, _) = serve(content(), Box::new(|_, range| all(range)));
    let checksum = checksum(&content());
    let entry = dir.path().join(checksum.to_string().replace(':', "-"));
    std::fs::create_dir_all(&entry).unwrap();
    let part = entry.join(".part");
    std::fs::write(&part, b"abc").unwrap();
    let mut permissions = part.metadata().unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&part, permissions).unwrap();
    let path = get(&IsoStore::new(dir.path()), &url, &checksum).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), content());
}

#[test]
fn a_wrong_checksum_keeps_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (url, _) = serve(content(), Box::new(|_, range| all(range)));
    let wrong = checksum(b"something else");
    let error = get(&IsoStore::new(dir.path()), &url, &wrong).unwrap_err();
    assert_eq!((error.code(), error.class().number()), ("IsoChecksumMismatch", 1));
    assert!(error.to_string().contains(&checksum(&content()).to_string()), "{error}");
    assert_eq!(kept(dir.path()), 0);
    let left: Vec<_> = walk(dir.path());
    assert!(left.iter().all(|path| path.ends_with(".lock")), "{left:?}");
}

fn walk(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        if entry.path().is_dir() { found.extend(walk(&entry.path())) } else { found.push(entry.path()) }
    }
    found
}

#[test]
fn local_files_and_strange_urls() {
    let dir = tempfile::tempdir().unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content()).unwrap();
    let store = IsoStore::new(dir.path());
    get(&store, &format!("file://{}", file.path().display()), &checksum(&content())).unwrap();
    assert_eq!(kept(dir.path()), 1);
    let error = get(&store, "gopher://x/y.iso", &checksum(b"z")).unwrap_err();
    assert_eq!(error.code(), "BadIsoUrl");
    // Where the program was started must not matter.
    let error = get(&store, "media/y.iso", &checksum(b"z")).unwrap_err();
    assert_eq!(error.code(), "BadIsoUrl");
    let error = get(&store, "/nowhere/x.iso", &checksum(b"z")).unwrap_err();
    assert_eq!(error.class().number(), 1);
}

/// A proxy of this machine, that says of every request what it was.
fn proxy() -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, asked) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut line = String::new();
            BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
            sender.send(line.trim().to_owned()).unwrap();
            let _ = (&stream)
                .write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    (address, asked)
}

#[test]
fn only_the_callers_proxy_is_used() {
    let dir = tempfile::tempdir().unwrap();
    let (address, asked) = proxy();
    let given = Proxy::new(&format!("http://{address}"), []).unwrap();
    let wanted = Download { url: "http://mirror.invalid/x.iso".into(), checksum: checksum(b"x") };
    let patience = patience().attempts(1).proxy(Some(given));
    IsoStore::new(dir.path()).get(&wanted, &me(), &patience, &mut |_, _| {}).unwrap_err();
    assert!(asked.recv_timeout(Duration::from_secs(5)).unwrap().contains("mirror.invalid"));
    let direct = Proxy::new(&format!("http://{address}"), ["127.0.0.1"]).unwrap();
    let (url, requests) = serve(content(), Box::new(|_, range| all(range)));
    let wanted = Download { url, checksum: checksum(&content()) };
    IsoStore::new(dir.path()).get(&wanted, &me(), &patience.proxy(Some(direct)), &mut |_, _| {}).unwrap();
    assert_eq!((requests.load(Ordering::SeqCst), asked.try_recv().is_err()), (1, true));
}

/// The environment of a process cannot be changed safely from within: this test runs itself in one that has a proxy.
#[test]
fn a_proxy_of_the_environment_is_not_found_by_itself() {
    const SIGN: &str = "HC_PACKER_TEST_BEHIND_A_PROXY";
    let (url, requests) = serve(content(), Box::new(|_, range| all(range)));
    if std::env::var_os(SIGN).is_some() {
        let dir = tempfile::tempdir().unwrap();
        get(&IsoStore::new(dir.path()), &url, &checksum(&content())).unwrap();
        assert_eq!(requests.load(Ordering::SeqCst), 1);
        return;
    }
    let name = "iso::a_proxy_of_the_environment_is_not_found_by_itself";
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name])
        .env(SIGN, "1")
        .envs(["http_proxy", "HTTP_PROXY", "ALL_PROXY"].map(|name| (name, "http://127.0.0.1:9")))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_full_disk_is_said_and_leaves_nothing_wrong() {
    // A tmpfs of 1 MiB in a namespace of its own needs privileges that not every machine gives.
    let dir = tempfile::tempdir().unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
        .arg(dir.path())
        .status()
        .is_ok_and(|status| status.success());
    if !mounted {
        eprintln!("skipped: no permission to mount a small file system");
        return;
    }
    let (url, _) = serve(content(), Box::new(|_, range| all(range)));
    let error = get(&IsoStore::new(dir.path().join("store")), &url, &checksum(&content())).unwrap_err();
    let entries = kept(&dir.path().join("store"));
    let status = std::process::Command::new("umount").arg(dir.path()).status().unwrap();
    assert!(status.success());
    assert_eq!((error.class().number(), entries), (2, 0), "{error}");
    assert!(error.to_string().contains("write"), "{error}");
}
