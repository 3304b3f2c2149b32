//! What a program that is asked something says, for callers that need its words and not its progress: a linter, a key
//! generator. Bounded in time and memory like every process of this crate.

use hc_core::Cancel;

use crate::error::PackerError;
use crate::process::{self, Ending, Invocation, Pipe};

/// Bytes of each stream that are kept; the rest is read and dropped.
const MOST: usize = 4 << 20;

/// How a program ended, and what it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// How it ended.
    pub ending: Ending,
    /// The beginning of standard output.
    pub stdout: String,
    /// The beginning of standard error.
    pub stderr: String,
}

/// Runs a program to its end and keeps what it says.
///
/// # Errors
/// As [`process::run`].
pub fn ask(invocation: Invocation, cancel: &Cancel) -> Result<Answer, PackerError> {
    let (mut stdout, mut stderr) = (String::new(), String::new());
    let ending = process::run(invocation, cancel, |pipe, line| {
        let into = if pipe == Pipe::Stdout { &mut stdout } else { &mut stderr };
        if into.len() < MOST {
            into.push_str(&String::from_utf8_lossy(line));
            into.push('\n');
        }
    })?;
    Ok(Answer { ending, stdout, stderr })
}
