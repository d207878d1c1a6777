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
    // The empty byte string sorts before every id.
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

pub(in crate::store) async fn unsealed(
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

/// Implements [`AuditStore`](crate::store::AuditStore) for a store with `read` and `write`. `$own`
/// has the statements that the databases word differently.
macro_rules! impl_audit {
    ($store:ty, $own:ident) => {
        #[async_trait::async_trait]
        impl $crate::store::AuditStore for $store {
            async fn audit(
                &self,
                after: Option<($crate::FlowId, u64)>,
                limit: usize,
            ) -> $crate::store::StoreResult<Vec<$crate::audit::AuditEntry>> {
                self.read((after, limit), |connection, (after, limit)| {
                    Box::pin($crate::store::sql::audit::page(connection, *after, *limit))
                })
                .await
            }

            async fn audit_of(
                &self,
                id: $crate::FlowId,
            ) -> $crate::store::StoreResult<Vec<$crate::audit::AuditEntry>> {
                self.read(id, |connection, id| {
                    Box::pin($crate::store::sql::audit::of_flow(connection, *id))
                })
                .await
            }

            async fn unsealed_entries(
                &self,
                limit: usize,
            ) -> $crate::store::StoreResult<Vec<$crate::audit::AuditEntry>> {
                self.read(limit, |connection, limit| {
                    Box::pin($crate::store::sql::audit::unsealed(connection, *limit))
                })
                .await
            }

            async fn add_block(
                &self,
                block: &$crate::audit::AuditBlock,
                entries: &[($crate::FlowId, u64)],
            ) -> $crate::store::StoreResult<bool> {
                let input = (block.clone(), entries.to_vec());
                self.write(input, |connection, (block, entries)| {
                    Box::pin($own::add_block(connection, block, entries))
                })
                .await
            }

            async fn blocks(
                &self,
                after: Option<u64>,
                limit: usize,
            ) -> $crate::store::StoreResult<Vec<$crate::audit::AuditBlock>> {
                self.read((after, limit), |connection, (after, limit)| {
                    Box::pin($crate::store::sql::audit::blocks(
                        connection, *after, *limit,
                    ))
                })
                .await
            }

            async fn last_block(
                &self,
            ) -> $crate::store::StoreResult<Option<$crate::audit::AuditBlock>> {
                self.read((), |connection, ()| {
                    Box::pin($crate::store::sql::audit::last_block(connection))
                })
                .await
            }

            async fn block_entries(
                &self,
                number: u64,
            ) -> $crate::store::StoreResult<Vec<$crate::audit::AuditEntry>> {
                self.read(number, |connection, number| {
                    Box::pin($crate::store::sql::audit::of_block(connection, *number))
                })
                .await
            }

            async fn remove_block(
                &self,
                number: u64,
                kept: &[$crate::FlowId],
            ) -> $crate::store::StoreResult<bool> {
                self.write((number, kept.to_vec()), |connection, (number, kept)| {
                    Box::pin($own::remove_block(connection, *number, kept))
                })
                .await
            }

            async fn replace_with_entry(
                &self,
                name: &str,
                old: &[u8],
                new: &[u8],
                entry: &$crate::audit::AuditEntry,
            ) -> $crate::store::StoreResult<bool> {
                let input = (name.to_owned(), old.to_vec(), new.to_vec(), entry.clone());
                self.write(input, |connection, (name, old, new, entry)| {
                    Box::pin($own::replace_with_entry(connection, name, old, new, entry))
                })
                .await
            }
        }
    };
}

pub(in crate::store) use impl_audit;
