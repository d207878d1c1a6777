//! Converts rows to records and back.

use jiff::Timestamp;

use crate::audit::{AuditBlock, AuditEntry, AuditHead};
use crate::id::FlowId;
use crate::machine::event::Event;
use crate::store::{
    EventCursor, LookupKey, Message, PendingEvent, Phase, Record, StoreError, StoreResult,
    from_microseconds,
};

/// The columns of a flow, as [`FlowRow`] has them: those of `idv_flows` as `f` and of `idv_queue`
/// as `q`.
macro_rules! flow_columns {
    () => {
        "f.id, f.provider, f.account, f.tenant, q.version, f.phase, f.phase_since, f.attention, q.due, f.created_at, f.reference, \
         f.vendor, f.application_key, f.audit_count, f.audit_hash, f.body"
    };
}

/// The columns of a message, as [`MessageRow`] has them.
macro_rules! message_columns {
    () => {
        "digest, account, received_at, due, tries, attention, flow, body"
    };
}

/// The columns of an entry, as [`EntryRow`] has them.
macro_rules! entry_columns {
    () => {
        "flow, number, at, event, previous, hash"
    };
}

pub(in crate::store) use {entry_columns, flow_columns, message_columns};

pub(in crate::store) type FlowRow = (
    Vec<u8>,
    String,
    String,
    Option<String>,
    i64,
    String,
    i64,
    Option<String>,
    Option<i64>,
    i64,
    Vec<u8>,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    i64,
    Vec<u8>,
    Vec<u8>,
);

pub(in crate::store) fn flow(row: FlowRow) -> StoreResult<Record> {
    let (
        id,
        provider,
        account,
        tenant,
        version,
        phase,
        phase_since,
        attention,
        due,
        created_at,
        reference,
        vendor,
        application_key,
        audit_count,
        audit_hash,
        body,
    ) = row;
    let key = |key: Option<Vec<u8>>| key.map(|key| lookup_key(&key)).transpose();
    Ok(Record {
        id: flow_id(&id)?,
        provider,
        account,
        tenant,
        version: count(version)?,
        phase: Phase::named(&phase).ok_or_else(unexpected)?,
        phase_since: time(phase_since)?,
        attention,
        due: due.map(time).transpose()?,
        created_at: time(created_at)?,
        reference: lookup_key(&reference)?,
        vendor: key(vendor)?,
        application_key: key(application_key)?,
        audit: AuditHead {
            count: count(audit_count)?,
            hash: bytes(&audit_hash)?,
        },
        body,
    })
}

pub(in crate::store) type MessageRow = (
    Vec<u8>,
    String,
    i64,
    Option<i64>,
    i64,
    Option<String>,
    Option<Vec<u8>>,
    Vec<u8>,
);

pub(in crate::store) fn message(row: MessageRow) -> StoreResult<Message> {
    let (digest, account, received_at, due, tries, attention, flow, body) = row;
    Ok(Message {
        digest: bytes(&digest)?,
        account,
        received_at: time(received_at)?,
        due: due.map(time).transpose()?,
        tries: u32::try_from(tries).map_err(|_| unexpected())?,
        attention,
        flow: flow.map(|flow| flow_id(&flow)).transpose()?,
        body,
    })
}

pub(in crate::store) type EntryRow = (Vec<u8>, i64, i64, String, Vec<u8>, Vec<u8>);

pub(in crate::store) fn entry(row: EntryRow) -> StoreResult<AuditEntry> {
    let (flow, number, at, event, previous, hash) = row;
    Ok(AuditEntry {
        flow: flow_id(&flow)?,
        number: count(number)?,
        at: time(at)?,
        event,
        previous: bytes(&previous)?,
        hash: bytes(&hash)?,
    })
}

pub(in crate::store) type BlockRow = (i64, i64, i64, Vec<u8>, Vec<u8>);

pub(in crate::store) fn block(row: BlockRow) -> StoreResult<AuditBlock> {
    let (number, at, entries, previous, hash) = row;
    Ok(AuditBlock {
        number: count(number)?,
        at: time(at)?,
        entries: count(entries)?,
        previous: bytes(&previous)?,
        hash: bytes(&hash)?,
    })
}

/// The columns of an event, as [`EventRow`] has them.
macro_rules! event_columns {
    () => {
        "flow, sequence, at, provider, account, tenant, event"
    };
}
pub(in crate::store) use event_columns;

pub(in crate::store) type EventRow = (Vec<u8>, i64, i64, String, String, Option<String>, String);

pub(in crate::store) fn event(
    (flow, sequence, at, provider, account, tenant, kind): EventRow,
) -> StoreResult<Event> {
    Ok(Event {
        flow: flow_id(&flow)?,
        sequence: count(sequence)?,
        at: time(at)?,
        provider,
        account,
        tenant,
        kind: serde_json::from_str(&kind).map_err(|_| unexpected())?,
    })
}

/// Returns the kind of an event for its column.
pub(in crate::store) fn event_kind(event: &Event) -> String {
    // A kind consists of words and numbers, which always serialize.
    serde_json::to_string(&event.kind).unwrap_or_default()
}

pub(in crate::store) type PlacedEventRow = (
    i64,
    i64,
    Vec<u8>,
    i64,
    i64,
    String,
    String,
    Option<String>,
    String,
);

pub(in crate::store) fn placed_event(row: PlacedEventRow) -> StoreResult<(EventCursor, Event)> {
    let (transaction, position, flow, sequence, at, provider, account, tenant, kind) = row;
    let event = event((flow, sequence, at, provider, account, tenant, kind))?;
    Ok((
        EventCursor::new(count(transaction)?, count(position)?),
        event,
    ))
}

pub(in crate::store) type PendingEventRow = (
    i64,
    Vec<u8>,
    i64,
    i64,
    String,
    String,
    Option<String>,
    String,
);

pub(in crate::store) fn pending_event(row: PendingEventRow) -> StoreResult<PendingEvent> {
    let (tries, flow, sequence, at, provider, account, tenant, kind) = row;
    let event = event((flow, sequence, at, provider, account, tenant, kind))?;
    Ok(PendingEvent::new(
        event,
        u32::try_from(tries).map_err(|_| unexpected())?,
    ))
}

pub(in crate::store) fn flow_id(id: &[u8]) -> StoreResult<FlowId> {
    bytes(id).map(FlowId::from_bytes)
}

pub(in crate::store) fn lookup_key(key: &[u8]) -> StoreResult<LookupKey> {
    bytes(key).map(LookupKey)
}

pub(in crate::store) fn time(microseconds: i64) -> StoreResult<Timestamp> {
    from_microseconds(microseconds).ok_or_else(unexpected)
}

fn bytes<const N: usize>(bytes: &[u8]) -> StoreResult<[u8; N]> {
    bytes.try_into().map_err(|_| unexpected())
}

fn count(number: i64) -> StoreResult<u64> {
    u64::try_from(number).map_err(|_| unexpected())
}

fn unexpected() -> StoreError {
    StoreError::new("unexpected row format in the store")
}

/// Returns a number as a column holds it.
pub(in crate::store) fn whole(number: u64) -> StoreResult<i64> {
    i64::try_from(number).map_err(|_| StoreError::new("a number is too large for the store"))
}

/// Returns a limit for a statement; one that the statement cannot express is no limit.
pub(in crate::store) fn limited(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unexpected_row_is_an_error() {
        assert!(time(i64::MAX).is_err());
        assert!(time(i64::MIN).is_err());
        assert!(flow_id(&[0; 15]).is_err());
        assert!(count(-1).is_err());
        assert!(whole(u64::MAX).is_err());
        assert!(block((1, 0, 0, vec![0; 31], vec![0; 32])).is_err());
        assert!(
            message((
                vec![0; 32],
                String::new(),
                0,
                None,
                1 << 40,
                None,
                None,
                Vec::new()
            ))
            .is_err()
        );
    }
}
