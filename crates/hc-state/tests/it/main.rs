//! What operators may rely on when the state is written, killed, cut, filled up and fought over.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail where it stands")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "skipped tests and injected faults say so")]

mod audit;
mod check;
mod child;
mod commit;
mod concurrent;
mod damage;
mod faults;
mod in_place;
mod kill;
mod large;
mod migration;
mod orphan;
mod project;
mod round_trip;
