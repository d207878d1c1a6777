//! A complete application: a form, the hand-off to the vendor, its callback, the outcome with
//! report and evidence, the deletion.
//!
//! ```sh
//! cargo run -p idv-examples --bin application -- idv.toml 127.0.0.1:8080 https://bank.example/identity
//! ```
//!
//! The arguments are the configuration, the address to listen on, and the public address of the
//! routes of `idv-axum`. The program may be killed at any moment: the next one over the same store
//! loses nothing and repeats nothing.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use axum::extract::{Form, State};
use axum::response::Redirect;
use idv::{Config, HandOff, NewVerification, Url};
use idv_axum::Options;
use idv_flow::store::SqliteStore;
use idv_flow::{Engine, Event, EventKind, FlowConfig, FlowError, HandlerError, StartRequest};
use serde::Deserialize;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [file, listen, public] = std::env::args()
        .skip(1)
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| "expected three arguments")?;
    let config = Config::load(file)?; // accounts at vendors, and [flow]: store, key, retention, evidence
    let settings = config.section::<FlowConfig>()?;
    let engine = Engine::builder(SqliteStore::open("flows.db").await?)
        .accounts(config.clients()?)
        .configured(&settings)?
        .on_change(changed)
        .open()
        .await?;
    let workers = engine.spawn_workers(4);
    let app = axum::Router::new()
        .route("/start", axum::routing::post(start))
        .with_state((engine.clone(), public.parse()?))
        .nest("/identity", idv_axum::routes(&engine, &Options::new()));
    let stop = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    axum::serve(tokio::net::TcpListener::bind(listen).await?, app)
        .with_graceful_shutdown(stop)
        .await?;
    workers.shutdown().await;
    Ok(())
}

#[derive(Deserialize)]
struct Applicant {
    order: String,
    given_names: String,
    family_name: String,
    birth_date: String,
}

/// Sends the applicant to the vendor. Submitting the form twice starts one verification.
async fn start(
    State((engine, public)): State<(Engine, Url)>,
    Form(form): Form<Applicant>,
) -> Result<Redirect, String> {
    let account = engine.accounts().next().unwrap_or_default();
    let mut new = NewVerification::new(engine.reference());
    new.person.given_names = Some(form.given_names.into());
    new.person.family_name = Some(form.family_name.into());
    let birth_date = form
        .birth_date
        .parse::<jiff::civil::Date>()
        .map_err(|_| "invalid date of birth: expected YYYY-MM-DD")?;
    new.person.birth_date = Some(birth_date.into());
    new.callback_url =
        Some(idv_axum::callback_url(&public, account).map_err(|error| error.to_string())?);
    let words = |error: FlowError| error.to_string();
    let started = engine
        .submit(StartRequest::new(new).key(form.order))
        .await
        .map_err(words)?;
    match engine.wait_for_hand_off(started.id).await.map_err(words)? {
        HandOff::Redirect(url) => Ok(Redirect::to(url.expose().as_str())),
        _ => Err("this vendor sends the applicant a message".to_owned()),
    }
}

/// Reacts to changes: at least once, in order per verification. After an error the engine delivers
/// the event again.
async fn changed(engine: Engine, event: Event) -> Result<(), HandlerError> {
    match &event.kind {
        EventKind::ReportReady => {
            let report = engine
                .report(event.flow)
                .await?
                .ok_or("the report is missing")?;
            println!(
                "{} {} report {}",
                event.flow, event.sequence, report.provider
            );
        }
        EventKind::EvidenceReady => {
            println!(
                "{} {} evidence {}",
                event.flow,
                event.sequence,
                engine.evidence(event.flow).await?.len()
            );
        }
        kind => println!("{} {} {}", event.flow, event.sequence, kind.name()),
    }
    Ok(())
}
