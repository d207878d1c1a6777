//! What runs the programs of a simulated world: one thread, an order that chance decides, and programs that die between two polls.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use idv::{Clock as _, Timestamp};

use super::clock::{SandboxClock, Sleep, later};
use super::random::Chance;

/// Lets everybody else have a turn: the future that is dropped here instead is a program that died here.
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

    /// Polls one of the tasks that can go on; `false` where all of them wait.
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

/// What befalls a program at its poll of this number, counted over everything that it does.
#[derive(Debug, Clone, Copy)]
pub struct Fate {
    pub polls: u64,
    /// It hangs for so long; it dies where that is not said.
    pub hangs_for: Option<Duration>,
}

/// A program as the operating system sees it: it runs, hangs, or is dead. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Process(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    alive: AtomicBool,
    /// How many polls it has left until its fate.
    fuel: AtomicU64,
    /// For how long it hangs then; it dies where that is not said.
    hangs_for: Option<Duration>,
    /// It is not polled until then.
    hangs_until: Mutex<Option<Timestamp>>,
    /// Whom to tell that it died.
    waiting: Mutex<Vec<Waker>>,
}

impl Process {
    /// A program that meets its fate, where it has one.
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

    /// Runs a part of the program: `None` where it died first.
    pub async fn run<F: Future>(&self, clock: &SandboxClock, future: F) -> Option<F::Output> {
        self.poll(clock, future, true).await
    }

    /// Runs a part of the program for somebody who waits for an answer: `None` too where it hangs.
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

    /// How far something of three steps came that dies at this poll.
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
    fn a_program_dies_at_every_await_point() {
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
