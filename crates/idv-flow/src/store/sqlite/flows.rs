//! Flows and messages: what SQLite says otherwise than PostgreSQL.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sqlx::sqlite::SqliteConnection;

use crate::audit::{AuditBlock, AuditEntry};
use crate::id::FlowId;
use crate::machine::event::Event;
use crate::store::sql::rows::{
    FlowRow, MessageRow, entry_columns, event_columns, flow, flow_columns, flow_id, limited,
    lookup_key, message, message_columns, whole,
};
use crate::store::sql::{
    Change, Claim, NewFlow, Script, Sql as _, Value, among, built, cannot, fixed,
};
use crate::store::{
    Committed, Inserted, LookupKey, Message, Pushed, Record, StoreError, StoreResult,
};

/// The maximum number of rows that a statement writes: SQLite allows 32,766 values in a statement.
const ROWS_OF_A_STATEMENT: usize = 2_000;

pub(super) async fn insert(
    connection: &mut SqliteConnection,
    new: &NewFlow,
) -> StoreResult<Inserted> {
    let failed = || cannot("a flow could not be added");
    let record = &new.record;
    let mut script = Script::default();
    script
        .push("INSERT INTO idv_flows (id, audit_count, audit_hash, body, ")
        .push(SHOWN)
        .push(") VALUES (");
    script
        .bind(record.id.as_bytes().as_slice())
        .push(", ")
        .bind_all(sealed(record)?)
        .push(", ")
        .bind_all(shown(record));
    script.push(") ON CONFLICT DO NOTHING");
    if script.execute(connection).await.map_err(failed())? == 0 {
        let statement = "SELECT id FROM idv_flows WHERE reference = $1 UNION ALL \
                         SELECT id FROM idv_flows WHERE application_key = $2 LIMIT 1";
        let values = [
            (&record.reference.0[..]).into(),
            bytes(&record.application_key).into(),
        ];
        let there: Vec<(Vec<u8>,)> = connection
            .fetch(fixed(statement), &values)
            .await
            .map_err(failed())?;
        let (id,) = there
            .first()
            .ok_or_else(|| StoreError::new("a flow with this id is there already"))?;
        return flow_id(id).map(Inserted::Exists);
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
    // No flow is at a version that a column cannot hold.
    let Ok(version) = whole(record.version) else {
        return Ok(Committed::Conflict);
    };
    let statement = "UPDATE idv_queue SET version = version + 1, account = $3, due = $4, \
                     lease = CASE WHEN $5 THEN lease ELSE NULL END WHERE flow = $1 AND version = $2";
    let due = record.due.map(Timestamp::as_microsecond);
    let values = [
        id.into(),
        version.into(),
        record.account.as_str().into(),
        due.into(),
        change.keep_lease.into(),
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
    // An update writes the indexes of all columns that it names, changed or not.
    script
        .push("UPDATE idv_flows SET (")
        .push(SHOWN)
        .push(") = (")
        .bind_all(shown(record))
        .push(") WHERE id = ")
        .bind(id);
    script
        .push(" AND (")
        .push(SHOWN)
        .push(") IS NOT (")
        .bind_all(shown(record))
        .push(");");
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
    let kinds: Vec<String> = change.events.iter().map(kind).collect();
    add_events(&mut script, &change.events, &kinds)?;
    script.execute(connection).await.map_err(failed())?;
    if let Some((digest, end)) = &change.message {
        crate::store::sql::inbox::finish(connection, digest, end).await?;
    }
    Ok(Committed::Done(record.version + 1))
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
    // A flow whose keys are the same is found once.
    Ok(found
        .collect::<StoreResult<BTreeSet<_>>>()?
        .into_iter()
        .collect())
}

fn values(claim: &Claim) -> [Value<'_>; 5] {
    [
        claim.now.as_microsecond().into(),
        claim.until.as_microsecond().into(),
        limited(claim.limit).into(),
        claim.accounts.is_empty().into(),
        (&claim.accounts[..]).into(),
    ]
}

/// Returns whether a claim would find something. It writes nothing, and so waits for no transaction.
pub(super) async fn is_due(
    connection: &mut SqliteConnection,
    from: Queue,
    now: Timestamp,
    accounts: &[String],
) -> StoreResult<bool> {
    let now = now.as_microsecond().into();
    let found = |rows: sqlx::Result<Vec<(i64,)>>| {
        Ok(!rows
            .map_err(cannot("what is due could not be read"))?
            .is_empty())
    };
    let condition = match from {
        Queue::Timers => {
            let statement = "SELECT 1 FROM idv_timers WHERE wake <= $1 LIMIT 1";
            return found(connection.fetch(fixed(statement), &[now]).await);
        }
        Queue::Flows => "idv_queue WHERE due <= $1",
        Queue::Messages => "idv_inbox WHERE due <= $1 AND done_at IS NULL",
    };
    let among = among::<SqliteConnection>("account", (2, 3));
    let statement =
        format!("SELECT 1 FROM {condition} AND (lease IS NULL OR lease <= $1) AND {among} LIMIT 1");
    found(
        connection
            .fetch(
                built(statement),
                &[now, accounts.is_empty().into(), accounts.into()],
            )
            .await,
    )
}

/// Where to look for what is due.
#[derive(Debug, Clone, Copy)]
pub(super) enum Queue {
    Flows,
    Messages,
    Timers,
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
        .fetch(built(statement), &values(claim))
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

pub(super) async fn claim_messages(
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
        .fetch::<MessageRow>(built(statement), &values(claim))
        .await;
    let rows = rows.map_err(cannot("messages could not be claimed"))?;
    let mut messages = rows
        .into_iter()
        .map(message)
        .collect::<StoreResult<Vec<_>>>()?;
    messages.sort_by_key(|message| (message.due, message.digest));
    Ok(messages)
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
        .map_err(cannot("a message could not be kept"))?;
    Ok(if changed == 0 {
        Pushed::Repeated
    } else {
        Pushed::New
    })
}

pub(super) async fn add_block(
    connection: &mut SqliteConnection,
    block: &AuditBlock,
    entries: &[(FlowId, u64)],
) -> StoreResult<bool> {
    let failed = || cannot("a block could not be added");
    let number = whole(block.number)?;
    let statement = "INSERT INTO idv_blocks (number, at, entries, previous, hash) VALUES ($1, $2, $3, $4, $5) \
                     ON CONFLICT (number) DO NOTHING";
    let values = [
        number.into(),
        block.at.as_microsecond().into(),
        whole(block.entries)?.into(),
        (&block.previous[..]).into(),
        (&block.hash[..]).into(),
    ];
    if connection
        .execute(fixed(statement), &values)
        .await
        .map_err(failed())?
        == 0
    {
        return Ok(false);
    }
    let names = entries
        .iter()
        .map(|(flow, number)| format!("{}:{number}", hex::encode(flow.as_bytes())))
        .collect::<Vec<_>>();
    let statement = "UPDATE idv_audit SET block = $1 FROM (SELECT unhex(substr(value, 1, 32)) AS id, \
                     CAST(substr(value, 34) AS INTEGER) AS entry FROM json_each($2)) \
                     WHERE flow = id AND number = entry AND block IS NULL";
    let changed = connection
        .execute(fixed(statement), &[number.into(), (&names[..]).into()])
        .await
        .map_err(failed())?;
    if changed != entries.len() as u64 {
        return Err(StoreError::new(
            "an entry of the block is not there, or is in a block already",
        ));
    }
    Ok(true)
}

/// The columns of a flow that are in clear.
const SHOWN: &str = "provider, account, tenant, phase, phase_since, attention, created_at, reference, vendor, application_key";

fn shown(record: &Record) -> [Value<'_>; 10] {
    [
        record.provider.as_str().into(),
        record.account.as_str().into(),
        record.tenant.as_deref().into(),
        record.phase.name().into(),
        record.phase_since.as_microsecond().into(),
        record.attention.as_deref().into(),
        record.created_at.as_microsecond().into(),
        (&record.reference.0[..]).into(),
        bytes(&record.vendor).into(),
        bytes(&record.application_key).into(),
    ]
}

/// The sealed state, and the end of the audit trail.
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

/// Adds entries to the audit trail.
fn add_entries<'v>(script: &mut Script<'v>, entries: &'v [AuditEntry]) -> StoreResult<()> {
    for part in entries.chunks(ROWS_OF_A_STATEMENT) {
        script.push(concat!(
            "INSERT INTO idv_audit (",
            entry_columns!(),
            ") VALUES "
        ));
        for (index, entry) in part.iter().enumerate() {
            script.push(if index == 0 { "(" } else { ", (" }).bind_all([
                entry.flow.as_bytes().as_slice().into(),
                whole(entry.number)?.into(),
                entry.at.as_microsecond().into(),
                entry.event.as_str().into(),
                (&entry.previous[..]).into(),
                (&entry.hash[..]).into(),
            ]);
            script.push(")");
        }
        script.push(";");
    }
    Ok(())
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

/// The kind of an event, for its column. It is made of words and numbers, which always serialize.
pub(in crate::store) fn kind(event: &Event) -> String {
    serde_json::to_string(&event.kind).unwrap_or_default()
}
