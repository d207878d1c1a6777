//! Reading flows and storing messages: one statement of each kind for all that wait.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sqlx::postgres::PgConnection;
use sqlx::query_as;

use super::batch::Batch;
use super::hints::CHANNEL;
use crate::id::FlowId;
use crate::store::sql::cannot;
use crate::store::sql::rows::{FlowRow, flow, flow_columns, flow_id};
use crate::store::{LookupKey, Message, Pushed, Record, StoreResult};

/// Reads flows.
pub(super) struct Load(pub(super) FlowId);

impl Batch for Load {
    type Output = Option<Record>;
    const READS: bool = true;

    async fn execute(
        connection: &mut PgConnection,
        batch: &[Self],
    ) -> StoreResult<Vec<Option<Record>>> {
        let statement = concat!(
            "SELECT ",
            flow_columns!(),
            " FROM unnest($1::bytea[]) AS k (key) JOIN idv_flows AS f ON f.id = key JOIN idv_queue AS q ON q.flow = f.id"
        );
        let rows: Vec<FlowRow> = query_as(statement)
            .bind(ids(batch.iter().map(|load| load.0)))
            .fetch_all(connection)
            .await
            .map_err(cannot("a flow could not be read"))?;
        let records = rows
            .into_iter()
            .map(flow)
            .collect::<StoreResult<Vec<_>>>()?;
        let records: BTreeMap<FlowId, Record> = records
            .into_iter()
            .map(|record| (record.id, record))
            .collect();
        Ok(batch
            .iter()
            .map(|load| records.get(&load.0).cloned())
            .collect())
    }
}

/// Reads the reports of flows.
pub(super) struct LoadReports(pub(super) FlowId);

impl Batch for LoadReports {
    type Output = Option<Vec<u8>>;
    const READS: bool = true;

    async fn execute(
        connection: &mut PgConnection,
        batch: &[Self],
    ) -> StoreResult<Vec<Option<Vec<u8>>>> {
        let rows: Vec<(Vec<u8>, Vec<u8>)> = query_as(
            "SELECT flow, body FROM unnest($1::bytea[]) AS k (key) JOIN idv_reports ON flow = key",
        )
        .bind(ids(batch.iter().map(|load| load.0)))
        .fetch_all(connection)
        .await
        .map_err(cannot("reports could not be read"))?;
        let reports: BTreeMap<Vec<u8>, Vec<u8>> = rows.into_iter().collect();
        Ok(batch
            .iter()
            .map(|load| reports.get(load.0.as_bytes().as_slice()).cloned())
            .collect())
    }
}

/// Finds flows by their keys.
pub(super) struct Locate(pub(super) Vec<LookupKey>);

impl Batch for Locate {
    type Output = Vec<(LookupKey, FlowId)>;
    const READS: bool = true;

    async fn execute(
        connection: &mut PgConnection,
        batch: &[Self],
    ) -> StoreResult<Vec<Self::Output>> {
        let keys: BTreeSet<LookupKey> =
            batch.iter().flat_map(|locate| &locate.0).copied().collect();
        let rows: Vec<(Vec<u8>, Vec<u8>)> = query_as(
            "WITH wanted AS MATERIALIZED (SELECT key FROM unnest($1::bytea[]) AS k (key)) \
             SELECT key, id FROM wanted JOIN idv_flows ON reference = key \
             UNION ALL SELECT key, id FROM wanted JOIN idv_vendor_keys AS v USING (key) JOIN idv_flows ON id = v.flow AND vendor = key \
             UNION ALL SELECT key, id FROM wanted JOIN idv_flows ON application_key = key",
        )
        .bind(keys.iter().map(|key| key.0.to_vec()).collect::<Vec<_>>())
        .fetch_all(connection)
        .await
        .map_err(cannot("flows could not be looked up"))?;
        let mut found: BTreeMap<Vec<u8>, BTreeSet<FlowId>> = BTreeMap::new();
        for (key, id) in rows {
            // A flow with two equal keys is found once.
            found.entry(key).or_default().insert(flow_id(&id)?);
        }
        let of = |locate: &Self| {
            let keys: BTreeSet<&LookupKey> = locate.0.iter().collect();
            let pairs = |key: &LookupKey| {
                let key = *key;
                found
                    .get(key.0.as_slice())
                    .into_iter()
                    .flatten()
                    .map(move |id| (key, *id))
            };
            keys.into_iter().flat_map(pairs).collect()
        };
        Ok(batch.iter().map(of).collect())
    }
}

/// Stores messages.
pub(super) struct Push {
    pub(super) message: Message,
    pub(super) forgotten: Timestamp,
}

impl Batch for Push {
    type Output = Pushed;

    fn key(&self) -> Option<&[u8]> {
        Some(&self.message.digest)
    }

    fn size(&self) -> usize {
        self.message.body.len()
    }

    async fn execute(connection: &mut PgConnection, batch: &[Self]) -> StoreResult<Vec<Pushed>> {
        let messages = || batch.iter().map(|push| &push.message);
        let new: Vec<(Option<Vec<u8>>,)> = query_as(PUSH)
            .bind(
                messages()
                    .map(|message| message.digest.to_vec())
                    .collect::<Vec<_>>(),
            )
            .bind(
                messages()
                    .map(|message| message.account.as_str())
                    .collect::<Vec<_>>(),
            )
            .bind(
                messages()
                    .map(|message| message.received_at.as_microsecond())
                    .collect::<Vec<_>>(),
            )
            .bind(
                messages()
                    .map(|message| message.due.map(Timestamp::as_microsecond))
                    .collect::<Vec<_>>(),
            )
            .bind(
                messages()
                    .map(|message| i64::from(message.tries))
                    .collect::<Vec<_>>(),
            )
            .bind(
                messages()
                    .map(|message| message.attention.as_deref())
                    .collect::<Vec<_>>(),
            )
            .bind(
                messages()
                    .map(|message| message.flow.map(|flow| flow.as_bytes().to_vec()))
                    .collect::<Vec<_>>(),
            )
            .bind(
                messages()
                    .map(|message| message.body.as_slice())
                    .collect::<Vec<_>>(),
            )
            .bind(
                batch
                    .iter()
                    .map(|push| push.forgotten.as_microsecond())
                    .collect::<Vec<_>>(),
            )
            .bind(messages().any(|message| message.due.is_some()))
            .bind(CHANNEL)
            .fetch_all(connection)
            .await
            .map_err(cannot("a message could not be stored"))?;
        let new: BTreeSet<Vec<u8>> = new.into_iter().filter_map(|(digest,)| digest).collect();
        let result = |push: &Self| {
            if new.contains(push.message.digest.as_slice()) {
                Pushed::New
            } else {
                Pushed::Repeated
            }
        };
        Ok(batch.iter().map(result).collect())
    }
}

/// Replaces a message that was processed long ago, if no other statement did so since.
const PUSH: &str = "\
WITH came AS MATERIALIZED (
    SELECT * FROM unnest($1::bytea[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::bytea[], $8::bytea[], $9::bigint[])
    AS c (digest, account, received_at, due, tries, attention, flow, body, forgotten)
), renewed AS (
    UPDATE idv_inbox AS i SET account = c.account, received_at = c.received_at, due = c.due, tries = c.tries,
        attention = c.attention, flow = c.flow, body = c.body, lease = NULL, done_at = NULL
    FROM came AS c WHERE i.digest = c.digest AND i.done_at < c.forgotten RETURNING i.digest
), added AS (
    INSERT INTO idv_inbox (digest, account, received_at, due, tries, attention, flow, body)
    SELECT digest, account, received_at, due, tries, attention, flow, body FROM came
    WHERE NOT EXISTS (SELECT 1 FROM renewed WHERE renewed.digest = came.digest)
    ON CONFLICT (digest) DO NOTHING RETURNING digest
)
SELECT digest FROM renewed UNION ALL SELECT digest FROM added UNION ALL SELECT NULL FROM pg_notify($11, current_setting('idv_flow.program', true)) WHERE $10";

fn ids(ids: impl Iterator<Item = FlowId>) -> Vec<Vec<u8>> {
    // Each id once, in the order of the index.
    let ids: BTreeSet<FlowId> = ids.collect();
    ids.into_iter().map(|id| id.as_bytes().to_vec()).collect()
}
