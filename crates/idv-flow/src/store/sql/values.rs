//! Named values.

use super::{Sql, cannot, fixed};
use crate::store::StoreResult;

pub(in crate::store) async fn remember(
    connection: &mut impl Sql,
    name: &str,
    value: &[u8],
) -> StoreResult<Vec<u8>> {
    let statement =
        "INSERT INTO idv_values (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    connection
        .execute(fixed(statement), &[name.into(), value.into()])
        .await
        .map_err(cannot("a value could not be stored"))?;
    // No statement removes a value, so there is one now.
    read(connection, name).await.map(Option::unwrap_or_default)
}

pub(in crate::store) async fn read(
    connection: &mut impl Sql,
    name: &str,
) -> StoreResult<Option<Vec<u8>>> {
    let rows: Vec<(Vec<u8>,)> = connection
        .fetch(
            fixed("SELECT value FROM idv_values WHERE name = $1"),
            &[name.into()],
        )
        .await
        .map_err(cannot("a value could not be read"))?;
    Ok(rows.into_iter().next().map(|(value,)| value))
}

pub(in crate::store) async fn replace(
    connection: &mut impl Sql,
    name: &str,
    old: &[u8],
    new: &[u8],
) -> StoreResult<bool> {
    let statement = "UPDATE idv_values SET value = $3 WHERE name = $1 AND value = $2";
    let changed = connection
        .execute(fixed(statement), &[name.into(), old.into(), new.into()])
        .await;
    Ok(changed.map_err(cannot("a value could not be replaced"))? > 0)
}
