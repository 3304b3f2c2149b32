//! The threads that hash and search side by side, started at a moment at which their absence is an error and not a panic.

use std::error::Error as _;
use std::io;
use std::sync::Mutex;

/// Starts the threads of this process: one for each core, fewer where the system gives fewer (`ulimit -u`, `ulimit -v`).
/// Threads that run already stay as they are.
///
/// # Errors
/// When it gives not even one.
pub fn start() -> io::Result<()> {
    let mut wanted = std::thread::available_parallelism().map_or(1, usize::from);
    loop {
        // A thread that cannot be started shows here; the pool itself would keep those that could.
        match probe(wanted) {
            Ok(()) => break,
            Err(error) if wanted == 1 => return Err(error),
            Err(_) => wanted /= 2,
        }
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(wanted);
    match pool.build_global() {
        Ok(()) => Ok(()),
        // There is one already.
        Err(error) if error.source().is_none() => Ok(()),
        Err(error) => Err(io::Error::other(error)),
    }
}

/// Whether so many threads can be started at once.
fn probe(count: usize) -> io::Result<()> {
    let gate = Mutex::new(());
    std::thread::scope(|scope| {
        // None of them ends before all are there.
        let _closed = gate.lock();
        for _ in 0..count {
            std::thread::Builder::new().spawn_scoped(scope, || drop(gate.lock()))?;
        }
        Ok(())
    })
}
