//! Callbacks: a web server receives them, the tracker then polls the vendor, and a forged callback
//! changes nothing.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use idv::{NewVerification, Tracker, Transition};
use idv_axum::{Limits, Options};
use idv_examples::{Outcome, sandbox};

#[tokio::main]
async fn main() -> Outcome {
    let (sandbox, client) = sandbox().await?;
    let vendor = sandbox.vendor("idnow")?;

    // The application listens on this address. The vendor's account sends callbacks to it.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?).parse()?;
    let callbacks = idv_axum::callback_url(&base, vendor.id())?;
    vendor.report_to(callbacks.as_str())?;

    let created = client
        .create(&NewVerification::new(client.reference()))
        .await?;
    // With polls this rare, only a callback makes the tracker poll.
    let day = Duration::from_secs(24 * 60 * 60);
    let mut tracker = Tracker::new(client, &created)
        .poll_every(day)
        .on_observation(|observation, transition| match transition {
            Transition::PollRequested => {
                println!("a callback arrived: the tracker polls the vendor");
            }
            other => println!("{:?}: {other:?}", observation.channel),
        });
    let routes = idv_axum::tracker_routes(&tracker.inbox(), &Options::new());
    let server = tokio::spawn(idv_axum::serve(
        listener,
        routes,
        Limits::default(),
        std::future::pending(),
    ));

    // A sender that knows the address but not the secret.
    let forged = vendor.forgery(
        callbacks.as_str(),
        created.id.reference.as_str(),
        "IBA-FORGE",
    );
    println!(
        "a forged callback was answered with {}",
        sandbox.forge(&forged).await?
    );
    tracker.advance().await?;
    assert!(!tracker.is_verified());

    // The vendor's own callbacks, while the person and the agents act. The tracker polls shortly
    // after the last one.
    vendor.act(created.id.reference.as_str(), "happy")?;
    for _ in 0..3 {
        sandbox.clock().advance(Duration::from_secs(720)).await;
        tracker.advance().await?;
    }
    tracker
        .run(tracker.client().now() + Duration::from_secs(60))
        .await?;
    println!("verified: {}", tracker.is_verified());
    assert!(tracker.is_verified());
    server.abort();
    sandbox.shutdown().await;
    Ok(())
}
