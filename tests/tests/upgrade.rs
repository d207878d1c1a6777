//! The store of an earlier program is brought up to date, and keeps every flow, report, hold and
//! the audit trail.
//!
//! `fixtures/flows-0.1-before-events.db` was created with the program `idv` of the last commit
//! before flows had events, and with the IDnow emulator of the sandbox: five flows of the standard
//! person, one of each kind below, sealed with a key of sixty-four ones.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::path::PathBuf;
use std::sync::Arc;

use idv::{Config, Outcome, Secret, Status};
use idv_flow::store::{Filter, Outbox as _, Phase, SqliteStore};
use idv_flow::{DataCopy, Engine, FlowError, FlowId, Vault};
use idv_testkit::ManualClock;

const FIXTURE: &[u8] = include_bytes!("../fixtures/flows-0.1-before-events.db");
const VERIFIED: &str = "a0f267f82b9cfe754859c9f0576f35a0";
const REJECTED: &str = "7bfc9fef55ad87444a066734588de743";
const OPEN: &str = "6b19b529990468b79ade6a1566b9e60d";
const HELD: &str = "507e600db629aaac6f4fe4dccbe06335";
const ERASED: &str = "e2ad651d21199bbad933193892555c99";
const ANCHOR: &str = "1:1d1bf85e99169db186cb4551a54f901e930a5ed2b6840d386c1105519dd47968";

/// A copy of the fixture that is removed when the test ends.
struct StoreCopy(PathBuf);

impl StoreCopy {
    fn new() -> Self {
        let file = std::env::temp_dir().join(format!("idv-upgrade-{}.db", std::process::id()));
        std::fs::write(&file, FIXTURE).unwrap();
        Self(file)
    }
}

impl Drop for StoreCopy {
    fn drop(&mut self) {
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{ending}", self.0.display()));
        }
    }
}

#[tokio::test]
async fn store_of_an_earlier_program_keeps_all_data() {
    let copy = StoreCopy::new();
    let settings = [
        ("IDV_PROVIDER", "idnow"),
        ("IDV_IDNOW_COMPANY", "ihrebank"),
        ("IDV_IDNOW_HOST", "test"),
        ("IDV_IDNOW_API_KEY", "exampleApiKey"),
    ];
    let config =
        Config::from_env(settings.map(|(name, value)| (name.to_owned(), value.to_owned())))
            .unwrap();
    let store = SqliteStore::open(&copy.0).await.unwrap();
    let engine = Engine::builder(store.clone())
        .client(idv::connect(&config).unwrap())
        .vault(Vault::new(&Secret::from("1".repeat(64))).unwrap())
        // Before the open flow is due, so that the vendor is not called.
        .clock(Arc::new(ManualClock::new(
            "2026-11-30T12:00:00Z".parse().unwrap(),
        )))
        .open()
        .await
        .unwrap();
    let id = |text: &str| text.parse::<FlowId>().unwrap();
    assert_eq!(
        engine.list(&Filter::all(), None, 10).await.unwrap().len(),
        5
    );
    let finished = |outcome| Some(Status::Finished(outcome));
    for (flow, phase, status, name) in [
        (
            VERIFIED,
            Phase::Done,
            finished(Outcome::Verified),
            Some("MUSTERMANN"),
        ),
        (
            REJECTED,
            Phase::Done,
            finished(Outcome::Rejected),
            Some("MUSTERMANN"),
        ),
        (OPEN, Phase::Open, Some(Status::AwaitingPerson), None),
        (
            HELD,
            Phase::Done,
            finished(Outcome::Verified),
            Some("MUSTERMANN"),
        ),
        (ERASED, Phase::Erased, finished(Outcome::Verified), None),
    ] {
        let is = engine.status(id(flow)).await.unwrap();
        assert_eq!(
            (is.phase, is.status, is.attention),
            (phase, status, None),
            "{flow}"
        );
        let report = engine.report(id(flow)).await.unwrap();
        let family_name = report
            .and_then(|report| report.person.family_name)
            .and_then(|name| name.expose().cloned());
        assert_eq!(family_name.as_deref(), name, "{flow}");
    }
    assert!(engine.receipt(id(ERASED)).await.unwrap().is_complete());
    assert!(engine.verify_audit(Some(ANCHOR)).await.unwrap().holds());

    let refused = engine.delete(id(HELD), "privacy").await.unwrap_err();
    assert!(matches!(
        refused,
        FlowError::Held {
            copy: DataCopy::Own,
            ..
        }
    ));
    engine.delete(id(VERIFIED), "privacy").await.unwrap();
    let verified = engine.verify_audit(Some(ANCHOR)).await.unwrap();
    assert!(verified.holds(), "{:?}", verified.findings);
    assert_eq!(
        store.events(None, 10).await.unwrap(),
        [],
        "earlier changes cause no events"
    );
    store.close().await;
}
