//! The outbox.

use jiff::Timestamp;

use super::rows::{
    EventRow, PendingEventRow, PlacedEventRow, event, event_columns, limited, pending_event,
    placed_event, time, whole,
};
use super::{Sql, built, cannot, fixed};
use crate::id::FlowId;
use crate::machine::event::Event;
use crate::store::{Backlog, EventCursor, PendingEvent, StoreResult};

pub(in crate::store) async fn page<C: Sql>(
    connection: &mut C,
    after: Option<EventCursor>,
    limit: usize,
) -> StoreResult<Vec<(EventCursor, Event)>> {
    let (transaction, position) = match after.map(EventCursor::parts) {
        Some((transaction, position)) => (whole(transaction)?, whole(position)?),
        None => (-1, -1),
    };
    let statement = format!(
        concat!(
            "SELECT transaction_id, position, ",
            event_columns!(),
            " FROM idv_events WHERE (transaction_id, position) > ($1, $2) {} ORDER BY transaction_id, position LIMIT $3"
        ),
        C::SETTLED
    );
    let values = [transaction.into(), position.into(), limited(limit).into()];
    let rows = connection
        .fetch::<PlacedEventRow>(built(statement), &values)
        .await;
    rows.map_err(cannot("events could not be read"))?
        .into_iter()
        .map(placed_event)
        .collect()
}

pub(in crate::store) async fn one(
    connection: &mut impl Sql,
    flow: FlowId,
    sequence: u64,
) -> StoreResult<Option<Event>> {
    let Ok(sequence) = whole(sequence) else {
        return Ok(None);
    };
    let statement = concat!(
        "SELECT ",
        event_columns!(),
        " FROM idv_events WHERE flow = $1 AND sequence = $2"
    );
    let rows = connection
        .fetch::<EventRow>(
            fixed(statement),
            &[(&flow.as_bytes()[..]).into(), sequence.into()],
        )
        .await;
    rows.map_err(cannot("an event could not be read"))?
        .pop()
        .map(event)
        .transpose()
}

pub(in crate::store) async fn backlog(
    connection: &mut impl Sql,
    with_events: bool,
) -> StoreResult<Backlog> {
    let statement = "SELECT (SELECT COUNT(*) FROM idv_inbox WHERE due IS NOT NULL AND done_at IS NULL AND attention IS NULL), \
                     (SELECT COUNT(*) FROM idv_inbox WHERE attention IS NOT NULL), \
                     (SELECT MIN(at) FROM idv_events WHERE $1 AND due IS NOT NULL)";
    let rows = connection
        .fetch::<(i64, i64, Option<i64>)>(fixed(statement), &[with_events.into()])
        .await;
    let (messages, parked, oldest) = rows
        .map_err(cannot("the backlog could not be counted"))?
        .pop()
        .unwrap_or_default();
    let count = |count: i64| u64::try_from(count).unwrap_or_default();
    Ok(Backlog {
        messages: count(messages),
        parked: count(parked),
        oldest_event: oldest.map(time).transpose()?,
    })
}

pub(in crate::store) async fn claim<C: Sql>(
    connection: &mut C,
    now: Timestamp,
    until: Timestamp,
    limit: usize,
) -> StoreResult<Vec<PendingEvent>> {
    let statement = format!(
        concat!(
            "WITH ready AS MATERIALIZED (SELECT position FROM idv_events AS event WHERE due <= $1 \
             AND (lease IS NULL OR lease <= $1) AND NOT EXISTS (SELECT 1 FROM idv_events AS earlier \
             WHERE earlier.flow = event.flow AND earlier.sequence < event.sequence AND earlier.due IS NOT NULL) \
             ORDER BY due, position LIMIT $3 {}) \
             UPDATE idv_events SET lease = $2, tries = tries + 1 FROM ready WHERE idv_events.position = ready.position \
             RETURNING tries, ",
            event_columns!()
        ),
        C::SKIP_LOCKED
    );
    let values = [
        now.as_microsecond().into(),
        until.as_microsecond().into(),
        limited(limit).into(),
    ];
    let rows = connection
        .fetch::<PendingEventRow>(built(statement), &values)
        .await;
    let rows = rows.map_err(cannot("events could not be claimed"))?;
    let mut events = rows
        .into_iter()
        .map(pending_event)
        .collect::<StoreResult<Vec<_>>>()?;
    events.sort_by_key(|pending| (pending.event.at, pending.event.flow));
    Ok(events)
}

pub(in crate::store) async fn finish(
    connection: &mut impl Sql,
    flow: FlowId,
    sequence: u64,
    again: Option<Timestamp>,
) -> StoreResult<()> {
    let statement = "UPDATE idv_events SET due = $3, lease = NULL WHERE flow = $1 AND sequence = $2 AND due IS NOT NULL";
    let values = [
        (&flow.as_bytes()[..]).into(),
        whole(sequence)?.into(),
        again.map(Timestamp::as_microsecond).into(),
    ];
    connection
        .execute(fixed(statement), &values)
        .await
        .map(drop)
        .map_err(cannot("an event could not be marked as delivered"))
}

pub(in crate::store) async fn late(
    connection: &mut impl Sql,
    tries: u32,
    limit: usize,
) -> StoreResult<Vec<PendingEvent>> {
    let statement = concat!(
        "SELECT tries, ",
        event_columns!(),
        " FROM idv_events WHERE due IS NOT NULL AND tries >= $1 LIMIT $2"
    );
    let rows = connection
        .fetch::<PendingEventRow>(
            fixed(statement),
            &[i64::from(tries).into(), limited(limit).into()],
        )
        .await;
    rows.map_err(cannot("events could not be read"))?
        .into_iter()
        .map(pending_event)
        .collect()
}

pub(in crate::store) async fn purge(
    connection: &mut impl Sql,
    before: Timestamp,
    limit: usize,
) -> StoreResult<u64> {
    let statement = "DELETE FROM idv_events WHERE position IN (SELECT position FROM idv_events \
                     WHERE at < $1 AND (due IS NULL OR tries = 0) ORDER BY position LIMIT $2)";
    let values = [before.as_microsecond().into(), limited(limit).into()];
    let purged = connection.execute(fixed(statement), &values).await;
    purged.map_err(cannot("events could not be removed"))
}

/// Implements [`Outbox`](crate::store::Outbox) for a store with `read` and `write`.
macro_rules! impl_outbox {
    ($store:ty) => {
        #[async_trait::async_trait]
        impl $crate::store::Outbox for $store {
            async fn events(
                &self,
                after: Option<$crate::store::EventCursor>,
                limit: usize,
            ) -> $crate::store::StoreResult<Vec<($crate::store::EventCursor, $crate::Event)>> {
                self.read((after, limit), |connection, (after, limit)| {
                    Box::pin($crate::store::sql::outbox::page(connection, *after, *limit))
                })
                .await
            }

            async fn event(
                &self,
                flow: $crate::FlowId,
                sequence: u64,
            ) -> $crate::store::StoreResult<Option<$crate::Event>> {
                self.read((flow, sequence), |connection, (flow, sequence)| {
                    Box::pin($crate::store::sql::outbox::one(
                        connection, *flow, *sequence,
                    ))
                })
                .await
            }

            async fn claim_events(
                &self,
                now: jiff::Timestamp,
                until: jiff::Timestamp,
                limit: usize,
            ) -> $crate::store::StoreResult<Vec<$crate::store::PendingEvent>> {
                self.write((now, until, limit), |connection, (now, until, limit)| {
                    Box::pin($crate::store::sql::outbox::claim(
                        connection, *now, *until, *limit,
                    ))
                })
                .await
            }

            async fn finish_event(
                &self,
                flow: $crate::FlowId,
                sequence: u64,
                again: Option<jiff::Timestamp>,
            ) -> $crate::store::StoreResult<()> {
                self.write(
                    (flow, sequence, again),
                    |connection, (flow, sequence, again)| {
                        Box::pin($crate::store::sql::outbox::finish(
                            connection, *flow, *sequence, *again,
                        ))
                    },
                )
                .await
            }

            async fn late_events(
                &self,
                tries: u32,
                limit: usize,
            ) -> $crate::store::StoreResult<Vec<$crate::store::PendingEvent>> {
                self.read((tries, limit), |connection, (tries, limit)| {
                    Box::pin($crate::store::sql::outbox::late(connection, *tries, *limit))
                })
                .await
            }

            async fn purge_events(
                &self,
                before: jiff::Timestamp,
                limit: usize,
            ) -> $crate::store::StoreResult<u64> {
                self.write((before, limit), |connection, (before, limit)| {
                    Box::pin($crate::store::sql::outbox::purge(
                        connection, *before, *limit,
                    ))
                })
                .await
            }
        }
    };
}

pub(in crate::store) use impl_outbox;
