//! Which target runs when: parents before children, so many at once, so many of a platform (PKR-8, TPL-5).

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, PoisonError};

use hc_core::Cancel;

use crate::outcome::build::Skip;

/// One target, as the scheduler sees it.
#[derive(Debug, Clone, Default)]
pub struct Job {
    /// Platform, for its limit.
    pub platform: String,
    /// Indices of jobs that must have succeeded before.
    pub needs: Vec<usize>,
}

/// How much may run at once, and when to stop.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// All jobs together; at least one always runs.
    pub jobs: usize,
    /// Per platform, within `jobs`.
    pub platforms: BTreeMap<String, usize>,
    /// Starts nothing more after the first failure.
    pub fail_fast: bool,
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It did what it was to do.
    Succeeded,
    /// It did not.
    Failed,
    /// It violated a rule of security: nothing more may start.
    Violated,
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It ran.
    Ran(Ended),
    /// It never started, for this reason.
    Skipped(Skip),
}

struct Board {
    outcomes: Vec<Option<Outcome>>,
    running: Vec<usize>,
}

/// A job that runs. Its end is noted however it ends: the others wait for it, also when `work` panics.
struct Turn<'a> {
    board: &'a Mutex<Board>,
    changed: &'a Condvar,
    at: usize,
    ended: Ended,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        board.running.retain(|running| *running != self.at);
        board.outcomes[self.at] = Some(Outcome::Ran(self.ended));
        self.changed.notify_all();
    }
}

/// Runs every job by `work`. Returns when all have ended or are skipped.
pub fn run(
    jobs: &[Job],
    limits: &Limits,
    cancel: &Cancel,
    work: impl Fn(usize) -> Ended + Sync,
) -> Vec<Outcome> {
    let board = Mutex::new(Board { outcomes: vec![None; jobs.len()], running: Vec::new() });
    let changed = Condvar::new();
    let workers = limits.jobs.clamp(1, jobs.len().max(1));
    let worker = || {
        let mut state = board.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            skip(jobs, limits, cancel, &mut state);
            if let Some(at) = next(jobs, limits, &state) {
                state.running.push(at);
                drop(state);
                let mut turn = Turn { board: &board, changed: &changed, at, ended: Ended::Failed };
                turn.ended = work(at);
                drop(turn);
                state = board.lock().unwrap_or_else(PoisonError::into_inner);
            } else if state.outcomes.iter().all(Option::is_some) || state.running.is_empty() {
                changed.notify_all();
                return;
            } else {
                state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    };
    std::thread::scope(|scope| {
        // This thread is one of them: where there are no more threads, it does all the work.
        for _ in 1..workers {
            if std::thread::Builder::new().spawn_scoped(scope, worker).is_err() {
                break;
            }
        }
        worker();
    });
    let board = board.into_inner().unwrap_or_else(PoisonError::into_inner);
    board
        .outcomes
        .into_iter()
        .map(|outcome| outcome.unwrap_or(Outcome::Skipped(Skip::WaitsForItself)))
        .collect()
}

/// Marks what will never run, again and again until nothing new is marked.
fn skip(jobs: &[Job], limits: &Limits, cancel: &Cancel, state: &mut Board) {
    let ran = |how: &[Ended]| {
        let of = |outcome: &Outcome| matches!(outcome, Outcome::Ran(ended) if how.contains(ended));
        state.outcomes.iter().flatten().any(of)
    };
    let (violated, failed) = (ran(&[Ended::Violated]), ran(&[Ended::Violated, Ended::Failed]));
    loop {
        let mut marked = false;
        for (at, job) in jobs.iter().enumerate() {
            if state.outcomes[at].is_some() || state.running.contains(&at) {
                continue;
            }
            let bad = |need: &usize| {
                matches!(
                    state.outcomes.get(*need),
                    Some(Some(Outcome::Ran(Ended::Failed | Ended::Violated) | Outcome::Skipped(_)))
                )
            };
            let reason = if violated {
                Some(Skip::Violated)
            } else if cancel.requests() > 0 {
                Some(Skip::Interrupted)
            } else if failed && limits.fail_fast {
                Some(Skip::FailFast)
            } else if job.needs.iter().any(bad) {
                Some(Skip::ParentNotBuilt)
            } else {
                None
            };
            if let Some(reason) = reason {
                state.outcomes[at] = Some(Outcome::Skipped(reason));
                marked = true;
            }
        }
        if !marked {
            return;
        }
    }
}

fn next(jobs: &[Job], limits: &Limits, state: &Board) -> Option<usize> {
    jobs.iter().enumerate().position(|(at, job)| {
        let free = state.outcomes[at].is_none() && !state.running.contains(&at);
        let ready = job
            .needs
            .iter()
            .all(|need| matches!(state.outcomes.get(*need), Some(Some(Outcome::Ran(Ended::Succeeded)))));
        let same = state.running.iter().filter(|running| jobs[**running].platform == job.platform).count();
        free && ready && limits.platforms.get(&job.platform).is_none_or(|limit| same < (*limit).max(1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    fn job(platform: &str, needs: &[usize]) -> Job {
        Job { platform: platform.into(), needs: needs.to_vec() }
    }

    #[test]
    fn limits_hold_and_everything_runs_once() {
        let jobs: Vec<Job> =
            (0..24).map(|at| job(if at % 2 == 0 { "vsphere" } else { "qemu" }, &[])).collect();
        let limits =
            Limits { jobs: 8, platforms: BTreeMap::from([("vsphere".to_owned(), 2)]), fail_fast: false };
        let (now, most, vsphere, most_vsphere) =
            (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        let ran = Mutex::new(vec![0; 24]);
        let outcomes = run(&jobs, &limits, &Cancel::new(), |at| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            if at % 2 == 0 {
                most_vsphere.fetch_max(vsphere.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            }
            ran.lock().unwrap()[at] += 1;
            std::thread::sleep(Duration::from_millis(5));
            if at % 2 == 0 {
                vsphere.fetch_sub(1, Ordering::SeqCst);
            }
            now.fetch_sub(1, Ordering::SeqCst);
            Ended::Succeeded
        });
        assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Ran(Ended::Succeeded)));
        assert!(ran.into_inner().unwrap().iter().all(|count| *count == 1));
        assert!(most.load(Ordering::SeqCst) <= 8 && most_vsphere.load(Ordering::SeqCst) <= 2);
    }

    #[test]
    fn children_wait_for_parents_and_fall_with_them() {
        let jobs = [job("a", &[]), job("a", &[0]), job("a", &[1]), job("a", &[])];
        let outcomes = run(&jobs, &Limits { jobs: 4, ..Limits::default() }, &Cancel::new(), |at| {
            if at == 0 { Ended::Failed } else { Ended::Succeeded }
        });
        let parent = Outcome::Skipped(Skip::ParentNotBuilt);
        let [failed, succeeded] = [Ended::Failed, Ended::Succeeded].map(Outcome::Ran);
        assert_eq!(outcomes, [failed, parent.clone(), parent, succeeded]);
    }

    #[test]
    fn fail_fast_and_cancel_start_nothing_more() {
        let jobs = vec![job("a", &[]); 4];
        let limits = Limits { jobs: 1, fail_fast: true, ..Limits::default() };
        let outcomes = run(&jobs, &limits, &Cancel::new(), |_| Ended::Failed);
        let failed = Outcome::Ran(Ended::Failed);
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == failed).count(), 1);
        let cancel = Cancel::new();
        cancel.request();
        let outcomes = run(&jobs, &limits, &cancel, |_| Ended::Succeeded);
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Skipped(_))));
    }

    #[test]
    fn a_violation_starts_nothing_more() {
        let jobs = vec![job("a", &[]); 3];
        let one = Limits { jobs: 1, ..Limits::default() };
        let outcomes = run(&jobs, &one, &Cancel::new(), |_| Ended::Violated);
        let skipped = Outcome::Skipped(Skip::Violated);
        assert_eq!(outcomes, [Outcome::Ran(Ended::Violated), skipped.clone(), skipped]);
    }

    #[test]
    fn a_panic_ends_its_turn_and_reaches_the_caller() {
        let jobs = vec![job("a", &[]); 4];
        let limits = Limits { jobs: 2, ..Limits::default() };
        let ran = AtomicUsize::new(0);
        let run = std::panic::AssertUnwindSafe(|| {
            run(&jobs, &limits, &Cancel::new(), |at| {
                ran.fetch_add(1, Ordering::SeqCst);
                assert_ne!(at, 0, "the first one panics");
                Ended::Succeeded
            })
        });
        assert!(std::panic::catch_unwind(run).is_err());
        assert_eq!(ran.load(Ordering::SeqCst), 4);
    }

    #[test]
    fn a_job_that_needs_itself_is_skipped_not_waited_for() {
        let outcomes = run(&[job("a", &[0])], &Limits::default(), &Cancel::new(), |_| Ended::Succeeded);
        assert_eq!(outcomes, [Outcome::Skipped(Skip::WaitsForItself)]);
    }
}
