//! The swap: one onboarding, written once, at every vendor of the family. Only the configuration
//! differs.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use idv::report::{Field, Report};
use idv::{
    Capability, Client, Decision, HandOff, NewVerification, Progress, Requirements, Tracker,
    Transition, Verification,
};
use idv_axum::{Limits, Options};
use idv_examples::{Outcome, TestBed, vendors};
use tokio::net::TcpListener;

/// The number of steps after which this application gives up.
const PATIENCE: usize = 1000;

/// The maximum size of one piece of evidence, in bytes.
const EVIDENCE_LIMIT: u64 = 64 * 1024 * 1024;

#[tokio::main]
async fn main() -> Outcome {
    for vendor in vendors() {
        let test_bed = TestBed::start(&vendor).await?;
        let decision = onboard(&test_bed.connect()?, &test_bed).await?;
        assert!(decision.is_verified(), "{vendor}: {decision:?}");
        println!();
        test_bed.shutdown().await;
    }
    println!(
        "one onboarding, verified by each of {} vendors",
        vendors().len()
    );
    Ok(())
}

/// Onboards a customer. The code contains no vendor's name; the capabilities show where vendors
/// differ.
async fn onboard(client: &Client, test_bed: &TestBed) -> Outcome<Decision> {
    let capabilities = client.info();
    println!("{}", capabilities.name);
    requirements(client)?;

    // The callback address: some vendors store it once, others take it with each verification.
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?).parse()?;
    let callback_url = idv_axum::callback_url(&base, capabilities.provider.as_str())?;
    test_bed.report_to(&callback_url)?;

    // An application stores the reference before the call, so that it can find the verification if
    // the response is lost.
    let mut new = customer(client)?;
    new.callback_url = Some(callback_url);
    let created = client.create(&new).await?;
    match &created.hand_off {
        HandOff::Redirect(link) => println!(
            "  hand-off: the person is sent to {}",
            link.expose().host_str().unwrap_or_default()
        ),
        HandOff::VendorContactsPerson => println!("  hand-off: the vendor contacts the person"),
        _ => return Err("unknown kind of hand-off".into()),
    }
    if !created.unsupported_fields.is_empty() {
        println!(
            "  not supported by the vendor: {}",
            created.unsupported_fields.join(", ")
        );
    }
    test_bed.act_pending()?;

    let mut tracker =
        Tracker::new(client.clone(), &created).on_observation(|observation, transition| {
            match transition {
                Transition::Settled(outcome) => {
                    println!("  {outcome:?}, by {:?}", observation.channel);
                }
                Transition::UnknownCode(code) => {
                    println!("  unknown code {code}: tell an operator");
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
    follow(&mut tracker, test_bed).await?;
    server.abort();
    let verification = tracker.verification();
    if let Some(report) = tracker.report() {
        print(report);
        keep_evidence(client, verification, report).await?;
    }
    if capabilities.has(Capability::Deletion) {
        println!(
            "  deleted at the vendor: {:?}",
            client.delete(verification.id()).await?
        );
    } else {
        println!("  manual steps: {}", client.info().manual_steps);
    }
    Ok(verification.decision())
}

/// Checks the requirements at start-up, before the first customer.
fn requirements(client: &Client) -> Outcome {
    let wanted = Requirements::new()
        .capability(Capability::Deletion)
        .capability(Capability::Evidence)
        .field(Field::BirthDate)
        .repeatable_create();
    if let Err(refused) = client.require(&wanted) {
        println!("  {refused}");
        println!("  continuing with fewer requirements: a name, and authenticated callbacks");
    }
    // Without these the application does not start.
    let needed = Requirements::new()
        .field(Field::GivenNames)
        .field(Field::FamilyName)
        .proven_callbacks();
    Ok(client.require(&needed)?)
}

/// Returns all data that the application has of the customer. The client lists the fields that the
/// vendor does not take.
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

/// Follows the verification to its end. An application calls [`Tracker::run`], which waits by
/// itself; this example moves the sandbox's clock.
async fn follow(tracker: &mut Tracker, test_bed: &TestBed) -> Outcome {
    let mut before = None;
    for _ in 0..PATIENCE {
        let progress = tracker.advance().await?;
        match progress {
            Progress::Finished => return Ok(()),
            Progress::NeedsOperator => return Err("the verification needs an operator".into()),
            Progress::WaitUntil(_) if before.is_none() => {
                println!("  next: poll at the vendor's pace");
            }
            Progress::AwaitCallback { .. } if before != Some(progress) => {
                println!("  next: wait for a callback");
            }
            _ => {}
        }
        before = Some(progress);
        test_bed
            .advance(tracker.client().info().poll_interval)
            .await;
    }
    Err("the verification did not end".into())
}

/// Prints the report, which has the same form for every vendor.
fn print(report: &Report) {
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

/// Downloads a piece of evidence, if the vendor has any.
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
    let media_type = download.media_type.as_deref().unwrap_or("unknown type");
    println!(
        "  evidence: {} listed; {:?}, {media_type}, {} bytes",
        report.evidence.len(),
        piece.kind,
        download.length
    );
    Ok(())
}
