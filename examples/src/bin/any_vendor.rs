//! The swap: one onboarding, written once, at every vendor of the family. Between two of them nothing changes but the configuration.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use idv::report::{Field, Report};
use idv::{
    Capability, Client, Decision, HandOff, NewVerification, Progress, Requirements, Tracker,
    Transition, Verification,
};
use idv_axum::{Limits, Options};
use idv_examples::{Outcome, Town, vendors};
use tokio::net::TcpListener;

/// How often this application looks after a verification before it gives up.
const PATIENCE: usize = 1000;

/// How long one piece of evidence may be here, in bytes.
const EVIDENCE_LIMIT: u64 = 64 * 1024 * 1024;

#[tokio::main]
async fn main() -> Outcome {
    for vendor in vendors() {
        let town = Town::begin(&vendor).await?;
        let decision = onboard(&town.connect()?, &town).await?;
        assert!(decision.is_verified(), "{vendor}: {decision:?}");
        println!();
        town.end().await;
    }
    println!(
        "one onboarding, {} vendors, verified by each",
        vendors().len()
    );
    Ok(())
}

/// The onboarding of a customer. It knows no vendor: what they cannot all do is asked of the capabilities.
async fn onboard(client: &Client, town: &Town) -> Outcome<Decision> {
    let capabilities = client.info();
    println!("{}", capabilities.name);
    requirements(client)?;

    // The address for callbacks, which some vendors are given once, and others with each verification.
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?).parse()?;
    let callback_url = idv_axum::callback_url(&base, capabilities.provider.as_str())?;
    town.report_to(&callback_url)?;

    // The reference is stored before the call, so that a lost answer can be settled.
    let mut new = customer(client)?;
    new.callback_url = Some(callback_url);
    let created = client.create(&new).await?;
    match &created.hand_off {
        HandOff::Redirect(link) => println!(
            "  hand-off: the person is sent to {}",
            link.expose().host_str().unwrap_or_default()
        ),
        HandOff::VendorContactsPerson => println!("  hand-off: the vendor contacts the person"),
        _ => return Err("this application knows no such hand-off".into()),
    }
    if !created.unsupported_fields.is_empty() {
        println!(
            "  the vendor is not told: {}",
            created.unsupported_fields.join(", ")
        );
    }
    town.everyone_acts()?;

    let mut tracker =
        Tracker::new(client.clone(), &created).on_observation(|observation, transition| {
            match transition {
                Transition::Settled(outcome) => {
                    println!("  {outcome:?}, learnt by {:?}", observation.channel)
                }
                Transition::UnknownCode(code) => {
                    println!("  an operator must be told of the code {code}")
                }
                _ => {}
            }
        });
    let routes = idv_axum::tracker_routes(&tracker.inbox(), &Options::new());
    let server = tokio::spawn(idv_axum::serve(
        listener,
        routes,
        Limits::default(),
        std::future::pending(),
    ));
    follow(&mut tracker, town).await?;
    server.abort();
    let verification = tracker.verification();
    if let Some(report) = tracker.report() {
        tell(report);
        keep_evidence(client, verification, report).await?;
    }
    if capabilities.has(Capability::Deletion) {
        println!(
            "  deleted at the vendor: {:?}",
            client.delete(verification.id()).await?
        );
    } else {
        println!("  by hand: {}", client.info().manual_steps);
    }
    Ok(verification.decision())
}

/// What this application needs is said when it starts, before the first customer.
fn requirements(client: &Client) -> Outcome {
    let wanted = Requirements::new()
        .capability(Capability::Deletion)
        .capability(Capability::Evidence)
        .field(Field::BirthDate)
        .repeatable_create();
    if let Err(refused) = client.require(&wanted) {
        println!("  {refused}");
        println!("  it goes on with less: a name, and callbacks that are proven");
    }
    // What it cannot do without. Where this is refused, it does not start.
    let needed = Requirements::new()
        .field(Field::GivenNames)
        .field(Field::FamilyName)
        .proven_callbacks();
    Ok(client.require(&needed)?)
}

/// Everything that the application knows of the customer. What a vendor has no place for is left out, and listed.
fn customer(client: &Client) -> idv::Result<NewVerification> {
    NewVerification::builder(client.reference())
        .given_names("Erika")
        .family_name("Mustermann")
        .birth_date("1982-05-22")
        .birth_place("Berlin")
        .nationality("DE")
        .gender("female")
        .street("Heidestrasse")
        .house_number("17")
        .postal_code("51147")
        .city("Köln")
        .country("DE")
        .email("erika@example.com")
        .phone("+4915123456789")
        .locale("de")
        .build()
}

/// Follows the verification to its end. An application calls [`Tracker::run`], which waits by itself; here time is moved.
async fn follow(tracker: &mut Tracker, town: &Town) -> Outcome {
    let mut before = None;
    for _ in 0..PATIENCE {
        let progress = tracker.advance().await?;
        match progress {
            Progress::Finished => return Ok(()),
            Progress::NeedsOperator => return Err("an operator must look at it".into()),
            Progress::WaitUntil(_) if before.is_none() => {
                println!("  next: polls at the vendor's pace")
            }
            Progress::AwaitCallback { .. } if before != Some(progress) => {
                println!("  next: waits for a callback")
            }
            _ => {}
        }
        before = Some(progress);
        town.wait(tracker.client().info().poll_interval).await;
    }
    Err("it never came to an end".into())
}

/// The same words for the same things, whichever vendor says them.
fn tell(report: &Report) {
    let person = &report.person;
    let given_names = person.given_names.as_ref().and_then(|names| names.expose());
    let family_name = person.family_name.as_ref().and_then(|name| name.expose());
    let name: Vec<&str> = given_names
        .into_iter()
        .chain(family_name)
        .map(String::as_str)
        .collect();
    println!("  name: {}", name.join(" "));
    if let Some(date) = person.birth_date.as_ref().and_then(|date| date.expose()) {
        println!("  date of birth: {date}");
    }
    if let Some(country) = person
        .nationalities
        .first()
        .and_then(|country| country.expose())
    {
        println!("  nationality: {}", country.name());
    }
}

/// Evidence, where there is any.
async fn keep_evidence(client: &Client, verification: &Verification, report: &Report) -> Outcome {
    if !client.info().has(Capability::Evidence) {
        return Ok(());
    }
    let piece = report
        .evidence
        .first()
        .ok_or("the report lists no evidence")?;
    let mut file = Vec::new();
    let download = client
        .evidence(verification.id(), &piece.id, EVIDENCE_LIMIT, &mut file)
        .await?;
    let media_type = download.media_type.as_deref().unwrap_or("of no known type");
    println!(
        "  evidence: {} listed; {:?}, {media_type}, {} bytes",
        report.evidence.len(),
        piece.kind,
        download.length
    );
    Ok(())
}
