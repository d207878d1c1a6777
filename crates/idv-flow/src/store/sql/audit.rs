//! The audit trail and its blocks.

use super::rows::{BlockRow, EntryRow, block, entry, entry_columns, limited, whole};
use super::{Sql, cannot, fixed};
use crate::audit::{AuditBlock, AuditEntry};
use crate::id::FlowId;
use crate::store::StoreResult;

pub(in crate::store) async fn page(
    connection: &mut impl Sql,
    after: Option<(FlowId, u64)>,
    limit: usize,
) -> StoreResult<Vec<AuditEntry>> {
    // Before every id are no bytes at all.
    let (id, number) = after.map_or_else(Default::default, |(id, number)| {
        (id.as_bytes().to_vec(), number)
    });
    let statement = concat!(
        "SELECT ",
        entry_columns!(),
        " FROM idv_audit WHERE (flow, number) > ($1, $2) ORDER BY flow, number LIMIT $3"
    );
    entries(
        connection
            .fetch(
                fixed(statement),
                &[
                    (&id[..]).into(),
                    whole(number)?.into(),
                    limited(limit).into(),
                ],
            )
            .await,
    )
}

pub(in crate::store) async fn of_flow(
    connection: &mut impl Sql,
    id: FlowId,
) -> StoreResult<Vec<AuditEntry>> {
    let statement = concat!(
        "SELECT ",
        entry_columns!(),
        " FROM idv_audit WHERE flow = $1 ORDER BY number"
    );
    entries(
        connection
            .fetch(fixed(statement), &[(&id.as_bytes()[..]).into()])
            .await,
    )
}

pub(in crate::store) async fn loose(
    connection: &mut impl Sql,
    limit: usize,
) -> StoreResult<Vec<AuditEntry>> {
    let statement = concat!(
        "SELECT ",
        entry_columns!(),
        " FROM idv_audit WHERE block IS NULL ORDER BY flow, number LIMIT $1"
    );
    entries(
        connection
            .fetch(fixed(statement), &[limited(limit).into()])
            .await,
    )
}

pub(in crate::store) async fn of_block(
    connection: &mut impl Sql,
    number: u64,
) -> StoreResult<Vec<AuditEntry>> {
    let statement = concat!(
        "SELECT ",
        entry_columns!(),
        " FROM idv_audit WHERE block = $1 ORDER BY flow, number"
    );
    entries(
        connection
            .fetch(fixed(statement), &[whole(number)?.into()])
            .await,
    )
}

pub(in crate::store) async fn blocks(
    connection: &mut impl Sql,
    after: Option<u64>,
    limit: usize,
) -> StoreResult<Vec<AuditBlock>> {
    let statement = "SELECT number, at, entries, previous, hash FROM idv_blocks WHERE number > $1 ORDER BY number LIMIT $2";
    let rows = connection
        .fetch::<BlockRow>(
            fixed(statement),
            &[after.map_or(Ok(-1), whole)?.into(), limited(limit).into()],
        )
        .await;
    rows.map_err(cannot("blocks could not be read"))?
        .into_iter()
        .map(block)
        .collect()
}

pub(in crate::store) async fn last_block(
    connection: &mut impl Sql,
) -> StoreResult<Option<AuditBlock>> {
    let statement =
        "SELECT number, at, entries, previous, hash FROM idv_blocks ORDER BY number DESC LIMIT 1";
    let rows = connection
        .fetch::<BlockRow>(fixed(statement), &[])
        .await
        .map_err(cannot("blocks could not be read"))?;
    rows.into_iter().next().map(block).transpose()
}

fn entries(rows: sqlx::Result<Vec<EntryRow>>) -> StoreResult<Vec<AuditEntry>> {
    rows.map_err(cannot("the audit trail could not be read"))?
        .into_iter()
        .map(entry)
        .collect()
}
