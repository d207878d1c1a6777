//! The statements for the audit trail that PostgreSQL words differently than SQLite.

use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, query, query_as};

use crate::audit::AuditBlock;
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

pub(super) async fn remove_block(connection: &mut PgConnection, number: u64) -> StoreResult<bool> {
    let statement = "WITH removed AS (DELETE FROM idv_audit AS a WHERE block = $1 \
                     AND NOT EXISTS (SELECT 1 FROM idv_flows WHERE id = a.flow)), \
                     unsealed AS (UPDATE idv_audit AS a SET block = NULL WHERE block = $1 \
                     AND EXISTS (SELECT 1 FROM idv_flows WHERE id = a.flow)) \
                     DELETE FROM idv_blocks WHERE number = $1";
    let removed = connection
        .execute(fixed(statement), &[whole(number)?.into()])
        .await
        .map_err(cannot("a block could not be removed"))?;
    Ok(removed > 0)
}
