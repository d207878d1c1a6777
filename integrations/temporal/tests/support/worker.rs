//! A worker that can be stopped or killed.

use std::pin::pin;
use std::thread::JoinHandle;
use std::time::Duration;

use idv_temporal::WorkerSettings;
use tokio::sync::oneshot;

use super::Program;

/// The number of failures after which a worker is not started again.
const FAILURES: usize = 20;

#[derive(Debug, PartialEq, Eq)]
enum End {
    Stop,
    Kill,
}

/// A worker in a thread of its own.
pub struct Worker {
    stop: Option<oneshot::Sender<End>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts a worker. It starts again after a failure, as under a supervisor: the server may be
    /// away.
    pub fn start(program: Program, server: String) -> Self {
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(work(&program, &server, stopped));
            // A killed worker ends at any await.
            runtime.shutdown_background();
        });
        Self {
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Has the worker complete what it does, and waits for its end.
    pub fn stop(mut self) {
        self.end(End::Stop);
    }

    /// Ends the worker like a crash: its work is cut off. The SDK then prints a panic at times; see
    /// `Host::run`.
    pub fn kill(mut self) {
        self.end(End::Kill);
    }

    fn end(&mut self, end: End) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(end);
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the worker panicked");
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end(End::Kill);
    }
}

async fn work(program: &Program, server: &str, mut stopped: oneshot::Receiver<End>) {
    for attempt in 1.. {
        let (graceful, ended) = oneshot::channel::<()>();
        let run = async {
            let host = program.host_of(program.builder().await, server).await;
            let settings = WorkerSettings::new();
            host.run(&settings, async {
                let _ = ended.await;
            })
            .await
        };
        let mut run = pin!(run);
        let done = tokio::select! {
            done = &mut run => done,
            end = &mut stopped => {
                if end != Ok(End::Stop) {
                    return;
                }
                drop(graceful);
                return run.await.unwrap();
            }
        };
        match done {
            Ok(()) => return,
            Err(error) => assert!(attempt < FAILURES, "{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
