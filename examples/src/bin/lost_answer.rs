//! The response to a create call is lost. The vendor uses the application's reference as the
//! idempotency key, so the client repeats the request and there is one verification.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use idv::{CreateSafety, NewVerification};
use idv_examples::{Outcome, sandbox};
use idv_sandbox::{Fault, FaultKind};

#[tokio::main]
async fn main() -> Outcome {
    let (sandbox, client) = sandbox().await?;
    println!("create requests are {:?}", client.info().create_safety);
    assert_eq!(client.info().create_safety, CreateSafety::Keyed);

    // The vendor acts on the request, and the connection breaks before the response.
    sandbox.plan(Fault::new(FaultKind::CutAfter).at("/start"));
    let created = client
        .create(&NewVerification::new(client.reference()))
        .await?;
    println!("requests: {}", sandbox.requests().len());
    println!(
        "already existed at the second attempt: {}",
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
