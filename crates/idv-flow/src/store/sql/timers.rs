//! Timers, and the time of the next work.

use jiff::Timestamp;

use super::rows::time;
use super::{Sql, among, built, cannot, fixed};
use crate::store::StoreResult;

/// Returns the time of PostgreSQL's server.
#[cfg(feature = "postgres")]
pub(in crate::store) async fn server_time(
    connection: &mut sqlx::PgConnection,
) -> StoreResult<Timestamp> {
    let statement = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
    let rows = connection.fetch::<(i64,)>(fixed(statement), &[]).await;
    let (now,) = rows
        .map_err(cannot("the time of the server could not be read"))?
        .pop()
        .unwrap_or_default();
    time(now)
}

pub(in crate::store) async fn set(
    connection: &mut impl Sql,
    name: &str,
    due: Timestamp,
) -> StoreResult<()> {
    let statement =
        "INSERT INTO idv_timers (name, due) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    let values = [name.into(), due.as_microsecond().into()];
    connection
        .execute(fixed(statement), &values)
        .await
        .map(drop)
        .map_err(cannot("a timer could not be created"))
}

pub(in crate::store) async fn reschedule(
    connection: &mut impl Sql,
    name: &str,
    due: Timestamp,
) -> StoreResult<()> {
    let statement = "UPDATE idv_timers SET due = $2, lease = NULL WHERE name = $1";
    let values = [name.into(), due.as_microsecond().into()];
    connection
        .execute(fixed(statement), &values)
        .await
        .map(drop)
        .map_err(cannot("a timer could not be rescheduled"))
}

pub(in crate::store) async fn claim<C: Sql>(
    connection: &mut C,
    now: Timestamp,
    until: Timestamp,
    names: &[String],
) -> StoreResult<Vec<String>> {
    let statement = format!(
        "WITH ready AS MATERIALIZED (SELECT name FROM idv_timers WHERE wake <= $1 AND {} {}) \
         UPDATE idv_timers SET lease = $2 FROM ready WHERE idv_timers.name = ready.name RETURNING due, idv_timers.name",
        among::<C>("name", (3, 4)),
        C::SKIP_LOCKED
    );
    let values = [
        now.as_microsecond().into(),
        until.as_microsecond().into(),
        names.is_empty().into(),
        names.into(),
    ];
    let rows = connection.fetch(built(statement), &values).await;
    let mut rows: Vec<(i64, String)> = rows.map_err(cannot("timers could not be claimed"))?;
    rows.sort();
    Ok(rows.into_iter().map(|(_, name)| name).collect())
}

/// Returns the earliest time at which a claim finds something. Of the flows, those that are due
/// from `low` on count.
///
/// Only a flow or message that is due before the first one without a lease can be claimed earlier
/// than that one.
pub(in crate::store) async fn next<C: Sql>(
    connection: &mut C,
    accounts: &[String],
    names: &[String],
    low: i64,
) -> StoreResult<Option<Timestamp>> {
    let wanted = among::<C>("account", (1, 2));
    let first = |table, open| {
        format!(
            "SELECT MIN(CASE WHEN lease > due THEN lease ELSE due END) AS wake FROM {table} WHERE {open} AND {wanted} \
             AND due <= COALESCE((SELECT due FROM {table} WHERE {open} AND (lease IS NULL OR lease <= due) AND {wanted} \
             ORDER BY due LIMIT 1), {last})",
            last = i64::MAX
        )
    };
    let statement = format!(
        "SELECT MIN(wake) FROM ({} UNION ALL {} UNION ALL SELECT MIN(wake) FROM idv_timers WHERE {}) AS first",
        first("idv_queue", "due >= $3"),
        first("idv_inbox", "due IS NOT NULL AND done_at IS NULL"),
        among::<C>("name", (4, 5))
    );
    let values = [
        accounts.is_empty().into(),
        accounts.into(),
        low.into(),
        names.is_empty().into(),
        names.into(),
    ];
    let rows: Vec<(Option<i64>,)> = connection
        .fetch(built(statement), &values)
        .await
        .map_err(cannot("the time of the next work could not be read"))?;
    rows.into_iter()
        .next()
        .and_then(|(wake,)| wake)
        .map(time)
        .transpose()
}
