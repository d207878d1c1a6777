//! Identity.TM, by the client and by hand: with Basic authentication and typed answers.

use std::rc::Rc;

use idv::identity_tm::{IdentityTm, IdentityTmConfig};
use idv_core::call::CallPolicy;
use idv_core::report::Country;
use idv_core::{Client, NewVerification};
use idv_transport_reqwest::TransportOptions;
use serde::Deserialize;
use tokio::runtime::Runtime;

use super::{Server, Work, submitted};

const USER: &str = "example";
const PASSWORD: &str = "examplePassword";

/// Returns the work of a poll of a finished order, and of a create request.
pub(super) fn work<'a>(server: &Server, runtime: &'a Runtime) -> [Work<'a>; 2] {
    let idv = client(&server.identity_tm);
    let id = runtime.block_on(idv.create(&order(&idv))).unwrap().id;
    let placed = id.vendor_id.as_ref().unwrap().as_str().to_owned();
    let finished = placed.clone();
    server.finish(move |sandbox| drop(sandbox.identity_tm().act(&finished, "happy").unwrap()));
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let by_hand = Rc::new(ByHand {
        http,
        base: server.identity_tm.clone(),
    });
    let another = order(&idv);
    let reference = order(&idv).reference;
    let (poller, also) = (idv.clone(), Rc::clone(&by_hand));
    [
        Work {
            name: "Identity.TM: client.poll, latency",
            what: "identity-tm-poll",
            ours: Box::new(move || {
                let seen = runtime.block_on(poller.poll(&id)).unwrap();
                assert_eq!(seen.code.as_deref(), Some("6"));
            }),
            baseline: Box::new(move || {
                let history = runtime.block_on(also.poll(&placed));
                assert!(history.status.iter().any(|entry| entry.kind == 6));
            }),
        },
        // Each create request places another order: the vendor does not recognize a reference.
        Work {
            name: "Identity.TM: client.create, latency",
            what: "identity-tm-create",
            ours: Box::new(move || drop(runtime.block_on(idv.create(&another)).unwrap())),
            baseline: Box::new(move || drop(runtime.block_on(by_hand.create(reference.as_str())))),
        },
    ]
}

/// Returns the data of an order, with the country that the vendor requires.
fn order(client: &Client) -> NewVerification {
    let mut new = submitted(client);
    new.person.address.country = Country::from_alpha2("DE").map(Into::into);
    new
}

fn client(base: &str) -> Client {
    let mut config = IdentityTmConfig::new(USER, PASSWORD.into());
    config.base_url = Some(base.parse().unwrap());
    let environment = idv_transport_reqwest::environment(TransportOptions::default()).unwrap();
    Client::new(
        IdentityTm::new(config).unwrap(),
        environment,
        CallPolicy::default(),
    )
}

/// The code that an application would write without idv: no retries, no checks, no normalization.
struct ByHand {
    http: reqwest::Client,
    base: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(dead_code, reason = "an application would use it")]
struct History {
    #[serde(rename = "OrderID")]
    order_id: String,
    #[serde(rename = "Ref")]
    reference: Option<String>,
    executed: Option<String>,
    status: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(dead_code, reason = "an application would use it")]
struct Entry {
    kind: u32,
    sub_kind: Option<u32>,
    time: String,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "an application would use it")]
struct Placed {
    #[serde(rename = "OrderID")]
    order_id: String,
    #[serde(rename = "TargetURL")]
    target_url: String,
}

impl ByHand {
    async fn poll(&self, order: &str) -> History {
        let url = format!("{}getStatus/{order}/ExtendedList/IncludeSubKind", self.base);
        let answer = self
            .http
            .get(url)
            .basic_auth(USER, Some(PASSWORD))
            .send()
            .await
            .unwrap();
        answer.error_for_status().unwrap().json().await.unwrap()
    }

    async fn create(&self, reference: &str) -> Placed {
        let body = serde_json::json!({
            "Ref": reference, "Product": 12, "Add": 0, "getTargetLink": true, "Email": "erika@example.com",
            "Address": { "Firstname": "Erika", "Surname": "Mustermann", "Country": "DE" },
            "IdentData": {
                "Firstname": "Erika", "Surname": "Mustermann", "Birthdate": "1964-08-12", "Birthplace": "Berlin", "Country": "DE",
            },
        });
        let request = self
            .http
            .put(format!("{}putOrder", self.base))
            .basic_auth(USER, Some(PASSWORD))
            .json(&body);
        request
            .send()
            .await
            .unwrap()
            .error_for_status()
            .unwrap()
            .json()
            .await
            .unwrap()
    }
}
