//! The run log in syslog and the journal, as a user sets it up (LOG-1).

use std::os::unix::net::UnixDatagram;

use crate::project::Project;

fn project(logs: &str) -> Project {
    let project = Project::with_motd();
    project.write("hybrid.toml", &format!("[project]\nname = \"test\"\n\n[logs]\n{logs}"));
    project
}

fn listen(project: &Project) -> UnixDatagram {
    let socket = UnixDatagram::bind(project.path("log.sock")).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

fn received(socket: &UnixDatagram) -> Vec<String> {
    let mut buffer = vec![0; 1 << 18];
    std::iter::from_fn(|| {
        socket.recv(&mut buffer).ok().map(|length| String::from_utf8(buffer[..length].to_vec()).unwrap())
    })
    .collect()
}

#[test]
fn validate_speaks_to_syslog() {
    let project = project("system = \"syslog\"\nsystem_socket = \"log.sock\"\n");
    let socket = listen(&project);
    project.ok(&["validate", "--env", "dev"]);
    let lines = received(&socket);
    let pid = lines[0].split_once("hybrid[").unwrap().1.split(']').next().unwrap().to_owned();
    for line in &lines {
        assert!(line.starts_with("<14>") && line.contains(&format!(" hybrid[{pid}]: ")), "{line}");
        assert_eq!(line.lines().count(), 1);
    }
    assert!(lines[0].contains(" started ") && lines.last().unwrap().contains(" ended "), "{lines:?}");
    // The same run, the same words as in the file.
    let log = project.read("logs/hybrid.log");
    for line in &lines {
        let (_, body) = line.split_once("]: ").unwrap();
        assert!(log.contains(body), "{body}");
    }
    assert!(!lines.iter().any(|line| line.starts_with("<15>")));
    project.ok(&["-v", "validate", "--env", "dev"]);
    assert!(received(&socket).len() >= lines.len());
    // A look at the project is no run.
    project.ok(&["status"]);
    assert_eq!(received(&socket), [""; 0]);
}

#[test]
fn validate_speaks_to_the_journal() {
    let project = project("system = \"journald\"\nsystem_socket = \"log.sock\"\n");
    let socket = listen(&project);
    project.ok(&["validate", "--env", "dev"]);
    let records = received(&socket);
    assert!(records[0].starts_with("MESSAGE=started "), "{}", records[0]);
    for record in &records {
        for field in ["PRIORITY=6", "SYSLOG_IDENTIFIER=hybrid", "HYBRID_RUN_ID=20", "HYBRID_COMPONENT="] {
            assert!(record.contains(&format!("\n{field}")), "{record}");
        }
    }
}

#[test]
fn a_socket_that_is_missing_is_said_once_and_fails_nothing() {
    for system in ["syslog", "journald"] {
        let project = project(&format!("system = \"{system}\"\nsystem_socket = \"absent.sock\"\n"));
        let ran = project.ok(&["validate", "--env", "dev"]);
        assert_eq!(ran.stderr.matches("cannot write ").count(), 1, "{}", ran.stderr);
        assert!(
            ran.stderr.contains("absent.sock") && ran.stderr.contains("the run goes on without this log")
        );
        assert!(project.read("logs/hybrid.log").contains(" ended "));
    }
}

#[test]
fn another_word_is_refused_with_what_there_is() {
    let ran = project("system = \"eventlog\"\n").run(&["validate", "--env", "dev"]).expect(1);
    assert!(ran.stderr.contains("syslog") && ran.stderr.contains("journald"), "{}", ran.stderr);
}
