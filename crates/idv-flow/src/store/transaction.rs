//! New flows in a transaction of the application.

use async_trait::async_trait;

use super::sql::NewFlow;
use super::{Inserted, Record, StoreResult};
use crate::audit::AuditEntry;

/// A connection of the application, in a transaction of the engine's database, for
/// [`Engine::submit_in`](crate::Engine::submit_in).
///
/// `sqlx::PgConnection` and `sqlx::SqliteConnection` implement it, so a `&mut *transaction` of sqlx
/// does.
#[async_trait]
pub trait ApplicationTransaction: sealed::Sealed + Send {
    /// Adds a flow that is due at once, as [`FlowStore::insert`](super::FlowStore::insert) does,
    /// and commits nothing.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, roll the transaction back.
    #[doc(hidden)]
    async fn insert(&mut self, record: &Record, audit: &[AuditEntry]) -> StoreResult<Inserted>;
}

#[cfg(feature = "postgres")]
#[async_trait]
impl ApplicationTransaction for sqlx::PgConnection {
    async fn insert(&mut self, record: &Record, audit: &[AuditEntry]) -> StoreResult<Inserted> {
        super::postgres::insert_one(self, new(record, audit)).await
    }
}

#[cfg(feature = "sqlite")]
#[async_trait]
impl ApplicationTransaction for sqlx::SqliteConnection {
    async fn insert(&mut self, record: &Record, audit: &[AuditEntry]) -> StoreResult<Inserted> {
        super::sqlite::insert_one(self, new(record, audit)).await
    }
}

fn new(record: &Record, audit: &[AuditEntry]) -> NewFlow {
    NewFlow {
        record: record.clone(),
        lease: None,
        audit: audit.to_vec(),
    }
}

mod sealed {
    pub trait Sealed {}

    #[cfg(feature = "postgres")]
    impl Sealed for sqlx::PgConnection {}
    #[cfg(feature = "sqlite")]
    impl Sealed for sqlx::SqliteConnection {}
}
