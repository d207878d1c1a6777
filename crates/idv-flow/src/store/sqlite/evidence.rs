//! Evidence in the file.

use async_trait::async_trait;
use futures_util::FutureExt as _;

use super::SqliteStore;
use crate::id::FlowId;
use crate::store::sql::evidence;
use crate::store::{EvidencePart, EvidenceStore, StoreResult};

#[async_trait]
impl EvidenceStore for SqliteStore {
    async fn put_part(&self, part: EvidencePart, body: &[u8]) -> StoreResult<()> {
        let input = (part, body.to_vec());
        self.0
            .writer
            .run(input, |connection, (part, body)| {
                evidence::put(connection, *part, body).boxed()
            })
            .await
    }

    async fn part(&self, part: EvidencePart) -> StoreResult<Option<Vec<u8>>> {
        self.0
            .readers
            .read(part, |connection, part| {
                evidence::read(connection, *part).boxed()
            })
            .await
    }

    async fn parts(&self, flow: FlowId) -> StoreResult<Vec<EvidencePart>> {
        self.0
            .readers
            .read(flow, |connection, flow| {
                evidence::list(connection, *flow).boxed()
            })
            .await
    }

    async fn erase_parts(&self, flow: FlowId, item: Option<u32>) -> StoreResult<()> {
        let writer = &self.0.writer;
        writer
            .run_erasing(true, (flow, item), |connection, (flow, item)| {
                evidence::erase(connection, *flow, *item).boxed()
            })
            .await
    }
}
