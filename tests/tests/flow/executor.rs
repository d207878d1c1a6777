//! Runs the programs of a world on one thread, in random order. Programs crash between two polls.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use idv::{Clock as _, Timestamp};

use super::clock::{SandboxClock, Sleep, later};
use super::random::Chance;

/// Yields to the other tasks once. A program can crash here.
pub async fn turn() {
    let mut had = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut had, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Tasks, polled one at a time.
pub struct Executor {
    chance: Chance,
    tasks: Vec<Task>,
}

struct Task {
    future: Pin<Box<dyn Future<Output = ()>>>,
    woken: Arc<Woken>,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Executor {
    pub const fn new(chance: Chance) -> Self {
        Self {
            chance,
            tasks: Vec::new(),
        }
    }

    pub fn spawn(&mut self, future: impl Future<Output = ()> + 'static) {
        self.tasks.push(Task {
            future: Box::pin(future),
            woken: Arc::new(Woken(AtomicBool::new(true))),
        });
    }

    /// Polls one of the ready tasks. Returns `false` if all of them wait.
    pub fn step(&mut self) -> bool {
        let ready: Vec<usize> = self
            .tasks
            .iter()
            .enumerate()
            .filter(|(_, task)| task.woken.0.load(Ordering::Relaxed))
            .map(|(index, _)| index)
            .collect();
        if ready.is_empty() {
            return false;
        }
        let index = self.chance.pick(&ready);
        let task = &mut self.tasks[index];
        task.woken.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&task.woken));
        if task
            .future
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_ready()
        {
            drop(self.tasks.remove(index));
        }
        true
    }
}

/// The end of a program: a crash or a hang after a number of polls of all its tasks.
#[derive(Debug, Clone, Copy)]
pub struct Fate {
    pub polls: u64,
    /// The duration of the hang. Without it, the program crashes.
    pub hangs_for: Option<Duration>,
}

/// A program as the operating system sees it: running, hanging or dead. Clones share their state.
#[derive(Debug, Clone)]
pub struct Process(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    alive: AtomicBool,
    /// The number of polls before the fate.
    fuel: AtomicU64,
    /// The duration of the hang. Without it, the program crashes.
    hangs_for: Option<Duration>,
    /// The end of the current hang.
    hangs_until: Mutex<Option<Timestamp>>,
    /// Wakes the program's tasks when it is killed.
    waiting: Mutex<Vec<Waker>>,
}

impl Process {
    /// Returns a program with this fate, if any.
    pub fn new(fate: Option<Fate>) -> Self {
        Self(Arc::new(Inner {
            alive: AtomicBool::new(true),
            fuel: AtomicU64::new(fate.map_or(u64::MAX, |fate| fate.polls)),
            hangs_for: fate.and_then(|fate| fate.hangs_for),
            hangs_until: Mutex::default(),
            waiting: Mutex::default(),
        }))
    }

    pub fn is_alive(&self) -> bool {
        self.0.alive.load(Ordering::Relaxed)
    }

    pub fn kill(&self) {
        self.0.alive.store(false, Ordering::Relaxed);
        self.0
            .waiting
            .lock()
            .unwrap()
            .drain(..)
            .for_each(Waker::wake);
    }

    pub fn hang(&self, until: Timestamp) {
        let mut hangs_until = self.0.hangs_until.lock().unwrap();
        *hangs_until = (*hangs_until).max(Some(until));
    }

    pub fn hangs_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.0
            .hangs_until
            .lock()
            .unwrap()
            .filter(|until| *until > now)
    }

    /// Runs a task of the program. Returns `None` if the program dies first.
    pub async fn run<F: Future>(&self, clock: &SandboxClock, future: F) -> Option<F::Output> {
        self.poll(clock, future, true).await
    }

    /// Runs a task for a caller that waits for the answer. Returns `None` if the program dies or
    /// hangs first.
    pub async fn answer<F: Future>(&self, clock: &SandboxClock, future: F) -> Option<F::Output> {
        self.poll(clock, future, false).await
    }

    async fn poll<F: Future>(
        &self,
        clock: &SandboxClock,
        future: F,
        patient: bool,
    ) -> Option<F::Output> {
        let mut future = pin!(future);
        let mut hanging: Option<Pin<Box<Sleep>>> = None;
        std::future::poll_fn(|cx| {
            if !self.is_alive() {
                return Poll::Ready(None);
            }
            if let Some(until) = self.hangs_at(clock.now()) {
                if !patient {
                    return Poll::Ready(None);
                }
                let sleep = hanging.insert(Box::pin(clock.sleep_until(until)));
                return sleep.as_mut().poll(cx).map(|()| None);
            }
            hanging = None;
            if self
                .0
                .fuel
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |fuel| {
                    fuel.checked_sub(1)
                })
                .is_err()
            {
                let Some(time) = self.0.hangs_for else {
                    self.kill();
                    return Poll::Ready(None);
                };
                self.0.fuel.store(u64::MAX, Ordering::Relaxed);
                self.hang(later(clock.now(), time));
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let poll = future.as_mut().poll(cx).map(Some);
            if poll.is_pending() {
                let mut waiting = self.0.waiting.lock().unwrap();
                if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                    waiting.push(cx.waker().clone());
                }
            }
            poll
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn clock() -> SandboxClock {
        SandboxClock::new(
            idv_sandbox::Sandbox::builder()
                .in_process()
                .start()
                .await
                .unwrap()
                .clock(),
        )
    }

    /// Returns the number of completed steps, of three, and whether the task ended before the crash
    /// at this poll.
    fn steps(fuel: u64) -> (usize, bool) {
        let done = Arc::new(Mutex::new((0, false)));
        let mut executor = Executor::new(Chance::new(1));
        let seen = Arc::clone(&done);
        executor.spawn(async move {
            let clock = clock().await;
            let work = async {
                for _ in 0..3 {
                    turn().await;
                    seen.lock().unwrap().0 += 1;
                }
            };
            let ended = Process::new(Some(Fate {
                polls: fuel,
                hangs_for: None,
            }))
            .run(&clock, work)
            .await
            .is_some();
            seen.lock().unwrap().1 = ended;
        });
        while executor.step() {}
        let (steps, ended) = *done.lock().unwrap();
        (steps, ended)
    }

    #[test]
    fn program_crashes_at_every_await_point() {
        assert_eq!(
            [0, 1, 2, 3, 4, 5].map(steps),
            [
                (0, false),
                (0, false),
                (1, false),
                (2, false),
                (3, true),
                (3, true)
            ]
        );
    }
}
