//! Operations of one kind that are executed as one statement.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use sqlx::postgres::PgConnection;

use super::claims::LowMark;
use super::connector::Connector;
use crate::store::lanes::{Executor, Lane, Line, Reply, bounded};
use crate::store::sql::failure::{again, is_broken, is_refused};
use crate::store::{StoreError, StoreResult};

/// The maximum number of bytes of the operations of one statement, unless a single one has more.
const BYTES: usize = 4 << 20;

/// Operations of one kind.
pub(super) trait Batch: Send + Sync + Sized + 'static {
    type Output: Send + 'static;

    /// Whether the operations only read, and can be repeated.
    const READS: bool = false;

    /// Executes one statement for all operations, and returns the result of each. No two operations
    /// have the same key.
    fn execute(
        connection: &mut PgConnection,
        batch: &[Self],
    ) -> impl Future<Output = StoreResult<Vec<Self::Output>>> + Send;

    /// Returns the key of the row that the operation changes.
    fn key(&self) -> Option<&[u8]> {
        None
    }

    /// Returns the approximate number of bytes of the operation.
    fn size(&self) -> usize {
        0
    }

    /// Returns when the operation makes a flow due.
    fn due(&self) -> Option<i64> {
        None
    }
}

/// The handle of the task that executes operations of one kind.
pub(super) struct BatchLane<B: Batch>(Lane<(B, Reply<B::Output>)>);

impl<B: Batch> BatchLane<B> {
    pub(super) fn start(connector: &Connector, low: Arc<LowMark>) -> Self {
        Self(Lane::start(Batches {
            line: Line::new(connector.for_lane()),
            low,
            kind: std::marker::PhantomData::<fn(B)>,
        }))
    }

    pub(super) async fn run(&self, operation: B) -> StoreResult<B::Output> {
        self.0.run(|reply| (operation, reply)).await
    }

    pub(super) async fn close(&self) {
        self.0.close().await;
    }
}

struct Batches<B> {
    line: Line<Connector>,
    low: Arc<LowMark>,
    kind: std::marker::PhantomData<fn(B)>,
}

impl<B: Batch> Executor for Batches<B> {
    type Operation = (B, Reply<B::Output>);

    async fn execute(&mut self, batch: Vec<Self::Operation>) {
        for part in parts(batch.into_iter().filter(|(_, reply)| !reply.is_abandoned())) {
            let (operations, replies): (Vec<B>, Vec<_>) = part.into_iter().unzip();
            match self.statement(&operations).await {
                Ok(outputs) => replies
                    .into_iter()
                    .zip(outputs)
                    .for_each(|(reply, output)| reply.send(Ok(output))),
                // One operation was rejected, and none was executed. Each is tried separately.
                Err(error) if operations.len() > 1 && is_refused(&error) => {
                    for (operation, reply) in operations.iter().zip(replies) {
                        let outputs = self.statement(std::slice::from_ref(operation)).await;
                        reply.send(
                            outputs.and_then(|outputs| {
                                outputs.into_iter().next().ok_or_else(incomplete)
                            }),
                        );
                    }
                }
                Err(error) => replies
                    .into_iter()
                    .for_each(|reply| reply.send(Err(again(&error)))),
            }
        }
    }

    async fn close(self) {
        self.line.close().await;
    }
}

impl<B: Batch> Batches<B> {
    async fn statement(&mut self, operations: &[B]) -> StoreResult<Vec<B::Output>> {
        let result = match self.try_statement(operations).await {
            Err(error) if B::READS && is_broken(&error) => self.try_statement(operations).await,
            result => result,
        };
        if let Some(due) = operations.iter().filter_map(B::due).min() {
            // Also after a failure, since it is unknown whether the statement was executed.
            self.low.note(due);
        }
        result
    }

    async fn try_statement(&mut self, operations: &[B]) -> StoreResult<Vec<B::Output>> {
        let mut connection = self.line.take().await?;
        let result = bounded(
            self.line.connector(),
            B::execute(&mut connection, operations),
        )
        .await;
        if result.as_ref().map_or_else(is_refused, |_| true) {
            self.line.put_back(connection);
        }
        let outputs = result?;
        if outputs.len() == operations.len() {
            Ok(outputs)
        } else {
            Err(incomplete())
        }
    }
}

/// Splits a batch so that no part has two operations with one key or too many bytes.
fn parts<B: Batch, R>(batch: impl Iterator<Item = (B, R)>) -> Vec<Vec<(B, R)>> {
    let mut parts: Vec<Vec<(B, R)>> = Vec::new();
    let (mut keys, mut bytes) = (BTreeSet::<Vec<u8>>::new(), 0);
    for (operation, reply) in batch {
        let size = operation.size();
        let is_new = operation.key().is_none_or(|key| keys.insert(key.to_vec()));
        match parts.last_mut() {
            Some(part) if is_new && bytes + size <= BYTES => {
                part.push((operation, reply));
                bytes += size;
            }
            _ => {
                keys.clear();
                keys.extend(operation.key().map(<[u8]>::to_vec));
                bytes = size;
                parts.push(vec![(operation, reply)]);
            }
        }
    }
    parts
}

fn incomplete() -> StoreError {
    StoreError::new("the database did not answer for each operation")
}
