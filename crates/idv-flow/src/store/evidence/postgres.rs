//! Evidence in the database of the store.

use sqlx::{query, query_as, query_scalar};

use super::PostgresStore;
use crate::id::FlowId;
use crate::store::evidence::{implement_evidence_store, part_of_row};
use crate::store::sql::{Erased, cannot};
use crate::store::{EvidencePart, EvidenceStore, StoreResult};

implement_evidence_store!(PostgresStore);
