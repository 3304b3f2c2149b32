//! The log of the system: one datagram per line to syslog or to the journal (LOG-1).
//!
//! Promises: never waits and never fails what is logged; a socket that is missing, full or no socket is an
//! `io::Error` for the caller to count. A line is one record whatever it holds. Lines come in redacted.

use std::io;
use std::path::{Path, PathBuf};

use time::macros::format_description;
use tracing::level_filters::LevelFilter;

use crate::line::{Level, LogLine, neutralize};

/// Longer texts are cut, in bytes: rsyslog takes 8 KiB unless told otherwise.
const MAX_SYSLOG: usize = 8 << 10;
/// Longer messages are cut, in bytes: far below the 208 KiB that a datagram may have on Linux.
const MAX_JOURNAL: usize = 48 << 10;
/// Stands where a text was cut.
const CUT: &str = "…";
/// The facility `user` of syslog.
const FACILITY: u8 = 1 << 3;

/// What the other side of the socket speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemProtocol {
    /// RFC 3164, as rsyslog, syslog-ng and the journal take it on `/dev/log`; times are in UTC.
    Syslog,
    /// The native protocol of the journal.
    Journald,
}

impl SystemProtocol {
    /// Where the socket is unless somebody says otherwise.
    pub fn default_socket(self) -> &'static Path {
        Path::new(match self {
            Self::Syslog => "/dev/log",
            Self::Journald => "/run/systemd/journal/socket",
        })
    }
}

/// How to log to the system.
#[derive(Debug, Clone)]
pub struct SystemOptions {
    /// What is spoken.
    pub protocol: SystemProtocol,
    /// The socket; `None`: [`SystemProtocol::default_socket`].
    pub socket: Option<PathBuf>,
    /// Debugging too; else information and what is heavier.
    pub debug: bool,
    /// Id of this process, for syslog.
    pub pid: u32,
}

/// The open sink.
pub(super) struct SystemSink {
    protocol: SystemProtocol,
    pub(super) path: PathBuf,
    pub(super) level: LevelFilter,
    identifier: String,
    pid: u32,
    socket: io::Result<Socket>,
}

impl SystemSink {
    pub(super) fn new(options: SystemOptions, identifier: &str) -> Self {
        Self {
            protocol: options.protocol,
            path: options.socket.unwrap_or_else(|| options.protocol.default_socket().to_owned()),
            level: if options.debug { LevelFilter::DEBUG } else { LevelFilter::INFO },
            identifier: identifier.to_owned(),
            pid: options.pid,
            socket: open(),
        }
    }

    /// Sends a line. The path is looked up each time: the other side may be started anew meanwhile.
    pub(super) fn send(&self, line: &LogLine) -> io::Result<()> {
        let socket = self.socket.as_ref().map_err(|error| io::Error::new(error.kind(), error.to_string()))?;
        let record = match self.protocol {
            SystemProtocol::Syslog => syslog(line, &self.identifier, self.pid).into_bytes(),
            SystemProtocol::Journald => journal(line, &self.identifier),
        };
        send(socket, &record, &self.path)
    }
}

#[cfg(unix)]
type Socket = std::os::unix::net::UnixDatagram;

#[cfg(unix)]
fn open() -> io::Result<Socket> {
    let socket = Socket::unbound()?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(unix)]
fn send(socket: &Socket, record: &[u8], path: &Path) -> io::Result<()> {
    // A datagram goes as a whole or not at all.
    socket.send_to(record, path).map(|_| ())
}

/// There is no such socket on this system.
#[cfg(not(unix))]
enum Socket {}

#[cfg(not(unix))]
fn open() -> io::Result<Socket> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system has neither syslog nor a journal"))
}

#[cfg(not(unix))]
fn send(socket: &Socket, _: &[u8], _: &Path) -> io::Result<()> {
    match *socket {}
}

fn severity(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    }
}

/// `<PRI>Mmm dd hh:mm:ss hybrid[pid]: component run_id message key=value …`
fn syslog(line: &LogLine, identifier: &str, pid: u32) -> String {
    let format = format_description!("[month repr:short] [day padding:space] [hour]:[minute]:[second]");
    let at = line.timestamp.to_offset(time::UtcOffset::UTC).format(&format).unwrap_or_default();
    let priority = FACILITY | severity(line.level);
    let mut text = format!("<{priority}>{at} {identifier}[{pid}]: ");
    line.body(&mut text);
    cut(&mut text, MAX_SYSLOG);
    text
}

/// `NAME=value` lines; a value with line ends has its length before it (systemd, "Native Journal Protocol").
fn journal(line: &LogLine, identifier: &str) -> Vec<u8> {
    // People read this field, and line ends are theirs there; nothing else that a terminal obeys is.
    let message = line.message.trim_end_matches('\n');
    let mut message: String = message.split('\n').map(neutralize).collect::<Vec<_>>().join("\n");
    line.pairs(&mut message);
    cut(&mut message, MAX_JOURNAL);
    let mut record = Vec::with_capacity(message.len() + 256);
    field(&mut record, "MESSAGE", &message);
    field(&mut record, "PRIORITY", &severity(line.level).to_string());
    field(&mut record, "SYSLOG_IDENTIFIER", identifier);
    field(&mut record, "HYBRID_RUN_ID", &line.run_id.to_string());
    field(&mut record, "HYBRID_COMPONENT", &line.component);
    if let Some(target) = &line.target {
        field(&mut record, "HYBRID_TARGET", target);
    }
    record
}

fn field(record: &mut Vec<u8>, name: &str, value: &str) {
    record.extend_from_slice(name.as_bytes());
    if value.contains('\n') {
        record.push(b'\n');
        record.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        record.push(b'=');
    }
    record.extend_from_slice(value.as_bytes());
    record.push(b'\n');
}

fn cut(text: &mut String, most: usize) {
    if text.len() <= most {
        return;
    }
    let end = (0..=most - CUT.len()).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.truncate(end);
    text.push_str(CUT);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::line::LINE_VERSION;

    fn line(level: Level, message: &str) -> LogLine {
        LogLine {
            version: LINE_VERSION,
            timestamp: time::macros::datetime!(2026-11-02 02:56:20.5 +02:00),
            level,
            component: "packer".into(),
            run_id: "20261102T005620.500Z-1f2e3d4c".parse().unwrap(),
            target: Some("linux.qemu.base@dev".into()),
            message: message.into(),
            fields: BTreeMap::from([("attempt".into(), "2".into())]),
        }
    }

    #[test]
    fn syslog_is_one_line_of_rfc_3164() {
        assert_eq!(
            syslog(&line(Level::Warn, "it\n<0>broke\x1b[2J"), "hybrid", 42),
            "<12>Nov  2 00:56:20 hybrid[42]: packer 20261102T005620.500Z-1f2e3d4c it\\n<0>broke\\x1b[2J \
             target=linux.qemu.base@dev attempt=2"
        );
        let long = syslog(&line(Level::Error, &"é".repeat(9000)), "hybrid", 42);
        assert!(long.starts_with("<11>") && long.ends_with('…') && long.len() <= MAX_SYSLOG);
    }

    #[test]
    fn the_journal_gets_fields_and_lengths() {
        let plain = journal(&line(Level::Info, "started"), "hybrid");
        assert_eq!(
            String::from_utf8(plain).unwrap(),
            "MESSAGE=started target=linux.qemu.base@dev attempt=2\nPRIORITY=6\nSYSLOG_IDENTIFIER=hybrid\n\
             HYBRID_RUN_ID=20261102T005620.500Z-1f2e3d4c\nHYBRID_COMPONENT=packer\n\
             HYBRID_TARGET=linux.qemu.base@dev\n"
        );
        let two = journal(&line(Level::Debug, "a\nPRIORITY=0\n"), "hybrid");
        let text = "a\nPRIORITY=0 target=linux.qemu.base@dev attempt=2";
        let mut expected = b"MESSAGE\n".to_vec();
        expected.extend_from_slice(&(text.len() as u64).to_le_bytes());
        expected.extend_from_slice(format!("{text}\nPRIORITY=7\n").as_bytes());
        assert!(two.starts_with(&expected), "{:?}", String::from_utf8_lossy(&two));
        assert!(journal(&line(Level::Info, &"x".repeat(1 << 20)), "hybrid").len() < MAX_JOURNAL + 256);
    }
}
