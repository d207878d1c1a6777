//! The inbox of callbacks.

use jiff::Timestamp;

use super::rows::{MessageRow, limited, message, message_columns};
use super::{Sql, Value, cannot, end_columns, fixed};
use crate::id::FlowId;
use crate::store::{Message, MessageEnd, StoreResult};

pub(in crate::store) async fn finish(
    connection: &mut impl Sql,
    digest: &[u8; 32],
    end: &MessageEnd,
) -> StoreResult<()> {
    let (done_at, due, attention) = end_columns(end);
    let statement = "UPDATE idv_inbox SET done_at = $2, due = CASE WHEN $2 IS NULL THEN $3 ELSE due END, attention = $4, \
                     body = CASE WHEN $2 IS NULL THEN body ELSE $5 END, lease = NULL WHERE digest = $1 AND done_at IS NULL";
    let values = [
        (&digest[..]).into(),
        done_at.into(),
        due.into(),
        attention.into(),
        Value::Bytes(&[]),
    ];
    connection
        .execute(fixed(statement), &values)
        .await
        .map(drop)
        .map_err(cannot("the end of a message could not be stored"))
}

pub(in crate::store) async fn parked(
    connection: &mut impl Sql,
    after: Option<(Timestamp, [u8; 32])>,
    limit: usize,
) -> StoreResult<Vec<Message>> {
    // The empty byte string sorts before every digest.
    let (at, digest) = after.map_or((i64::MIN, Vec::new()), |(at, digest)| {
        (at.as_microsecond(), digest.to_vec())
    });
    let statement = concat!(
        "SELECT ",
        message_columns!(),
        " FROM idv_inbox WHERE attention IS NOT NULL AND (received_at, digest) > ($1, $2) ORDER BY received_at, digest LIMIT $3"
    );
    let rows = connection
        .fetch::<MessageRow>(
            fixed(statement),
            &[at.into(), (&digest[..]).into(), limited(limit).into()],
        )
        .await;
    rows.map_err(cannot("parked messages could not be read"))?
        .into_iter()
        .map(message)
        .collect()
}

pub(in crate::store) async fn count_parked(
    connection: &mut impl Sql,
    account: &str,
) -> StoreResult<u64> {
    let statement = "SELECT COUNT(*) FROM idv_inbox WHERE attention IS NOT NULL AND account = $1";
    let rows: Vec<(i64,)> = connection
        .fetch(fixed(statement), &[account.into()])
        .await
        .map_err(cannot("parked messages could not be counted"))?;
    Ok(rows
        .first()
        .and_then(|(count,)| u64::try_from(*count).ok())
        .unwrap_or_default())
}

pub(in crate::store) async fn wake_parked(
    connection: &mut impl Sql,
    of: Option<FlowId>,
    now: Timestamp,
) -> StoreResult<u64> {
    let all =
        "UPDATE idv_inbox SET due = $1 WHERE attention IS NOT NULL AND (due IS NULL OR due > $1)";
    let one = "UPDATE idv_inbox SET due = $1 WHERE attention IS NOT NULL AND (due IS NULL OR due > $1) AND flow = $2";
    let now = now.as_microsecond().into();
    let woken = match &of {
        None => connection.execute(fixed(all), &[now]).await,
        Some(id) => {
            connection
                .execute(fixed(one), &[now, (&id.as_bytes()[..]).into()])
                .await
        }
    };
    woken.map_err(cannot("parked messages could not be woken"))
}

pub(in crate::store) async fn purge(
    connection: &mut impl Sql,
    before: Timestamp,
    limit: usize,
) -> StoreResult<u64> {
    let statement = "DELETE FROM idv_inbox WHERE digest IN (SELECT digest FROM idv_inbox \
                     WHERE done_at < $1 ORDER BY done_at LIMIT $2)";
    let values = [before.as_microsecond().into(), limited(limit).into()];
    let purged = connection.execute(fixed(statement), &values).await;
    purged.map_err(cannot("messages could not be removed"))
}
