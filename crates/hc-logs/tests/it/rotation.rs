//! Several writers, crashes and obstacles.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use hc_logs::rotate::{RotatingFile, Rotation, rotated};

fn all_lines(path: &Path) -> Vec<String> {
    let mut files: Vec<_> = rotated(path).collect();
    files.push(path.to_owned());
    files
        .iter()
        .flat_map(|path| {
            std::fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

/// The writer that the next test starts four times as a process of its own; does nothing by itself.
#[test]
fn writer_process() {
    let mut args = std::env::args();
    if args.by_ref().any(|arg| arg == "--skip") {
        let Some(spec) = args.next() else { return };
        if let [path, name, count] = spec.split('|').collect::<Vec<_>>()[..] {
            write_lines(Path::new(path), name, count.parse().unwrap());
        }
    }
}

fn write_lines(path: &Path, name: &str, count: usize) {
    let mut log = RotatingFile::new(path.to_owned(), Rotation { max_bytes: 4096, max_days: 1 });
    for index in 0..count {
        log.append(format!("{name} {index} {}\n", "x".repeat(index % 60)).as_bytes()).unwrap();
    }
}

#[test]
fn four_processes_and_four_threads_lose_no_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.log");
    let program = std::env::current_exe().unwrap();
    let children: Vec<_> = (0..4)
        .map(|index| {
            let spec = format!("{}|process{index}|1500", path.display());
            let args = ["rotation::writer_process", "--exact", "--quiet", "--skip", &spec];
            std::process::Command::new(&program)
                .args(args)
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    std::thread::scope(|scope| {
        for index in 0..4 {
            let path = &path;
            scope.spawn(move || write_lines(path, &format!("thread{index}"), 1500));
        }
    });
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let lines: Vec<_> = all_lines(&path).into_iter().filter(|line| !line.is_empty()).collect();
    let distinct: BTreeSet<_> = lines.iter().map(|line| line.rsplit_once(' ').unwrap().0).collect();
    assert_eq!(lines.len(), 8 * 1500);
    assert_eq!(distinct.len(), 8 * 1500);
    for line in &lines {
        let [name, index, rest] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("mixed line {line}")
        };
        assert!(name.starts_with("process") || name.starts_with("thread"));
        assert_eq!(rest.len(), index.parse::<usize>().unwrap() % 60);
    }
    assert!(rotated(&path).count() > 10);
}

#[test]
fn a_torn_line_does_not_swallow_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.log");
    let mut log = RotatingFile::new(path.clone(), Rotation::default());
    log.append(b"one\n").unwrap();
    // Another process dies in mid-write.
    std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"tor").unwrap();
    log.append(b"two\n").unwrap();
    log.append(b"three\n").unwrap();
    assert_eq!(all_lines(&path), ["one", "tor", "two", "three"]);
}

#[test]
fn a_crash_between_renames_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.log");
    // `.1` was already renamed to `.2`, the active file not yet to `.1`.
    std::fs::write(dir.path().join("x.log.2"), "older\n").unwrap();
    std::fs::write(&path, "a line that fills the file\n").unwrap();
    let mut log = RotatingFile::new(path.clone(), Rotation { max_bytes: 20, max_days: 0 });
    log.append(b"first after the crash\n").unwrap();
    log.append(b"second after the crash\n").unwrap();
    let all: Vec<_> = all_lines(&path).into_iter().collect();
    assert_eq!(all.len(), 4, "{all:?}");
    assert!(rotated(&path).any(|path| std::fs::read_to_string(path).unwrap() == "older\n"));
}

#[test]
fn rotates_and_prunes_by_age() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.log");
    std::fs::write(&path, "[2001-01-01T00:00:00.000Z] INFO x y old\n").unwrap();
    std::fs::write(dir.path().join("x.log.1"), "older\n").unwrap();
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(40 * 24 * 3600);
    std::fs::File::options().write(true).open(dir.path().join("x.log.1")).unwrap().set_modified(old).unwrap();
    let mut log = RotatingFile::new(path.clone(), Rotation { max_bytes: 0, max_days: 30 });
    log.append(b"new\n").unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "new\n");
    assert_eq!(all_lines(&path).len(), 2, "the old one is rotated, the older one is gone");
}

#[cfg(unix)]
#[test]
fn links_directories_and_fifos_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let outside = dir.path().join("outside");
    std::fs::write(&outside, "untouched").unwrap();
    let link = dir.path().join("x.log");
    std::os::unix::fs::symlink(&outside, &link).unwrap();
    assert!(RotatingFile::new(link, Rotation::default()).append(b"x\n").is_err());
    assert!(RotatingFile::new(dir.path().to_owned(), Rotation::default()).append(b"x\n").is_err());
    let fifo = dir.path().join("fifo.log");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    assert!(RotatingFile::new(fifo, Rotation::default()).append(b"x\n").is_err());
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), "untouched");
}
