//! IDnow, by the client and by hand: with a login token and typed answers.

use std::collections::BTreeMap;
use std::rc::Rc;

use idv::idnow::{DataCentre, Idnow, IdnowConfig};
use idv_core::Client;
use idv_core::call::CallPolicy;
use idv_transport_reqwest::TransportOptions;
use serde::Deserialize;
use tokio::runtime::Runtime;

use super::{Server, Work, submitted};

/// Returns the work of a poll of a finished identification, and of a create request.
pub(super) fn work<'a>(server: &Server, runtime: &'a Runtime) -> [Work<'a>; 2] {
    let idv = client(&server.idnow);
    let id = runtime.block_on(idv.create(&submitted(&idv))).unwrap().id;
    let transaction = id.reference.as_str().to_owned();
    // An hour passes in the sandbox, and every login token expires.
    server.finish(move |sandbox| drop(sandbox.idnow().act(&transaction, "happy").unwrap()));
    let by_hand = Rc::new(runtime.block_on(ByHand::log_in(&server.idnow)));
    // Each create request repeats the same identification: the vendor then updates it, and none
    // pile up.
    let another = submitted(&idv);
    let (poller, also) = (idv.clone(), Rc::clone(&by_hand));
    let reference = id.reference.as_str().to_owned();
    [
        Work {
            name: "IDnow: client.poll, latency",
            what: "idnow-poll",
            ours: Box::new(move || drop(runtime.block_on(poller.poll(&id)).unwrap())),
            baseline: Box::new(move || drop(runtime.block_on(also.poll(&reference)))),
        },
        Work {
            name: "IDnow: client.create, latency",
            what: "idnow-create",
            ours: Box::new(move || drop(runtime.block_on(idv.create(&another)).unwrap())),
            baseline: Box::new(move || {
                drop(runtime.block_on(by_hand.create("baseline-0000000000000001")));
            }),
        },
    ]
}

fn client(base: &str) -> Client {
    let mut config = IdnowConfig::new("ihrebank", "exampleApiKey".into(), DataCentre::Test);
    config.gateway_url = Some(base.parse().unwrap());
    config.go_url = Some(base.parse().unwrap());
    let environment = idv_transport_reqwest::environment(TransportOptions::default()).unwrap();
    Client::new(
        Idnow::new(config).unwrap(),
        environment,
        CallPolicy::default(),
    )
}

/// The code that an application would write without idv: no retries, no checks, no normalization.
struct ByHand {
    http: reqwest::Client,
    base: String,
    token: String,
}

#[derive(Deserialize)]
struct Login {
    #[serde(rename = "authToken")]
    auth_token: String,
}

#[derive(Deserialize)]
struct Started {
    #[allow(dead_code, reason = "an application would use it")]
    id: String,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "an application would use it")]
struct Field {
    value: Option<String>,
    status: Option<String>,
    original: Option<String>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "an application would use it")]
struct Identification {
    identificationprocess: BTreeMap<String, serde_json::Value>,
    customdata: Option<BTreeMap<String, Option<String>>>,
    contactdata: Option<BTreeMap<String, Option<String>>>,
    userdata: Option<UserData>,
    identificationdocument: Option<BTreeMap<String, Field>>,
    attachments: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "an application would use it")]
struct UserData {
    firstname: Option<Field>,
    lastname: Option<Field>,
    birthday: Option<Field>,
    birthplace: Option<Field>,
    nationality: Option<Field>,
    gender: Option<Field>,
    address: Option<BTreeMap<String, Field>>,
}

impl ByHand {
    async fn log_in(base: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{base}/api/v1/ihrebank/login");
        let login = http
            .post(url)
            .json(&serde_json::json!({ "apiKey": "exampleApiKey" }))
            .send()
            .await
            .unwrap();
        let login: Login = login.json().await.unwrap();
        Self {
            http,
            base: base.to_owned(),
            token: login.auth_token,
        }
    }

    async fn poll(&self, transaction: &str) -> Identification {
        let url = format!(
            "{}/api/v1/ihrebank/identifications/{transaction}",
            self.base
        );
        let answer = self
            .http
            .get(url)
            .header("X-API-LOGIN-TOKEN", &self.token)
            .send()
            .await
            .unwrap();
        answer.error_for_status().unwrap().json().await.unwrap()
    }

    async fn create(&self, transaction: &str) -> Started {
        let url = format!(
            "{}/api/v1/ihrebank/identifications/{transaction}/start",
            self.base
        );
        let body = serde_json::json!({
            "firstname": "Erika", "lastname": "Mustermann", "birthday": "1964-08-12", "birthplace": "Berlin",
            "email": "erika@example.com",
        });
        let answer = self
            .http
            .post(url)
            .header("X-API-KEY", "exampleApiKey")
            .json(&body)
            .send()
            .await
            .unwrap();
        answer.error_for_status().unwrap().json().await.unwrap()
    }
}
