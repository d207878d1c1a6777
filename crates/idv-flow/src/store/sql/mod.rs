//! Code that both SQL stores share: statements that both databases understand, rows, and failures.

pub(super) mod audit;
pub(super) mod evidence;
pub(super) mod failure;
pub(super) mod flows;
pub(super) mod inbox;
pub(super) mod migrations;
pub(super) mod outbox;
#[macro_use]
pub(super) mod rows;
pub(super) mod timers;
pub(super) mod values;

use std::fmt::Write as _;
use std::future::Future;

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

pub(super) use failure::cannot;

use super::{Commit, Lease, MessageEnd, Record, Reports};
use crate::audit::AuditEntry;
use crate::id::FlowId;
use crate::machine::event::Event;

/// A connection to a database.
pub(super) trait Sql: Send + Sized {
    /// Makes a query skip rows that another transaction has locked.
    const SKIP_LOCKED: &'static str;
    /// Restricts a query to events that no transaction in progress can precede.
    const SETTLED: &'static str;
    /// The text after a column, before and after `$n`, for the condition that the column is in the
    /// list bound as `$n`.
    const AMONG: (&'static str, &'static str);
    /// Whether `idv_phases` has the indexes of phases and of attention, instead of `idv_flows`.
    const HAS_PHASES: bool;

    /// Returns the rows of a query.
    fn fetch<O: Tuple>(
        &mut self,
        sql: SqlStr,
        values: &[Value<'_>],
    ) -> impl Future<Output = sqlx::Result<Vec<O>>> + Send;

    /// Executes statements. Returns the number of rows that they changed.
    fn execute(
        &mut self,
        sql: SqlStr,
        values: &[Value<'_>],
    ) -> impl Future<Output = sqlx::Result<u64>> + Send;
}

/// A value to bind.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'v> {
    Whole(i64),
    MaybeWhole(Option<i64>),
    Flag(bool),
    Text(&'v str),
    MaybeText(Option<&'v str>),
    Bytes(&'v [u8]),
    MaybeBytes(Option<&'v [u8]>),
    Names(&'v [String]),
}

macro_rules! values_from {
    ($($type:ty => $variant:ident;)*) => {
        $(impl<'v> From<$type> for Value<'v> {
            fn from(value: $type) -> Self {
                Self::$variant(value)
            }
        })*
    };
}

values_from! {
    i64 => Whole;
    Option<i64> => MaybeWhole;
    bool => Flag;
    &'v str => Text;
    Option<&'v str> => MaybeText;
    &'v [u8] => Bytes;
    Option<&'v [u8]> => MaybeBytes;
    &'v [String] => Names;
}

/// Binds the values to a query.
macro_rules! bound {
    ($query:expr, $values:expr, $names:expr) => {{
        let mut query = $query;
        for value in $values {
            query = match *value {
                Value::Whole(value) => query.bind(value),
                Value::MaybeWhole(value) => query.bind(value),
                Value::Flag(value) => query.bind(value),
                Value::Text(value) => query.bind(value),
                Value::MaybeText(value) => query.bind(value),
                Value::Bytes(value) => query.bind(value),
                Value::MaybeBytes(value) => query.bind(value),
                Value::Names(names) => query.bind($names(names)),
            };
        }
        query
    }};
}

#[cfg(feature = "postgres")]
impl Sql for sqlx::PgConnection {
    const SKIP_LOCKED: &'static str = "FOR UPDATE SKIP LOCKED";
    const SETTLED: &'static str =
        "AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())::text::bigint";
    const AMONG: (&'static str, &'static str) = ("= ANY(", ")");
    const HAS_PHASES: bool = true;

    async fn fetch<O: Tuple>(&mut self, sql: SqlStr, values: &[Value<'_>]) -> sqlx::Result<Vec<O>> {
        let query = sqlx::query_as::<sqlx::Postgres, O>(sql);
        bound!(query, values, |names: &[String]| names.to_vec())
            .fetch_all(self)
            .await
    }

    async fn execute(&mut self, sql: SqlStr, values: &[Value<'_>]) -> sqlx::Result<u64> {
        let query = sqlx::query::<sqlx::Postgres>(sql);
        let done = bound!(query, values, |names: &[String]| names.to_vec())
            .execute(self)
            .await?;
        Ok(done.rows_affected())
    }
}

#[cfg(feature = "sqlite")]
impl Sql for sqlx::SqliteConnection {
    const SKIP_LOCKED: &'static str = "";
    const SETTLED: &'static str = "";
    const AMONG: (&'static str, &'static str) = ("IN (SELECT value FROM json_each(", "))");
    const HAS_PHASES: bool = false;

    async fn fetch<O: Tuple>(&mut self, sql: SqlStr, values: &[Value<'_>]) -> sqlx::Result<Vec<O>> {
        let query = sqlx::query_as::<sqlx::Sqlite, O>(sql);
        bound!(query, values, json).fetch_all(self).await
    }

    async fn execute(&mut self, sql: SqlStr, values: &[Value<'_>]) -> sqlx::Result<u64> {
        let query = sqlx::query::<sqlx::Sqlite>(sql);
        let done = bound!(query, values, json).execute(self).await?;
        Ok(done.rows_affected())
    }
}

/// Returns a list in the form that SQLite takes. Names are text, which always serializes.
#[cfg(feature = "sqlite")]
fn json(names: &[String]) -> String {
    serde_json::to_string(names).unwrap_or_default()
}

/// A row of either database.
pub(super) trait Tuple: FromPostgres + FromSqlite + Send + Unpin {}

impl<T: FromPostgres + FromSqlite + Send + Unpin> Tuple for T {}

#[cfg(feature = "postgres")]
pub(super) trait FromPostgres: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> {}
#[cfg(feature = "postgres")]
impl<T: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>> FromPostgres for T {}
#[cfg(not(feature = "postgres"))]
pub(super) trait FromPostgres {}
#[cfg(not(feature = "postgres"))]
impl<T> FromPostgres for T {}

#[cfg(feature = "sqlite")]
pub(super) trait FromSqlite: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> {}
#[cfg(feature = "sqlite")]
impl<T: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>> FromSqlite for T {}
#[cfg(not(feature = "sqlite"))]
pub(super) trait FromSqlite {}
#[cfg(not(feature = "sqlite"))]
impl<T> FromSqlite for T {}

/// Statements assembled from parts, with the values that they bind. The parts are constants; data
/// is always bound.
#[derive(Default)]
pub(super) struct Script<'v> {
    pub(super) sql: String,
    pub(super) values: Vec<Value<'v>>,
}

impl<'v> Script<'v> {
    pub(super) fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    pub(super) fn bind(&mut self, value: impl Into<Value<'v>>) -> &mut Self {
        self.values.push(value.into());
        // Writing to a string does not fail.
        let _ = write!(self.sql, "${}", self.values.len());
        self
    }

    /// Binds several values, with commas between them.
    #[cfg(feature = "sqlite")]
    pub(super) fn bind_all(&mut self, values: impl IntoIterator<Item = Value<'v>>) -> &mut Self {
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.bind(value);
        }
        self
    }

    #[cfg(feature = "sqlite")]
    pub(super) async fn execute(self, connection: &mut impl Sql) -> sqlx::Result<u64> {
        connection.execute(built(self.sql), &self.values).await
    }

    pub(super) async fn fetch<O: Tuple>(self, connection: &mut impl Sql) -> sqlx::Result<Vec<O>> {
        connection.fetch(built(self.sql), &self.values).await
    }
}

/// Returns a constant statement.
pub(super) fn fixed(sql: &'static str) -> SqlStr {
    sql.into_sql_str()
}

/// Returns a statement assembled from constant parts. Data is always bound.
pub(super) fn built(sql: String) -> SqlStr {
    AssertSqlSafe(sql).into_sql_str()
}

/// Returns the condition that a column is in a list of names, or the list is empty.
pub(super) fn among<C: Sql>(column: &str, parameters: (usize, usize)) -> String {
    let ((before, after), (is_all, names)) = (C::AMONG, parameters);
    format!("(${is_all} OR {column} {before}${names}{after})")
}

/// Returns owned copies of names.
pub(super) fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A new flow, with the beginning of its audit trail.
#[derive(Debug)]
pub(super) struct NewFlow {
    pub(super) record: Record,
    pub(super) lease: Option<i64>,
    pub(super) audit: Vec<AuditEntry>,
}

/// A change of a flow, as a task can own it.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) record: Record,
    pub(super) keep_lease: bool,
    pub(super) reports: Option<Vec<u8>>,
    pub(super) erase: bool,
    pub(super) audit: Vec<AuditEntry>,
    pub(super) events: Vec<Event>,
    pub(super) message: Option<([u8; 32], MessageEnd)>,
    pub(super) arrival: Option<NewArrival>,
}

/// A message that is processed on arrival, as a task can own it.
#[derive(Debug)]
pub(super) struct NewArrival {
    pub(super) digest: [u8; 32],
    pub(super) at: i64,
    pub(super) forgotten: i64,
}

impl From<&Commit<'_>> for Change {
    fn from(commit: &Commit<'_>) -> Self {
        Self {
            record: commit.record.clone(),
            keep_lease: commit.lease == Lease::Keep,
            reports: match commit.reports {
                Reports::Put(reports) => Some(reports.to_vec()),
                Reports::Keep | Reports::Erase => None,
            },
            erase: commit.reports == Reports::Erase,
            audit: commit.audit.to_vec(),
            events: commit.events.to_vec(),
            message: commit.message.map(|(digest, end)| (*digest, end.clone())),
            arrival: commit.arrival.map(|arrival| NewArrival {
                digest: *arrival.digest,
                at: arrival.at.as_microsecond(),
                forgotten: arrival.forgotten.as_microsecond(),
            }),
        }
    }
}

/// A flow to purge, as a task can own it.
#[derive(Debug)]
pub(super) struct PurgedFlow {
    pub(super) id: FlowId,
    pub(super) version: u64,
    pub(super) audit: Vec<AuditEntry>,
}

impl PurgedFlow {
    pub(super) fn new(record: &Record, audit: &[AuditEntry]) -> Self {
        Self {
            id: record.id,
            version: record.version,
            audit: audit.to_vec(),
        }
    }
}

/// A claim, as a task can own it.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) now: Timestamp,
    pub(super) until: Timestamp,
    pub(super) limit: usize,
    pub(super) accounts: Vec<String>,
}

/// Returns the columns of a message's end: when it was processed, when it is due, and why it is
/// parked.
pub(super) fn end_columns(end: &MessageEnd) -> (Option<i64>, Option<i64>, Option<&str>) {
    match end {
        MessageEnd::Done(at) => (Some(at.as_microsecond()), None, None),
        MessageEnd::Later(due) => (None, Some(due.as_microsecond()), None),
        MessageEnd::Parked { reason, again } => {
            (None, again.map(Timestamp::as_microsecond), Some(reason))
        }
    }
}
