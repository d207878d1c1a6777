//! The statements for the audit trail that SQLite words differently than PostgreSQL.

use sqlx::sqlite::SqliteConnection;

use crate::audit::{AuditBlock, AuditEntry};
use crate::id::FlowId;
use crate::store::sql::rows::{entry_columns, whole};
use crate::store::sql::{Script, Sql as _, built, cannot, fixed, values};
use crate::store::{StoreError, StoreResult};

/// The maximum number of rows that a statement writes: SQLite allows 32,766 values in a statement.
const ROWS_OF_A_STATEMENT: usize = 2_000;

/// Adds entries to the audit trail.
pub(super) fn add_entries<'v>(
    script: &mut Script<'v>,
    entries: &'v [AuditEntry],
) -> StoreResult<()> {
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
            "an entry of the block is missing or already in a block",
        ));
    }
    Ok(true)
}

pub(super) async fn remove_block(
    connection: &mut SqliteConnection,
    number: u64,
    kept: &[FlowId],
) -> StoreResult<bool> {
    let failed = || cannot("a block could not be removed");
    let number = whole(number)?;
    let removed = connection
        .execute(
            fixed("DELETE FROM idv_blocks WHERE number = $1"),
            &[number.into()],
        )
        .await
        .map_err(failed())?;
    let kept: Vec<String> = kept.iter().map(FlowId::to_string).collect();
    let statement = "DELETE FROM idv_audit WHERE block = $1 AND flow NOT IN (SELECT id FROM idv_flows) \
                     AND flow NOT IN (SELECT unhex(value) FROM json_each($2)); \
                     UPDATE idv_audit SET block = NULL WHERE block = $1";
    connection
        .execute(fixed(statement), &[number.into(), (&kept[..]).into()])
        .await
        .map_err(failed())?;
    Ok(removed > 0)
}

pub(super) async fn replace_with_entry(
    connection: &mut SqliteConnection,
    name: &str,
    old: &[u8],
    new: &[u8],
    entry: &AuditEntry,
) -> StoreResult<bool> {
    if !values::replace(connection, name, old, new).await? {
        return Ok(false);
    }
    let mut script = Script::default();
    add_entries(&mut script, std::slice::from_ref(entry))?;
    connection
        .execute(built(script.sql), &script.values)
        .await
        .map_err(cannot("a value could not be replaced"))?;
    Ok(true)
}
