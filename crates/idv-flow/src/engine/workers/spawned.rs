//! Workers that run in a task of their own.

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::engine::Engine;

/// The workers that [`Engine::spawn_workers`] started. If it is dropped, they stop as by
/// [`Workers::shutdown`], and nothing waits for them.
#[derive(Debug)]
#[must_use = "the workers stop if it is dropped"]
pub struct Workers {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Engine {
    /// Starts a task of the current Tokio runtime that does what [`Engine::run`] does, until
    /// [`Workers::shutdown`].
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run_leaping(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_core::NewVerification;
    ///
    /// let workers = engine.spawn_workers(4);
    /// let started = engine.submit(NewVerification::new(engine.reference())).await?;
    /// engine.wait_for_hand_off(started.id).await?;
    /// workers.shutdown().await;
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Panics
    ///
    /// If it is called outside a Tokio runtime, as [`tokio::spawn`].
    pub fn spawn_workers(&self, workers: usize) -> Workers {
        let (stop, stopped) = oneshot::channel();
        let engine = self.clone();
        let task = tokio::spawn(async move {
            let stopped = async {
                // A dropped sender stops them as well.
                let _ = stopped.await;
            };
            engine.run(workers, stopped).await;
        });
        Workers { stop, task }
    }
}

impl Workers {
    /// Stops the workers once the steps under way are completed, which takes no longer than a call.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run_leaping(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_core::NewVerification;
    /// use idv_flow::store::Phase;
    ///
    /// let workers = engine.spawn_workers(4);
    /// workers.shutdown().await;
    ///
    /// // No worker of this program takes it up.
    /// let started = engine.submit(NewVerification::new(engine.reference())).await?;
    /// assert_eq!(engine.worker_stats().under_way, 0);
    /// assert_eq!(engine.status(started.id).await?.phase, Phase::Creating);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the workers still stop.
    pub async fn shutdown(self) {
        let _ = self.stop.send(());
        if self.task.await.is_err() {
            tracing::error!("the task of the workers failed");
        }
    }
}
