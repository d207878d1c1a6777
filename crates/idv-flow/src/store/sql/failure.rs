//! Failures of a database, in words that do not reveal stored data.

use std::borrow::Cow;
use std::fmt;

use crate::store::StoreError;

/// Converts a failure of a database.
pub(in crate::store) fn cannot(what: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |error| StoreError::new(what).with_source(Failure::from(error))
}

/// Returns whether the connection failed and not the statement. Then it is unknown whether the
/// statement was executed.
pub(in crate::store) fn is_broken(error: &StoreError) -> bool {
    matches!(
        beneath(error),
        Some(Failure::Connection(_) | Failure::Other(_))
    ) || matches!(beneath(error), Some(Failure::Refused { code, .. }) if ["57P01", "57P02", "57P03"].contains(&code.as_str()))
}

/// Returns whether the database rejected the statement and changed nothing. Another operation can
/// succeed.
pub(in crate::store) fn is_refused(error: &StoreError) -> bool {
    match beneath(error) {
        // PostgreSQL: data, integrity, rollback for another transaction, syntax. SQLite: error, too
        // big, constraint, mismatch.
        Some(Failure::Refused { code, .. }) => match code.parse::<u32>() {
            Ok(number) if code.len() < 5 => [1, 18, 19, 20].contains(&(number & 0xff)),
            _ => ["22", "23", "40", "42"]
                .iter()
                .any(|class| code.starts_with(class)),
        },
        Some(_) => false,
        None => true,
    }
}

/// Copies a failure for another operation.
pub(in crate::store) fn again(error: &StoreError) -> StoreError {
    let copy = StoreError::new(error.what);
    match beneath(error) {
        Some(failure) => copy.with_source(failure.clone()),
        None => copy,
    }
}

/// Returns the code with which the database rejected a statement.
pub(in crate::store) fn code(error: &StoreError) -> Option<&str> {
    match beneath(error) {
        Some(Failure::Refused { code, .. }) => Some(code),
        _ => None,
    }
}

fn beneath(error: &StoreError) -> Option<&Failure> {
    error
        .source
        .as_ref()
        .and_then(|source| source.downcast_ref())
}

/// The kind of a database's failure. The failure's text is dropped, since it may quote stored data
/// or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) enum Failure {
    /// The database rejected the statement: its code, and the violated constraint.
    Refused {
        code: String,
        constraint: Option<String>,
    },
    /// The connection failed.
    Connection(std::io::ErrorKind),
    /// Another failure, in words.
    Other(&'static str),
}

impl Failure {
    #[cfg(feature = "postgres")]
    pub(in crate::store) const fn is_connection(&self) -> bool {
        matches!(self, Self::Connection(_))
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => Self::Refused {
                code: error
                    .code()
                    .map_or_else(|| "unknown".to_owned(), Cow::into_owned),
                // The names of constraints come from the migrations.
                constraint: error.constraint().map(str::to_owned),
            },
            sqlx::Error::Io(error) => Self::Connection(error.kind()),
            sqlx::Error::Configuration(_) => Self::Other("invalid address of the database"),
            sqlx::Error::Tls(_) => Self::Other("the TLS connection to the database failed"),
            sqlx::Error::Protocol(_) => Self::Other("the database violated its protocol"),
            sqlx::Error::PoolTimedOut => {
                Self::Other("timed out waiting for a connection to the database")
            }
            sqlx::Error::PoolClosed => Self::Other("the store was closed"),
            sqlx::Error::WorkerCrashed => Self::Other("the database's thread has ended"),
            sqlx::Error::BeginFailed | sqlx::Error::InvalidSavePointStatement => {
                Self::Other("a transaction could not be begun")
            }
            sqlx::Error::RowNotFound => Self::Other("a row is missing"),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                Self::Other("a column has an unexpected type")
            }
            _ => Self::Other("the database's driver failed"),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused {
                code,
                constraint: None,
            } => write!(f, "the database rejected the statement with code {code}"),
            Self::Refused {
                code,
                constraint: Some(constraint),
            } => {
                write!(
                    f,
                    "the database rejected the statement with code {code} for the constraint {constraint}"
                )
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
    fn failure_shows_its_kind_but_not_its_text() {
        let secret = "postgres://user:hunter2@host";
        for error in [
            sqlx::Error::Configuration(secret.into()),
            sqlx::Error::Io(std::io::Error::new(
                std::io::ErrorKind::ConnectionRefused,
                secret,
            )),
            sqlx::Error::Tls(secret.into()),
            sqlx::Error::Protocol(secret.to_owned()),
            sqlx::Error::InvalidArgument(secret.to_owned()),
            sqlx::Error::ColumnDecode {
                index: "0".to_owned(),
                source: secret.into(),
            },
        ] {
            let error = cannot("do it")(error);
            let told = format!(
                "{error} {error:?} {}",
                error.source().map(ToString::to_string).unwrap_or_default()
            );
            assert!(!told.contains("hunter2"), "{told}");
            assert!(
                error
                    .source()
                    .is_some_and(|source| !source.to_string().is_empty())
            );
        }
    }
}
