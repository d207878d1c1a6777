//! Delegation to another store.

/// Implements subjects of a [`Store`](crate::store::Store) for a wrapper by calling another store.
///
/// A wrapper that changes one subject writes that trait itself and delegates the others. The
/// expression names the other store and may contain `.await?`, except for `Store` itself. An
/// optional function receives each call as a future and returns its output, to do something before
/// or after it.
///
/// ```
/// use idv_flow::delegate_store;
/// use idv_flow::store::MemoryStore;
///
/// #[derive(Debug)]
/// struct Timed(MemoryStore);
///
/// async fn timed<T>(call: impl Future<Output = T>) -> T {
///     let began = std::time::Instant::now();
///     let output = call.await;
///     println!("{:?}", began.elapsed());
///     output
/// }
///
/// delegate_store!(Store, FlowStore, AuditStore for Timed, |this| this.0);
/// delegate_store!(Inbox, Outbox, TimerStore for Timed, |this| this.0, timed);
/// ```
#[macro_export]
macro_rules! delegate_store {
    ($($subject:ident),+ for $wrapper:ty, |$this:ident| $store:expr) => {
        $crate::delegate_store!(
            $($subject),+ for $wrapper, |$this| $store, ::core::convert::identity
        );
    };
    ($($subject:ident),+ for $wrapper:ty, |$this:ident| $store:expr, $around:expr) => {
        $($crate::delegate_store!(@$subject $wrapper, $this, $store, $around);)+
    };
    (@FlowStore $wrapper:ty, $this:ident, $store:expr, $around:expr) => {
        $crate::delegate_store!(
            @impl FlowStore for $wrapper, $this, $store, $around;
            fn insert(record: &Record, lease: Option<Timestamp>, audit: &[AuditEntry]) -> StoreResult<Inserted>;
            fn load(id: FlowId) -> StoreResult<Option<Record>>;
            fn commit(commit: &Commit<'_>) -> StoreResult<Committed>;
            fn purge(record: &Record, audit: &[AuditEntry]) -> StoreResult<Committed>;
            fn reports(id: FlowId) -> StoreResult<Option<Vec<u8>>>;
            fn claim(now: Timestamp, until: Timestamp, limit: usize, accounts: &[&str]) -> StoreResult<Vec<Record>>;
            fn locate(keys: &[LookupKey]) -> StoreResult<Vec<(LookupKey, FlowId)>>;
            fn list(filter: &Filter, after: Option<ListCursor>, limit: usize) -> StoreResult<Vec<Record>>;
            fn others_due(accounts: &[&str], now: Timestamp) -> StoreResult<Vec<String>>;
            {}
        );
    };
    (@Inbox $wrapper:ty, $this:ident, $store:expr, $around:expr) => {
        $crate::delegate_store!(
            @impl Inbox for $wrapper, $this, $store, $around;
            fn push(message: &Message, forgotten: Timestamp) -> StoreResult<Pushed>;
            fn claim_inbox(now: Timestamp, until: Timestamp, limit: usize, accounts: &[&str]) -> StoreResult<Vec<Message>>;
            fn finish(digest: &[u8; 32], end: &MessageEnd) -> StoreResult<()>;
            fn parked(after: Option<(Timestamp, [u8; 32])>, limit: usize) -> StoreResult<Vec<Message>>;
            fn parked_count(account: &str) -> StoreResult<u64>;
            fn wake_parked(flow: Option<FlowId>, now: Timestamp) -> StoreResult<u64>;
            fn purge_inbox(before: Timestamp, limit: usize) -> StoreResult<u64>;
            {}
        );
    };
    (@Outbox $wrapper:ty, $this:ident, $store:expr, $around:expr) => {
        $crate::delegate_store!(
            @impl Outbox for $wrapper, $this, $store, $around;
            fn events(after: Option<EventCursor>, limit: usize) -> StoreResult<Vec<(EventCursor, Event)>>;
            fn event(flow: FlowId, sequence: u64) -> StoreResult<Option<Event>>;
            fn claim_events(now: Timestamp, until: Timestamp, limit: usize) -> StoreResult<Vec<PendingEvent>>;
            fn finish_event(flow: FlowId, sequence: u64, again: Option<Timestamp>) -> StoreResult<()>;
            fn late_events(tries: u32, limit: usize) -> StoreResult<Vec<PendingEvent>>;
            fn purge_events(before: Timestamp, limit: usize) -> StoreResult<u64>;
            {}
        );
    };
    (@TimerStore $wrapper:ty, $this:ident, $store:expr, $around:expr) => {
        $crate::delegate_store!(
            @impl TimerStore for $wrapper, $this, $store, $around;
            fn set_timer(name: &str, due: Timestamp) -> StoreResult<()>;
            fn claim_timers(now: Timestamp, until: Timestamp, names: &[&str]) -> StoreResult<Vec<String>>;
            fn reschedule_timer(name: &str, due: Timestamp) -> StoreResult<()>;
            fn next_due(accounts: &[&str], timers: &[&str]) -> StoreResult<Option<Timestamp>>;
            {}
        );
    };
    (@AuditStore $wrapper:ty, $this:ident, $store:expr, $around:expr) => {
        $crate::delegate_store!(
            @impl AuditStore for $wrapper, $this, $store, $around;
            fn audit(after: Option<(FlowId, u64)>, limit: usize) -> StoreResult<Vec<AuditEntry>>;
            fn audit_of(id: FlowId) -> StoreResult<Vec<AuditEntry>>;
            fn unsealed_entries(limit: usize) -> StoreResult<Vec<AuditEntry>>;
            fn add_block(block: &AuditBlock, entries: &[(FlowId, u64)]) -> StoreResult<bool>;
            fn blocks(after: Option<u64>, limit: usize) -> StoreResult<Vec<AuditBlock>>;
            fn last_block() -> StoreResult<Option<AuditBlock>>;
            fn block_entries(number: u64) -> StoreResult<Vec<AuditEntry>>;
            fn remove_block(number: u64, kept: &[FlowId]) -> StoreResult<bool>;
            fn replace_with_entry(name: &str, old: &[u8], new: &[u8], entry: &AuditEntry) -> StoreResult<bool>;
            {}
        );
    };
    (@Store $wrapper:ty, $this:ident, $store:expr, $around:expr) => {
        $crate::delegate_store!(
            @impl Store for $wrapper, $this, $store, $around;
            fn migrate() -> StoreResult<()>;
            fn remember(name: &str, value: &[u8]) -> StoreResult<Vec<u8>>;
            fn value(name: &str) -> StoreResult<Option<Vec<u8>>>;
            fn replace(name: &str, old: &[u8], new: &[u8]) -> StoreResult<bool>;
            fn backlog(with_events: bool) -> StoreResult<Backlog>;
            fn server_time() -> StoreResult<Option<Timestamp>>;
            fn hint() -> ();
            {
                fn evidence_store(&self) -> Option<&dyn EvidenceStore> {
                    let $this = self;
                    $store.evidence_store()
                }
            }
        );
    };
    (
        @impl $subject:ident for $wrapper:ty, $this:ident, $store:expr, $around:expr;
        $(fn $method:ident($($argument:ident: $type:ty),*) -> $output:ty;)*
        { $($item:item)* }
    ) => {
        const _: () = {
            use $crate::store::__delegate::*;

            #[async_trait]
            impl $subject for $wrapper {
                $(async fn $method(&self, $($argument: $type),*) -> $output {
                    let $this = self;
                    ($around)($store.$method($($argument),*)).await
                })*
                $($item)*
            }
        };
    };
}

/// The names that the macro's output needs.
#[doc(hidden)]
pub mod names {
    pub use async_trait::async_trait;
    pub use jiff::Timestamp;

    pub use crate::audit::{AuditBlock, AuditEntry};
    pub use crate::store::{
        AuditStore, Backlog, Commit, Committed, EventCursor, EvidenceStore, Filter, FlowStore,
        Inbox, Inserted, ListCursor, LookupKey, Message, MessageEnd, Outbox, PendingEvent, Pushed,
        Record, Store, StoreResult, TimerStore,
    };
    pub use crate::{Event, FlowId};
}
