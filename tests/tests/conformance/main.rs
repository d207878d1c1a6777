//! Holds every adapter, over its vendor's part of the sandbox, to the same contract.

#![allow(missing_docs, unreachable_pub, reason = "no crate uses a test")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod own;
mod receiver;
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use http::HeaderMap;
use idv::{
    Capability, Client, Config, Delivery, NewVerification, Timestamp, VendorId, VerificationId,
};
use idv_sandbox::{FaultKind, Sandbox, Vendor};
use idv_testkit::conformance::{CallbackFault, Fault, Harness, RequestFault};

use self::receiver::Receiver;

/// A vendor's part of the sandbox, its client, and a URL for callbacks. `V` is a function that
/// returns the vendor's module.
pub struct Stage<V> {
    sandbox: Sandbox,
    client: Client,
    receiver: Receiver,
    vendor: std::marker::PhantomData<V>,
}

/// A vendor of the sandbox.
pub trait Named: Send + Sync + 'static {
    /// The vendor's module in the sandbox.
    const MODULE: &'static str;
}

impl<V: Named> Stage<V> {
    fn vendor(&self) -> Vendor<'_> {
        self.sandbox.vendor(&V::MODULE.replace('_', "-")).unwrap()
    }
}

macro_rules! suites {
    ($($vendor:ident,)*) => {
        $(mod $vendor {
            pub struct Name;

            impl super::Named for Name {
                const MODULE: &'static str = stringify!($vendor);
            }

            idv_testkit::conformance!(super::Stage<Name>);

            #[test]
            fn own_scenarios_end_as_expected() {
                super::own::check::<Name>();
            }
        })*
    };
}

idv_sandbox::for_each_vendor!(suites);

#[async_trait::async_trait]
impl<V: Named> Harness for Stage<V> {
    fn run<F: Future<Output = ()>>(test: F) {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap()
            .block_on(test);
    }

    async fn open() -> Self {
        let sandbox = Sandbox::builder().speed(0.0).start().await.unwrap();
        let receiver = Receiver::start().await;
        let vendor = sandbox.vendor(&V::MODULE.replace('_', "-")).unwrap();
        vendor.report_to(receiver.url.as_str()).unwrap();
        let config = Config::from_env(vendor.settings()).unwrap();
        let client = idv::connect_in(&config, support::environment(&sandbox)).unwrap();
        Self {
            sandbox,
            client,
            receiver,
            vendor: std::marker::PhantomData,
        }
    }

    fn client(&self) -> &Client {
        &self.client
    }

    fn person(&self) -> NewVerification {
        NewVerification::builder(self.client.reference())
            .given_names("Erika")
            .family_name("Mustermann")
            .birth_date("1964-08-12")
            .birth_place("Berlin")
            .nationality("DE")
            .gender("female")
            .street("Heidestr.")
            .house_number("17")
            .postal_code("51147")
            .city("Köln")
            .country("DE")
            .email("e.mustermann@example.com")
            .phone("+34600000001")
            .document_number("12345678Z")
            .callback_url(self.receiver.url.clone())
            .build()
            .unwrap()
    }

    fn now(&self) -> Timestamp {
        self.sandbox.clock().now()
    }

    async fn advance(&self, by: Duration) {
        self.sandbox.clock().advance(by).await;
    }

    async fn act(&self, id: &VerificationId, scenario: &str) -> Result<Vec<Duration>, String> {
        let steps = self
            .vendor()
            .act(vendor_id(id), scenario)
            .map_err(|error| error.to_string())?;
        let mut moments: Vec<_> = steps
            .iter()
            .map(|step| Duration::from_secs(step.after_seconds))
            .collect();
        moments.sort_unstable();
        moments.dedup();
        Ok(moments)
    }

    async fn deliveries(&self) -> Vec<Delivery> {
        self.receiver.take()
    }

    fn forgery(&self, id: &VerificationId) -> Option<Delivery> {
        if !self.client.info().has(Capability::Callbacks) {
            return None;
        }
        let forged = self.vendor().forgery(
            self.receiver.url.path(),
            id.reference.as_str(),
            vendor_id(id),
        );
        Some(Delivery::callback(
            forged.method,
            forged.url.parse().unwrap(),
            HeaderMap::new(),
            forged.body,
        ))
    }

    fn plan(&self, fault: Fault) {
        let (kind, path) = match fault {
            Fault::Create(trouble) => (kind(trouble), self.vendor().create_path()),
            Fault::Poll(trouble) => (kind(trouble), self.vendor().poll_path()),
            Fault::Callback(astray) => (
                match astray {
                    CallbackFault::Lost => FaultKind::CallbackLost,
                    CallbackFault::Late => FaultKind::CallbackLate(3600),
                    CallbackFault::Duplicated => FaultKind::CallbackDuplicated,
                    CallbackFault::Reordered => FaultKind::CallbackReordered,
                    other => panic!("{other:?} is new"),
                },
                "",
            ),
            other => panic!("{other:?} is new"),
        };
        self.sandbox.plan(idv_sandbox::Fault::new(kind).at(path));
    }

    fn requests(&self) -> usize {
        self.sandbox.requests().len()
    }

    fn verifications(&self) -> usize {
        self.vendor().ids().len()
    }
}

fn vendor_id(id: &VerificationId) -> &str {
    id.vendor_id
        .as_ref()
        .map_or(id.reference.as_str(), VendorId::as_str)
}

fn kind(trouble: RequestFault) -> FaultKind {
    match trouble {
        RequestFault::Refused => FaultKind::Refuse,
        RequestFault::CutBefore => FaultKind::CutBefore,
        RequestFault::CutAfter => FaultKind::CutAfter,
        RequestFault::Status(code) => FaultKind::Status {
            code,
            retry_after: None,
        },
        RequestFault::RateLimited => FaultKind::Status {
            code: 429,
            retry_after: Some("1".to_owned()),
        },
        RequestFault::Html => FaultKind::Html,
        RequestFault::Truncated => FaultKind::Truncated,
        RequestFault::WrongType => FaultKind::WrongType,
        // More than any answer may be that is not evidence.
        RequestFault::Oversize => FaultKind::Oversize(100 << 20),
        other => panic!("{other:?} is new"),
    }
}
