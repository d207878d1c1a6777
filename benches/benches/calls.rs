//! `client.poll` and `client.create` through the sandbox, beside hand-written reqwest and serde that make the same vendor calls: with a
//! login token, typed answers, and nothing else.
//!
//! With `--count WHAT SIDE N` it makes N calls of one side only, for counting instructions: see `benches/instructions.sh`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark fails by panicking"
)]

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::Duration;

use idv_benches::{Comparison, print};
use idv_core::call::CallPolicy;
use idv_core::{Client, NewVerification, VerificationId};
use idv_idnow::{DataCentre, Idnow, IdnowConfig};
use idv_sandbox::Sandbox;
use idv_transport_reqwest::TransportOptions;
use serde::Deserialize;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let idv = server.client();
    let new = submitted(&idv);
    let id = runtime.block_on(idv.create(&new)).unwrap().id;
    // An hour passes there, and with it every login.
    server.finish(&id);
    let by_hand = runtime.block_on(ByHand::log_in(&server.base_url));
    // Each creates the same identification again: the vendor's call is an update then, and nothing piles up.
    let another = submitted(&idv);
    let mut work: BTreeMap<(&str, &str), Box<dyn FnMut() + '_>> = BTreeMap::new();
    work.insert(("poll", "ours"), Box::new(|| drop(runtime.block_on(idv.poll(&id)).unwrap())));
    work.insert(("poll", "baseline"), Box::new(|| drop(runtime.block_on(by_hand.poll(id.reference.as_str())))));
    work.insert(("create", "ours"), Box::new(|| drop(runtime.block_on(idv.create(&another)).unwrap())));
    work.insert(("create", "baseline"), Box::new(|| drop(runtime.block_on(by_hand.create("baseline-0000000000000001")))));

    if let Some(at) = arguments.iter().position(|argument| argument == "--count") {
        let [what, side, count] = &arguments[at + 1..at + 4] else { panic!("--count WHAT SIDE N") };
        let run = work.get_mut(&(what.as_str(), side.as_str())).expect("poll or create, ours or baseline");
        (0..count.parse::<u32>().unwrap()).for_each(|_| run());
        return;
    }
    let mut measure = |name, what| {
        let mut ours = work.remove(&(what, "ours")).unwrap();
        let mut baseline = work.remove(&(what, "baseline")).unwrap();
        Comparison::measure(name, 1.05, &mut ours, &mut baseline)
    };
    let rows = [measure("IDnow: client.poll, latency", "poll"), measure("IDnow: client.create, latency", "create")];
    print("calls through the sandbox, beside reqwest + serde by hand", &rows);
}

fn submitted(client: &Client) -> NewVerification {
    let mut new = NewVerification::new(client.reference());
    new.person.given_names = Some("Erika".into());
    new.person.family_name = Some("Mustermann".into());
    new.person.birth_date = Some("1964-08-12".parse::<idv_core::PartialDate>().unwrap().whole().unwrap().into());
    new.person.birth_place = Some("Berlin".into());
    new.contact.email = Some("erika@example.com".into());
    new
}

/// The sandbox, on a thread of its own.
struct Server {
    base_url: String,
    acts: mpsc::Sender<String>,
    acted: mpsc::Receiver<()>,
}

impl Server {
    fn start() -> Self {
        let (address, addresses) = mpsc::channel();
        let (acts, wanted) = mpsc::channel::<String>();
        let (done, acted) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            let sandbox = runtime.block_on(Sandbox::builder().speed(0.0).start()).unwrap();
            address.send(sandbox.idnow().base_url()).unwrap();
            while let Ok(transaction) = wanted.recv() {
                sandbox.idnow().act(&transaction, "happy").unwrap();
                runtime.block_on(sandbox.clock().advance(Duration::from_secs(3600)));
                done.send(()).unwrap();
            }
        });
        Self { base_url: addresses.recv().unwrap(), acts, acted }
    }

    fn finish(&self, id: &VerificationId) {
        self.acts.send(id.reference.as_str().to_owned()).unwrap();
        self.acted.recv().unwrap();
    }

    fn client(&self) -> Client {
        let mut config = IdnowConfig::new("ihrebank", "exampleApiKey".into(), DataCentre::Test);
        config.gateway_url = Some(self.base_url.parse().unwrap());
        config.go_url = Some(self.base_url.parse().unwrap());
        let environment = idv_transport_reqwest::environment(TransportOptions::default()).unwrap();
        Client::new(Idnow::new(config).unwrap(), environment, CallPolicy::default())
    }
}

/// What an application would write for these two calls without idv: no retry, no checks, no normalization.
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
        let login = http.post(url).json(&serde_json::json!({ "apiKey": "exampleApiKey" })).send().await.unwrap();
        let login: Login = login.json().await.unwrap();
        Self { http, base: base.to_owned(), token: login.auth_token }
    }

    async fn poll(&self, transaction: &str) -> Identification {
        let url = format!("{}/api/v1/ihrebank/identifications/{transaction}", self.base);
        let answer = self.http.get(url).header("X-API-LOGIN-TOKEN", &self.token).send().await.unwrap();
        answer.error_for_status().unwrap().json().await.unwrap()
    }

    async fn create(&self, transaction: &str) -> Started {
        let url = format!("{}/api/v1/ihrebank/identifications/{transaction}/start", self.base);
        let body = serde_json::json!({
            "firstname": "Erika", "lastname": "Mustermann", "birthday": "1964-08-12", "birthplace": "Berlin",
            "email": "erika@example.com",
        });
        let answer = self.http.post(url).header("X-API-KEY", "exampleApiKey").json(&body).send().await.unwrap();
        answer.error_for_status().unwrap().json().await.unwrap()
    }
}
