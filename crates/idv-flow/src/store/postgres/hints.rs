//! Hints that another program has announced work. The work itself is stored, so a lost hint only
//! costs time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// The channel of notifications. Stores in other schemas of the database share it.
pub(super) const CHANNEL: &str = "idv_flow";

/// The pause before a lost connection is opened again.
const PAUSE: Duration = Duration::from_secs(5);

/// Listens from the first call of [`Hints::next`] on.
pub(super) struct Hints {
    options: PgConnectOptions,
    program: Arc<str>,
    announced: Arc<Notify>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Hints {
    pub(super) fn new(options: PgConnectOptions, program: Arc<str>) -> Self {
        Self {
            options,
            program,
            announced: Arc::default(),
            task: Mutex::default(),
        }
    }

    /// Returns when another program has announced work since the last time.
    pub(super) async fn next(&self) {
        {
            let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
            task.get_or_insert_with(|| {
                tokio::spawn(listen(
                    self.options.clone(),
                    Arc::clone(&self.program),
                    Arc::clone(&self.announced),
                ))
            });
        }
        self.announced.notified().await;
    }

    /// Stops listening.
    pub(super) fn close(&self) {
        if let Some(task) = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
        {
            task.abort();
        }
    }
}

impl Drop for Hints {
    fn drop(&mut self) {
        self.close();
    }
}

async fn listen(options: PgConnectOptions, program: Arc<str>, announced: Arc<Notify>) {
    loop {
        // The listener needs a pool, which has no other connection.
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .connect_lazy_with(options.clone());
        if let Ok(mut listener) = PgListener::connect_with(&pool).await
            && listener.listen(CHANNEL).await.is_ok()
        {
            // Work may have been announced before.
            announced.notify_one();
            while let Ok(notification) = listener.recv().await {
                if notification.payload() != &*program {
                    announced.notify_one();
                }
            }
        }
        tracing::debug!(
            "the connection for notifications of the database failed; it is opened again"
        );
        tokio::time::sleep(PAUSE).await;
    }
}
