//! Lanes: tasks that execute all waiting operations as one batch.
//!
//! While a batch is in progress, further operations gather for the next batch. So batches grow with
//! the load, no operation waits for a timer, and the writes of a batch share one commit. Before it
//! executes a batch, a lane lets tasks that are ready to run add their operations.

use std::future::Future;
use std::io::ErrorKind;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::sql::failure::{Failure, is_broken};
use super::{StoreError, StoreResult};

/// The maximum number of waiting operations; a further one blocks until one of them is taken.
const WAITING: usize = 1_024;
/// The maximum number of operations of a batch.
const BATCH: usize = 64;
/// How often a lane lets other tasks run before it executes a batch.
const YIELDS: usize = 3;
/// The idle time after which a connection is tested before its next use.
const TESTED_AFTER: Duration = Duration::from_secs(30);
/// The shortest and the longest pause between attempts to connect.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// Opens connections.
pub(super) trait Connector: Send + Sync + 'static {
    type Connection: Send;

    fn connect(&self) -> impl Future<Output = StoreResult<Self::Connection>> + Send;

    /// Returns whether a connection that was not used for a while still works.
    fn works(&self, connection: &mut Self::Connection) -> impl Future<Output = bool> + Send;

    fn close(&self, connection: Self::Connection) -> impl Future<Output = ()> + Send;

    /// Returns how long attempts to connect are repeated after a failure.
    fn patience(&self, failure: &StoreError) -> Duration;

    /// Returns the longest time for one operation on a connection; `None` if the database limits
    /// it.
    fn bound(&self) -> Option<Duration>;
}

/// Opens a connection, with further attempts as long as the connector allows.
pub(super) async fn connect<C: Connector>(connector: &C) -> StoreResult<C::Connection> {
    let began = Instant::now();
    let mut pause = PAUSES.0;
    loop {
        match connector.connect().await {
            Err(error) if began.elapsed() + pause < connector.patience(&error) => {
                tokio::time::sleep(pause).await;
            }
            result => return result,
        }
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// A connection that is opened when it is needed, and again after it was discarded.
pub(super) struct Line<C: Connector> {
    connector: C,
    current: Option<Idle<C::Connection>>,
}

/// A connection and the time of its last use.
struct Idle<T> {
    connection: T,
    used: Instant,
}

impl<C: Connector> Line<C> {
    pub(super) const fn new(connector: C) -> Self {
        Self {
            connector,
            current: None,
        }
    }

    /// Takes the connection. The caller puts it back if it can be used again; dropping it closes
    /// it.
    pub(super) async fn take(&mut self) -> StoreResult<C::Connection> {
        take(&self.connector, self.current.take()).await
    }

    #[cfg(feature = "postgres")]
    pub(super) const fn connector(&self) -> &C {
        &self.connector
    }

    pub(super) fn put_back(&mut self, connection: C::Connection) {
        self.current = Some(Idle {
            connection,
            used: Instant::now(),
        });
    }

    pub(super) async fn close(self) {
        if let Some(Idle { connection, .. }) = self.current {
            self.connector.close(connection).await;
        }
    }
}

/// Returns the idle connection if it works, or a new one.
async fn take<C: Connector>(
    connector: &C,
    idle: Option<Idle<C::Connection>>,
) -> StoreResult<C::Connection> {
    if let Some(Idle {
        mut connection,
        used,
    }) = idle
        && (used.elapsed() < TESTED_AFTER || connector.works(&mut connection).await)
    {
        return Ok(connection);
    }
    connect(connector).await
}

/// Executes the operations of a lane.
pub(super) trait Executor: Send + 'static {
    type Operation: Send + 'static;

    /// Executes a batch, which is not empty, and answers each operation.
    fn execute(&mut self, batch: Vec<Self::Operation>) -> impl Future<Output = ()> + Send;

    fn close(self) -> impl Future<Output = ()> + Send;
}

/// The handle of a lane's task. When it is dropped, the task completes the waiting operations and
/// ends.
pub(super) struct Lane<O> {
    operations: Mutex<Option<mpsc::Sender<O>>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl<O: Send + 'static> Lane<O> {
    /// Starts the task.
    pub(super) fn start<E: Executor<Operation = O>>(mut executor: E) -> Self {
        let (sender, mut receiver) = mpsc::channel(WAITING);
        let task = tokio::spawn(async move {
            let mut batch = Vec::new();
            while receiver.recv_many(&mut batch, BATCH).await > 0 {
                gather(&mut receiver, &mut batch).await;
                executor.execute(std::mem::take(&mut batch)).await;
            }
            executor.close().await;
        });
        Self {
            operations: Mutex::new(Some(sender)),
            task: Mutex::new(Some(task)),
        }
    }

    /// Executes an operation, which answers through the reply that `operation` receives.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the operation is executed as a whole or not at all.
    pub(super) async fn run<T>(
        &self,
        operation: impl FnOnce(Reply<T>) -> O + Send,
    ) -> StoreResult<T> {
        let (reply, result) = oneshot::channel();
        let sender = unpoisoned(&self.operations).clone();
        let sender = sender.ok_or_else(closed)?;
        sender
            .send(operation(Reply(reply)))
            .await
            .map_err(|_| closed())?;
        drop(sender);
        result.await.map_err(|_| closed())?
    }

    /// Completes the waiting operations and ends the task.
    pub(super) async fn close(&self) {
        drop(unpoisoned(&self.operations).take());
        let task = unpoisoned(&self.task).take();
        if let Some(task) = task {
            // The task is never canceled and does not panic.
            let _ = task.await;
        }
    }
}

/// Adds the operations that other tasks are about to send.
///
/// The tasks that one batch served continue at the same time. Without this, the first of them would
/// form a batch alone, and the others would wait for its end.
async fn gather<O>(receiver: &mut mpsc::Receiver<O>, batch: &mut Vec<O>) {
    for _ in 0..YIELDS {
        tokio::task::yield_now().await;
        while batch.len() < BATCH
            && let Ok(operation) = receiver.try_recv()
        {
            batch.push(operation);
        }
    }
}

/// The receiver of an operation's result.
pub(super) struct Reply<T>(oneshot::Sender<StoreResult<T>>);

impl<T> Reply<T> {
    /// Returns whether the caller has gone.
    pub(super) fn is_abandoned(&self) -> bool {
        self.0.is_closed()
    }

    pub(super) fn send(self, result: StoreResult<T>) {
        // The caller may have gone.
        let _ = self.0.send(result);
    }
}

/// Connections for operations without a lane. They are not tested before each use.
pub(super) struct Connections<C: Connector> {
    connector: C,
    places: Semaphore,
    idle: Mutex<Vec<Idle<C::Connection>>>,
}

impl<C: Connector> Connections<C> {
    pub(super) fn new(connector: C, count: usize) -> Self {
        Self {
            connector,
            places: Semaphore::new(count),
            idle: Mutex::default(),
        }
    }

    /// Reads on a connection. If the connection is broken, the read is repeated on a new one.
    pub(super) async fn read<I: Sync, T>(
        &self,
        input: I,
        work: impl for<'c> Fn(&'c mut C::Connection, &'c I) -> BoxFuture<'c, StoreResult<T>>,
    ) -> StoreResult<T> {
        let (_place, idle) = self.take().await?;
        if idle.is_some() {
            match self.work(idle, &input, &work).await {
                Err(error) if is_broken(&error) => {}
                result => return result,
            }
        }
        self.work(None, &input, &work).await
    }

    /// Writes on a connection, in one statement or transaction. If it fails or the future is
    /// dropped, the connection is closed.
    #[cfg(feature = "postgres")]
    pub(super) async fn write<I: Sync, T>(
        &self,
        input: I,
        work: impl for<'c> Fn(&'c mut C::Connection, &'c I) -> BoxFuture<'c, StoreResult<T>>,
    ) -> StoreResult<T> {
        let (_place, idle) = self.take().await?;
        self.work(idle, &input, &work).await
    }

    /// Waits for a free place, and takes an idle connection if there is one.
    async fn take(&self) -> StoreResult<(SemaphorePermit<'_>, Option<Idle<C::Connection>>)> {
        let place = self.places.acquire().await.map_err(|_| closed())?;
        Ok((place, unpoisoned(&self.idle).pop()))
    }

    async fn work<I: Sync, T>(
        &self,
        idle: Option<Idle<C::Connection>>,
        input: &I,
        work: &impl for<'c> Fn(&'c mut C::Connection, &'c I) -> BoxFuture<'c, StoreResult<T>>,
    ) -> StoreResult<T> {
        let mut connection = take(&self.connector, idle).await?;
        let result = bounded(&self.connector, work(&mut connection, input)).await?;
        if !self.places.is_closed() {
            self.add(connection);
        }
        Ok(result)
    }

    /// Adds a connection.
    pub(super) fn add(&self, connection: C::Connection) {
        unpoisoned(&self.idle).push(Idle {
            connection,
            used: Instant::now(),
        });
    }

    /// Closes idle connections now, and the others after their use.
    pub(super) async fn close(&self) {
        self.places.close();
        let idle = std::mem::take(&mut *unpoisoned(&self.idle));
        for Idle { connection, .. } in idle {
            self.connector.close(connection).await;
        }
    }
}

/// Limits the time of an operation to the bound of a connector.
pub(super) async fn bounded<C: Connector, T>(
    connector: &C,
    work: impl Future<Output = StoreResult<T>>,
) -> StoreResult<T> {
    match connector.bound() {
        Some(bound) => tokio::time::timeout(bound, work).await.unwrap_or_else(|_| {
            Err(StoreError::new("the database did not answer in time")
                .with_source(Failure::Connection(ErrorKind::TimedOut)))
        }),
        None => work.await,
    }
}

fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn closed() -> StoreError {
    StoreError::new("the store was closed")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::future::join_all;

    use super::*;

    /// Records the sizes of its batches, and delays the first one.
    struct Recorder {
        sizes: Arc<Mutex<Vec<usize>>>,
        gate: Option<oneshot::Receiver<()>>,
    }

    impl Executor for Recorder {
        type Operation = (u32, Reply<u32>);

        async fn execute(&mut self, batch: Vec<Self::Operation>) {
            unpoisoned(&self.sizes).push(batch.len());
            if let Some(gate) = self.gate.take() {
                gate.await.unwrap();
            }
            for (number, reply) in batch {
                reply.send(Ok(number + 1));
            }
        }

        async fn close(self) {
            unpoisoned(&self.sizes).push(0);
        }
    }

    #[tokio::test]
    async fn waiting_operations_form_one_batch() {
        let (open, gate) = oneshot::channel();
        let sizes: Arc<Mutex<Vec<usize>>> = Arc::default();
        let lane = Arc::new(Lane::start(Recorder {
            sizes: Arc::clone(&sizes),
            gate: Some(gate),
        }));
        let run = |number| {
            let lane = Arc::clone(&lane);
            tokio::spawn(async move { lane.run(|reply| (number, reply)).await.unwrap() })
        };
        let first = run(0);
        while unpoisoned(&sizes).is_empty() {
            tokio::task::yield_now().await;
        }
        let others: Vec<_> = (1..=5).map(run).collect();
        tokio::task::yield_now().await;
        open.send(()).unwrap();
        assert_eq!(first.await.unwrap(), 1);
        for (number, result) in (1..).zip(join_all(others).await) {
            assert_eq!(result.unwrap(), number + 1);
        }
        lane.close().await;
        assert_eq!(*unpoisoned(&sizes), [1, 5, 0]);
        lane.run(|reply| (9, reply))
            .await
            .expect_err("the lane is closed");
    }

    #[tokio::test]
    async fn operations_of_ready_tasks_share_a_batch() {
        let sizes: Arc<Mutex<Vec<usize>>> = Arc::default();
        let lane = Lane::start(Recorder {
            sizes: Arc::clone(&sizes),
            gate: None,
        });
        let run = async |number| {
            for _ in 0..number {
                // Some tasks need longer to send.
                tokio::task::yield_now().await;
            }
            lane.run(|reply| (number, reply)).await.unwrap()
        };
        assert_eq!(join_all((0..3).map(run)).await, [1, 2, 3]);
        lane.close().await;
        assert_eq!(*unpoisoned(&sizes), [3, 0]);
    }
}
