//! What an application cannot do without is said when it starts. A vendor that cannot give it is refused in words, before the first
//! customer.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use idv::report::Field;
use idv::{Capability, Requirements};
use idv_examples::{Outcome, sandbox};

#[tokio::main]
async fn main() -> Outcome {
    let (sandbox, client) = sandbox().await?;
    client.require(
        &Requirements::new()
            .capability(Capability::Deletion)
            .field(Field::DocumentNumber)
            .repeatable_create(),
    )?;
    println!("{} gives what this application needs", client.info().name);

    let too_much = Requirements::new()
        .capability(Capability::Lookup)
        .field(Field::SerialNumber)
        .input("callback_url")
        .proven_callbacks();
    let refused = client
        .require(&too_much)
        .err()
        .ok_or("this vendor cannot do all of that")?;
    println!("{refused}");
    assert!(sandbox.requests().is_empty(), "nothing was sent");
    sandbox.shutdown().await;
    Ok(())
}
