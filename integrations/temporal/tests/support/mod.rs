//! A development server, a bank with a sandbox of the vendors, and its workers.

#![allow(unreachable_pub, reason = "each test is a crate of its own")]
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(unused_imports, reason = "each test uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

pub mod bank;
pub mod program;
pub mod random;
pub mod runner;
pub mod server;
pub mod worker;

use std::path::Path;
use std::time::{Duration, Instant};

use idv_core::report::EvidenceKind;
use tempfile::TempDir;

pub use bank::Bank;
pub use program::Program;
pub use runner::Runner;
pub use worker::Worker;

/// The vendors, by the ids of their adapters.
pub const VENDORS: [&str; 5] = [
    "identity-tm",
    "idnow",
    "identify24",
    "cm-id-scan",
    "verificar-identidad",
];

/// The kinds of evidence that a bank keeps.
pub const EVIDENCE: [EvidenceKind; 3] = [
    EvidenceKind::DocumentFront,
    EvidenceKind::DocumentBack,
    EvidenceKind::Selfie,
];

/// The time within which every condition of a test must come true.
const PATIENCE: Duration = Duration::from_secs(300);

/// Waits until a condition is true.
pub async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !condition().await {
        assert!(
            began.elapsed() < PATIENCE,
            "{what}: not within {PATIENCE:?}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Returns a temporary folder, in memory if possible: the tests write to the disk all the time.
pub fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        TempDir::new_in(memory)
    } else {
        TempDir::new()
    };
    folder.unwrap()
}

/// Returns the bytes of every file below a folder.
pub fn files(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.extend(std::fs::read(&path).unwrap());
        }
    }
    all
}
