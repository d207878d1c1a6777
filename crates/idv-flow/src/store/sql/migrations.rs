//! Bringing the tables up to date.

use std::borrow::Cow;

use sqlx::SqlSafeStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use super::failure::cannot;
use crate::store::StoreError;

/// The migrations of one database, in a table that no other program's migrations use. Whoever runs them holds a lock on the database:
/// the migrator's own is not let go where it fails.
pub(in crate::store) fn migrator(files: &[(i64, &'static str, &'static str)]) -> Migrator {
    let migration = |(version, name, text): &(i64, &'static str, &'static str)| {
        Migration::new(
            *version,
            Cow::Borrowed(*name),
            MigrationType::Simple,
            text.into_sql_str(),
            false,
        )
    };
    let mut migrator = Migrator::with_migrations(files.iter().map(migration).collect());
    migrator.set_locking(false);
    migrator.dangerous_set_table_name("idv_migrations");
    migrator
}

/// Why the tables cannot be brought up to date.
pub(in crate::store) fn not_migrated(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(_) => StoreError::new(
            "the store's tables were made by a newer version of this program: use that one, or a later one",
        ),
        MigrateError::VersionMismatch(_) => {
            StoreError::new("the store's tables were made by another program, or changed by hand")
        }
        MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => {
            cannot("make the store's tables")(source)
        }
        _ => StoreError::new("the store's tables could not be brought up to date"),
    }
}
