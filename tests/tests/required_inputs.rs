//! Compares `VendorInfo::requires` with the adapters' refusals.
//!
//! An adapter sends a request that satisfies it. It refuses any other request before anything is
//! sent, and names a missing input.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Request, Response};
use idv::{
    Body, Bytes, Client, Config, Environment, ErrorKind, Input, NewVerification, Reference,
    Requirements, Sent, Transport, TransportCause, TransportError, async_trait,
};
use idv_sandbox::Sandbox;
use idv_testkit::ManualClock;
use proptest::prelude::*;

/// A transport without a vendor: counts the requests.
#[derive(Debug, Clone, Default)]
struct NoVendor(Arc<AtomicUsize>);

#[async_trait]
impl Transport for NoVendor {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(TransportError::new(Sent::No, TransportCause::Connect))
    }
}

/// Returns the settings of an account at each vendor, and of one with another product, by name.
fn accounts() -> Vec<(String, Vec<(String, String)>)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let sandbox = runtime
        .block_on(Sandbox::builder().in_process().start())
        .unwrap();
    let mut accounts: Vec<_> = sandbox
        .vendors()
        .iter()
        .map(|vendor| (vendor.id().to_owned(), vendor.settings()))
        .collect();
    let mut by_phone = sandbox.settings("identity-tm");
    by_phone.push(("IDV_IDENTITY_TM_PRODUCT".to_owned(), "17".to_owned()));
    accounts.push(("identity-tm, phone".to_owned(), by_phone));
    accounts
}

fn client(settings: &[(String, String)], transport: &NoVendor) -> Client {
    let once = ("IDV_CALLS_MAX_ATTEMPTS".to_owned(), "1".to_owned());
    let config = Config::from_env(settings.iter().cloned().chain([once])).unwrap();
    let clock = ManualClock::leaping("2026-01-01T00:00:00Z".parse().unwrap());
    idv::connect_in(&config, Environment::new(transport.clone(), clock)).unwrap()
}

/// Returns a request with every input that the vendor accepts.
fn whole(accepts: &[&str]) -> NewVerification {
    let whole =
        NewVerification::builder(Reference::parse("0123456789abcdef0123456789abcdef").unwrap())
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
    Input::ALL
        .iter()
        .filter(|input| !accepts.contains(&input.path))
        .for_each(|input| input.clear(&mut whole));
    whole
}

fn create(settings: &[(String, String)], new: &NewVerification) -> (idv::Error, usize) {
    let transport = NoVendor::default();
    let client = client(settings, &transport);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    (
        runtime.block_on(client.create(new)).unwrap_err(),
        transport.0.load(Ordering::SeqCst),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn only_missing_required_inputs_are_refused(kept in proptest::collection::vec(any::<bool>(), Input::ALL.len()), all in any::<bool>()) {
        for (name, settings) in accounts() {
            let info = client(&settings, &NoVendor::default()).info().clone();
            let mut new = whole(info.accepts);
            for (input, kept) in Input::ALL.iter().zip(&kept) {
                // In all other cases the request lacks optional inputs only.
                if !(*kept || all && info.requires.contains(&input.path)) {
                    input.clear(&mut new);
                }
            }
            let missing = info.missing(&new);
            let (error, sent) = create(&settings, &new);
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
fn start_up_fails_when_a_required_input_is_not_supplied() {
    let supplied = ["person.given_names", "person.family_name", "contact.email"];
    for (name, settings) in accounts() {
        let client = client(&settings, &NoVendor::default());
        let refused = client
            .require(&Requirements::new().supplies(supplied))
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        let missing = client
            .info()
            .requires
            .iter()
            .filter(|path| !supplied.contains(path));
        assert!(
            missing.clone().all(|path| refused.contains(path)),
            "{name}: {refused}"
        );
        assert_eq!(
            refused.is_empty(),
            missing.count() == 0,
            "{name}: {refused}"
        );
        client
            .require(&Requirements::new().supplies(client.info().requires.clone()))
            .unwrap();
    }
}
