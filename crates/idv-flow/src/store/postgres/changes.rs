//! New flows and changes of flows: one statement of each kind for all that wait.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sqlx::postgres::PgConnection;
use sqlx::query_as;

use super::batch::Batch;
use super::columns::{Entries, Events, Flows};
use super::hints::CHANNEL;
use crate::store::sql::rows::{flow_id, whole};
use crate::store::sql::{Change, NewFlow, PurgedFlow, cannot, end_columns};
use crate::store::{Committed, Inserted, StoreError, StoreResult};

impl Batch for NewFlow {
    type Output = Inserted;

    fn size(&self) -> usize {
        self.record.body.len()
    }

    fn key(&self) -> Option<&[u8]> {
        Some(self.record.id.as_bytes())
    }

    fn due(&self) -> Option<i64> {
        self.record.due.map(Timestamp::as_microsecond)
    }

    async fn execute(connection: &mut PgConnection, batch: &[Self]) -> StoreResult<Vec<Inserted>> {
        let failed = || cannot("a flow could not be added");
        let flows = Flows::of(batch.iter().map(|new| &new.record))?;
        let entries = Entries::of(batch.iter().map(|new| (new.record.id, &new.audit)))?;
        let leases: Vec<Option<i64>> = batch.iter().map(|new| new.lease).collect();
        // Flows that this program has leased are of no interest to other programs.
        let announced = batch
            .iter()
            .any(|new| new.lease.is_none() && new.record.due.is_some());
        let added: Vec<(Option<Vec<u8>>,)> = flows
            .bind(query_as(INSERT))
            .bind(leases)
            .bind(entries.owner)
            .bind(entries.flow)
            .bind(entries.number)
            .bind(entries.at)
            .bind(entries.event)
            .bind(entries.previous)
            .bind(entries.hash)
            .bind(announced)
            .bind(CHANNEL)
            .fetch_all(&mut *connection)
            .await
            .map_err(failed())?;
        let added: BTreeSet<Vec<u8>> = added.into_iter().filter_map(|(id,)| id).collect();
        let is_new = |new: &Self| added.contains(new.record.id.as_bytes().as_slice());
        let mut taken = BTreeMap::new();
        if added.len() < batch.len() {
            let others = || batch.iter().filter(|new| !is_new(new));
            let references: Vec<Vec<u8>> = others()
                .map(|new| new.record.reference.0.to_vec())
                .collect();
            let keys: Vec<Vec<u8>> = others()
                .filter_map(|new| Some(new.record.application_key?.0.to_vec()))
                .collect();
            let rows: Vec<(Vec<u8>, Vec<u8>, bool)> = query_as(TAKEN)
                .bind(references)
                .bind(keys)
                .fetch_all(connection)
                .await
                .map_err(failed())?;
            taken.extend(
                rows.into_iter()
                    .map(|(key, id, is_purged)| (key, (id, is_purged))),
            );
        }
        let result = |new: &Self| {
            if is_new(new) {
                return Ok(Inserted::New);
            }
            let by_key = || {
                new.record
                    .application_key
                    .and_then(|key| taken.get(key.0.as_slice()))
            };
            let found = taken.get(new.record.reference.0.as_slice());
            let (id, is_purged) = found
                .or_else(by_key)
                .ok_or_else(|| StoreError::new("a flow with this id already exists"))?;
            Ok(match is_purged {
                true => Inserted::Purged(flow_id(id)?),
                false => Inserted::Exists(flow_id(id)?),
            })
        };
        batch.iter().map(result).collect()
    }
}

const INSERT: &str = "\
WITH new AS MATERIALIZED (
    SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::bigint[],
        $10::bigint[], $11::bytea[], $12::bytea[], $13::bytea[], $14::bigint[], $15::bytea[], $16::bytea[], $17::bigint[])
    AS n (id, version, provider, account, tenant, phase, phase_since, attention, due, created_at, reference, vendor, application_key,
        audit_count, audit_hash, body, lease)
), added AS (
    INSERT INTO idv_flows (id, provider, account, tenant, phase, phase_since, attention, created_at, reference, vendor, application_key,
        audit_count, audit_hash, body)
    SELECT id, provider, account, tenant, phase, phase_since, attention, created_at, reference, vendor, application_key,
        audit_count, audit_hash, body FROM new
    WHERE NOT EXISTS (SELECT 1 FROM idv_purged WHERE key = new.reference)
        AND NOT EXISTS (SELECT 1 FROM idv_purged WHERE key = new.application_key)
    ON CONFLICT DO NOTHING RETURNING id
), queued AS (
    INSERT INTO idv_queue (flow, account, version, due, lease)
    SELECT new.id, account, 1, due, lease FROM new JOIN added ON added.id = new.id
), phases AS (
    INSERT INTO idv_phases (flow, account, phase, phase_since, attention)
    SELECT new.id, account, phase, phase_since, attention FROM new JOIN added ON added.id = new.id
), vendors AS (
    INSERT INTO idv_vendor_keys (key, flow) SELECT vendor, new.id FROM new JOIN added ON added.id = new.id WHERE vendor IS NOT NULL
), entries AS (
    INSERT INTO idv_audit (flow, number, at, event, previous, hash)
    SELECT flow, number, at, event, previous, hash
    FROM unnest($18::bytea[], $19::bytea[], $20::bigint[], $21::bigint[], $22::text[], $23::bytea[], $24::bytea[])
    AS e (owner, flow, number, at, event, previous, hash) JOIN added ON added.id = owner
)
SELECT id FROM added UNION ALL SELECT NULL FROM pg_notify($26, current_setting('idv_flow.program', true)) WHERE $25";

const TAKEN: &str = "\
SELECT reference, id, false FROM unnest($1::bytea[]) AS k (key) JOIN idv_flows ON reference = k.key
UNION ALL SELECT application_key, id, false FROM unnest($2::bytea[]) AS k (key) JOIN idv_flows ON application_key = k.key
UNION ALL SELECT p.key, p.flow, true FROM unnest($1::bytea[] || $2::bytea[]) AS k (key) JOIN idv_purged AS p ON p.key = k.key";

impl Batch for Change {
    type Output = Committed;

    fn size(&self) -> usize {
        self.record.body.len() + self.reports.as_ref().map_or(0, Vec::len)
    }

    fn key(&self) -> Option<&[u8]> {
        Some(self.record.id.as_bytes())
    }

    fn due(&self) -> Option<i64> {
        self.record.due.map(Timestamp::as_microsecond)
    }

    async fn execute(connection: &mut PgConnection, batch: &[Self]) -> StoreResult<Vec<Committed>> {
        let flows = Flows::of(batch.iter().map(|change| &change.record))?;
        let entries = Entries::of(batch.iter().map(|change| (change.record.id, &change.audit)))?;
        let events = Events::of(
            batch
                .iter()
                .map(|change| (change.record.id, &change.events)),
        )?;
        let ends = || {
            batch.iter().map(|change| {
                change
                    .message
                    .as_ref()
                    .map(|(digest, end)| (digest, end_columns(end)))
            })
        };
        let digests: Vec<Option<Vec<u8>>> = ends()
            .map(|end| end.map(|(digest, _)| digest.to_vec()))
            .collect();
        let done_at: Vec<Option<i64>> = ends()
            .map(|end| end.and_then(|(_, (done_at, ..))| done_at))
            .collect();
        let again: Vec<Option<i64>> = ends()
            .map(|end| end.and_then(|(_, (_, due, _))| due))
            .collect();
        let reasons: Vec<Option<&str>> = ends()
            .map(|end| end.and_then(|(_, (.., reason))| reason))
            .collect();
        let arrivals = || batch.iter().map(|change| change.arrival.as_ref());
        let arrived: Vec<Option<Vec<u8>>> = arrivals()
            .map(|arrival| arrival.map(|arrival| arrival.digest.to_vec()))
            .collect();
        let arrived_at: Vec<Option<i64>> = arrivals()
            .map(|arrival| arrival.map(|arrival| arrival.at))
            .collect();
        let forgotten: Vec<Option<i64>> = arrivals()
            .map(|arrival| arrival.map(|arrival| arrival.forgotten))
            .collect();
        // A change is announced if it leaves a flow due now and without a lease.
        let now = batch
            .iter()
            .flat_map(|change| &change.audit)
            .map(|entry| entry.at.as_microsecond())
            .max();
        let changed: Vec<(Option<Vec<u8>>,)> = flows
            .bind(query_as(COMMIT))
            .bind(
                batch
                    .iter()
                    .map(|change| change.keep_lease)
                    .collect::<Vec<_>>(),
            )
            .bind(
                batch
                    .iter()
                    .map(|change| change.reports.clone())
                    .collect::<Vec<_>>(),
            )
            .bind(batch.iter().map(|change| change.erase).collect::<Vec<_>>())
            .bind(digests)
            .bind(done_at)
            .bind(again)
            .bind(reasons)
            .bind(entries.owner)
            .bind(entries.flow)
            .bind(entries.number)
            .bind(entries.at)
            .bind(entries.event)
            .bind(entries.previous)
            .bind(entries.hash)
            .bind(events.owner)
            .bind(events.flow)
            .bind(events.sequence)
            .bind(events.at)
            .bind(events.provider)
            .bind(events.account)
            .bind(events.tenant)
            .bind(events.kind)
            .bind(now)
            .bind(CHANNEL)
            .bind(arrived)
            .bind(arrived_at)
            .bind(forgotten)
            .fetch_all(connection)
            .await
            .map_err(cannot("a flow could not be changed"))?;
        let changed: BTreeSet<Vec<u8>> = changed.into_iter().filter_map(|(id,)| id).collect();
        let result = |change: &Self| match changed.contains(change.record.id.as_bytes().as_slice())
        {
            true => Committed::Done(change.record.version + 1),
            false => Committed::Conflict,
        };
        Ok(batch.iter().map(result).collect())
    }
}

/// The version is in the queue: of two changes at the same version, the second finds another
/// version once the first is committed. The later parts apply only to changes whose version was
/// right.
const COMMIT: &str = "\
WITH change AS MATERIALIZED (
    SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::bigint[],
        $10::bigint[], $11::bytea[], $12::bytea[], $13::bytea[], $14::bigint[], $15::bytea[], $16::bytea[], $17::bool[], $18::bytea[],
        $19::bool[], $20::bytea[], $21::bigint[], $22::bigint[], $23::text[], $41::bytea[], $42::bigint[], $43::bigint[])
    AS c (id, version, provider, account, tenant, phase, phase_since, attention, due, created_at, reference, vendor, application_key,
        audit_count, audit_hash, body, keeps, reports, erases, digest, done_at, again, reason, arrived, arrived_at, forgotten)
), repeated AS MATERIALIZED (
    SELECT c.id FROM change AS c JOIN idv_inbox AS i ON i.digest = c.arrived WHERE COALESCE(i.done_at >= c.forgotten, true)
), changed AS (
    UPDATE idv_queue AS q SET version = q.version + 1, account = c.account, due = c.due,
        lease = CASE WHEN c.keeps THEN q.lease END
    FROM change AS c WHERE q.flow = c.id AND q.version = c.version AND NOT EXISTS (SELECT 1 FROM repeated WHERE repeated.id = c.id)
    RETURNING q.flow, c.keeps AND c.due <= $39 AND (q.lease IS NULL OR q.lease <= $39) AS announced
), made AS MATERIALIZED (
    SELECT change.* FROM change JOIN changed ON changed.flow = change.id
), flows AS (
    UPDATE idv_flows AS f SET provider = m.provider, account = m.account, tenant = m.tenant, phase = m.phase,
        phase_since = m.phase_since, attention = m.attention, created_at = m.created_at, reference = m.reference, vendor = m.vendor,
        application_key = m.application_key, audit_count = m.audit_count, audit_hash = m.audit_hash, body = m.body
    FROM made AS m WHERE f.id = m.id
), phases AS (
    UPDATE idv_phases AS p SET account = m.account, phase = m.phase, phase_since = m.phase_since, attention = m.attention
    FROM made AS m WHERE p.flow = m.id
        AND (p.account, p.phase, p.phase_since, p.attention) IS DISTINCT FROM (m.account, m.phase, m.phase_since, m.attention)
), vendors AS (
    INSERT INTO idv_vendor_keys (key, flow) SELECT vendor, id FROM made WHERE vendor IS NOT NULL ON CONFLICT DO NOTHING
), stored AS (
    INSERT INTO idv_reports (flow, body) SELECT id, reports FROM made WHERE reports IS NOT NULL
    ON CONFLICT (flow) DO UPDATE SET body = excluded.body
), erased AS (
    DELETE FROM idv_reports AS r USING made AS m WHERE r.flow = m.id AND m.erases
), removed AS (
    DELETE FROM idv_inbox AS i USING made AS m WHERE i.flow = m.id AND m.erases
), ended AS (
    UPDATE idv_inbox AS i SET done_at = m.done_at, due = CASE WHEN m.done_at IS NULL THEN m.again ELSE i.due END,
        attention = m.reason, body = CASE WHEN m.done_at IS NULL THEN i.body ELSE '' END, lease = NULL
    FROM made AS m WHERE i.digest = m.digest AND i.done_at IS NULL AND (NOT m.erases OR i.flow IS DISTINCT FROM m.id)
), noted AS (
    INSERT INTO idv_inbox AS i (digest, account, received_at, tries, done_at, body)
    SELECT arrived, account, arrived_at, 0, arrived_at, '' FROM made WHERE arrived IS NOT NULL
    ON CONFLICT (digest) DO UPDATE SET received_at = excluded.received_at, due = NULL, lease = NULL, attention = NULL, flow = NULL,
        done_at = excluded.done_at, body = excluded.body
), entries AS (
    INSERT INTO idv_audit (flow, number, at, event, previous, hash)
    SELECT e.flow, number, at, event, previous, hash
    FROM unnest($24::bytea[], $25::bytea[], $26::bigint[], $27::bigint[], $28::text[], $29::bytea[], $30::bytea[])
    AS e (owner, flow, number, at, event, previous, hash) JOIN changed ON changed.flow = owner
), told AS (
    INSERT INTO idv_events (flow, sequence, at, provider, account, tenant, event, due)
    SELECT e.flow, sequence, at, provider, account, tenant, event, at
    FROM unnest($31::bytea[], $32::bytea[], $33::bigint[], $34::bigint[], $35::text[], $36::text[], $37::text[], $38::text[])
    WITH ORDINALITY AS e (owner, flow, sequence, at, provider, account, tenant, event, place)
    JOIN changed ON changed.flow = owner ORDER BY place
)
SELECT flow FROM changed UNION ALL SELECT NULL FROM pg_notify($40, current_setting('idv_flow.program', true))
    WHERE EXISTS (SELECT 1 FROM changed WHERE announced)";

/// Removes a flow, and keeps its keys.
pub(super) async fn purge(
    connection: &mut PgConnection,
    purged: &PurgedFlow,
) -> StoreResult<Committed> {
    let Ok(version) = whole(purged.version) else {
        return Ok(Committed::Conflict);
    };
    let entries = Entries::of(std::iter::once((purged.id, &purged.audit)))?;
    let removed: Vec<(Vec<u8>,)> = query_as(PURGE)
        .bind(purged.id.as_bytes().as_slice())
        .bind(version)
        .bind(entries.flow)
        .bind(entries.number)
        .bind(entries.at)
        .bind(entries.event)
        .bind(entries.previous)
        .bind(entries.hash)
        .fetch_all(connection)
        .await
        .map_err(cannot("a flow could not be purged"))?;
    Ok(match removed.is_empty() {
        true => Committed::Conflict,
        false => Committed::Done(purged.version + 1),
    })
}

const PURGE: &str = "\
WITH purged AS (
    DELETE FROM idv_queue WHERE flow = $1 AND version = $2 RETURNING flow
), flows AS (
    DELETE FROM idv_flows USING purged WHERE id = purged.flow RETURNING id, reference, application_key, vendor
), phases AS (
    DELETE FROM idv_phases AS p USING purged WHERE p.flow = purged.flow
), vendors AS (
    DELETE FROM idv_vendor_keys AS v USING flows WHERE v.key = flows.vendor AND v.flow = flows.id
), keys AS (
    INSERT INTO idv_purged (key, flow) SELECT reference, id FROM flows
    UNION SELECT application_key, id FROM flows WHERE application_key IS NOT NULL
), reports AS (
    DELETE FROM idv_reports AS r USING purged WHERE r.flow = purged.flow
), messages AS (
    DELETE FROM idv_inbox AS i USING purged WHERE i.flow = purged.flow
), entries AS (
    INSERT INTO idv_audit (flow, number, at, event, previous, hash)
    SELECT e.flow, number, at, event, previous, hash
    FROM purged, unnest($3::bytea[], $4::bigint[], $5::bigint[], $6::text[], $7::bytea[], $8::bytea[])
    AS e (flow, number, at, event, previous, hash)
)
SELECT flow FROM purged";
