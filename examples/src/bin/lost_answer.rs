//! The answer to a creation is lost on its way. With a vendor that takes our reference as the key, the same creation is repeated, and
//! there is one verification.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use idv::{CreateSafety, NewVerification};
use idv_examples::{Outcome, sandbox};
use idv_sandbox::{Fault, FaultKind};

#[tokio::main]
async fn main() -> Outcome {
    let (sandbox, client) = sandbox().await?;
    println!("creations here are {:?}", client.info().create_safety);
    assert_eq!(client.info().create_safety, CreateSafety::Keyed);

    // The vendor does what it is asked and the connection breaks before it can say so.
    sandbox.plan(Fault::new(FaultKind::CutAfter).at("/start"));
    let created = client
        .create(&NewVerification::new(client.reference()))
        .await?;
    println!("requests: {}", sandbox.requests().len());
    println!(
        "it existed already when it was repeated: {}",
        created.already_existed
    );
    println!(
        "identifications at the vendor: {}",
        sandbox.idnow().identifications()
    );
    assert_eq!(
        (sandbox.requests().len(), sandbox.idnow().identifications()),
        (2, 1)
    );
    sandbox.shutdown().await;
    Ok(())
}
