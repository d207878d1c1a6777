//! If the vendor has lists, ten thousand open verifications cost as many calls as the lists have
//! pages.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use idv::call::CallPolicy;
use idv::idnow::{DataCentre, Idnow, IdnowConfig};
use idv::{
    Body, Chunks, Client, Environment, NewVerification, Sent, Transport, TransportCause,
    TransportError,
};
use idv_flow::store::{Filter, MemoryStore, Phase};
use idv_flow::{Engine, Vault};
use idv_sandbox::{AnswerBody, Sandbox};
use idv_testkit::ManualClock;

/// The number of open verifications.
const OPEN: usize = 10_000;
/// IDnow's lists: finished, pending, canceled and aborted. Each is one page.
const PAGES: usize = 4;
const SWEEP: Duration = Duration::from_secs(5 * 60);

#[tokio::test]
async fn sweep_of_ten_thousand_costs_four_calls() {
    let bank = Bank::open().await;
    let mut references = Vec::with_capacity(OPEN);
    for _ in 0..OPEN {
        let mut new = NewVerification::new(bank.flow.reference());
        new.person.given_names = Some("Erika".into());
        new.person.family_name = Some("Mustermann".into());
        references.push(new.reference.clone());
        bank.flow.start(new).await.unwrap();
    }
    assert_eq!(bank.sandbox.idnow().identifications(), OPEN);

    let asked = bank.after(SWEEP).await;
    assert_eq!((asked.lists, asked.singles.len()), (PAGES, 0));
    let asked = bank.after(SWEEP).await;
    assert_eq!(
        (asked.lists, asked.singles.len()),
        (PAGES, 0),
        "the next sweep makes the same calls"
    );

    let finished = references[OPEN / 2].as_str().to_ascii_lowercase();
    bank.sandbox.idnow().act(&finished, "happy").unwrap();
    let asked = bank.after(12 * SWEEP).await;
    assert_eq!(
        (asked.lists, asked.singles),
        (PAGES, BTreeSet::from([finished]))
    );

    // The answer to that one poll carried the report, so no further call follows.
    let done = bank
        .flow
        .list(&Filter::all().in_phase(Phase::Done), None, OPEN)
        .await
        .unwrap();
    assert_eq!(done.len(), 1);
    assert!(done[0].is_verified() && done[0].has_report);
    let asked = bank.after(SWEEP).await;
    assert_eq!((asked.lists, asked.singles.len()), (PAGES, 0));
}

/// The calls to the vendor: the number of list requests, and the polled identifications.
struct Asked {
    lists: usize,
    singles: BTreeSet<String>,
}

/// A bank that verifies with IDnow in the sandbox, in this process.
struct Bank {
    sandbox: Arc<Sandbox>,
    clock: ManualClock,
    flow: Engine,
}

impl Bank {
    async fn open() -> Self {
        let sandbox = Arc::new(Sandbox::builder().in_process().start().await.unwrap());
        let idnow = sandbox.idnow();
        let mut config =
            IdnowConfig::new(idnow.company_id(), idnow.api_key().into(), DataCentre::Test);
        config.gateway_url = Some(idnow.base_url().parse().unwrap());
        config.go_url = Some(idnow.base_url().parse().unwrap());
        let clock = ManualClock::new(sandbox.clock().now());
        let environment = Environment::new(InProcess(Arc::clone(&sandbox)), clock.clone());
        let client = Client::new(
            Idnow::new(config).unwrap(),
            environment,
            CallPolicy::default(),
        );
        let flow = Engine::builder(MemoryStore::new())
            .client(client)
            .vault(Vault::plain());
        let flow = flow.clock(Arc::new(clock.clone())).open().await.unwrap();
        Self {
            sandbox,
            clock,
            flow,
        }
    }

    /// Advances the clock, processes all due work, and returns the calls to the vendor.
    async fn after(&self, time: Duration) -> Asked {
        self.sandbox.clock().advance(time).await;
        self.clock.advance(time);
        let before = self.sandbox.requests().len();
        self.flow.run_due().await.unwrap();
        let mut asked = Asked {
            lists: 0,
            singles: BTreeSet::new(),
        };
        for request in self
            .sandbox
            .requests()
            .split_off(before)
            .iter()
            .filter(|request| request.method == "GET")
        {
            match request.path.rsplit_once("/identifications") {
                Some((_, "")) => asked.lists += 1,
                Some((_, number)) => {
                    let number = number.trim_start_matches('/').to_ascii_lowercase();
                    assert!(
                        asked.singles.insert(number),
                        "each identification is polled once"
                    );
                }
                None => panic!("unexpected call"),
            }
        }
        asked
    }
}

/// The transport to the sandbox: a function call.
struct InProcess(Arc<Sandbox>);

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

#[async_trait]
impl Transport for InProcess {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError> {
        match self.0.exchange(request).await {
            Ok(response) => Ok(response.map(|body| Body::chunks(Pieces(body)))),
            Err(_) => Err(TransportError::new(
                Sent::Maybe,
                TransportCause::Interrupted,
            )),
        }
    }
}

struct Pieces(AnswerBody);

#[async_trait]
impl Chunks for Pieces {
    async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        self.0
            .next()
            .transpose()
            .map_err(|_| TransportError::new(Sent::Maybe, TransportCause::Interrupted))
    }
}
