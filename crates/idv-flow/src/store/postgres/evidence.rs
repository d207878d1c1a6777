//! Evidence in the database.

use async_trait::async_trait;
use futures_util::FutureExt as _;

use super::PostgresStore;
use crate::id::FlowId;
use crate::store::sql::evidence;
use crate::store::{EvidencePart, EvidenceStore, StoreResult};

#[async_trait]
impl EvidenceStore for PostgresStore {
    async fn put_part(&self, part: EvidencePart, body: &[u8]) -> StoreResult<()> {
        self.0
            .others
            .write((part, body), |connection, (part, body)| {
                evidence::put(connection, *part, body).boxed()
            })
            .await
    }

    async fn part(&self, part: EvidencePart) -> StoreResult<Option<Vec<u8>>> {
        self.0
            .others
            .read(part, |connection, part| {
                evidence::read(connection, *part).boxed()
            })
            .await
    }

    async fn parts(&self, flow: FlowId) -> StoreResult<Vec<EvidencePart>> {
        self.0
            .others
            .read(flow, |connection, flow| {
                evidence::list(connection, *flow).boxed()
            })
            .await
    }

    async fn erase_parts(&self, flow: FlowId, item: Option<u32>) -> StoreResult<()> {
        self.0
            .others
            .write((flow, item), |connection, (flow, item)| {
                evidence::erase(connection, *flow, *item).boxed()
            })
            .await
    }
}
