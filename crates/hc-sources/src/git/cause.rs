//! From what gix says to what it means for a person.

use gix::error::Class;

use super::GitOptions;
use super::watchdog::Stopped;
use crate::error::{GitCause, SourceError};

/// The chain of messages, outermost first, without repetitions.
pub(crate) fn cause(error: &gix::Error) -> GitCause {
    let mut messages: Vec<String> = Vec::new();
    for part in error.iter_errors() {
        let text = part.to_string();
        let text = text.trim();
        if !text.is_empty() && !messages.iter().any(|known| known.contains(text)) {
            messages.push(text.to_owned());
        }
    }
    GitCause(messages)
}

/// A local operation failed.
pub(crate) fn local(action: &'static str, path: &std::path::Path) -> impl FnOnce(gix::Error) -> SourceError {
    move |error| SourceError::Repository { action, path: path.to_owned(), cause: cause(&error) }
}

/// A transfer failed; `asked` tells whether the server wanted credentials.
pub(crate) fn remote(url: &str, error: &gix::Error, asked: bool, options: &GitOptions) -> SourceError {
    let mut cause = cause(error);
    let text = cause.to_string().to_ascii_lowercase();
    // gix passes on what ssh and the far side's git say on stderr, except for the few lines that it knows.
    let hung_up =
        url.starts_with("ssh://") && text.contains("handshake failed") && text.contains("whole buffer");
    if hung_up {
        cause = GitCause(vec!["the far side hung up; what it said is on stderr".to_owned()]);
    }
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let url = url.to_owned();
    let unsupported = error.classify().any(|found| matches!(found.class(), Class::Unsupported));
    if has(&["certificate", "unknownissuer", "peer misbehaved"]) {
        SourceError::Certificate { url, cause }
    } else if !asked && has(&MISSING) {
        SourceError::RepositoryMissing { url, cause }
    } else if asked || hung_up || has(&ACCESS) {
        SourceError::AccessDenied { url, cause }
    } else if has(&["timed out"]) {
        SourceError::TimedOut { url, after: options.idle_timeout }
    } else if unsupported || has(&UNSPOKEN) {
        SourceError::ProgramNeeded { url, cause }
    } else {
        SourceError::Unreachable { url, cause }
    }
}

/// A transfer was ended from outside.
pub(crate) fn stopped(name: &str, url: &str, stopped: Stopped) -> SourceError {
    match stopped {
        Stopped::Idle(after) => SourceError::TimedOut { url: url.to_owned(), after },
        Stopped::Late(limit) => SourceError::TooSlow { url: url.to_owned(), limit },
        Stopped::Cancelled => SourceError::Interrupted { name: name.to_owned() },
    }
}

/// Whether the server refuses to give out a commit that was asked for by its id.
pub(crate) fn is_pin_gone(cause: &GitCause) -> bool {
    let text = cause.to_string().to_ascii_lowercase();
    ["not our ref", "unadvertised object", "no such object", "bad object"]
        .iter()
        .any(|word| text.contains(word))
}

const ACCESS: [&str; 7] = [
    "status 401",
    "status 403",
    "authentication",
    "permission denied (publickey",
    "host key verification failed",
    "credentials provided",
    "access denied",
];
const MISSING: [&str; 6] = [
    "status 404",
    "status 410",
    "repository not found",
    "not exported",
    "does not appear to be a git repository",
    "could not verify that",
];
const UNSPOKEN: [&str; 1] = ["'dumb' protocol is not supported"];
