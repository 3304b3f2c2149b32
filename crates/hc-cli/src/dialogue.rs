//! Questions on stderr, answers from stdin, line by line: works in a terminal and in a pipe.

use std::io::{BufRead, Write};

use hc_engine::setup::wizard::Dialogue;

use crate::report::diagnostics::visible;

/// The terminal, or whatever stands for it.
pub(crate) struct Lines;

impl Dialogue for Lines {
    fn say(&mut self, text: &str) {
        let text = visible(text);
        let _ = writeln!(std::io::stderr(), "{text}");
    }

    fn ask(&mut self, question: &str) -> Option<String> {
        let mut stderr = std::io::stderr();
        let question = visible(question);
        let _ = write!(stderr, "{question}").and_then(|()| stderr.flush());
        let mut line = String::new();
        match std::io::stdin().lock().read_line(&mut line) {
            Ok(0) | Err(_) => {
                // What is said next begins on a line of its own.
                let _ = writeln!(stderr);
                None
            }
            Ok(_) => Some(line),
        }
    }
}
