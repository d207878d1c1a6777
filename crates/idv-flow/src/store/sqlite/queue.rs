//! Claims: the search for due work, and the values that claims bind.

use jiff::Timestamp;
use sqlx::sqlite::SqliteConnection;

use crate::store::StoreResult;
use crate::store::sql::rows::limited;
use crate::store::sql::{Claim, Sql as _, Value, among, built, cannot};

pub(super) fn claim_values(claim: &Claim) -> [Value<'_>; 5] {
    [
        claim.now.as_microsecond().into(),
        claim.until.as_microsecond().into(),
        limited(claim.limit).into(),
        claim.accounts.is_empty().into(),
        (&claim.accounts[..]).into(),
    ]
}

/// Returns whether a claim would find something. It writes nothing, so it waits for no
/// transaction.
pub(super) async fn is_due(
    connection: &mut SqliteConnection,
    from: Queue,
    now: Timestamp,
    names: &[String],
) -> StoreResult<bool> {
    let now = now.as_microsecond().into();
    let found = |rows: sqlx::Result<Vec<(i64,)>>| {
        Ok(!rows
            .map_err(cannot("due work could not be looked for"))?
            .is_empty())
    };
    let (column, condition) = match from {
        Queue::Timers => ("name", "idv_timers WHERE wake <= $1"),
        Queue::Flows => (
            "account",
            "idv_queue WHERE due <= $1 AND (lease IS NULL OR lease <= $1)",
        ),
        Queue::Messages => (
            "account",
            "idv_inbox WHERE due <= $1 AND done_at IS NULL AND (lease IS NULL OR lease <= $1)",
        ),
    };
    let among = among::<SqliteConnection>(column, (2, 3));
    let statement = format!("SELECT 1 FROM {condition} AND {among} LIMIT 1");
    found(
        connection
            .fetch(
                built(statement),
                &[now, names.is_empty().into(), names.into()],
            )
            .await,
    )
}

/// The kinds of due work.
#[derive(Debug, Clone, Copy)]
pub(super) enum Queue {
    Flows,
    Messages,
    Timers,
}
