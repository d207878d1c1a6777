//! A verification from beginning to end: create, hand off, poll until it is settled, read the
//! report, delete.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use idv::{HandOff, NewVerification, Progress, Tracker};
use idv_examples::{Outcome, sandbox};

#[tokio::main]
async fn main() -> Outcome {
    let (sandbox, client) = sandbox().await?;

    // An application stores the reference before the call, so that it can find the verification if
    // the response is lost.
    let mut new = NewVerification::new(client.reference());
    new.person.given_names = Some("Erika".into());
    new.person.family_name = Some("Mustermann".into());
    new.person.birth_date = Some(jiff::civil::date(1964, 8, 12).into());
    let created = client.create(&new).await?;
    let HandOff::Redirect(link) = &created.hand_off else {
        return Err("this vendor contacts the person itself".into());
    };
    println!("the person is sent to {}", link.expose());

    // The simulated person takes the call; the agent reads another date of birth on the document.
    sandbox
        .idnow()
        .act(created.id.reference.as_str(), "data-changed")?;

    let mut tracker = Tracker::new(client.clone(), &created)
        .poll_every(Duration::ZERO)
        .on_observation(|observation, transition| {
            println!(
                "{}: {transition:?}",
                observation.code.as_deref().unwrap_or("-")
            );
        });
    // An application calls `tracker.run(until)`, which waits at the vendor's pace; this example
    // moves the sandbox's clock.
    while let Progress::WaitUntil(_) = tracker.advance().await? {
        sandbox.clock().advance(Duration::from_secs(300)).await;
    }

    println!("verified: {}", tracker.is_verified());
    let report = tracker.report();
    let report = report.ok_or("a verified person has a report")?;
    let birth_date = report
        .person
        .birth_date
        .as_ref()
        .ok_or("the report has a date of birth")?;
    println!(
        "date of birth: {:?}, submitted as {:?}",
        birth_date.expose(),
        birth_date.submitted.as_ref().map(idv::Pii::expose)
    );
    println!(
        "deleted at the vendor: {:?}",
        client.delete(&created.id).await?
    );
    sandbox.shutdown().await;
    Ok(())
}
