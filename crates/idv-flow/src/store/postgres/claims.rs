//! Claims: the task that looks for due work.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sqlx::postgres::PgConnection;
use sqlx::{query_as, query_scalar};

use super::connector::Connector;
use crate::store::lanes::{Executor, Lane, Line, Reply, bounded};
use crate::store::sql::failure::is_refused;
use crate::store::sql::rows::{FlowRow, MessageRow, flow, limited, message, message_columns};
use crate::store::sql::{Claim, cannot, timers};
use crate::store::{Message, Record, StoreResult};

/// The shortest time between two claims that search the whole queue.
const WHOLE_EVERY: Duration = Duration::from_millis(200);
/// The largest share of the time that such claims may take.
const SHARE: u32 = 50;
/// The time for which the result that no timer is due is reused.
const TIMERS_FOR: Duration = Duration::from_secs(1);

/// The way to the task.
pub(super) struct Claims(Lane<Operation>);

impl Claims {
    pub(super) fn start(connector: &Connector, low: Arc<LowMark>) -> Self {
        Self(Lane::start(Task {
            line: Line::new(connector.for_lane()),
            low,
            whole: None,
            timers: None,
        }))
    }

    pub(super) async fn flows(&self, claim: Claim) -> StoreResult<Vec<Record>> {
        self.0.run(|reply| Operation::Flows(claim, reply)).await
    }

    pub(super) async fn messages(&self, claim: Claim) -> StoreResult<Vec<Message>> {
        self.0.run(|reply| Operation::Messages(claim, reply)).await
    }

    pub(super) async fn timers(
        &self,
        now: Timestamp,
        until: Timestamp,
        names: Vec<String>,
    ) -> StoreResult<Vec<String>> {
        self.0
            .run(|reply| Operation::Timers(now, until, names, reply))
            .await
    }

    pub(super) async fn set_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        let name = name.to_owned();
        self.0
            .run(|reply| Operation::SetTimer(name, due, reply))
            .await
    }

    pub(super) async fn reschedule_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        let name = name.to_owned();
        self.0
            .run(|reply| Operation::RescheduleTimer(name, due, reply))
            .await
    }

    pub(super) async fn next_due(
        &self,
        accounts: Vec<String>,
        timers: Vec<String>,
    ) -> StoreResult<Option<Timestamp>> {
        self.0
            .run(|reply| Operation::Next(accounts, timers, reply))
            .await
    }

    pub(super) async fn close(&self) {
        self.0.close().await;
    }
}

enum Operation {
    Flows(Claim, Reply<Vec<Record>>),
    Messages(Claim, Reply<Vec<Message>>),
    Timers(Timestamp, Timestamp, Vec<String>, Reply<Vec<String>>),
    Next(Vec<String>, Vec<String>, Reply<Option<Timestamp>>),
    SetTimer(String, Timestamp, Reply<()>),
    RescheduleTimer(String, Timestamp, Reply<()>),
}

struct Task {
    line: Line<Connector>,
    low: Arc<LowMark>,
    /// When the whole queue was searched, and how long that took.
    whole: Option<(Instant, Duration)>,
    timers: Option<NoTimer>,
}

/// The knowledge that no timer is due.
struct NoTimer {
    names: Vec<String>,
    read: Instant,
    from: Timestamp,
    before: Option<i64>,
}

impl NoTimer {
    fn holds(&self, now: Timestamp) -> bool {
        let before = self
            .before
            .is_none_or(|before| now.as_microsecond() < before);
        before && now >= self.from && self.read.elapsed() < TIMERS_FOR
    }
}

impl Executor for Task {
    type Operation = Operation;

    async fn execute(&mut self, batch: Vec<Operation>) {
        for operation in batch {
            match operation {
                Operation::Flows(claim, reply) if !reply.is_abandoned() => {
                    reply.send(self.flows(&claim).await);
                }
                Operation::Messages(claim, reply) if !reply.is_abandoned() => {
                    reply.send(self.messages(&claim).await);
                }
                Operation::Timers(now, until, names, reply) if !reply.is_abandoned() => {
                    reply.send(self.claim_timers(now, until, names).await);
                }
                Operation::Next(accounts, timers, reply) if !reply.is_abandoned() => {
                    reply.send(self.next_due(&accounts, &timers).await);
                }
                Operation::Flows(..)
                | Operation::Messages(..)
                | Operation::Timers(..)
                | Operation::Next(..) => {}
                Operation::SetTimer(name, due, reply) => {
                    self.timers = None;
                    reply.send(
                        self.on(async |connection| timers::set(connection, &name, due).await)
                            .await,
                    );
                }
                Operation::RescheduleTimer(name, due, reply) => {
                    self.timers = None;
                    reply.send(
                        self.on(async |connection| {
                            timers::reschedule(connection, &name, due).await
                        })
                        .await,
                    );
                }
            }
        }
    }

    async fn close(self) {
        self.line.close().await;
    }
}

impl Task {
    /// Executes one statement on the connection.
    async fn on<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut PgConnection) -> StoreResult<T>,
    ) -> StoreResult<T> {
        let mut connection = self.line.take().await?;
        let result = bounded(self.line.connector(), work(&mut connection)).await;
        if result.as_ref().map_or_else(is_refused, |_| true) {
            self.line.put_back(connection);
        }
        result
    }

    /// Claims flows from the low mark on, and now and then from the beginning.
    ///
    /// Removed rows stay in an index as long as the server's oldest transaction is open, and a
    /// claim from the beginning would visit all of them each time.
    async fn flows(&mut self, claim: &Claim) -> StoreResult<Vec<Record>> {
        let low = self
            .low
            .get()
            .filter(|low| *low <= claim.now.as_microsecond());
        if let Some(low) = low
            && self
                .whole
                .is_some_and(|(at, took)| at.elapsed() < WHOLE_EVERY.max(took * SHARE))
        {
            let records = self
                .on(async |connection| claim_flows(connection, claim, low).await)
                .await?;
            let long_ago = self
                .whole
                .is_none_or(|(at, took)| at.elapsed() >= took * SHARE);
            if !records.is_empty() || claim.limit == 0 || !long_ago {
                return Ok(records);
            }
        }
        let began = Instant::now();
        self.low.begin();
        let now = claim.now.as_microsecond();
        let records = self
            .on(async |connection| claim_flows(connection, claim, i64::MIN).await)
            .await?;
        let first: Option<i64> = self
            .on(async |connection| first_due(connection).await)
            .await?;
        self.low.end(first.unwrap_or(now).min(now));
        let ended = Instant::now();
        self.whole = Some((ended, ended - began));
        Ok(records)
    }

    async fn next_due(
        &mut self,
        accounts: &[String],
        timers: &[String],
    ) -> StoreResult<Option<Timestamp>> {
        let low = self.low.get().unwrap_or(i64::MIN);
        self.on(async |connection| timers::next(connection, accounts, timers, low).await)
            .await
    }

    async fn messages(&mut self, claim: &Claim) -> StoreResult<Vec<Message>> {
        self.on(async |connection| claim_messages(connection, claim).await)
            .await
    }

    async fn claim_timers(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        names: Vec<String>,
    ) -> StoreResult<Vec<String>> {
        let known = self.timers.as_ref();
        if known.is_some_and(|known| known.names == names && known.holds(now)) {
            return Ok(Vec::new());
        }
        let read = Instant::now();
        let claimed = self
            .on(async |connection| timers::claim(connection, now, until, &names).await)
            .await?;
        let before = self
            .on(async |connection| next_timer(connection, &names).await)
            .await?;
        self.timers = Some(NoTimer {
            names,
            read,
            from: now,
            before,
        });
        Ok(claimed)
    }
}

async fn claim_flows(
    connection: &mut PgConnection,
    claim: &Claim,
    low: i64,
) -> StoreResult<Vec<Record>> {
    let rows: Vec<FlowRow> = query_as(CLAIM)
        .bind(claim.now.as_microsecond())
        .bind(claim.until.as_microsecond())
        .bind(limited(claim.limit))
        .bind(claim.accounts.is_empty())
        .bind(&claim.accounts)
        .bind(low)
        .fetch_all(connection)
        .await
        .map_err(cannot("flows could not be claimed"))?;
    let mut records = rows
        .into_iter()
        .map(flow)
        .collect::<StoreResult<Vec<_>>>()?;
    records.sort_by_key(|record| (record.due, record.id));
    Ok(records)
}

const CLAIM: &str = "\
WITH ready AS MATERIALIZED (
    SELECT flow FROM idv_queue
    WHERE due >= $6 AND due <= $1 AND (lease IS NULL OR lease <= $1) AND ($4 OR account = ANY($5))
    ORDER BY due, flow LIMIT $3 FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE idv_queue AS q SET lease = $2, version = q.version + 1 FROM ready WHERE q.flow = ready.flow
    RETURNING q.flow, q.version, q.due
)
SELECT f.id, f.provider, f.account, f.tenant, c.version, f.phase, f.phase_since, f.attention, c.due, f.created_at, f.reference,
    f.vendor, f.application_key, f.audit_count, f.audit_hash, f.body
FROM claimed AS c JOIN idv_flows AS f ON f.id = c.flow";

async fn first_due(connection: &mut PgConnection) -> StoreResult<Option<i64>> {
    query_scalar("SELECT MIN(due) FROM idv_queue WHERE due IS NOT NULL")
        .fetch_one(connection)
        .await
        .map_err(cannot("flows could not be claimed"))
}

async fn next_timer(connection: &mut PgConnection, names: &[String]) -> StoreResult<Option<i64>> {
    query_scalar("SELECT MIN(wake) FROM idv_timers WHERE $1 OR name = ANY($2)")
        .bind(names.is_empty())
        .bind(names)
        .fetch_one(connection)
        .await
        .map_err(cannot("timers could not be read"))
}

async fn claim_messages(connection: &mut PgConnection, claim: &Claim) -> StoreResult<Vec<Message>> {
    let rows: Vec<MessageRow> = query_as(concat!(
        "WITH ready AS MATERIALIZED (SELECT digest AS name FROM idv_inbox WHERE due <= $1 AND done_at IS NULL \
         AND (lease IS NULL OR lease <= $1) AND ($4 OR account = ANY($5)) ORDER BY due, digest LIMIT $3 FOR UPDATE SKIP LOCKED) \
         UPDATE idv_inbox SET lease = $2, tries = tries + 1 FROM ready WHERE digest = ready.name RETURNING ",
        message_columns!()
    ))
    .bind(claim.now.as_microsecond())
    .bind(claim.until.as_microsecond())
    .bind(limited(claim.limit))
    .bind(claim.accounts.is_empty())
    .bind(&claim.accounts)
    .fetch_all(connection)
    .await
    .map_err(cannot("messages could not be claimed"))?;
    let mut messages = rows
        .into_iter()
        .map(message)
        .collect::<StoreResult<Vec<_>>>()?;
    messages.sort_by_key(|message| (message.due, message.digest));
    Ok(messages)
}

/// The time before which no flow is due, to this program's knowledge.
#[derive(Debug, Default)]
pub(super) struct LowMark(Mutex<Marks>);

#[derive(Debug, Default)]
struct Marks {
    low: Option<i64>,
    /// The earliest time that was noted since the current search of the whole queue began.
    noted: Option<i64>,
}

impl LowMark {
    /// Notes that a flow is due at `due`.
    pub(super) fn note(&self, due: i64) {
        let mut marks = self.marks();
        marks.low = marks.low.map(|low| low.min(due));
        marks.noted = Some(marks.noted.map_or(due, |noted| noted.min(due)));
    }

    fn get(&self) -> Option<i64> {
        self.marks().low
    }

    /// Begins a search of the whole queue, which may miss flows that become due meanwhile.
    fn begin(&self) {
        self.marks().noted = None;
    }

    fn end(&self, first: i64) {
        let mut marks = self.marks();
        marks.low = Some(marks.noted.map_or(first, |noted| noted.min(first)));
    }

    fn marks(&self) -> MutexGuard<'_, Marks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
