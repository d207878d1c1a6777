//! The statements for evidence of the stores over SQL, once for both databases.

/// Implements [`EvidenceStore`](super::EvidenceStore) for a store over SQL, which has `readers()`, `writer()` and `erased(Erased)` as for
/// its other statements. It is invoked in a module within that of the store.
macro_rules! implement_evidence_store {
    ($store:ty) => {
        #[async_trait::async_trait]
        impl EvidenceStore for $store {
            async fn put_part(&self, part: EvidencePart, body: &[u8]) -> StoreResult<()> {
                query(
                    "INSERT INTO idv_evidence (flow, item, part, body) VALUES ($1, $2, $3, $4) \
                     ON CONFLICT (flow, item, part) DO UPDATE SET body = excluded.body",
                )
                .bind(&part.flow.as_bytes()[..])
                .bind(i64::from(part.item))
                .bind(i64::from(part.part))
                .bind(body)
                .execute(self.writer())
                .await
                .map_err(cannot("evidence could not be stored"))?;
                Ok(())
            }

            async fn part(&self, part: EvidencePart) -> StoreResult<Option<Vec<u8>>> {
                query_scalar("SELECT body FROM idv_evidence WHERE flow = $1 AND item = $2 AND part = $3")
                    .bind(&part.flow.as_bytes()[..])
                    .bind(i64::from(part.item))
                    .bind(i64::from(part.part))
                    .fetch_optional(self.readers())
                    .await
                    .map_err(cannot("evidence could not be read"))
            }

            async fn parts(&self, flow: FlowId) -> StoreResult<Vec<EvidencePart>> {
                let rows: Vec<(i64, i64)> = query_as("SELECT item, part FROM idv_evidence WHERE flow = $1 ORDER BY item, part")
                    .bind(&flow.as_bytes()[..])
                    .fetch_all(self.readers())
                    .await
                    .map_err(cannot("evidence could not be listed"))?;
                rows.into_iter().map(|row| part_of_row(flow, row)).collect()
            }

            async fn erase_parts(&self, flow: FlowId, item: Option<u32>) -> StoreResult<()> {
                query("DELETE FROM idv_evidence WHERE flow = $1 AND ($2 IS NULL OR item = $2)")
                    .bind(&flow.as_bytes()[..])
                    .bind(item.map(i64::from))
                    .execute(self.writer())
                    .await
                    .map_err(cannot("evidence could not be erased"))?;
                self.erased(Erased::Something).await;
                Ok(())
            }
        }
    };
}

pub(in crate::store) use implement_evidence_store;
