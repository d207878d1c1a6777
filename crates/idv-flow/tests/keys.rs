//! Key providers: data keys that are wrapped, rotation, and failures of a provider.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod support;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use idv_core::{Reference, async_trait};
use idv_flow::store::Store as _;
use idv_flow::{
    DataKey, Engine, FileKeys, FlowError, FlowId, KeyError, KeyProvider, LocalKeys, Vault,
    WrappedKey,
};
use support::*;

/// The time after which a new data key seals values, and every program has read it.
const ACTIVE: Duration = Duration::from_secs(151);

/// A key management service that can fail, and counts its calls. Clones are the same service.
#[derive(Debug, Clone)]
struct Service {
    keys: Arc<Mutex<LocalKeys>>,
    is_down: Arc<AtomicBool>,
    calls: Arc<AtomicUsize>,
}

impl Service {
    fn new(keys: LocalKeys) -> Self {
        Self {
            keys: Arc::new(Mutex::new(keys)),
            is_down: Arc::default(),
            calls: Arc::default(),
        }
    }

    fn rotate(&self, keys: LocalKeys) {
        *self.keys.lock().unwrap() = keys;
    }

    fn keys(&self) -> Result<LocalKeys, KeyError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if self.is_down.load(Ordering::Relaxed) {
            return Err(KeyError::unavailable("connection refused"));
        }
        Ok(self.keys.lock().unwrap().clone())
    }
}

#[async_trait]
impl KeyProvider for Service {
    async fn current_key(&self) -> Result<String, KeyError> {
        self.keys()?.current_key().await
    }

    async fn wrap(&self, key: &DataKey) -> Result<WrappedKey, KeyError> {
        self.keys()?.wrap(key).await
    }

    async fn unwrap(&self, wrapped: &WrappedKey) -> Result<DataKey, KeyError> {
        self.keys()?.unwrap(wrapped).await
    }
}

fn local(id: &str, digit: &str) -> LocalKeys {
    LocalKeys::new(id, &digit.repeat(64).into()).unwrap()
}

/// The keys after a rotation from `1` to `2`.
fn rotated() -> LocalKeys {
    local("2", "b")
        .with_older("1", &"a".repeat(64).into())
        .unwrap()
}

async fn opened(bench: &Bench, vault: Vault) -> Result<Engine, FlowError> {
    bench
        .builder()
        .vault(vault)
        .clock(Arc::new(bench.clock.clone()))
        .open()
        .await
}

async fn finished(bench: &Bench, engine: &Engine) -> (FlowId, Reference) {
    let (id, reference) = start(engine).await;
    bench.vendor.becomes(&reference, "passed");
    bench.pass(engine, HOUR).await;
    assert!(engine.report(id).await.unwrap().is_some());
    (id, reference)
}

#[tokio::test]
async fn provider_is_not_called_for_each_value() {
    let bench = Bench::new(Kind::default());
    let service = Service::new(local("1", "a"));
    let engine = opened(&bench, Vault::from_provider(service.clone()))
        .await
        .unwrap();
    let calls = service.calls.load(Ordering::Relaxed);
    assert!(calls <= 3, "{calls}");
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(finished(&bench, &engine).await.0);
    }
    assert_eq!(service.calls.load(Ordering::Relaxed), calls);
    let second = opened(&bench, Vault::from_provider(service.clone()))
        .await
        .unwrap();
    for id in ids {
        assert!(second.report(id).await.unwrap().is_some());
    }
    let record = bench.store.value("data_keys").await.unwrap().unwrap();
    let stored = String::from_utf8(record).unwrap();
    assert!(stored.contains(r#""key_id":"1""#), "{stored}");
    let printed = format!("{engine:?} {:?}", Vault::from_provider(local("1", "a")));
    assert!(!printed.contains("aaaa"), "{printed}");
}

#[tokio::test]
async fn outage_of_the_provider_is_no_damage() {
    let bench = Bench::new(Kind::default());
    let service = Service::new(local("1", "a"));
    service.is_down.store(true, Ordering::Relaxed);
    let vault = || Vault::from_provider(service.clone());
    let error = opened(&bench, vault()).await.unwrap_err();
    assert!(
        matches!(error, FlowError::Keys(KeyError::Unavailable(_))),
        "{error}"
    );
    service.is_down.store(false, Ordering::Relaxed);
    let (first, second) = (
        opened(&bench, vault()).await.unwrap(),
        opened(&bench, vault()).await.unwrap(),
    );
    let (id, _) = start(&first).await;
    // Another program rotates, and the provider fails before this one has read the new data key.
    service.rotate(rotated());
    let third = opened(&bench, vault()).await.unwrap();
    service.is_down.store(true, Ordering::Relaxed);
    bench.clock.advance(ACTIVE);
    let (newer, _) = start(&third).await;
    for engine in [&first, &second] {
        engine.status(id).await.unwrap();
        let error = engine.status(newer).await.unwrap_err();
        assert!(
            matches!(error, FlowError::Keys(KeyError::Unavailable(_))),
            "{error}"
        );
    }
    bench.clock.advance(HOUR);
    second.run_due().await.unwrap_err();
    assert!(attention(&third).await.is_empty(), "no flow is set aside");
    service.is_down.store(false, Ordering::Relaxed);
    bench.pass(&second, HOUR).await;
    second.status(newer).await.unwrap();
    assert!(second.verify_audit(None).await.unwrap().holds());
}

#[tokio::test]
async fn rotation_of_a_provider_reseals_every_value() {
    let directory = std::env::temp_dir().join(format!("idv-flow-keys-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let add = |name: &str, digit: &str| {
        std::fs::write(directory.join(name), digit.repeat(64)).unwrap();
    };
    add("1.key", "a");
    let service = Service::new(local("1", "a"));
    for is_file in [false, true] {
        let bench = Bench::new(Kind::default());
        let vault = || match is_file {
            true => Vault::from_provider(FileKeys::new(&directory)),
            false => Vault::from_provider(service.clone()),
        };
        let engine = opened(&bench, vault()).await.unwrap();
        let (id, _) = finished(&bench, &engine).await;
        let value = async |name: &str| bench.store.value(name).await.unwrap().unwrap();
        let before = (value("keys").await, value("blocks").await);
        match is_file {
            true => add("2.key", "b"),
            false => service.rotate(rotated()),
        }
        // The daily timer learns of it, without a restart.
        bench.pass(&engine, DAY).await;
        let report = engine.verify_audit(None).await.unwrap();
        let ring = String::from_utf8(value("data_keys").await).unwrap();
        assert!(!ring.contains(r#""key_id":"1""#), "{ring}");
        assert!(report.holds(), "{:?}", report.findings);
        bench.pass(&engine, 2 * DAY).await;
        let report = engine.verify_audit(None).await.unwrap();
        assert!(report.holds() && report.older_key == 0, "{report:?}");
        let after = (value("keys").await, value("blocks").await);
        assert_ne!(before.0[1..5], after.0[1..5], "the store's own keys");
        assert_eq!(after.0[1..5], after.1[1..5]);
        // The provider's old key is not needed any more.
        match is_file {
            true => std::fs::remove_file(directory.join("1.key")).unwrap(),
            false => service.rotate(local("2", "b")),
        }
        let engine = opened(&bench, vault()).await.unwrap();
        assert!(engine.report(id).await.unwrap().is_some());
        finished(&bench, &engine).await;
    }
    std::fs::remove_dir_all(&directory).unwrap();
}

#[tokio::test]
async fn resealed_store_is_not_read_again_each_day() {
    let bench = Bench::new(Kind::default());
    let service = Service::new(local("1", "a"));
    let engine = opened(&bench, Vault::from_provider(service.clone()))
        .await
        .unwrap();
    finished(&bench, &engine).await;
    service.rotate(rotated());
    bench.pass(&engine, 3 * DAY).await;
    let ring = bench.store.value("data_keys").await.unwrap().unwrap();
    let ring: serde_json::Value = serde_json::from_slice(&ring).unwrap();
    assert_eq!(ring["keys"].as_array().unwrap().len(), 2);
    assert_eq!(ring["resealed"], ring["keys"][1]["name"]);
}

#[tokio::test]
async fn missing_key_of_the_provider_is_named() {
    let bench = Bench::new(Kind::default());
    let engine = opened(&bench, Vault::from_provider(local("1", "a")))
        .await
        .unwrap();
    start(&engine).await;
    let error = opened(&bench, Vault::from_provider(local("2", "b")))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("no key `1`"), "{error}");
    let same_id = opened(&bench, Vault::from_provider(local("1", "b")))
        .await
        .unwrap_err();
    assert!(
        matches!(same_id, FlowError::Keys(KeyError::Invalid(_))),
        "{same_id}"
    );
}

#[tokio::test]
async fn configured_key_is_followed_by_a_provider() {
    let bench = Bench::new(Kind::default());
    let key = "c".repeat(64).into();
    let engine = opened(&bench, Vault::new(&key).unwrap()).await.unwrap();
    let (id, _) = finished(&bench, &engine).await;
    let without = opened(&bench, Vault::from_provider(local("1", "a"))).await;
    assert!(matches!(without.unwrap_err(), FlowError::Damaged(_)));
    let vault = Vault::from_provider(local("1", "a"))
        .with_older(&key)
        .unwrap();
    let engine = opened(&bench, vault).await.unwrap();
    assert!(engine.report(id).await.unwrap().is_some());
    bench.pass(&engine, 2 * DAY).await;
    assert_eq!(engine.verify_audit(None).await.unwrap().older_key, 0);
    let engine = opened(&bench, Vault::from_provider(local("1", "a")))
        .await
        .unwrap();
    assert!(engine.report(id).await.unwrap().is_some());
}

#[tokio::test]
async fn tenants_have_data_keys_of_their_own() {
    let bench = Bench::new(Kind::default());
    let open = async |tenants: LocalKeys| {
        let builder = bench
            .builder()
            .vault(Vault::from_provider(local("1", "a")))
            .tenant("brand", Vault::from_provider(tenants));
        builder.clock(Arc::new(bench.clock.clone())).open().await
    };
    let engine = open(local("brand-1", "b")).await.unwrap();
    let started = idv_flow::StartRequest::new(new_verification(&engine)).tenant("brand");
    let id = settle(started, &engine).await;
    let ring = bench.store.value("data_keys:brand").await.unwrap().unwrap();
    assert!(String::from_utf8(ring).unwrap().contains("brand-1"));
    assert!(open(local("1", "a")).await.is_err());
    let again = open(local("brand-1", "b")).await.unwrap();
    again.status(id).await.unwrap();
}
