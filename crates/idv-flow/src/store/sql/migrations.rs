//! Brings the tables up to date, and checks that a newer program left them usable for this one.

use std::borrow::Cow;
use std::fmt;

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator};

use super::failure::cannot;
use super::{Sql, fixed};
use crate::store::{StoreError, StoreResult};

/// A migration: its number, its name, and its statements.
macro_rules! migration {
    ($database:literal, $number:literal, $name:literal) => {
        (
            $number,
            $name,
            include_str!(concat!(
                "../../../migrations/",
                $database,
                "/000",
                $number,
                "_",
                $name,
                ".sql"
            )),
        )
    };
}

pub(in crate::store) use migration;

/// The migrations of a database, in order.
pub(in crate::store) struct Migrations(
    pub(in crate::store) &'static [(i64, &'static str, &'static str)],
);

impl Migrations {
    /// Applies the missing migrations in the caller's transaction, which holds a lock on the
    /// tables.
    ///
    /// Migrations of a newer program are tolerated if the tables say that this program can work
    /// with them: `idv_schema.oldest_program` is the number of the oldest last migration that is
    /// enough.
    pub(in crate::store) async fn run<C: Sql + Migrate>(
        &self,
        connection: &mut C,
    ) -> StoreResult<()> {
        self.migrator()
            .run_direct(None, connection, false)
            .await
            .map_err(not_migrated)?;
        let known = self.0.last().map_or(0, |(number, ..)| *number);
        let statement = "SELECT MAX(oldest_program) FROM idv_schema";
        let rows: Vec<(Option<i64>,)> =
            connection
                .fetch(fixed(statement), &[])
                .await
                .map_err(cannot(
                    "the version of the store's tables could not be read",
                ))?;
        match rows.first() {
            Some((Some(needed),)) if *needed > known => Err(StoreError::new(
                "the store's tables need a newer version of this program: use that version",
            )
            .with_source(NewerTables {
                needed: *needed,
                known,
            })),
            _ => Ok(()),
        }
    }

    /// Returns a migrator with a table of its own. It takes no lock: it would keep the lock after a
    /// failure.
    fn migrator(&self) -> Migrator {
        let migration = |(number, name, text): &(i64, &'static str, &'static str)| {
            Migration::new(
                *number,
                Cow::Borrowed(*name),
                MigrationType::Simple,
                text.into_sql_str(),
                false,
            )
        };
        let mut migrator = Migrator::with_migrations(self.0.iter().map(migration).collect());
        migrator.set_locking(false);
        migrator.set_ignore_missing(true);
        migrator.dangerous_set_table_name("idv_migrations");
        migrator
    }
}

/// The tables were changed by a program that this one is too old for.
#[derive(Debug)]
struct NewerTables {
    needed: i64,
    known: i64,
}

impl fmt::Display for NewerTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { needed, known } = self;
        write!(
            f,
            "the tables need a program with migration {needed} or later, and this program ends at migration {known}"
        )
    }
}

impl std::error::Error for NewerTables {}

fn not_migrated(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMismatch(_) => {
            StoreError::new("the store's tables were created by another program or changed by hand")
        }
        MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => {
            cannot("the store's tables could not be created")(source)
        }
        _ => StoreError::new("the store's tables could not be brought up to date"),
    }
}
