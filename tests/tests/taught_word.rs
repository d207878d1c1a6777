//! A webhook with an unknown code: its report counts as soon as the configuration knows the code.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;

use http::{HeaderMap, Method};
use idv::call::CallPolicy;
use idv::identify24::{Identify24, Identify24Config};
use idv::report::{Country, Gender};
use idv::{Client, Delivery, NewVerification};
use idv_flow::store::MemoryStore;
use idv_flow::{Engine, FlowId, Vault};
use idv_testkit::{ManualClock, ScriptedTransport, environment};
use serde_json::json;

const SECRET: &str = "a secret of sixteen characters";
const IDENT: &str = "3d1b2c4e-0000-4000-8000-00000000a001";

/// Opens a program that runs flows at Identify24, with these codes.
async fn program(
    store: &MemoryStore,
    transport: &ScriptedTransport,
    clock: &ManualClock,
    words: Option<&str>,
) -> Engine {
    let mut config = Identify24Config::new("partner", "key".into(), "6".parse().unwrap());
    config.callback_secret = SECRET.into();
    if let Some(words) = words {
        config.statuses = serde_json::from_value(words.into()).unwrap();
    }
    let client = Client::new(
        Identify24::new(config).unwrap(),
        environment(transport, clock),
        CallPolicy::default(),
    );
    let flow = Engine::builder(store.clone())
        .client(client)
        .vault(Vault::plain());
    flow.clock(Arc::new(clock.clone())).open().await.unwrap()
}

fn person(flow: &Engine) -> NewVerification {
    let germany = Country::from_alpha2("DE");
    let mut new = NewVerification::new(flow.reference());
    new.person.given_names = Some("Erika".into());
    new.person.family_name = Some("Mustermann".into());
    new.person.birth_date = Some(jiff::civil::date(1964, 8, 12).into());
    new.person.birth_place = Some("Berlin".into());
    new.person.nationality = germany.map(Into::into);
    new.person.gender = Some(Gender::Female.into());
    new.person.address.street = Some("Heidestr.".into());
    new.person.address.house_number = Some("17".into());
    new.person.address.postal_code = Some("51147".into());
    new.person.address.city = Some("Köln".into());
    new.person.address.country = germany.map(Into::into);
    new.contact.email = Some("e.mustermann@example.com".into());
    new.contact.phone = Some("+4915123456789".into());
    new
}

async fn attention(flow: &Engine, id: FlowId) -> Option<String> {
    flow.status(id)
        .await
        .unwrap()
        .attention
        .map(|attention| attention.name().to_owned())
}

#[tokio::test]
async fn report_counts_once_its_code_is_configured() {
    let (store, transport) = (MemoryStore::new(), ScriptedTransport::new());
    let clock = ManualClock::new("2026-03-01T10:00:00Z".parse().unwrap());
    let flow = program(&store, &transport, &clock, None).await;
    transport.then_json(
        200,
        r#"{"result":true,"response_status":200,"token":"t","messages":[]}"#,
    );
    let link = format!("https://identify24.de/apply/{IDENT}");
    transport.then_json(
        200,
        json!({ "result": true, "ident_id": IDENT, "conference_url": link }).to_string(),
    );
    let new = person(&flow);
    let reference = new.reference.clone();
    let started = flow.start(new).await.unwrap();

    let body = json!({
        "ident_id": IDENT, "status_id": "5", "status": "Identified", "project_id": "6", "custom_id": reference,
        "first_name": "ERIKA", "last_name": "MUSTERMANN", "agent_name": "Agentin Acht", "agent_notes": "",
    });
    let client = flow.client("identify24").unwrap();
    let (name, secret) = client
        .provider()
        .capabilities()
        .callbacks
        .unwrap()
        .auth()
        .parameter_for("")
        .unwrap();
    let address = format!("/callback?{name}={}", url_encoded(secret.expose()));
    let webhook = Delivery::callback(
        Method::POST,
        address.parse().unwrap(),
        HeaderMap::new(),
        body.to_string(),
    );
    assert_eq!(
        flow.receive("identify24", &webhook).await.unwrap().status,
        200
    );
    let state = |word: &str| {
        json!({ "result": true, "messages": [], "data": { "id": IDENT, "status": word } })
            .to_string()
    };
    transport.then_json(200, state("Identified"));
    flow.run_due().await.unwrap();
    assert_eq!(
        attention(&flow, started.id).await.as_deref(),
        Some("unknown_code")
    );
    assert_eq!(flow.report(started.id).await.unwrap(), None);

    // The code is configured, and the program restarts.
    let taught = program(&store, &transport, &clock, Some("Identified = verified")).await;
    transport.then_json(
        200,
        r#"{"result":true,"response_status":200,"token":"t","messages":[]}"#,
    );
    transport.then_json(200, state("Identified"));
    clock.advance(std::time::Duration::from_secs(24 * 3600));
    taught.run_due().await.unwrap();
    let status = taught.status(started.id).await.unwrap();
    assert!(status.is_verified() && status.has_report, "{status:?}");
    let report = taught.report(started.id).await.unwrap().unwrap();
    assert_eq!(report.agent.unwrap().expose(), "Agentin Acht");
    assert_eq!(attention(&taught, started.id).await, None);
}

fn url_encoded(text: &str) -> String {
    idv::Url::parse_with_params("http://localhost/", [("a", text)])
        .unwrap()
        .query()
        .unwrap()
        .trim_start_matches("a=")
        .to_owned()
}
