//! The statements for the audit trail that PostgreSQL words differently than SQLite.

use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, query, query_as};

use crate::audit::{AuditBlock, AuditEntry};
use crate::id::FlowId;
use crate::store::sql::rows::whole;
use crate::store::sql::{Sql as _, cannot, fixed};
use crate::store::{StoreError, StoreResult};

/// Adds a block in one transaction. If it fails or is dropped, the connection is closed, and the
/// server rolls it back.
pub(super) async fn add_block(
    connection: &mut PgConnection,
    block: &AuditBlock,
    entries: &[(FlowId, u64)],
) -> StoreResult<bool> {
    let failed = || cannot("a block could not be added");
    let number = whole(block.number)?;
    let numbers = entries
        .iter()
        .map(|(_, number)| whole(*number))
        .collect::<StoreResult<Vec<_>>>()?;
    let flows: Vec<Vec<u8>> = entries
        .iter()
        .map(|(flow, _)| flow.as_bytes().to_vec())
        .collect();
    let mut transaction = connection.begin().await.map_err(failed())?;
    let statement = "INSERT INTO idv_blocks (number, at, entries, previous, hash) VALUES ($1, $2, $3, $4, $5) \
                     ON CONFLICT (number) DO NOTHING";
    let added = query(statement)
        .bind(number)
        .bind(block.at.as_microsecond())
        .bind(whole(block.entries)?)
        .bind(&block.previous[..])
        .bind(&block.hash[..])
        .execute(&mut *transaction)
        .await
        .map_err(failed())?;
    if added.rows_affected() == 0 {
        transaction.rollback().await.map_err(failed())?;
        return Ok(false);
    }
    let statement = "WITH sealed AS (UPDATE idv_audit AS a SET block = $1 FROM unnest($2::bytea[], $3::bigint[]) AS e (flow, number) \
                     WHERE a.flow = e.flow AND a.number = e.number AND a.block IS NULL RETURNING 1) SELECT COUNT(*) FROM sealed";
    let (sealed,): (i64,) = query_as(statement)
        .bind(number)
        .bind(flows)
        .bind(numbers)
        .fetch_one(&mut *transaction)
        .await
        .map_err(failed())?;
    if usize::try_from(sealed).ok() != Some(entries.len()) {
        return Err(StoreError::new(
            "an entry of the block is missing or already in a block",
        ));
    }
    transaction.commit().await.map_err(failed())?;
    Ok(true)
}

pub(super) async fn remove_block(
    connection: &mut PgConnection,
    number: u64,
    kept: &[FlowId],
) -> StoreResult<bool> {
    let kept: Vec<String> = kept.iter().map(FlowId::to_string).collect();
    let statement = "WITH removed AS (DELETE FROM idv_audit AS a WHERE block = $1 \
                     AND NOT EXISTS (SELECT 1 FROM idv_flows WHERE id = a.flow) AND encode(flow, 'hex') <> ALL($2)), \
                     unsealed AS (UPDATE idv_audit AS a SET block = NULL WHERE block = $1 \
                     AND (EXISTS (SELECT 1 FROM idv_flows WHERE id = a.flow) OR encode(flow, 'hex') = ANY($2))) \
                     DELETE FROM idv_blocks WHERE number = $1";
    let removed = connection
        .execute(
            fixed(statement),
            &[whole(number)?.into(), (&kept[..]).into()],
        )
        .await
        .map_err(cannot("a block could not be removed"))?;
    Ok(removed > 0)
}

/// Replaces a value and adds an entry by one statement.
pub(super) async fn replace_with_entry(
    connection: &mut PgConnection,
    name: &str,
    old: &[u8],
    new: &[u8],
    entry: &AuditEntry,
) -> StoreResult<bool> {
    let statement = "WITH replaced AS (UPDATE idv_values SET value = $3 WHERE name = $1 AND value = $2 RETURNING 1) \
                     INSERT INTO idv_audit (flow, number, at, event, previous, hash) \
                     SELECT $4, $5, $6, $7, $8, $9 FROM replaced";
    let values = [
        name.into(),
        old.into(),
        new.into(),
        (&entry.flow.as_bytes()[..]).into(),
        whole(entry.number)?.into(),
        entry.at.as_microsecond().into(),
        entry.event.as_str().into(),
        (&entry.previous[..]).into(),
        (&entry.hash[..]).into(),
    ];
    let added = connection
        .execute(fixed(statement), &values)
        .await
        .map_err(cannot("a value could not be replaced"))?;
    Ok(added > 0)
}
