//! Evidence, in parts.

use super::{Sql, cannot, fixed};
use crate::id::FlowId;
use crate::store::{EvidencePart, StoreError, StoreResult};

pub(in crate::store) async fn put(
    connection: &mut impl Sql,
    part: EvidencePart,
    body: &[u8],
) -> StoreResult<()> {
    let statement = "INSERT INTO idv_evidence (flow, item, part, body) VALUES ($1, $2, $3, $4) \
                     ON CONFLICT (flow, item, part) DO UPDATE SET body = excluded.body";
    let values = [
        part.flow.as_bytes()[..].into(),
        i64::from(part.item).into(),
        i64::from(part.part).into(),
        body.into(),
    ];
    connection
        .execute(fixed(statement), &values)
        .await
        .map(drop)
        .map_err(cannot("evidence could not be stored"))
}

pub(in crate::store) async fn read(
    connection: &mut impl Sql,
    part: EvidencePart,
) -> StoreResult<Option<Vec<u8>>> {
    let statement = "SELECT body FROM idv_evidence WHERE flow = $1 AND item = $2 AND part = $3";
    let values = [
        part.flow.as_bytes()[..].into(),
        i64::from(part.item).into(),
        i64::from(part.part).into(),
    ];
    let rows: Vec<(Vec<u8>,)> = connection
        .fetch(fixed(statement), &values)
        .await
        .map_err(cannot("evidence could not be read"))?;
    Ok(rows.into_iter().next().map(|(body,)| body))
}

pub(in crate::store) async fn list(
    connection: &mut impl Sql,
    flow: FlowId,
) -> StoreResult<Vec<EvidencePart>> {
    let statement = "SELECT item, part FROM idv_evidence WHERE flow = $1 ORDER BY item, part";
    let rows: Vec<(i64, i64)> = connection
        .fetch(fixed(statement), &[flow.as_bytes()[..].into()])
        .await
        .map_err(cannot("evidence could not be listed"))?;
    let number = |number| {
        u32::try_from(number).map_err(|_| StoreError::new("unexpected row format in the store"))
    };
    rows.into_iter()
        .map(|(item, part)| Ok(EvidencePart::new(flow, number(item)?, number(part)?)))
        .collect()
}

pub(in crate::store) async fn erase(
    connection: &mut impl Sql,
    flow: FlowId,
    item: Option<u32>,
) -> StoreResult<()> {
    let statement = "DELETE FROM idv_evidence WHERE flow = $1 AND item BETWEEN $2 AND $3";
    let (first, last) = item.map_or((0, u32::MAX), |item| (item, item));
    let values = [
        flow.as_bytes()[..].into(),
        i64::from(first).into(),
        i64::from(last).into(),
    ];
    connection
        .execute(fixed(statement), &values)
        .await
        .map(drop)
        .map_err(cannot("evidence could not be erased"))
}
