//! The only task that writes: it commits all waiting operations as one transaction.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Executor as _, query_as};

use super::connector::{BUSY, Connector};
use crate::store::lanes::{Executor, Lane, Line, Reply};
use crate::store::sql::cannot;
use crate::store::sql::failure::{again, is_refused};
use crate::store::{StoreError, StoreResult};

/// The handle of the task.
pub(super) struct Writer {
    lane: Lane<Job>,
    log: Arc<Log>,
}

impl Writer {
    /// Starts the task, which empties the log after erasures, at most once per `emptied_every`.
    pub(super) fn start(line: Line<Connector>, emptied_every: Duration) -> Self {
        let log = Arc::new(Log {
            erasures: AtomicUsize::new(LEFT_BEFORE),
            tried: Mutex::new(None),
            emptied_every,
        });
        Self {
            lane: Lane::start(Transactions {
                line,
                log: Arc::clone(&log),
            }),
            log,
        }
    }

    /// Returns whether it is time to empty the log. Any transaction does it.
    pub(super) fn log_is_due(&self) -> bool {
        self.log.is_due()
    }

    /// Executes work in a transaction, perhaps together with other work.
    ///
    /// After a failure the work may be executed again in a separate transaction, so it changes only
    /// the database.
    pub(super) async fn run<I, T, F>(&self, input: I, work: F) -> StoreResult<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'c> Fn(&'c mut SqliteConnection, &'c I) -> BoxFuture<'c, StoreResult<T>>
            + Send
            + Sync
            + 'static,
    {
        self.run_erasing(false, input, work).await
    }

    /// Executes work that erases personal data if `erases`.
    pub(super) async fn run_erasing<I, T, F>(
        &self,
        erases: bool,
        input: I,
        work: F,
    ) -> StoreResult<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'c> Fn(&'c mut SqliteConnection, &'c I) -> BoxFuture<'c, StoreResult<T>>
            + Send
            + Sync
            + 'static,
    {
        self.lane
            .run(|reply| {
                Box::new(Pending {
                    input,
                    work,
                    erases,
                    result: None,
                    reply,
                }) as Job
            })
            .await
    }

    pub(super) async fn close(&self) {
        self.lane.close().await;
    }
}

type Job = Box<dyn Operation>;

/// Waiting work.
trait Operation: Send {
    fn run<'o>(
        &'o mut self,
        connection: &'o mut SqliteConnection,
    ) -> BoxFuture<'o, StoreResult<()>>;
    fn is_abandoned(&self) -> bool;
    fn erases(&self) -> bool;
    /// Answers with the result, or with the failure.
    fn answer(self: Box<Self>, failure: Option<StoreError>);
}

struct Pending<I, T, F> {
    input: I,
    work: F,
    erases: bool,
    result: Option<T>,
    reply: Reply<T>,
}

impl<I, T, F> Operation for Pending<I, T, F>
where
    I: Send + Sync,
    T: Send,
    F: for<'c> Fn(&'c mut SqliteConnection, &'c I) -> BoxFuture<'c, StoreResult<T>> + Send + Sync,
{
    fn run<'o>(
        &'o mut self,
        connection: &'o mut SqliteConnection,
    ) -> BoxFuture<'o, StoreResult<()>> {
        Box::pin(async move {
            self.result = Some((self.work)(connection, &self.input).await?);
            Ok(())
        })
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_abandoned()
    }

    fn erases(&self) -> bool {
        self.erases
    }

    fn answer(self: Box<Self>, failure: Option<StoreError>) {
        let result = match (failure, self.result) {
            (None, Some(result)) => Ok(result),
            (Some(failure), _) => Err(failure),
            (None, None) => Err(StoreError::new("the store did not execute the operation")),
        };
        self.reply.send(result);
    }
}

/// The number of erasures since the log was emptied, and the time of the last attempt to empty it.
struct Log {
    erasures: AtomicUsize,
    tried: Mutex<Option<Instant>>,
    emptied_every: Duration,
}

impl Log {
    fn is_due(&self) -> bool {
        self.erasures.load(Ordering::Relaxed) > 0
            && self
                .tried()
                .is_none_or(|at| at.elapsed() >= self.emptied_every)
    }

    fn tried(&self) -> MutexGuard<'_, Option<Instant>> {
        self.tried.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The state of the task.
struct Transactions {
    line: Line<Connector>,
    log: Arc<Log>,
}

impl Executor for Transactions {
    type Operation = Job;

    async fn execute(&mut self, mut batch: Vec<Job>) {
        batch.retain(|job| !job.is_abandoned());
        if batch.is_empty() {
            return;
        }
        let Err(failed) = self.commit(&mut batch).await else {
            return self.succeed(batch).await;
        };
        if !failed.undone || batch.len() == 1 {
            return batch
                .into_iter()
                .for_each(|job| job.answer(Some(again(&failed.error))));
        }
        // One operation failed, and none was committed. Each is tried in a separate transaction.
        for job in batch {
            let mut alone = vec![job];
            match self.commit(&mut alone).await {
                Ok(()) => self.succeed(alone).await,
                Err(failed) => alone
                    .into_iter()
                    .for_each(|job| job.answer(Some(again(&failed.error)))),
            }
        }
    }

    async fn close(self) {
        self.line.close().await;
    }
}

/// A transaction that failed.
struct Failed {
    error: StoreError,
    /// Whether everything was rolled back, and the connection can be used again.
    undone: bool,
}

impl Transactions {
    /// Commits a batch as one transaction.
    ///
    /// The connection is closed after every failure except a rejected statement: SQLite may have
    /// ended the transaction by itself, for example because the disk is full.
    async fn commit(&mut self, batch: &mut [Job]) -> Result<(), Failed> {
        let lost = |error| Failed {
            error,
            undone: false,
        };
        let mut connection = self.line.take().await.map_err(lost)?;
        connection
            .execute("BEGIN IMMEDIATE")
            .await
            .map_err(cannot("a transaction could not be begun"))
            .map_err(lost)?;
        for job in batch {
            if let Err(error) = job.run(&mut connection).await {
                let undone = connection.execute("ROLLBACK").await.is_ok() && is_refused(&error);
                if undone {
                    self.line.put_back(connection);
                }
                return Err(Failed { error, undone });
            }
        }
        connection
            .execute("COMMIT")
            .await
            .map_err(cannot("a transaction could not be committed"))
            .map_err(lost)?;
        self.line.put_back(connection);
        Ok(())
    }

    /// Answers committed operations. If it is time to empty the log, that happens first, so that
    /// erased data is gone when the caller learns of it.
    async fn succeed(&mut self, batch: Vec<Job>) {
        // Only this task changes the count.
        self.log.erasures.fetch_add(
            batch.iter().filter(|job| job.erases()).count(),
            Ordering::Relaxed,
        );
        if self.log.is_due() {
            *self.log.tried() = Some(Instant::now());
            match self.empty_log().await {
                Ok(true) => self.log.erasures.store(0, Ordering::Relaxed),
                Ok(false) => {
                    tracing::debug!("the log of the store's file is in use; it is emptied later");
                }
                Err(_) => {
                    tracing::warn!(
                        "the log of the store's file could not be emptied; the next erasure tries again"
                    );
                }
            }
        }
        batch.into_iter().for_each(|job| job.answer(None));
    }

    /// Writes the log back into the file, and empties it. Returns whether no other program
    /// prevented it.
    async fn empty_log(&mut self) -> StoreResult<bool> {
        let mut connection = self.line.take().await?;
        let emptied = async {
            wait_for_others(&mut connection, BUSY_EMPTYING).await?;
            let (busy, ..): (i64, i64, i64) = query_as("PRAGMA wal_checkpoint(TRUNCATE)")
                .fetch_one(&mut connection)
                .await?;
            wait_for_others(&mut connection, BUSY).await?;
            Ok(busy == 0)
        };
        let emptied = emptied
            .await
            .map_err(cannot("the log could not be emptied"))?;
        self.line.put_back(connection);
        Ok(emptied)
    }
}

/// Sets how long the connection waits for other programs.
async fn wait_for_others(connection: &mut SqliteConnection, time: Duration) -> sqlx::Result<()> {
    let statement = format!("PRAGMA busy_timeout = {}", time.as_millis());
    sqlx::query(sqlx::AssertSqlSafe(statement))
        .persistent(false)
        .execute(connection)
        .await
        .map(drop)
}

/// An earlier program may have erased data and ended before it emptied the log.
const LEFT_BEFORE: usize = 1;

/// The longest wait for other programs when the log is emptied. Writers of this program wait
/// meanwhile.
const BUSY_EMPTYING: Duration = Duration::from_millis(250);
