//! The statements for messages that SQLite words differently than PostgreSQL.

use jiff::Timestamp;
use sqlx::sqlite::SqliteConnection;

use super::queue::claim_values;
use crate::store::sql::rows::{MessageRow, message, message_columns};
use crate::store::sql::{Claim, NewArrival, Sql as _, Value, among, built, cannot, fixed};
use crate::store::{Message, Pushed, StoreResult};

pub(super) async fn claim(
    connection: &mut SqliteConnection,
    claim: &Claim,
) -> StoreResult<Vec<Message>> {
    let statement = format!(
        concat!(
            "WITH ready AS MATERIALIZED (SELECT digest FROM idv_inbox WHERE due <= $1 AND done_at IS NULL \
             AND (lease IS NULL OR lease <= $1) AND {} ORDER BY due, digest LIMIT $3) \
             UPDATE idv_inbox SET lease = $2, tries = tries + 1 WHERE digest IN (SELECT digest FROM ready) RETURNING ",
            message_columns!()
        ),
        among::<SqliteConnection>("account", (4, 5))
    );
    let rows = connection
        .fetch::<MessageRow>(built(statement), &claim_values(claim))
        .await;
    let rows = rows.map_err(cannot("messages could not be claimed"))?;
    let mut messages = rows
        .into_iter()
        .map(message)
        .collect::<StoreResult<Vec<_>>>()?;
    messages.sort_by_key(|message| (message.due, message.digest));
    Ok(messages)
}

/// Adds a message that was processed on arrival.
pub(super) async fn note_arrival(
    connection: &mut SqliteConnection,
    arrival: &NewArrival,
    account: &str,
) -> StoreResult<()> {
    let statement = "INSERT INTO idv_inbox (digest, account, received_at, tries, done_at, body) \
                     VALUES ($1, $2, $3, 0, $3, $4) ON CONFLICT (digest) DO UPDATE SET \
                     received_at = excluded.received_at, done_at = excluded.done_at";
    let values = [
        (&arrival.digest[..]).into(),
        account.into(),
        arrival.at.into(),
        Value::Bytes(&[]),
    ];
    connection
        .execute(fixed(statement), &values)
        .await
        .map(drop)
        .map_err(cannot("a message could not be stored"))
}

pub(super) async fn push(
    connection: &mut SqliteConnection,
    message: &Message,
    forgotten: Timestamp,
) -> StoreResult<Pushed> {
    let statement = concat!(
        "INSERT INTO idv_inbox (",
        message_columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (digest) DO UPDATE SET account = excluded.account, \
         received_at = excluded.received_at, due = excluded.due, tries = excluded.tries, attention = excluded.attention, \
         flow = excluded.flow, body = excluded.body, lease = NULL, done_at = NULL WHERE idv_inbox.done_at < $9"
    );
    let values = [
        (&message.digest[..]).into(),
        message.account.as_str().into(),
        message.received_at.as_microsecond().into(),
        message.due.map(Timestamp::as_microsecond).into(),
        i64::from(message.tries).into(),
        message.attention.as_deref().into(),
        message
            .flow
            .as_ref()
            .map(|flow| flow.as_bytes().as_slice())
            .into(),
        (&message.body[..]).into(),
        forgotten.as_microsecond().into(),
    ];
    let changed = connection
        .execute(fixed(statement), &values)
        .await
        .map_err(cannot("a message could not be stored"))?;
    Ok(if changed == 0 {
        Pushed::Repeated
    } else {
        Pushed::New
    })
}
