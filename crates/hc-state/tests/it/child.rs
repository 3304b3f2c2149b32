//! Another process that works on the same state.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Exit status of a child whose order failed; the exit code of its error is added.
pub(crate) const FAILED: i32 = 40;

/// A child that does `order` in `root`.
pub(crate) fn command(root: &Path, order: &str) -> Command {
    ordered(Command::new(env!("CARGO_BIN_EXE_state-writer")), root, order)
}

/// The same, started through another program.
pub(crate) fn wrapped(wrapper: &[&str], root: &Path, order: &str) -> Command {
    let mut command = Command::new(wrapper[0]);
    command.args(&wrapper[1..]).arg(env!("CARGO_BIN_EXE_state-writer"));
    ordered(command, root, order)
}

fn ordered(mut command: Command, root: &Path, order: &str) -> Command {
    // Cargo's library path makes the loader look into a hundred places first.
    command.arg(root).args(order.split(' ')).stdin(Stdio::null()).env_remove("LD_LIBRARY_PATH");
    command
}

/// Starts a child and waits until it says that it has begun.
pub(crate) fn start(root: &Path, order: &str) -> Child {
    let mut child = command(root, order).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n", "the child never began");
    child
}
