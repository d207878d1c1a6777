//! The program of the README, as it stands there.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use idv::{Config, HandOff, NewVerification, Tracker};
use idv_axum::{Limits, Options};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = idv::connect(&Config::from_env(std::env::vars())?)?;
    // The address that this program listens at, and the one at which the vendor reaches it.
    let listener = tokio::net::TcpListener::bind(std::env::var("LISTEN")?).await?;
    let public_url = std::env::var("PUBLIC_URL")?.parse()?;
    let callback_url = idv_axum::callback_url(&public_url, client.info().provider.as_str())?;

    let request = NewVerification::builder(client.reference()) // store the reference before the call
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
        .email("erika@example.com")
        .phone("+49 170 1234567")
        .callback_url(callback_url)
        .build()?;
    let created = client.create(&request).await?;
    match &created.hand_off {
        HandOff::Redirect(link) => println!("send the person to {}", link.expose()),
        _ => println!("the vendor contacts the person"),
    }

    let until = client.now() + std::time::Duration::from_secs(24 * 60 * 60);
    let mut tracker = Tracker::new(client, &created);
    let routes = idv_axum::tracker_routes(&tracker.inbox(), &Options::new());
    tokio::spawn(idv_axum::serve(listener, routes, Limits::default(), std::future::pending()));
    tracker.run(until).await?;
    println!("verified: {}", tracker.is_verified());
    if let Some(report) = tracker.report() {
        println!("the report has {} checks", report.checks.len());
    }
    Ok(())
}
