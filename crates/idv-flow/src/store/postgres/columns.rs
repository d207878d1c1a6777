//! Rows as columns, for statements over arrays.

use jiff::Timestamp;

use crate::audit::AuditEntry;
use crate::id::FlowId;
use crate::machine::event::Event;
use crate::store::sql::rows::{event_kind, whole};
use crate::store::{Record, StoreResult};

/// Flows, column by column.
#[derive(Default)]
pub(super) struct Flows<'a> {
    id: Vec<Vec<u8>>,
    version: Vec<i64>,
    provider: Vec<&'a str>,
    account: Vec<&'a str>,
    tenant: Vec<Option<&'a str>>,
    phase: Vec<&'a str>,
    phase_since: Vec<i64>,
    attention: Vec<Option<&'a str>>,
    due: Vec<Option<i64>>,
    created_at: Vec<i64>,
    reference: Vec<Vec<u8>>,
    vendor: Vec<Option<Vec<u8>>>,
    application_key: Vec<Option<Vec<u8>>>,
    audit_count: Vec<i64>,
    audit_hash: Vec<Vec<u8>>,
    body: Vec<&'a [u8]>,
}

impl<'a> Flows<'a> {
    pub(super) fn of(records: impl Iterator<Item = &'a Record>) -> StoreResult<Self> {
        let mut flows = Self::default();
        for record in records {
            flows.id.push(record.id.as_bytes().to_vec());
            // No flow has a version that a column cannot hold.
            flows.version.push(whole(record.version).unwrap_or(-1));
            flows.provider.push(&record.provider);
            flows.account.push(&record.account);
            flows.tenant.push(record.tenant.as_deref());
            flows.phase.push(record.phase.name());
            flows.phase_since.push(record.phase_since.as_microsecond());
            flows.attention.push(record.attention.as_deref());
            flows.due.push(record.due.map(Timestamp::as_microsecond));
            flows.created_at.push(record.created_at.as_microsecond());
            flows.reference.push(record.reference.0.to_vec());
            flows.vendor.push(record.vendor.map(|key| key.0.to_vec()));
            flows
                .application_key
                .push(record.application_key.map(|key| key.0.to_vec()));
            flows.audit_count.push(whole(record.audit.count)?);
            flows.audit_hash.push(record.audit.hash.to_vec());
            flows.body.push(&record.body);
        }
        Ok(flows)
    }

    pub(super) fn bind<O>(self, query: QueryAs<'a, O>) -> QueryAs<'a, O> {
        let query = query
            .bind(self.id)
            .bind(self.version)
            .bind(self.provider)
            .bind(self.account)
            .bind(self.tenant);
        let query = query
            .bind(self.phase)
            .bind(self.phase_since)
            .bind(self.attention)
            .bind(self.due)
            .bind(self.created_at);
        let query = query
            .bind(self.reference)
            .bind(self.vendor)
            .bind(self.application_key)
            .bind(self.audit_count);
        query.bind(self.audit_hash).bind(self.body)
    }
}

pub(super) type QueryAs<'q, O> =
    sqlx::query::QueryAs<'q, sqlx::Postgres, O, sqlx::postgres::PgArguments>;

/// Entries of the audit trail, column by column.
#[derive(Default)]
pub(super) struct Entries<'a> {
    /// The flow whose change writes the entry.
    pub(super) owner: Vec<Vec<u8>>,
    pub(super) flow: Vec<Vec<u8>>,
    pub(super) number: Vec<i64>,
    pub(super) at: Vec<i64>,
    pub(super) event: Vec<&'a str>,
    pub(super) previous: Vec<Vec<u8>>,
    pub(super) hash: Vec<Vec<u8>>,
}

impl<'a> Entries<'a> {
    pub(super) fn of(
        changes: impl Iterator<Item = (FlowId, &'a Vec<AuditEntry>)>,
    ) -> StoreResult<Self> {
        let mut entries = Self::default();
        for (owner, entry) in each(changes) {
            entries.owner.push(owner.as_bytes().to_vec());
            entries.flow.push(entry.flow.as_bytes().to_vec());
            entries.number.push(whole(entry.number)?);
            entries.at.push(entry.at.as_microsecond());
            entries.event.push(&entry.event);
            entries.previous.push(entry.previous.to_vec());
            entries.hash.push(entry.hash.to_vec());
        }
        Ok(entries)
    }
}

/// Returns each item with the flow whose change writes it.
fn each<'a, T: 'a>(
    changes: impl Iterator<Item = (FlowId, &'a Vec<T>)>,
) -> impl Iterator<Item = (FlowId, &'a T)> {
    changes.flat_map(|(owner, items)| items.iter().map(move |item| (owner, item)))
}

/// Events, column by column.
#[derive(Default)]
pub(super) struct Events<'a> {
    pub(super) owner: Vec<Vec<u8>>,
    pub(super) flow: Vec<Vec<u8>>,
    pub(super) sequence: Vec<i64>,
    pub(super) at: Vec<i64>,
    pub(super) provider: Vec<&'a str>,
    pub(super) account: Vec<&'a str>,
    pub(super) tenant: Vec<Option<&'a str>>,
    pub(super) kind: Vec<String>,
}

impl<'a> Events<'a> {
    pub(super) fn of(changes: impl Iterator<Item = (FlowId, &'a Vec<Event>)>) -> StoreResult<Self> {
        let mut events = Self::default();
        for (owner, event) in each(changes) {
            events.owner.push(owner.as_bytes().to_vec());
            events.flow.push(event.flow.as_bytes().to_vec());
            events.sequence.push(whole(event.sequence)?);
            events.at.push(event.at.as_microsecond());
            events.provider.push(&event.provider);
            events.account.push(&event.account);
            events.tenant.push(event.tenant.as_deref());
            events.kind.push(event_kind(event));
        }
        Ok(events)
    }
}
