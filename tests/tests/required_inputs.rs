//! `VendorInfo::requires` against the adapters' own refusals: a request that satisfies it is sent, and one that does not is refused before
//! anything is sent, naming an input that is missing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Request, Response};
use idv::call::CallPolicy;
use idv::{
    Body, Bytes, Client, Environment, ErrorKind, Input, NewVerification, Provider, Reference, Requirements, Secret, Sent,
    Transport, TransportCause, TransportError, async_trait,
};
use idv_testkit::ManualClock;
use proptest::prelude::*;

/// A network without a vendor: counts the requests.
#[derive(Debug, Clone, Default)]
struct NoVendor(Arc<AtomicUsize>);

#[async_trait]
impl Transport for NoVendor {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(TransportError::new(Sent::No, TransportCause::Connect))
    }
}

fn providers() -> Vec<(&'static str, Arc<dyn Provider>)> {
    use idv::{cm_id_scan, identify24, identity_tm, idnow, verificar_identidad};
    let secret = || Secret::from("an example of a secret, long enough");
    let identity_tm = |product| {
        let mut config = identity_tm::IdentityTmConfig::new("example", secret());
        config.product = product;
        Arc::new(identity_tm::IdentityTm::new(config).unwrap()) as Arc<dyn Provider>
    };
    let verificar_identidad = || {
        let mut config = verificar_identidad::VerificarIdentidadConfig::new("example", secret());
        config.callback_secret = secret().into();
        Arc::new(verificar_identidad::VerificarIdentidad::new(config).unwrap()) as Arc<dyn Provider>
    };
    vec![
        ("cm-id-scan", Arc::new(cm_id_scan::CmIdScan::new(cm_id_scan::CmIdScanConfig::new("example", secret())).unwrap())),
        ("identify24", Arc::new(identify24::Identify24::new(identify24::Identify24Config::new("example", secret(), 1)).unwrap())),
        ("identity-tm, video", identity_tm(12)),
        ("identity-tm, phone", identity_tm(17)),
        ("idnow", Arc::new(idnow::Idnow::new(idnow::IdnowConfig::new("example", secret(), idnow::DataCentre::Test)).unwrap())),
        ("verificar-identidad", verificar_identidad()),
    ]
}

/// A request with every input that the vendor accepts.
fn whole(accepts: &[&str]) -> NewVerification {
    let whole = NewVerification::builder(Reference::parse("0123456789abcdef0123456789abcdef").unwrap())
        .given_names("Erika")
        .family_name("Mustermann")
        .birth_name("Gabler")
        .birth_date("1964-08-12")
        .birth_place("Berlin")
        .nationality("DE")
        .gender("female")
        .title("Dr.")
        .street("Heidestraße")
        .house_number("17")
        .postal_code("51147")
        .city("Köln")
        .country("DE")
        .email("erika@example.com")
        .phone("+49 170 1234567")
        .document_kind("id_card")
        .document_number("T22000129")
        .issuing_country("DE")
        .issuer("Köln")
        .issued_on("2020-01-01")
        .expires_on("2030-01-01")
        .locale("de")
        .success_url("https://example.com/success")
        .failure_url("https://example.com/failure")
        .callback_url("https://example.com/callbacks")
        .purpose("opening an account")
        .build();
    let mut whole = whole.unwrap();
    Input::ALL.iter().filter(|input| !accepts.contains(&input.path)).for_each(|input| input.clear(&mut whole));
    whole
}

fn create(provider: Arc<dyn Provider>, new: &NewVerification) -> (idv::Error, usize) {
    let transport = NoVendor::default();
    let environment = Environment::new(transport.clone(), ManualClock::leaping("2026-01-01T00:00:00Z".parse().unwrap()));
    let mut policy = CallPolicy::default();
    policy.max_attempts = 1;
    let client = Client::from_arc(provider, environment, policy);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    (runtime.block_on(client.create(new)).unwrap_err(), transport.0.load(Ordering::SeqCst))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn missing_inputs_are_refused_and_others_are_not(kept in proptest::collection::vec(any::<bool>(), Input::ALL.len()), all in any::<bool>()) {
        for (name, provider) in providers() {
            let info = provider.describe().clone();
            let mut new = whole(info.accepts);
            for (input, kept) in Input::ALL.iter().zip(&kept) {
                // In every other case only what is not required is left out.
                if !(*kept || all && info.requires.contains(&input.path)) {
                    input.clear(&mut new);
                }
            }
            let missing = info.missing(&new);
            let (error, sent) = create(provider, &new);
            match error.kind() {
                ErrorKind::InvalidRequest { field } => {
                    prop_assert!(missing.iter().any(|path| path == field), "{name}: {error}, missing {missing:?}");
                    prop_assert_eq!(sent, 0, "{}: {}", name, error);
                }
                kind => {
                    prop_assert!(missing.is_empty(), "{name} does not refuse that {missing:?} are missing: {error}");
                    prop_assert_eq!(kind, &ErrorKind::Unavailable, "{}: {}", name, error);
                    prop_assert!(sent > 0, "{name}: {error}");
                }
            }
        }
    }
}

#[test]
fn application_that_does_not_supply_a_required_input_is_told_at_start_up() {
    let supplied = ["person.given_names", "person.family_name", "contact.email"];
    for (name, provider) in providers() {
        let client = Client::from_arc(
            provider,
            Environment::new(NoVendor::default(), ManualClock::new("2026-01-01T00:00:00Z".parse().unwrap())),
            CallPolicy::default(),
        );
        let refused =
            client.require(&Requirements::new().supplies(supplied)).err().map(|error| error.to_string()).unwrap_or_default();
        let missing = client.info().requires.iter().filter(|path| !supplied.contains(path));
        assert!(missing.clone().all(|path| refused.contains(path)), "{name}: {refused}");
        assert_eq!(refused.is_empty(), missing.count() == 0, "{name}: {refused}");
        client.require(&Requirements::new().supplies(client.info().requires.clone())).unwrap();
    }
}
