//! The statements for flows that SQLite words differently than PostgreSQL.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sqlx::sqlite::SqliteConnection;

use super::audit::add_entries;
use super::queue::claim_values;
use crate::id::FlowId;
use crate::machine::event::Event;
use crate::store::sql::rows::{
    FlowRow, event_columns, event_kind, flow, flow_columns, flow_id, lookup_key, whole,
};
use crate::store::sql::{
    Change, Claim, NewFlow, PurgedFlow, Script, Sql as _, Value, among, built, cannot, fixed,
};
use crate::store::{Committed, Inserted, LookupKey, Record, StoreError, StoreResult};

pub(super) async fn insert(
    connection: &mut SqliteConnection,
    new: &NewFlow,
) -> StoreResult<Inserted> {
    let failed = || cannot("a flow could not be added");
    let record = &new.record;
    let (reference, application_key) = (
        (&record.reference.0[..]).into(),
        bytes(&record.application_key).into(),
    );
    let mut script = Script::default();
    script
        .push("INSERT INTO idv_flows (id, audit_count, audit_hash, body, ")
        .push(SHOWN)
        .push(") SELECT ")
        .bind(record.id.as_bytes().as_slice())
        .push(", ")
        .bind_all(sealed(record)?)
        .push(", ")
        .bind_all(shown(record))
        .push(" WHERE NOT EXISTS (SELECT 1 FROM idv_purged WHERE key IN (")
        .bind_all([reference, application_key])
        .push(")) ON CONFLICT DO NOTHING");
    if script.execute(connection).await.map_err(failed())? == 0 {
        let statement = "SELECT id, 0 FROM idv_flows WHERE reference = $1 UNION ALL \
                         SELECT id, 0 FROM idv_flows WHERE application_key = $2 UNION ALL \
                         SELECT flow, 1 FROM idv_purged WHERE key IN ($1, $2) LIMIT 1";
        let found: Vec<(Vec<u8>, bool)> = connection
            .fetch(fixed(statement), &[reference, application_key])
            .await
            .map_err(failed())?;
        let (id, is_purged) = found
            .first()
            .ok_or_else(|| StoreError::new("a flow with this id already exists"))?;
        let id = flow_id(id)?;
        return Ok(if *is_purged {
            Inserted::Purged(id)
        } else {
            Inserted::Exists(id)
        });
    }
    let mut script = Script::default();
    script.push("INSERT INTO idv_queue (flow, account, version, due, lease) VALUES (");
    script.bind_all([
        record.id.as_bytes().as_slice().into(),
        record.account.as_str().into(),
        1.into(),
        record.due.map(Timestamp::as_microsecond).into(),
        new.lease.into(),
    ]);
    script.push(");");
    add_entries(&mut script, &new.audit)?;
    script.execute(connection).await.map_err(failed())?;
    Ok(Inserted::New)
}

pub(super) async fn commit(
    connection: &mut SqliteConnection,
    change: &Change,
) -> StoreResult<Committed> {
    let failed = || cannot("a flow could not be changed");
    let record = &change.record;
    let id: &[u8] = record.id.as_bytes();
    // No flow has a version that a column cannot hold.
    let Ok(version) = whole(record.version) else {
        return Ok(Committed::Conflict);
    };
    let statement = "UPDATE idv_queue SET version = version + 1, account = $3, due = $4, \
                     lease = CASE WHEN $5 THEN lease ELSE NULL END WHERE flow = $1 AND version = $2 \
                     AND NOT EXISTS (SELECT 1 FROM idv_inbox WHERE digest = $6 AND COALESCE(done_at >= $7, TRUE))";
    let due = record.due.map(Timestamp::as_microsecond);
    let arrival = change.arrival.as_ref();
    let values = [
        id.into(),
        version.into(),
        record.account.as_str().into(),
        due.into(),
        change.keep_lease.into(),
        arrival.map(|arrival| &arrival.digest[..]).into(),
        arrival.map(|arrival| arrival.forgotten).into(),
    ];
    if connection
        .execute(fixed(statement), &values)
        .await
        .map_err(failed())?
        == 0
    {
        return Ok(Committed::Conflict);
    }
    let mut script = Script::default();
    script
        .push("UPDATE idv_flows SET (audit_count, audit_hash, body) = (")
        .bind_all(sealed(record)?);
    script.push(") WHERE id = ").bind(id).push(";");
    // An update writes the indexes of all columns that it names, whether they changed or not. So
    // columns that change together have their own statement, which finds no row if they are equal.
    let mut values = &shown(record)[..];
    for columns in CHANGED_TOGETHER {
        let (changed, others) = values.split_at(columns.split(", ").count());
        values = others;
        script
            .push("UPDATE idv_flows SET (")
            .push(columns)
            .push(") = (")
            .bind_all(changed.iter().copied())
            .push(") WHERE id = ")
            .bind(id)
            .push(" AND (")
            .push(columns)
            .push(") IS NOT (")
            .bind_all(changed.iter().copied())
            .push(");");
    }
    if let Some(reports) = &change.reports {
        script
            .push("INSERT INTO idv_reports (flow, body) VALUES (")
            .bind_all([id.into(), (&reports[..]).into()]);
        script.push(") ON CONFLICT (flow) DO UPDATE SET body = excluded.body;");
    }
    if change.erase {
        script
            .push("DELETE FROM idv_reports WHERE flow = ")
            .bind(id)
            .push(";");
        script
            .push("DELETE FROM idv_inbox WHERE flow = ")
            .bind(id)
            .push(";");
    }
    add_entries(&mut script, &change.audit)?;
    let kinds: Vec<String> = change.events.iter().map(event_kind).collect();
    add_events(&mut script, &change.events, &kinds)?;
    script.execute(connection).await.map_err(failed())?;
    if let Some((digest, end)) = &change.message {
        crate::store::sql::inbox::finish(connection, digest, end).await?;
    }
    if let Some(arrival) = arrival {
        super::inbox::note_arrival(connection, arrival, &record.account).await?;
    }
    Ok(Committed::Done(record.version + 1))
}

pub(super) async fn purge(
    connection: &mut SqliteConnection,
    purged: &PurgedFlow,
) -> StoreResult<Committed> {
    let failed = || cannot("a flow could not be purged");
    let id: Value<'_> = purged.id.as_bytes().as_slice().into();
    let Ok(version) = whole(purged.version) else {
        return Ok(Committed::Conflict);
    };
    let statement = "DELETE FROM idv_queue WHERE flow = $1 AND version = $2";
    let removed = connection
        .execute(fixed(statement), &[id, version.into()])
        .await
        .map_err(failed())?;
    if removed == 0 {
        return Ok(Committed::Conflict);
    }
    let statement = "INSERT INTO idv_purged (key, flow) SELECT reference, id FROM idv_flows WHERE id = $1 \
                     UNION SELECT application_key, id FROM idv_flows WHERE id = $1 AND application_key IS NOT NULL; \
                     DELETE FROM idv_flows WHERE id = $1; \
                     DELETE FROM idv_reports WHERE flow = $1; \
                     DELETE FROM idv_inbox WHERE flow = $1";
    connection
        .execute(fixed(statement), &[id])
        .await
        .map_err(failed())?;
    let mut script = Script::default();
    add_entries(&mut script, &purged.audit)?;
    if !purged.audit.is_empty() {
        script.execute(connection).await.map_err(failed())?;
    }
    Ok(Committed::Done(purged.version + 1))
}

pub(super) async fn load(
    connection: &mut SqliteConnection,
    id: FlowId,
) -> StoreResult<Option<Record>> {
    let statement = concat!(
        "SELECT ",
        flow_columns!(),
        " FROM idv_flows AS f JOIN idv_queue AS q ON q.flow = f.id WHERE f.id = $1"
    );
    let rows = connection
        .fetch::<FlowRow>(fixed(statement), &[id.as_bytes().as_slice().into()])
        .await;
    rows.map_err(cannot("a flow could not be read"))?
        .into_iter()
        .next()
        .map(flow)
        .transpose()
}

pub(super) async fn reports(
    connection: &mut SqliteConnection,
    id: FlowId,
) -> StoreResult<Option<Vec<u8>>> {
    let statement = "SELECT body FROM idv_reports WHERE flow = $1";
    let rows: Vec<(Vec<u8>,)> = connection
        .fetch(fixed(statement), &[id.as_bytes().as_slice().into()])
        .await
        .map_err(cannot("reports could not be read"))?;
    Ok(rows.into_iter().next().map(|(body,)| body))
}

pub(super) async fn locate(
    connection: &mut SqliteConnection,
    keys: &[LookupKey],
) -> StoreResult<Vec<(LookupKey, FlowId)>> {
    let keys: Vec<String> = keys.iter().map(|key| hex::encode(key.0)).collect();
    let by = |column| {
        format!(
            "SELECT {column}, id FROM idv_flows WHERE {column} IN (SELECT unhex(value) FROM json_each($1))"
        )
    };
    let statement = [by("reference"), by("vendor"), by("application_key")].join(" UNION ALL ");
    let rows: Vec<(Vec<u8>, Vec<u8>)> = connection
        .fetch(built(statement), &[(&keys[..]).into()])
        .await
        .map_err(cannot("flows could not be looked up"))?;
    let found = rows
        .into_iter()
        .map(|(key, id)| Ok((lookup_key(&key)?, flow_id(&id)?)));
    // A flow with two equal keys is found once.
    Ok(found
        .collect::<StoreResult<BTreeSet<_>>>()?
        .into_iter()
        .collect())
}

pub(super) async fn claim(
    connection: &mut SqliteConnection,
    claim: &Claim,
) -> StoreResult<Vec<Record>> {
    let failed = || cannot("flows could not be claimed");
    let statement = format!(
        "WITH ready AS MATERIALIZED (SELECT flow FROM idv_queue WHERE due <= $1 AND (lease IS NULL OR lease <= $1) AND {} \
         ORDER BY due, flow LIMIT $3) \
         UPDATE idv_queue SET lease = $2, version = version + 1 WHERE flow IN (SELECT flow FROM ready) RETURNING hex(flow)",
        among::<SqliteConnection>("account", (4, 5))
    );
    let claimed: Vec<(String,)> = connection
        .fetch(built(statement), &claim_values(claim))
        .await
        .map_err(failed())?;
    if claimed.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<String> = claimed.into_iter().map(|(id,)| id).collect();
    let statement = concat!(
        "SELECT ",
        flow_columns!(),
        " FROM idv_flows AS f JOIN idv_queue AS q ON q.flow = f.id WHERE f.id IN (SELECT unhex(value) FROM json_each($1))"
    );
    let rows = connection
        .fetch::<FlowRow>(fixed(statement), &[(&ids[..]).into()])
        .await
        .map_err(failed())?;
    let mut records = rows
        .into_iter()
        .map(flow)
        .collect::<StoreResult<Vec<_>>>()?;
    records.sort_by_key(|record| (record.due, record.id));
    Ok(records)
}

/// The columns of a flow that are in clear.
const SHOWN: &str = "phase, phase_since, attention, vendor, provider, account, tenant, created_at, reference, application_key";

/// The same columns, in groups that change at different times; the last group hardly ever does.
const CHANGED_TOGETHER: [&str; 4] = [
    "phase, phase_since",
    "attention",
    "vendor",
    "provider, account, tenant, created_at, reference, application_key",
];

fn shown(record: &Record) -> [Value<'_>; 10] {
    [
        record.phase.name().into(),
        record.phase_since.as_microsecond().into(),
        record.attention.as_deref().into(),
        bytes(&record.vendor).into(),
        record.provider.as_str().into(),
        record.account.as_str().into(),
        record.tenant.as_deref().into(),
        record.created_at.as_microsecond().into(),
        (&record.reference.0[..]).into(),
        bytes(&record.application_key).into(),
    ]
}

/// Returns the end of the audit trail and the sealed state.
fn sealed(record: &Record) -> StoreResult<[Value<'_>; 3]> {
    Ok([
        whole(record.audit.count)?.into(),
        (&record.audit.hash[..]).into(),
        (&record.body[..]).into(),
    ])
}

fn bytes(key: &Option<LookupKey>) -> Option<&[u8]> {
    key.as_ref().map(|key| &key.0[..])
}

/// Adds events to the outbox.
fn add_events<'v>(
    script: &mut Script<'v>,
    events: &'v [Event],
    kinds: &'v [String],
) -> StoreResult<()> {
    for (index, (event, kind)) in events.iter().zip(kinds).enumerate() {
        let start = concat!(
            "INSERT INTO idv_events (",
            event_columns!(),
            ", due) VALUES ("
        );
        script
            .push(if index == 0 { start } else { ", (" })
            .bind_all([
                event.flow.as_bytes().as_slice().into(),
                whole(event.sequence)?.into(),
                event.at.as_microsecond().into(),
                event.provider.as_str().into(),
                event.account.as_str().into(),
                event.tenant.as_deref().into(),
                kind.as_str().into(),
                event.at.as_microsecond().into(),
            ]);
        script.push(")");
    }
    if !events.is_empty() {
        script.push(";");
    }
    Ok(())
}
