//! What the stores over SQL share: the statements, which both databases understand, how rows become records and back, and what of a
//! failure may be told.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use sqlx::SqlSafeStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use super::{EventCursor, LookupKey, Message, PendingEvent, Phase, Record, StoreError, StoreResult, from_microseconds};
use crate::audit::{AuditBlock, AuditEntry, AuditHead};
use crate::id::FlowId;
use crate::machine::event::Event;

/// The columns of a flow, as [`FlowRow`] has them.
macro_rules! flow_columns {
    () => {
        "id, provider, account, tenant, version, phase, phase_since, attention, due, created_at, reference, vendor, application_key, \
         audit_count, audit_hash, body"
    };
}

/// The columns of a message, as [`MessageRow`] has them.
macro_rules! message_columns {
    () => {
        "digest, account, received_at, due, tries, attention, flow, body"
    };
}

/// The columns of an entry, as [`EntryRow`] has them.
macro_rules! entry_columns {
    () => {
        "flow, number, at, event, previous, hash"
    };
}

pub(super) use {entry_columns, flow_columns, message_columns};

pub(super) type FlowRow = (
    Vec<u8>,
    String,
    String,
    Option<String>,
    i64,
    String,
    i64,
    Option<String>,
    Option<i64>,
    i64,
    Vec<u8>,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    i64,
    Vec<u8>,
    Vec<u8>,
);

pub(super) fn flow(row: FlowRow) -> StoreResult<Record> {
    let (
        id,
        provider,
        account,
        tenant,
        version,
        phase,
        phase_since,
        attention,
        due,
        created_at,
        reference,
        vendor,
        application_key,
        audit_count,
        audit_hash,
        body,
    ) = row;
    let key = |key: Option<Vec<u8>>| key.map(|key| lookup_key(&key)).transpose();
    Ok(Record {
        id: flow_id(&id)?,
        provider,
        account,
        tenant,
        version: count(version)?,
        phase: Phase::named(&phase).ok_or_else(foreign)?,
        phase_since: time(phase_since)?,
        attention,
        due: due.map(time).transpose()?,
        created_at: time(created_at)?,
        reference: lookup_key(&reference)?,
        vendor: key(vendor)?,
        application_key: key(application_key)?,
        audit: AuditHead { count: count(audit_count)?, hash: bytes(&audit_hash)? },
        body,
    })
}

pub(super) type MessageRow = (Vec<u8>, String, i64, Option<i64>, i64, Option<String>, Option<Vec<u8>>, Vec<u8>);

pub(super) fn message(row: MessageRow) -> StoreResult<Message> {
    let (digest, account, received_at, due, tries, attention, flow, body) = row;
    Ok(Message {
        digest: bytes(&digest)?,
        account,
        received_at: time(received_at)?,
        due: due.map(time).transpose()?,
        tries: u32::try_from(tries).map_err(|_| foreign())?,
        attention,
        flow: flow.map(|flow| flow_id(&flow)).transpose()?,
        body,
    })
}

pub(super) type EntryRow = (Vec<u8>, i64, i64, String, Vec<u8>, Vec<u8>);

pub(super) fn entry(row: EntryRow) -> StoreResult<AuditEntry> {
    let (flow, number, at, event, previous, hash) = row;
    Ok(AuditEntry {
        flow: flow_id(&flow)?,
        number: count(number)?,
        at: time(at)?,
        event,
        previous: bytes(&previous)?,
        hash: bytes(&hash)?,
    })
}

pub(super) type BlockRow = (i64, i64, i64, Vec<u8>, Vec<u8>);

pub(super) fn block(row: BlockRow) -> StoreResult<AuditBlock> {
    let (number, at, entries, previous, hash) = row;
    Ok(AuditBlock {
        number: count(number)?,
        at: time(at)?,
        entries: count(entries)?,
        previous: bytes(&previous)?,
        hash: bytes(&hash)?,
    })
}

/// The columns of an event, as [`EventRow`] has them.
macro_rules! event_columns {
    () => {
        "flow, sequence, at, provider, account, tenant, event"
    };
}
pub(super) use event_columns;

pub(super) type EventRow = (Vec<u8>, i64, i64, String, String, Option<String>, String);

pub(super) fn event((flow, sequence, at, provider, account, tenant, kind): EventRow) -> StoreResult<Event> {
    Ok(Event {
        flow: flow_id(&flow)?,
        sequence: count(sequence)?,
        at: time(at)?,
        provider,
        account,
        tenant,
        kind: serde_json::from_str(&kind).map_err(|_| foreign())?,
    })
}

pub(super) type PlacedEventRow = (i64, i64, Vec<u8>, i64, i64, String, String, Option<String>, String);

pub(super) fn placed_event(row: PlacedEventRow) -> StoreResult<(EventCursor, Event)> {
    let (transaction, position, flow, sequence, at, provider, account, tenant, kind) = row;
    let event = event((flow, sequence, at, provider, account, tenant, kind))?;
    Ok((EventCursor::new(count(transaction)?, count(position)?), event))
}

pub(super) type PendingEventRow = (i64, Vec<u8>, i64, i64, String, String, Option<String>, String);

pub(super) fn pending_event(row: PendingEventRow) -> StoreResult<PendingEvent> {
    let (tries, flow, sequence, at, provider, account, tenant, kind) = row;
    let event = event((flow, sequence, at, provider, account, tenant, kind))?;
    Ok(PendingEvent::new(event, u32::try_from(tries).map_err(|_| foreign())?))
}

pub(super) fn flow_id(id: &[u8]) -> StoreResult<FlowId> {
    bytes(id).map(FlowId::from_bytes)
}

pub(super) fn lookup_key(key: &[u8]) -> StoreResult<LookupKey> {
    bytes(key).map(LookupKey)
}

pub(super) fn time(microseconds: i64) -> StoreResult<Timestamp> {
    from_microseconds(microseconds).ok_or_else(foreign)
}

fn bytes<const N: usize>(bytes: &[u8]) -> StoreResult<[u8; N]> {
    bytes.try_into().map_err(|_| foreign())
}

fn count(number: i64) -> StoreResult<u64> {
    u64::try_from(number).map_err(|_| foreign())
}

fn foreign() -> StoreError {
    StoreError::new("a row of the store is not as this program writes it")
}

/// A number for a column.
pub(super) fn whole(number: u64) -> StoreResult<i64> {
    i64::try_from(number).map_err(|_| StoreError::new("a number is too large for the store"))
}

/// How many rows a statement writes at most. Both databases count the values of a statement, SQLite up to 32,766.
pub(super) const ROWS_OF_A_STATEMENT: usize = 2_000;

/// Whether something was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Erased {
    /// Something of a flow, or the body of a message.
    Something,
    /// Nothing now; but it may be time to see to what was erased before.
    Nothing,
}

/// A limit for a statement; what is beyond what a statement can say is no limit.
pub(super) fn limited(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// The migrations of one database, in a table that no other program's migrations use. Whoever runs them holds a lock on the database:
/// the migrator's own is not let go where it fails.
pub(super) fn migrator(files: &[(i64, &'static str, &'static str)]) -> Migrator {
    let migration = |(version, name, text): &(i64, &'static str, &'static str)| {
        Migration::new(*version, Cow::Borrowed(*name), MigrationType::Simple, text.into_sql_str(), false)
    };
    let mut migrator = Migrator::with_migrations(files.iter().map(migration).collect());
    migrator.set_locking(false);
    migrator.dangerous_set_table_name("idv_migrations");
    migrator
}

/// Why the tables cannot be brought up to date.
pub(super) fn not_migrated(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(_) => {
            StoreError::new("the store's tables were made by a newer version of this program: use that one, or a later one")
        }
        MigrateError::VersionMismatch(_) => {
            StoreError::new("the store's tables were made by another program, or changed by hand")
        }
        MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => cannot("make the store's tables")(source),
        _ => StoreError::new("the store's tables could not be brought up to date"),
    }
}

/// Makes a failure of a database one of ours.
pub(super) fn cannot(what: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |error| StoreError::new(what).with_source(Failure::from(error))
}

/// What of a database's failure may be told: what kind it is, never its text, since that may quote what is stored or where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// The database refused: its code for why, and the constraint that was hurt.
    Refused { code: String, constraint: Option<String> },
    /// The connection failed.
    Connection(std::io::ErrorKind),
    /// Something else, in words.
    Other(&'static str),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => Self::Refused {
                code: error.code().map_or_else(|| "unknown".to_owned(), Cow::into_owned),
                // Names of constraints are ours.
                constraint: error.constraint().map(str::to_owned),
            },
            sqlx::Error::Io(error) => Self::Connection(error.kind()),
            sqlx::Error::Configuration(_) => Self::Other("the address of the database is not valid"),
            sqlx::Error::Tls(_) => Self::Other("no TLS connection to the database could be made"),
            sqlx::Error::Protocol(_) => Self::Other("the database did not keep to its protocol"),
            sqlx::Error::PoolTimedOut => Self::Other("no connection to the database became free in time"),
            sqlx::Error::PoolClosed => Self::Other("the store was closed"),
            sqlx::Error::WorkerCrashed => Self::Other("the database's thread has ended"),
            sqlx::Error::BeginFailed | sqlx::Error::InvalidSavePointStatement => Self::Other("no transaction could be begun"),
            sqlx::Error::RowNotFound => Self::Other("a row is missing"),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Other("a column is not of its type"),
            _ => Self::Other("the database's driver failed"),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { code, constraint: None } => write!(f, "the database refused with code {code}"),
            Self::Refused { code, constraint: Some(constraint) } => {
                write!(f, "the database refused with code {code}, for the constraint {constraint}")
            }
            Self::Connection(kind) => write!(f, "the connection to the database failed: {kind}"),
            Self::Other(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn a_failure_tells_its_kind_and_not_its_text() {
        let secret = "postgres://user:hunter2@host";
        for error in [
            sqlx::Error::Configuration(secret.into()),
            sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::ConnectionRefused, secret)),
            sqlx::Error::Tls(secret.into()),
            sqlx::Error::Protocol(secret.to_owned()),
            sqlx::Error::InvalidArgument(secret.to_owned()),
            sqlx::Error::ColumnDecode { index: "0".to_owned(), source: secret.into() },
        ] {
            let error = cannot("do it")(error);
            let told = format!("{error} {error:?} {}", error.source().map(ToString::to_string).unwrap_or_default());
            assert!(!told.contains("hunter2"), "{told}");
            assert!(error.source().is_some_and(|source| !source.to_string().is_empty()));
        }
    }

    #[test]
    fn a_row_that_is_not_ours_is_an_error() {
        assert!(time(i64::MAX).is_err());
        assert!(time(i64::MIN).is_err());
        assert!(flow_id(&[0; 15]).is_err());
        assert!(count(-1).is_err());
        assert!(whole(u64::MAX).is_err());
        assert!(block((1, 0, 0, vec![0; 31], vec![0; 32])).is_err());
        assert!(message((vec![0; 32], String::new(), 0, None, 1 << 40, None, None, Vec::new())).is_err());
    }
}
